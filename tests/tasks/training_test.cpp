#include "tasks/training/training.h"

#include <array>
#include <cmath>
#include <tuple>
#include <utility>

#include <gtest/gtest.h>

#include "baselines/front_end.h"
#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "neuron/elm/elm_module.h"
#include "tasks/neuronio/evaluation.h"
#include "tasks/neuronio/neuronio_output.h"
#include "tasks/task_registry.h"
#include "tasks/training/budget.h"
#include "tasks/training/curriculum.h"
#include "tasks/training/recipe.h"
#include "tasks/training/training_group.h"
#include "tasks/training/training_history.h"
#include "tests/support/devices.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/leaky_neuronio.h"
#include "tests/tasks/on_tape.h"

namespace elm {
namespace {

ElmModel small_neuron(std::uint64_t seed = 0) {
    ElmOptions options;
    options.n_input = 20;
    options.n_output = 2;
    options.n_memory = 6;
    options.n_branch = 4;
    options.n_synapse_per_branch = 8;
    options.routing = SynapseRouting::neuronio;
    options.learn_memory_tau = true;
    return make_elm_model(options, seed);
}

std::unique_ptr<Task> task_of(const std::string& path, std::int64_t window_steps) {
    const TaskEntry& entry = find_task("neuronio");
    OptionSet options = entry.options();
    options.set("window_steps", std::to_string(window_steps));
    options.set("first_step", "200");
    return entry.make(options, {.files = {path}, .train = "0:4"});
}

class TrainingTest : public testing::Test {
protected:
    TrainingSettings settings(std::int64_t updates) const {
        TrainingSettings s;
        s.updates = updates;
        s.batch = 5;
        s.seed = 7;
        s.learning_rate = {.schedule = Schedule::cosine, .peak = 0.01, .total_steps = updates};
        return s;
    }
    std::unique_ptr<Training> make(const TrainingSettings& s) {
        return std::make_unique<Training>(stream_, make_model(small_neuron()), s, *task_, alone_);
    }
    double score(const Validation& validation, const char* name) const {
        const auto& metrics = task_->spec().metrics;
        for (std::size_t k = 0; k < metrics.size(); ++k) {
            if (metrics[k].name == name) return validation.scores[k];
        }
        throw std::logic_error(name);
    }
    static std::vector<std::vector<double>> parameters(Training& training) {
        std::vector<std::vector<double>> all;
        for (const auto& [name, parameter] : training.module().parameters()) {
            const auto values = parameter->value.host<float>();
            all.emplace_back(values.begin(), values.end());
        }
        return all;
    }

