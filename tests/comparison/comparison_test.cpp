// A small comparison: the same after it was cut, with models that diverge or do not fit.

#include "tasks/comparison/comparison.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "baselines/model_registry.h"
#include "kernels/core/support/error.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "tasks/comparison/comparison_figures.h"
#include "tasks/comparison/comparison_ratings.h"
#include "tasks/comparison/comparison_results.h"
#include "tasks/comparison/equal_budget.h"
#include "tasks/task_registry.h"
#include "tasks/training/recipe.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

OptionSet no_options() { return {}; }

/// A linear model, whose gradient is infinite where `factor` is large.
class LinearModel : public SequenceModel {
public:
    LinearModel(const SequenceShape& shape, double factor, bool takes_dense)
        : SequenceModel(shape),
          factor_(factor),
          takes_dense_(takes_dense),
          readout_(child("readout", std::make_unique<Linear>(shape.n_input, shape.n_output))) {}
    ModelTraits traits() const override { return {.inputs = {.dense = takes_dense_}}; }

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState&) override {
        return scale(context, readout_.forward(context, input.dense), factor_);
    }

private:
    double factor_;
    bool takes_dense_;
    Linear& readout_;
};

template <int factor_exponent, bool takes_dense>
std::unique_ptr<SequenceModel> make_linear(const OptionSet&, const SequenceShape& shape,
                                           std::uint64_t) {
    return std::make_unique<LinearModel>(shape, std::pow(10, factor_exponent), takes_dense);
}

void add_models() {
    static const bool added = [] {
        ModelEntry entry{.name = "linear_model",
                         .summary = "",
                         .source = "",
                         .options = no_options,
                         .make = make_linear<0, true>};
        add_model(entry);
        entry.name = "diverging_model";
        entry.make = make_linear<30, true>;
        add_model(entry);
        entry.name = "spikes_only_model";
        entry.make = make_linear<0, false>;
        add_model(entry);
        return true;
    }();
    ASSERT_TRUE(added);
}

std::unique_ptr<Task> task_called(const std::string& name,
                                  const std::vector<std::pair<std::string, std::string>>& chosen) {
    const TaskEntry& entry = find_task(name);
    OptionSet options = entry.options();
    for (const auto& [option, value] : chosen) options.set(option, value);
    return entry.make(options, {});
}

class ComparisonTest : public testing::Test {
protected:
    void SetUp() override { add_models(); }

    ComparisonOptions options(const std::string& folder, std::vector<std::string> models,
                              const std::string& budget = "30u") const {
        ComparisonOptions chosen;
        chosen.plan.models = std::move(models);
        chosen.plan.n_seeds = 2;
        chosen.plan.recipe = training_options();
        chosen.plan.recipe.set("budget", budget);
        chosen.plan.out = folder_ / folder;
        chosen.plan.config_section = "train";
        return chosen;
    }
    ComparisonResults run(
        const ComparisonOptions& chosen, const std::function<void()>& poll = [] {}) {
        Comparison comparison(stream_, *task_, chosen);
        Communicator alone;
        comparison.run(alone, poll);
        EXPECT_TRUE(comparison.missing().empty());
        return {task_->spec(), comparison.results(), chosen.plan.models};
    }
    std::string file(const std::string& path) const { return folder_ / path; }

    test::TemporaryDirectory folder_;
    Stream stream_{Device{}};
    std::unique_ptr<Task> task_ = task_called("adding", {{"steps", "12"}, {"held_out", "40"}});
};