    Stream stream_{Device{}};
    Communicator alone_;
    test::TemporaryDirectory folder_;
    const std::string path_ = test::LeakyNeuronIo{}.write(folder_ / "data.h5");
    const std::unique_ptr<Task> task_ = task_of(path_, 100);
};

TEST_F(TrainingTest, learns_a_leaky_integrator) {
    set_thread_count(1);  // so small an update is done sooner than a thread wakes up
    const auto fit = make(settings(600));
    const Validation before = fit->validate();
    fit->advance(600, 600);
    const Validation after = fit->validate();
    EXPECT_TRUE(fit->done());
    EXPECT_LT(score(before, "voltage_explained_variance_percent"), 50);
    EXPECT_GT(score(after, "voltage_explained_variance_percent"), 90);
    EXPECT_GT(score(after, "auc"), 0.9);
    EXPECT_TRUE(fit->is_best());
    EXPECT_EQ(fit->best()->update, 600);
    set_thread_count(0);
}

TEST_F(TrainingTest, is_best_where_the_held_out_loss_is_least_and_never_untrained) {
    std::vector<NeuronIoSimulation> held_out{NeuronIoFile(path_).read(4),
                                             NeuronIoFile(path_).read(5)};
    const auto fit = make(settings(40));
    fit->validate();
    EXPECT_FALSE(fit->is_best());
    EXPECT_EQ(fit->best(), nullptr);
    double least = INFINITY;
    for (const std::int64_t end : {10, 20, 30, 40}) {
        fit->advance(end, 600);
        const double loss = fit->validate().scores.front();
        EXPECT_EQ(fit->is_best(), loss < least);
        least = std::min(least, loss);
    }
    EXPECT_EQ(fit->best()->scores.front(), least);

    // The loss as it is written down, from probabilities.
    const std::array<const FittedModel*, 1> models{&fit->fitted()};
    const auto said =
        predict(stream_, models, held_out, Protocol::published, [](auto, auto) {}).front();
    double loss = 0, bins = 0;
    std::size_t begin = 0;
    for (const NeuronIoSimulation& simulation : held_out) {
        const auto spikes = spike_bins(simulation);
        for (std::size_t t = 500; t < spikes.size(); ++t) {
            const double p = said.spike_probability[begin + t];
            const double target = std::min(simulation.soma_voltage_mV[t], -55.0) + 67.7;
            const double error = (said.voltage_mV[begin + t] - target) / 10;
            loss += 0.5 * (spikes[t] != 0 ? -std::log(p) : -std::log1p(-p)) + 0.5 * error * error;
            ++bins;
        }
        begin += spikes.size();
    }
    // Probabilities are rounded to float32, 6e-8 of their size.
    EXPECT_NEAR(elm::score(held_out, said, Protocol::published).loss, loss / bins,
                1e-6 * loss / bins);
}

TEST_F(TrainingTest, has_the_same_bits_for_any_number_of_threads_and_slices) {
    std::vector<std::vector<std::vector<double>>> results;
    for (const int threads : {1, 2, 4}) {
        set_thread_count(threads);
        const auto fit = make(settings(20));
        while (!fit->done()) fit->advance(20, threads == 2 ? 0 : 600);  // 2: update by update
        results.push_back(parameters(*fit));
    }
    set_thread_count(0);
    EXPECT_EQ(results[0], results[1]);
    EXPECT_EQ(results[0], results[2]);
}

TEST_F(TrainingTest, goes_on_from_a_checkpoint_with_the_same_bits) {
    const std::string path = folder_ / "fit.checkpoint.h5";
    TrainingSettings s = settings(30);
    s.accumulation_steps = 2;
    s.optimizer.average_decay = 0.9;
    const auto whole = make(s);
    whole->advance(10, 600);
    whole->report();
    whole->advance(17, 600);
    whole->write_checkpoint(path, {});
    whole->advance(30, 600);

    const auto resumed = make(s);
    resumed->resume(path);
    EXPECT_EQ(resumed->update_count(), 17);
    ASSERT_EQ(resumed->reports().size(), 1u);
    EXPECT_EQ(resumed->reports()[0].loss.parts, whole->reports()[0].loss.parts);
    resumed->advance(30, 600);
    EXPECT_EQ(parameters(*whole), parameters(*resumed));
    EXPECT_EQ(whole->report().loss.parts, resumed->report().loss.parts);
}

TEST_F(TrainingTest, steps_that_are_computed_again_take_less_memory_and_have_the_same_bits) {
    const auto kept = make(settings(3)), again = make(settings(3));
    const double memory = again->pass()->memory(5, 100);
    EXPECT_TRUE(again->pass()->recompute());
    EXPECT_LT(again->pass()->memory(5, 100), memory);
    kept->advance(3, 600);
    again->advance(3, 600);
    EXPECT_EQ(parameters(*kept), parameters(*again));
}

TEST_F(TrainingTest, the_tape_learns_what_the_fused_pass_learns) {
    TrainingSettings s = settings(3);
    s.batch = 3;
    s.precision = DType::f64;
    s.optimizer.rule = OptimizerRule::sgd;
    s.learning_rate = {.peak = 0.1};
    const auto fused = make(s);
    FittedModel model = make_model(small_neuron());
    const ModelSpec spec = model.spec;
    Training taped(stream_, {spec, std::make_unique<test::OnTape>(std::move(model))}, s, *task_,
                   alone_);
    EXPECT_NE(fused->pass(), nullptr);
    EXPECT_EQ(taped.pass(), nullptr);
    fused->advance(3, 600);
    taped.advance(3, 600);
    // The same sums of at most 3 x 100 x 20 terms in another order, three updates of 0.1.
    const double allowed = 8 * 2.2e-16 * std::sqrt(6000.0);
    EXPECT_NEAR(taped.report().loss.mean(task_->spec()), fused->report().loss.mean(task_->spec()),
                allowed);
    const auto a = fused->fitted().parameters.values.host<double>();
    const auto b = taped.fitted().parameters.values.host<double>();
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t k = 0; k < a.size(); ++k) ASSERT_NEAR(a[k], b[k], allowed) << k;
    const auto untouched = make(s);
    const auto start = untouched->fitted().parameters.values.host<double>();
    double moved = 0;
    for (std::size_t k = 0; k < a.size(); ++k) moved = std::max(moved, std::abs(a[k] - start[k]));
    EXPECT_GT(moved, 1e-3);
}

/// Models behind a front end or dropout, and smoothed labels.
class SurroundedTraining : public testing::Test {
protected:
    static std::unique_ptr<Task> recall() {
        const TaskEntry& entry = find_task("recall");
        OptionSet options = entry.options();
        options.set("pairs", "3");
        options.set("vocabulary", "8");
        return entry.make(options, {});
    }
    static TrainingSettings settings(DType precision = DType::f32) {
        TrainingSettings s;
        s.updates = 12;
        s.batch = 6;
        s.accumulation_steps = 2;
        s.seed = 7;
        s.precision = precision;
        s.label_smoothing = 0.1;
        s.learning_rate = {.peak = 0.01};
        return s;
    }
    FittedModel model(const std::string& name, const Values& front_end, Values options = {}) const {
        if (name == "elm") options["num_memory"] = std::int64_t{6};
        return make_model({.model = name,
                           .options = options,
                           .shape = task_->spec().shape,
                           .front_end = front_end});
    }
    std::unique_ptr<Training> make(const std::string& name, const Values& front_end) {
        return std::make_unique<Training>(stream_, model(name, front_end), settings(), *task_,
                                          alone_);
    }
    static std::vector<float> parameters(const Training& training) {
        const auto values = training.fitted().parameters.values.host<float>();
        return {values.begin(), values.end()};
    }
    static std::vector<Values> front_ends() {
        const std::string embedding = "embedding", linear = "linear";
        return {{{"input_dropout", 0.3}},
                {{"kind", embedding}, {"width", std::int64_t{5}}, {"input_dropout", 0.3}},
                {{"kind", linear}, {"width", std::int64_t{5}}, {"class_token", true}}};
    }

    Stream stream_{Device{}};
    Communicator alone_;
    test::TemporaryDirectory folder_;
    const std::unique_ptr<Task> task_ = recall();
};

TEST_F(SurroundedTraining, has_the_same_bits_for_any_number_of_threads_and_after_a_resume) {
    const std::string path = folder_ / "run.checkpoint.h5";
    const std::string elm = "elm";
    for (const std::string& model : {elm, std::string("lstm")}) {
        for (const Values& front_end : front_ends()) {
            const auto whole = make(model, front_end);
            EXPECT_EQ(whole->pass() != nullptr, !front_end.contains("kind") && model == elm);
            whole->advance(12, 600);
            for (const int threads : {2, 4}) {
                set_thread_count(threads);
                const auto other = make(model, front_end);
                other->advance(12, 600);
                EXPECT_EQ(parameters(*other), parameters(*whole)) << model;
            }
            set_thread_count(0);
            const auto cut = make(model, front_end);
            cut->advance(5, 600);
            cut->write_checkpoint(path, {});
            const auto resumed = make(model, front_end);
            resumed->resume(path);
            resumed->advance(12, 600);
            EXPECT_EQ(parameters(*resumed), parameters(*whole)) << model;
        }
    }
}

/// Fused, spikes of dropped channels are left out and the others weigh more; on the tape they are
/// dense values.
TEST_F(SurroundedTraining, drops_the_same_on_the_fused_pass_as_on_the_tape) {
    TrainingSettings s = settings(DType::f64);
    s.optimizer.rule = OptimizerRule::sgd;
    s.learning_rate = {.peak = 0.1};
    std::vector<std::vector<double>> moved;
    for (const double dropout : {0.0, 0.3}) {
        const Values front_end{{"input_dropout", dropout}};
        Training fused(stream_, model("elm", front_end), s, *task_, alone_);
        ASSERT_NE(fused.pass(), nullptr);
        FittedModel inner = model("elm", front_end);
        const ModelSpec spec = inner.spec;
        Training taped(stream_, {spec, std::make_unique<test::OnTape>(std::move(inner))}, s, *task_,
                       alone_);
        ASSERT_EQ(taped.pass(), nullptr);
        fused.advance(3, 600);
        taped.advance(3, 600);
        // Sums of 12 samples x 20 steps x 20 terms in another order, three updates of 0.1.
        const double allowed = 8 * 2.2e-16 * std::sqrt(4800.0);
        EXPECT_NEAR(taped.report().loss.mean(task_->spec()),
                    fused.report().loss.mean(task_->spec()), allowed);
        const auto a = fused.fitted().parameters.values.host<double>();
        const auto b = taped.fitted().parameters.values.host<double>();
        ASSERT_EQ(a.size(), b.size());
        for (std::size_t k = 0; k < a.size(); ++k) ASSERT_NEAR(a[k], b[k], allowed) << k;
        moved.emplace_back(a.begin(), a.end());
    }
    EXPECT_NE(moved[0], moved[1]);
}

/// What is dropped within a model follows from the number of a sample as well.
TEST_F(SurroundedTraining, parts_of_a_batch_have_the_gradient_of_the_whole) {
    TrainingSettings s = settings(DType::f64);
    s.optimizer.rule = OptimizerRule::sgd;
    s.learning_rate = {.peak = 0.1};
    const Values network{
        {"neurons", std::int64_t{7}}, {"input_dropout", 0.3}, {"recurrent_dropout", 0.3}};
    for (const auto& [name, front_end, options] : {std::tuple{"elm", front_ends()[0], Values{}},
                                                   std::tuple{"lstm", front_ends()[1], Values{}},
                                                   std::tuple{"elm_network", Values{}, network}}) {
        std::vector<double> whole;
        for (const std::int64_t parts : {1, 2, 6}) {
            s.batch_parts = parts;
            Training training(stream_, model(name, front_end, options), s, *task_, alone_);
            training.advance(3, 600);
            const auto values = training.fitted().parameters.values.host<double>();
            if (parts == 1) whole.assign(values.begin(), values.end());
            // Sums of 12 samples x 20 steps x 20 terms in another order, three updates of 0.1.
            const double allowed = 8 * 2.2e-16 * std::sqrt(4800.0);
            for (std::size_t k = 0; k < whole.size(); ++k) {
                ASSERT_NEAR(values[k], whole[k], allowed) << name << ", parts " << parts;
            }
        }
    }
}

/// Side by side in the lanes of vectors, too.
TEST_F(SurroundedTraining, drops_in_a_group_what_each_drops_alone) {
    std::vector<std::unique_ptr<Training>> alone, together;
    std::vector<Training*> members;
    for (const std::uint64_t seed : {7U, 8U, 9U}) {
        for (auto* const all : {&alone, &together}) {
            TrainingSettings s = settings(DType::f64);
            s.seed = seed;
            s.accumulation_steps = 1;
            s.batch = 32;
            all->push_back(std::make_unique<Training>(
                stream_,
                // Few branches, as neurons have that share vectors.
                model("elm", {{"input_dropout", 0.3}},
                      {{"num_branch", std::int64_t{1}},
                       {"num_synapse_per_branch", std::int64_t{10}},
                       {"input_to_synapse_routing", std::string("random_routing")}}),
                s, *task_, alone_));
        }
        members.push_back(together.back().get());
    }
    ASSERT_EQ(TrainingGroup::choose(members).size(), 3u);
    TrainingGroup group(members);
    group.advance(1, 600);
    for (std::size_t m = 0; m < 3; ++m) {
        alone[m]->advance(1, 600);
        // Sums of 32 samples x 20 steps x 20 terms in another order.
        const double loss = alone[m]->report().loss.mean(task_->spec());
        EXPECT_NEAR(together[m]->report().loss.mean(task_->spec()), loss,
                    8 * 2.2e-16 * std::sqrt(12800.0));
    }
}

TEST_F(SurroundedTraining, labels_that_are_none_are_not_smoothed) {
    const TaskEntry& adding = find_task("adding");
    const auto task = adding.make(adding.options(), {});
    EXPECT_THROW(Training(stream_, make_model({.model = "lstm", .shape = task->spec().shape}),
                          settings(), *task, alone_),
                 Error);
}

/// Three updates by the tape on a device against three by the fused pass.
void expect_equal_update(const Task& task, Device device, double tolerance,
                         ElmArithmetic arithmetic = ElmArithmetic::exact) {
    TrainingSettings s;
    s.updates = 3;
    s.batch = 3;
    s.optimizer.rule = OptimizerRule::sgd;
    s.learning_rate = {.peak = 0.1};
    Communicator alone;
    Stream host{Device{}}, stream{device};
    FittedModel on_device = make_model(small_neuron());
    on_device.model->use_arithmetic(arithmetic);
    Training fused(host, make_model(small_neuron()), s, task, alone);
    Training taped(stream, std::move(on_device), s, task, alone);
    fused.advance(3, 600);
    taped.advance(3, 600);
    const auto left = fused.module().parameters();
    const auto right = taped.module().parameters();
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t p = 0; p < left.size(); ++p) {
        const Tensor other = right[p].parameter->value.to(host);
        const auto a = left[p].parameter->value.host<float>(), b = other.host<float>();
        for (std::size_t k = 0; k < a.size(); ++k) {
            ASSERT_NEAR(a[k], b[k], tolerance) << left[p].name << " " << k;
        }
    }
    EXPECT_NEAR(fused.report().loss.mean(task.spec()), taped.report().loss.mean(task.spec()),
                tolerance);
}