TEST_F(ComparisonTest, trains_all_on_the_same_data_and_says_who_is_better) {
    const ComparisonResults results = run(options("all", {"lstm", "linear_model"}));
    ASSERT_EQ(results.cells().size(), 4u);
    for (const CellResult& cell : results.cells()) {
        EXPECT_TRUE(cell.done()) << cell.message;
        EXPECT_EQ(cell.updates, 30);
        EXPECT_EQ(cell.samples, 240);
        EXPECT_GT(cell.parameters, 0);
        EXPECT_GT(cell.training_rate, 0);
        EXPECT_GT(cell.inference_rate, 0);
        EXPECT_GT(cell.peak_memory_bytes, 0);
        EXPECT_GT(cell.flops_per_sample, 0);
        EXPECT_EQ(cell.on_samples.sums.size(), 40u);
        ASSERT_EQ(cell.scores.size(), 1u);
        EXPECT_EQ(cell.scores, metrics_of(task_->spec(), cell.on_samples.sums));
    }
    // Means, differences and intervals from their definitions.
    const auto score = [&](std::size_t k) { return results.cells()[k].scores.front(); };
    const ModelSummary &lstm = results.models()[0], &linear = results.models()[1];
    EXPECT_DOUBLE_EQ(lstm.estimate->mean, (score(0) + score(2)) / 2);
    EXPECT_DOUBLE_EQ(linear.estimate->mean, (score(1) + score(3)) / 2);
    const bool lstm_is_best = lstm.estimate->mean < linear.estimate->mean;
    EXPECT_EQ(results.against(), lstm_is_best ? "lstm" : "linear_model");
    const ModelSummary& other = lstm_is_best ? linear : lstm;
    ASSERT_TRUE(other.difference.has_value());
    EXPECT_NEAR(other.difference->value, std::abs(lstm.estimate->mean - linear.estimate->mean),
                1e-15);
    EXPECT_EQ(other.adjusted_p, other.difference->p);  // a family of one
    EXPECT_EQ(pareto_figure(results).panels.size(), 2u);
    EXPECT_EQ(curves_figure(results).panels.front().curves.size(), 2 * 2 + 1u);  // and chance
}

/// What a comparison says, without what is measured by the clock.
std::vector<double> said(const ComparisonResults& results) {
    std::vector<double> all;
    for (const CellResult& cell : results.cells()) {
        all.insert(all.end(), cell.scores.begin(), cell.scores.end());
        all.insert(all.end(), cell.validation.begin(), cell.validation.end());
        all.push_back(static_cast<double>(cell.best_update));
        for (const Validation& one : cell.curve) all.push_back(one.scores.front());
        for (const LossSums& one : cell.on_samples.sums) all.push_back(one.parts.front());
    }
    for (const ModelSummary& model : results.models()) {
        all.push_back(model.estimate->interval.low);
        if (model.difference) all.push_back(model.difference->p);
    }
    return all;
}

TEST_F(ComparisonTest, says_the_same_after_it_was_cut_again_and_again) {
    const std::vector<std::string> models{"lstm", "linear_model", "tcn", "lif"};
    const std::vector<double> expected = said(run(options("whole", models)));
    ComparisonOptions chosen = options("cut", models);
    int cuts = 0;
    for (int allowed = 1;; ++allowed) {  // a little further each time
        int calls = 0;
        Comparison comparison(stream_, *task_, chosen);
        chosen.plan.resume = true;
        Communicator alone;
        try {
            comparison.run(alone, [&] {
                if (++calls > allowed) throw std::runtime_error("cut");
            });
            break;
        } catch (const std::runtime_error&) {
            ++cuts;
        }
    }
    EXPECT_GT(cuts, 3);
    EXPECT_EQ(said(run(chosen)), expected);
}

TEST_F(ComparisonTest, a_model_that_diverges_is_left_out_and_the_rest_goes_on) {
    const ComparisonOptions chosen = options("some", {"diverging_model", "linear_model"});
    const ComparisonResults results = run(chosen);
    EXPECT_EQ(results.cells()[0].state, CellState::diverged);
    EXPECT_NE(results.cells()[0].message.find("step"), std::string::npos)
        << results.cells()[0].message;
    EXPECT_FALSE(results.models()[0].estimate.has_value());
    EXPECT_TRUE(results.models()[1].estimate.has_value());
    EXPECT_EQ(results.against(), "linear_model");
    const std::string table = results.model_table().to_text();
    EXPECT_NE(table.find("0 of 2"), std::string::npos) << table;
    EXPECT_THROW(ComparisonRatings(results, {}), Error);  // one model alone
}