TEST_F(TrainingTest, learns_the_same_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    // Values of order 1 after 40 steps of sums of at most 20 terms: some hundred roundings.
    expect_equal_update(*task_of(path_, 40), {DeviceKind::cuda, 0}, 512 * 6e-8);
}

TEST_F(TrainingTest, learns_nearly_the_same_in_bfloat16_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    // Operands of 8 bits: three updates move no number by more than 0.3, 1 % of that may differ.
    expect_equal_update(*task_of(path_, 40), {DeviceKind::cuda, 0}, 3e-3, ElmArithmetic::bf16);
}

TEST_F(TrainingTest, learns_nearly_the_same_in_tf32_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    // Operands of 11 bits: an eighth of what bfloat16 may differ by.
    expect_equal_update(*task_of(path_, 40), {DeviceKind::cuda, 0}, 3e-3 / 8, ElmArithmetic::tf32);
}

TEST_F(TrainingTest, a_diverging_fit_names_step_and_parameter_and_keeps_its_parameters) {
    TrainingSettings s = settings(50);
    s.learning_rate = {.peak = 1e30};
    const auto fit = make(s);
    try {
        fit->advance(50, 600);
        FAIL() << "a learning rate of 1e30 went unnoticed";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::numeric);
        EXPECT_NE(error.message().find("step"), std::string::npos) << error.message();
        EXPECT_NE(error.message().find("gradient of"), std::string::npos) << error.message();
    }
    EXPECT_LT(fit->update_count(), 50);
}

TEST(Budget, takes_time_updates_and_operations) {
    EXPECT_EQ(updates_within(parse_budget("5000u"), {}), 5000);
    EXPECT_EQ(updates_within(parse_budget("1e15f"), {.flops = 1e12}), 1000);
    EXPECT_EQ(updates_within(parse_budget("1f"), {.flops = 1e12}), 1);
    EXPECT_EQ(updates_within(parse_budget("80000n"), {.samples = 32}), 2500);
    EXPECT_EQ(parse_budget("10m").amount, 600);
    EXPECT_EQ(parse_budget("200s").amount, 200);
    EXPECT_EQ(parse_budget("2h").amount, 7200);
    for (const char* const text : {"", "10", "m", "-5u", "0s", "nanu", "1.5u", "10x", "5000 u"}) {
        EXPECT_THROW(parse_budget(text), Error) << text;
    }
}

TEST(Presets, name_options_that_exist) {
    for (const TaskEntry& task : all_tasks()) {
        for (const Preset& preset : task.presets) {
            for (const auto& [section, values] : find_preset(task, preset.name).sections) {
                if (section == curriculum_section) continue;
                OptionSet options = section == "training"          ? training_options()
                                    : section == front_end_section ? front_end_options()
                                    : section == task.name         ? task.options()
                                                                   : find_model(section).options();
                EXPECT_NO_THROW(set_options(options, values)) << preset.name << " " << section;
            }
        }
    }
    EXPECT_THROW(find_preset(find_task("neuronio"), "neuronoi"), Error);
    EXPECT_THROW(find_task("ading"), Error);
}