TEST_F(ComparisonTest, what_cannot_be_compared_is_refused_before_anything_trains) {
    const auto refusal = [&](const ComparisonOptions& chosen) {
        return test::message_of([&] {
            Comparison comparison(stream_, *task_, chosen);
            require_affordable(chosen.plan.recipe.get<std::string>("budget"),
                               costs_of_models(stream_, *task_, chosen));
        });
    };
    EXPECT_NE(refusal(options("x", {"linear_model", "spikes_only_model"}))
                  .find("which the model spikes_only_model does not take"),
              std::string::npos);
    EXPECT_NE(refusal(options("x", {"lstn"})).find("lstm"), std::string::npos);
    EXPECT_NE(refusal(options("x", {"lstm", "lstm"})).find("given twice"), std::string::npos);
    EXPECT_NE(refusal(options("x", {"lstm"}, "10f")).find("buys lstm no update"),
              std::string::npos);
    EXPECT_NE(refusal(options("x", {"lstm"}, "3n")).find("one takes 8 samples"), std::string::npos);
    EXPECT_NE(refusal(options("x", {"lstm"}, "0.000001s")).find("buys lstm no update"),
              std::string::npos);
    EXPECT_EQ(refusal(options("x", {"lstm"})), "no error");
    EXPECT_FALSE(std::filesystem::exists(file("x")));
}

TEST_F(ComparisonTest, cells_of_another_budget_are_refused) {
    ComparisonOptions chosen = options("one", {"linear_model"});
    run(chosen);
    chosen.plan.resume = true;
    chosen.plan.recipe.set("budget", "40u");
    const std::string message = test::message_of([&] { run(chosen); });
    EXPECT_NE(message.find("training.budget was 30u, is 40u"), std::string::npos) << message;
    chosen.plan.resume = false;
    EXPECT_NE(test::message_of([&] {
                  Comparison(stream_, *task_, chosen).require_free();
              }).find("exists"),
              std::string::npos);
}

TEST_F(ComparisonTest, a_damaged_result_is_named_with_what_mends_it) {
    ComparisonOptions chosen = options("one", {"linear_model"});
    run(chosen);
    chosen.plan.resume = true;
    const std::string damaged = file("one/linear_model-seed0/result.h5");
    std::filesystem::resize_file(damaged, std::filesystem::file_size(damaged) / 2);
    const std::string message = test::message_of([&] { run(chosen); });
    EXPECT_NE(message.find(damaged), std::string::npos) << message;
    EXPECT_NE(message.find("its cell then runs again"), std::string::npos) << message;
    std::filesystem::remove(damaged);
    EXPECT_TRUE(run(chosen).cells().front().done());
}

TEST_F(ComparisonTest, shares_of_the_grid_make_up_the_whole) {
    const std::vector<std::string> models{"linear_model", "lstm"};
    const std::vector<double> expected = said(run(options("whole", models)));
    for (std::int64_t share = 0; share < 3; ++share) {
        ComparisonOptions chosen = options("shared", models);
        chosen.share = share;
        chosen.shares = 3;
        Comparison comparison(stream_, *task_, chosen);
        comparison.require_free();
        Communicator alone;
        comparison.run(alone, [] {});
        EXPECT_EQ(comparison.missing().size(), share == 0 ? 2u : share == 1 ? 1u : 0u);
    }
    ComparisonOptions chosen = options("shared", models);
    chosen.plan.resume = true;
    EXPECT_EQ(said(run(chosen)), expected);
}

TEST_F(ComparisonTest, a_share_begins_in_no_folder_of_another_comparison) {
    const auto share_of = [&](ComparisonOptions chosen, std::int64_t share) {
        chosen.share = share;
        chosen.shares = 2;
        return chosen;
    };
    const auto refusal = [&](const ComparisonOptions& chosen) {
        const Comparison comparison(stream_, *task_, chosen);
        return test::message_of([&] { comparison.require_free(); });
    };
    const auto work = [&](const ComparisonOptions& chosen) {
        Comparison comparison(stream_, *task_, chosen);
        Communicator alone;
        comparison.run(alone, [] {});
    };
    const ComparisonOptions first = options("shared", {"linear_model"});
    work(share_of(first, 0));
    EXPECT_EQ(refusal(share_of(first, 1)), "no error");
    EXPECT_NE(refusal(share_of(first, 0)).find("linear_model-seed0 exists"), std::string::npos);
    // Of others not a cell is in its place, and all the same they would mix.
    const ComparisonOptions models = options("shared", {"lstm"});
    ComparisonOptions longer = first, tuned = first, more = first;
    longer.plan.recipe.set("budget", "40u");
    tuned.trials = 2;
    more.plan.n_seeds = 3;
    const std::pair<ComparisonOptions, std::string> others[] = {
        {models, "comparison.models was linear_model, is lstm"},
        {longer, "training.budget was 30u, is 40u"},
        {tuned, "comparison.tune was 0, is 2"},
        {more, "comparison.seeds was 2, is 3"}};
    for (const auto& [other, difference] : others) {
        const std::string message = refusal(share_of(other, 1));
        EXPECT_NE(message.find("holds another comparison: "), std::string::npos) << message;
        EXPECT_NE(message.find(difference), std::string::npos) << message;
        // Nor where nobody asked before.
        EXPECT_THROW(work(share_of(other, 1)), Error);
    }
    ComparisonOptions forced = share_of(longer, 1);
    forced.plan.force = true;
    EXPECT_EQ(refusal(forced), "no error");
    work(forced);
    EXPECT_EQ(refusal(share_of(first, 1)).find("no error"), std::string::npos);
    // A memory limit is no part of what is compared.
    ComparisonOptions limited = share_of(longer, 0);
    limited.plan.recipe.set("memory_limit", "3");
    EXPECT_NE(refusal(limited).find("linear_model-seed0 exists"), std::string::npos);
    // Files of something else.
    std::filesystem::create_directories(file("other"));
    EXPECT_EQ(refusal(share_of(options("other", {"lstm"}), 0)), "no error");
    std::ofstream(file("other/report.html")) << "mine";
    EXPECT_NE(refusal(share_of(options("other", {"lstm"}), 0)).find("report.html exists"),
              std::string::npos);
}