TEST(Recipe, options_of_older_files_stand_where_they_belong) {
    Config config{{{"training", {{"passes", std::int64_t{3}}, {"window_steps", std::int64_t{9}}}}}};
    bring_up_to_date(config);
    EXPECT_EQ(config.sections["training"], (Values{{"accumulation_steps", std::int64_t{3}}}));
    EXPECT_EQ(config.sections["neuronio"], (Values{{"window_steps", std::int64_t{9}}}));
}

TEST(TrainingHistory, of_an_older_program_is_understood) {
    const TaskSpec spec{
        .name = "neuronio",
        .loss_parts = {{"spike_loss", 0.5}, {"voltage_loss", 0.5}},
        .metrics = {{.name = "loss"}, {.name = "auc"}, {.name = "voltage_rmse_mV"}}};
    const HistoryColumns old{{"train_update", {5}},          {"train_spike_loss", {2}},
                             {"train_voltage_loss", {3}},    {"train_bins", {10}},
                             {"train_learning_rate", {1}},   {"train_gradient_norm", {4}},
                             {"validation_update", {0, 5}},  {"validation_auc", {0.5, 0.9}},
                             {"validation_rmse_mV", {4, 3}}, {"pending_spike_loss", {7}},
                             {"pending_voltage_loss", {8}},  {"pending_bins", {20}}};
    const TrainingHistory history = from_history(spec, old);
    ASSERT_EQ(history.reports.size(), 1u);
    EXPECT_EQ(history.reports[0].loss.mean(spec), 0.25);
    ASSERT_EQ(history.validations.size(), 2u);
    EXPECT_TRUE(std::isnan(history.validations[1].scores[0]));  // was not kept
    EXPECT_EQ(history.validations[1].scores[1], 0.9);
    EXPECT_EQ(history.validations[1].scores[2], 3);
    EXPECT_EQ(history.pending.count, 20);
    const TrainingHistory again = from_history(spec, to_history(spec, history));
    EXPECT_EQ(again.validations[1].scores[2], 3);
    HistoryColumns cut = old;
    cut["train_bins"].clear();
    EXPECT_THROW(from_history(spec, cut), Error);
}

}  // namespace
}  // namespace elm