TEST_F(ComparisonTest, trials_of_a_share_are_not_replaced) {
    ComparisonOptions chosen = options("trials", {"linear_model"});
    chosen.trials = 2;
    chosen.shares = 2;
    Comparison comparison(stream_, *task_, chosen);
    Communicator alone;
    comparison.run(alone, [] {});
    std::filesystem::remove_all(file("trials/linear_model-seed0"));
    EXPECT_NE(test::message_of([&] {
                  Comparison(stream_, *task_, chosen).require_free();
              }).find("linear_model-trial0 exists"),
              std::string::npos);
}

TEST_F(ComparisonTest, a_search_takes_the_trial_that_is_best_on_validation_samples) {
    ComparisonOptions chosen = options("searched", {"linear_model"});
    chosen.trials = 4;
    Comparison comparison(stream_, *task_, chosen);
    Communicator alone;
    comparison.run(alone, [] {});
    std::vector<CellResult> trials;
    double best = INFINITY;
    std::string rate;
    for (const GridCell& trial : trials_of(chosen, "linear_model")) {
        const CellResult result = read_cell_result(trial.plan.out + "/result.h5", task_->spec());
        EXPECT_GE(result.seed, 1000u);  // none of the seeds that are compared
        if (result.validation.front() >= best) continue;
        best = result.validation.front();
        rate = to_text(result.config.sections.at("training").at("learning_rate"));
    }
    for (const CellResult& cell : comparison.results()) {
        EXPECT_EQ(to_text(cell.config.sections.at("training").at("learning_rate")), rate);
    }
}

TEST_F(ComparisonTest, models_of_classes_are_rated_by_four_judges) {
    task_ = task_called("recall", {{"held_out", "60"}});
    const ComparisonResults results = run(options("rated", {"lstm", "tcn", "gru"}));
    const ComparisonRatings ratings(results, {.rounds = 50, .key = RandomKey{1}});
    ASSERT_EQ(ratings.judged().size(), 4u);
    // By labels alone the order is that of accuracy.
    const Ratings& by_label = ratings.judged().front().ratings;
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j) {
            const double more =
                results.models()[i].estimate->mean - results.models()[j].estimate->mean;
            const bool higher = by_label.rows[i].elo > by_label.rows[j].elo;
            EXPECT_TRUE(more <= 1e-9 || higher) << i << " " << j;
        }
    }
    EXPECT_EQ(rating_table(ratings.judged()).to_records().size(), 12u);
    EXPECT_EQ(agreement_table(ratings.judged()).to_records().size(), 4u);
}

TEST(ParetoFront, holds_what_nothing_else_beats) {
    const std::vector<CostedScore> all{{3, 0.9}, {1, 0.5}, {2, 0.4}, {2, 0.7}, {4, 0.9}};
    EXPECT_EQ(pareto_front(all, true), (std::vector<std::size_t>{1, 3, 0}));
    EXPECT_EQ(pareto_front(all, false), (std::vector<std::size_t>{1, 2}));
}

}  // namespace
}  // namespace elm
