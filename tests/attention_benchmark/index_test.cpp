// The compositional index against the published tables and their re-computed scores (Zhang et al.
// 2023, arXiv 2210.07661), and what follows from runs.

#include <cmath>

#include <gtest/gtest.h>

#include "baselines/model_registry.h"
#include "kernels/core/support/error.h"
#include "tasks/comparison/index/benchmark_grid.h"
#include "tasks/comparison/index/benchmark_scores.h"
#include "tasks/comparison/index/benchmark_tables.h"
#include "tasks/training/plan/checkpoint_match.h"
#include "tests/support/error_message.h"

namespace elm {
namespace {

// Of sums of a few numbers about 1: a few units in the last place, 2.2e-16 each.
constexpr double rounding = 1e-12;
/// Published scores have four decimals: off by 5e-5; the constants of them, rounded as well, are
/// given as much again.
constexpr double as_published = 1e-4;

struct Published {
    const char *task, *metric;
    bool higher_is_better;
    double mean, deviation, vanilla, z;
};

IndexConstants constants_from(const std::vector<Published>& rows) {
    IndexConstants constants{.pattern = "NS", .metrics = {}, .population = {}};
    for (const Published& row : rows) {
        constants.metrics.push_back({.metric = {row.task, row.metric, row.higher_is_better},
                                     .mean = row.mean,
                                     .deviation = row.deviation});
    }
    return constants;
}

MetricValues vanilla_of(const std::vector<Published>& rows) {
    MetricValues values;
    for (const Published& row : rows) values[{row.task, row.metric}] = row.vanilla;
    return values;
}

void expect_published(const std::vector<Published>& rows,
                      const std::map<std::string, double>& tasks, double index) {
    const IndexConstants constants = constants_from(rows);
    for (std::size_t k = 0; k < rows.size(); ++k) {
        EXPECT_NEAR(z_score(constants.metrics[k], rows[k].vanilla), rows[k].z, as_published)
            << rows[k].metric;
    }
    const IndexScore score = score_of(constants, vanilla_of(rows));
    for (const auto& [task, expected] : tasks) {
        EXPECT_NEAR(score.tasks.at(task), expected, as_published);
    }
    EXPECT_NEAR(score.index, index, as_published);
}

TEST(CompositionalIndex, of_published_noncausal_self_attention) {
    expect_published({{"TTS", "fs2_mcd", false, 3.4245, 0.06832, 3.4748, -0.7362},
                      {"TTS", "fs2_msd", false, 1.97429, 0.0361768, 1.9735, 0.0218},
                      {"TTS", "mcd", false, 4.06947, 0.09422, 4.0953, -0.2741},
                      {"TTS", "msd", false, 2.19021, 0.03866, 2.1985, -0.2144},
                      {"Sum", "r1", true, 34.88667, 1.39697, 34.61, -0.1981},
                      {"Sum", "r2", true, 6.79333, 1.41078, 6.35, -0.3142},
                      {"Sum", "rl", true, 31.96889, 1.31499, 31.66, -0.2349},
                      {"SR", "psnr", true, 23.208, 0.27499, 23.18, -0.1018},
                      {"SR", "ssim", true, 0.6758, 0.01557, 0.675, -0.0514},
                      {"MLM", "ppl", false, 36.292, 62.30827, 3.42, 0.5276}},
                     {{"TTS", -0.3007}, {"Sum", -0.2491}, {"SR", -0.0766}, {"MLM", 0.5276}},
                     -0.0247);
}

TEST(CompositionalIndex, of_published_noncausal_cross_attention) {
    expect_published({{"PCC", "l1", false, 7.7025, 0.64789, 7.425, 0.4283},
                      {"PCC", "l2", false, 0.24775, 0.03366, 0.231, 0.4976},
                      {"PCC", "f", true, 0.7625, 0.03906, 0.779, 0.4224},
                      {"LSTF", "ett_mse", false, 1.18933, 0.05615, 1.138167, 0.9112},
                      {"LSTF", "ett_mae", false, 0.80625, 0.02193, 0.77467, 1.4400},
                      {"LSTF", "ecl_mse", false, 0.47575, 0.01057, 0.478, -0.2129},
                      {"LSTF", "ecl_mae", false, 0.511, 0.00601, 0.508, 0.4992},
                      {"LSTF", "weather_mse", false, 0.62025, 0.18948, 0.449, 0.9038},
                      {"LSTF", "weather_mae", false, 0.58075, 0.10312, 0.4855, 0.9237}},
                     {{"PCC", 0.4495}, {"LSTF", 0.7442}}, 0.5968);
}

TEST(CompositionalIndex, of_published_causal_cross_attention) {
    const std::vector<Published> rows{{"TTS", "mcd", false, 5.5037, 1.29239, 4.0953, 1.0898},
                                      {"TTS", "msd", false, 2.6278, 0.42726, 2.1985, 1.0048},
                                      {"Sum", "r1", true, 31.35, 3.77103, 34.61, 0.8645},
                                      {"Sum", "r2", true, 5.26, 1.26028, 6.35, 0.8649},
                                      {"Sum", "rl", true, 28.8, 3.28638, 31.66, 0.8703}};
    expect_published(rows, {{"TTS", 1.0473}, {"Sum", 0.8665}}, 0.9569);
}

/// The vanilla mixer has no language model there, and so no index.
TEST(CompositionalIndex, of_published_causal_self_attention) {
    const std::vector<Published> rows{{"TTS", "mcd", false, 4.08325, 0.04529, 4.0953, 0},
                                      {"TTS", "msd", false, 2.20085, 0.01372, 2.1985, 0},
                                      {"Sum", "r1", true, 32.9575, 1.92754, 34.61, 0},
                                      {"Sum", "r2", true, 6.0925, 0.41007, 6.35, 0},
                                      {"Sum", "rl", true, 30.2575, 1.61951, 31.66, 0},
                                      {"LM", "ppl", false, 22.26, 8.29944, 0, 0}};
    MetricValues vanilla = vanilla_of(rows);
    vanilla.erase({"LM", "ppl"});
    const IndexScore score = score_of(constants_from(rows), vanilla);
    EXPECT_NEAR(score.tasks.at("TTS"), -0.0474, as_published);
    EXPECT_NEAR(score.tasks.at("Sum"), 0.7838, as_published);
    EXPECT_TRUE(std::isnan(score.tasks.at("LM")));
    EXPECT_TRUE(std::isnan(score.index));
}

/// Of all but exact attention in blocks, which was added later.
TEST(CompositionalIndex, constants_are_those_of_the_published_tables) {
    const std::vector<std::pair<double, double>> images{
        {23.18, 0.675}, {23.53, 0.690}, {23.35, 0.685}, {23.35, 0.682}, {23.34, 0.682},
        {23.33, 0.682}, {23.28, 0.681}, {23.20, 0.679}, {22.98, 0.667}, {22.54, 0.635}};
    std::map<std::string, MetricValues> population;
    for (std::size_t k = 0; k < images.size(); ++k) {
        population["mixer " + std::to_string(k)] = {{{"SR", "psnr"}, images[k].first},
                                                    {{"SR", "ssim"}, images[k].second}};
    }
    const IndexConstants constants =
        constants_of("NS", {{"SR", "psnr", true}, {"SR", "ssim", true}}, population);
    constexpr double fifth_decimal = 5e-6;  // of published deviations; the means are exact
    EXPECT_NEAR(constants.metrics[0].mean, 23.208, rounding);
    EXPECT_NEAR(constants.metrics[0].deviation, 0.27499, fifth_decimal);
    EXPECT_NEAR(constants.metrics[1].mean, 0.6758, rounding);
    EXPECT_NEAR(constants.metrics[1].deviation, 0.01557, fifth_decimal);
    EXPECT_EQ(constants.metrics[0].count, 10);
}

TEST(CompositionalIndex, a_missing_result_is_no_average) {
    const std::vector<Published> rows{{"TTS", "mcd", false, 1, 1, 0.5, 0.5},
                                      {"LM", "ppl", false, 20, 5, 10, 2}};
    MetricValues values = vanilla_of(rows);
    EXPECT_NEAR(score_of(constants_from(rows), values).index, 1.25, rounding);
    values.erase({"LM", "ppl"});
    const IndexScore score = score_of(constants_from(rows), values);
    EXPECT_NEAR(score.tasks.at("TTS"), 0.5, rounding);
    EXPECT_TRUE(std::isnan(score.tasks.at("LM")));
    EXPECT_TRUE(std::isnan(score.index));
}

/// One metric of a task, or all of them, may be the same for the whole population.
TEST(CompositionalIndex, does_without_what_is_the_same_for_all) {
    const std::vector<IndexMetric> metrics{
        {"Sum", "r1", true}, {"Sum", "r2", true}, {"SR", "psnr", true}, {"LM", "ppl", false}};
    const auto values = [](double r1, double ppl) {
        return MetricValues{
            {{"Sum", "r1"}, r1}, {{"Sum", "r2"}, 0}, {{"SR", "psnr"}, 21.5}, {{"LM", "ppl"}, ppl}};
    };
    const IndexConstants constants =
        constants_of("NS", metrics, {{"a", values(1, 10)}, {"b", values(3, 20)}});
    EXPECT_FALSE(constants.metrics[0].tells_nothing());
    EXPECT_TRUE(constants.metrics[1].tells_nothing());
    // Mean 2 and deviation sqrt 2; mean 15 and deviation 5 sqrt 2.
    const IndexScore score = score_of(constants, values(4, 5));
    EXPECT_NEAR(score.tasks.at("Sum"), std::sqrt(2.0), rounding);
    EXPECT_TRUE(std::isnan(score.tasks.at("SR")));
    EXPECT_NEAR(score.index, std::sqrt(2.0), rounding);
    MetricValues without = values(4, 5);
    without.erase({"Sum", "r2"});
    EXPECT_TRUE(std::isnan(score_of(constants, without).index));  // no result is no average
}

TEST(CompositionalIndex, of_logarithms_an_outlier_hides_less) {
    std::map<std::string, MetricValues> population;
    for (const auto& [name, value] :
         std::map<std::string, double>{{"a", 3.3}, {"b", 10.5}, {"c", 186}}) {
        population[name] = {{{"MLM", "ppl"}, value}};
    }
    const auto gap = [&](bool of_logarithms) {
        const IndexConstants constants =
            constants_of("NS", {{"MLM", "ppl", false, of_logarithms}}, population);
        return z_score(constants.metrics[0], 3.3) - z_score(constants.metrics[0], 10.5);
    };
    EXPECT_LT(gap(false), 0.1);
    EXPECT_GT(gap(true), 0.5);
}

TEST(CompositionalIndex, constants_come_back_from_their_file) {
    IndexConstants constants = constants_from(
        {{"TTS", "mcd", false, 1.0 / 3, 0.1, 0, 0}, {"LM", "ppl", true, 2, 3, 0, 0}});
    constants.population = {"vanilla", "abc"};
    constants.metrics[1].deviation = NAN;
    const Config settings{{{"compare", {{"tier", std::string("tiny")}, {"seeds", std::int64_t{2}}}},
                           {"training", {{"learning_rate", 3e-3}}}}};
    const std::string text = constants_to_json({settings, {constants}});
    const auto again = constants_from_json(text, "file");
    ASSERT_EQ(again.patterns.size(), 1u);
    EXPECT_EQ(again.patterns[0].metrics[0].mean, 1.0 / 3);
    EXPECT_TRUE(std::isnan(again.patterns[0].metrics[1].deviation));
    EXPECT_EQ(differences(settings, again.settings, ""), "");
    EXPECT_EQ(constants_to_json(again), text);
    std::string other = text;
    other.replace(other.find("abc"), 3, "abd");
    EXPECT_NE(test::message_of([&] { constants_from_json(other, "file"); }).find("population"),
              std::string::npos);
    for (const char* const none : {"{", "[]", "{}"}) {
        EXPECT_NE(
            test::message_of([&] { constants_from_json(none, "file"); }).find("file holds no"),
            std::string::npos);
    }
}

/// An error of 0 has no logarithm; others are held against each other without it.
TEST(CompositionalIndex, a_value_without_a_logarithm_is_no_result) {
    const std::vector<IndexMetric> metrics{{"LSTF", "mse", false, true}};
    const auto value = [](double mse) { return MetricValues{{{"LSTF", "mse"}, mse}}; };
    const IndexConstants constants =
        constants_of("NC", metrics, {{"a", value(1)}, {"b", value(std::exp(2))}, {"c", value(0)}});
    EXPECT_EQ(constants.metrics[0].count, 2);
    // Logarithms 0 and 2: mean 1, deviation sqrt 2.
    EXPECT_NEAR(score_of(constants, value(1)).index, std::sqrt(0.5), rounding);
    for (const double bad : {0.0, -1.0, double(INFINITY)}) {
        EXPECT_TRUE(std::isnan(score_of(constants, value(bad)).index)) << bad;
    }
}

std::vector<BenchmarkRun> some_runs() {
    std::vector<BenchmarkRun> runs;
    const auto add = [&](const char* mixer, const char* role, std::uint64_t seed, double ppl) {
        for (const IndexMetric& metric : index_metrics(self_causal, false)) {
            runs.push_back({.pattern = self_causal,
                            .task = metric.task,
                            .role = role,
                            .mixer = mixer,
                            .tier = "tiny",
                            .seed = seed,
                            .params = 100,
                            .train_flops = 1e9,
                            .metric = metric.metric,
                            .value = metric.higher_is_better ? 50 - ppl : ppl});
        }
    };
    for (const std::uint64_t seed : {std::uint64_t{1}, std::uint64_t{2}}) {
        const double noise = seed == 1 ? 0.1 : -0.1;
        add(vanilla_mixer, "decoder", seed, 10 + noise);
        add("abc", "decoder", seed, 12 + noise);
        add(no_mixer, BenchmarkRun::control_role, seed, 30 + noise);
        add("oracle", BenchmarkRun::rule_role, seed, 1);
    }
    return runs;
}

TEST(BenchmarkRuns, come_back_from_their_file) {
    std::vector<BenchmarkRun> runs = some_runs();
    runs.front().value = 1.0 / 3;
    runs.back().extra_params_pct = NAN;
    const std::string text = runs_to_csv(runs);
    EXPECT_EQ(runs_to_csv(runs_from_csv(text, "file")), text);
    EXPECT_EQ(runs_from_csv(text, "file").front().value, 1.0 / 3);
    EXPECT_NE(text.find(",-,"), std::string::npos);
    EXPECT_THROW(runs_from_csv("a,b\n", "file"), Error);
    EXPECT_NE(test::message_of([&] {
                  runs_from_csv(text + "NS,tts-syn\n", "f.csv");
              }).find("f.csv:" + std::to_string(runs.size() + 2)),
              std::string::npos);
}

TEST(BenchmarkRuns, a_blank_line_ends_nothing) {
    const std::vector<BenchmarkRun> runs = some_runs();
    std::string text = runs_to_csv(runs);
    text.insert(text.find('\n', text.size() / 2), "\n\n");
    EXPECT_EQ(runs_from_csv(text, "file").size(), runs.size());
    EXPECT_NE(test::message_of([&] {
                  runs_from_csv(text + "NS,tts-syn\n", "f.csv");
              }).find("f.csv:" + std::to_string(runs.size() + 4)),
              std::string::npos);
    EXPECT_NE(test::message_of([] { runs_from_csv("", "f.csv"); }).find("expected the header"),
              std::string::npos);
}

TEST(BenchmarkRuns, of_other_mixers_stay) {
    const std::vector<BenchmarkRun> before = some_runs();
    std::vector<BenchmarkRun> again;
    for (BenchmarkRun run : before) {
        if (run.mixer != "abc" && !run.is_rule()) continue;
        if (run.mixer == "abc" && run.seed == 2) continue;
        run.value += 1;
        again.push_back(run);
    }
    BenchmarkRun fresh = before.front();
    fresh.mixer = "linear";
    fresh.params = 110;
    again.push_back(fresh);
    // A rule may be named as a mixer is, and is another run.
    BenchmarkRun rule = before.front();
    rule.role = BenchmarkRun::rule_role;
    again.push_back(rule);
    std::vector<BenchmarkRun> joined = joined_runs(before, again);
    ASSERT_EQ(joined.size(), before.size() + 2);
    const auto sum_of = [](const std::vector<BenchmarkRun>& runs, const std::string& mixer) {
        double sum = 0;
        for (const BenchmarkRun& run : runs) {
            if (run.mixer == mixer && !run.is_rule()) sum += run.value;
        }
        return sum;
    };
    const auto metrics = static_cast<double>(index_metrics(self_causal, false).size());
    EXPECT_EQ(sum_of(joined, vanilla_mixer), sum_of(before, vanilla_mixer));
    EXPECT_NEAR(sum_of(joined, "abc"), sum_of(before, "abc") + metrics, 1e3 * rounding);

    set_extra_parameters(joined);
    for (const BenchmarkRun& run : joined) {
        if (run.is_rule()) {
            EXPECT_TRUE(std::isnan(run.extra_params_pct));
        } else if (run.task == fresh.task) {
            EXPECT_NEAR(run.extra_params_pct, run.mixer == "linear" ? 10 : 0, 1e2 * rounding);
        }
    }
}

TEST(BenchmarkRuns, costs_come_back_from_their_file) {
    SpeedCurve curve{.model = "abc"};
    curve.points.push_back({.length = 128,
                            .forward_seconds = {0.5, 0.25},
                            .training_seconds = {1},
                            .forward_bytes = 64,
                            .training_bytes = 128});
    const MeasuredCosts costs{{"cpu", "f32", 64, 4}, {curve}};
    const std::string text = costs_to_csv(costs);
    const auto again = costs_from_csv(text, "file");
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].place, costs.place);
    EXPECT_EQ(again[0].curves[0].points[0].forward_seconds, curve.points[0].forward_seconds);
    EXPECT_EQ(costs_to_csv(again[0]), text);
}

TEST(BenchmarkRuns, costs_of_two_places_are_two_tables) {
    const auto rows = [](const CostPlace& place, std::int64_t length) {
        const MeasuredCosts costs{
            place, {{.model = "abc", .points = {{.length = length, .forward_seconds = {0.5}}}}}};
        return costs_to_csv(costs);
    };
    const auto behind = [](const std::string& text) { return text.substr(text.find('\n') + 1); };
    const CostPlace own{"cpu", "f32", 64, 4};
    std::string text = rows(own, 256) + behind(rows(own, 128));
    for (const CostPlace& other :
         {CostPlace{"cuda:0", "f32", 64, 4}, CostPlace{"cpu", "f64", 64, 4},
          CostPlace{"cpu", "f32", 32, 4}, CostPlace{"cpu", "f32", 64, 8}}) {
        text += behind(rows(other, 128));
    }
    const auto all = costs_from_csv(text, "file");
    ASSERT_EQ(all.size(), 5u);
    ASSERT_EQ(all[0].curves[0].points.size(), 2u);
    EXPECT_EQ(all[0].curves[0].points[0].length, 128);  // rising, in whatever order they came
    for (std::size_t k = 1; k < all.size(); ++k) {
        EXPECT_EQ(all[k].curves[0].points[0].forward_seconds.size(), 1u);
    }
}

TEST(BenchmarkScores, controls_are_no_part_of_the_population) {
    const std::vector<BenchmarkRun> runs = some_runs();
    const auto constants = freeze_constants(runs);
    ASSERT_EQ(constants.size(), 2u);  // plain and of logarithms
    EXPECT_EQ(constants[0].population, (std::vector<std::string>{"abc", vanilla_mixer}));
    const auto scores = scores_of(runs, constants[0]);
    ASSERT_EQ(scores.size(), 3u);
    EXPECT_NEAR(scores[0].mean.index, std::sqrt(0.5), rounding);  // of two: +-1/sqrt(2)
    EXPECT_NEAR(scores[1].delta, -2 * std::sqrt(0.5), rounding);
    EXPECT_LT(scores[2].mean.index, -10);
    EXPECT_TRUE(scores[2].is_control);
    EXPECT_NEAR(scores[0].index_deviation(), 0.1 * std::sqrt(2.0) / std::sqrt(2.0), rounding);
}

TEST(BenchmarkScores, three_mixers_have_no_correlation) {
    const std::vector<BenchmarkRun> runs = some_runs();
    for (const PatternAgreement& pair : consistency(runs, freeze_constants(runs), 1)) {
        EXPECT_TRUE(std::isnan(pair.pearson));
    }
}

TEST(BenchmarkScores, noise_is_that_of_two_vanilla_seeds) {
    const std::vector<BenchmarkRun> runs = some_runs();
    const auto noise = noise_of(runs, freeze_constants(runs));
    ASSERT_FALSE(noise.empty());
    EXPECT_NEAR(noise[0].deviation, 0.2 / std::sqrt(2.0), rounding);
    EXPECT_NEAR(noise[0].least_difference, 0.2, rounding);
}

TEST(BenchmarkTables, a_missing_cell_is_a_dash) {
    BenchmarkRecord record{.runs = some_runs(), .costs = {}, .constants = {}};
    std::erase_if(record.runs, [](const BenchmarkRun& run) {
        return run.mixer == "abc" && run.task == "lm-syn";
    });
    record.constants = freeze_constants(record.runs);
    const std::string csv = index_to_csv(record);
    EXPECT_NE(csv.find("CS,abc,lm-syn,-,-,-,-,2"), std::string::npos) << csv;
    EXPECT_FALSE(benchmark_tables(record).empty());
}

TEST(BenchmarkGrid, says_why_a_mixer_has_no_seat) {
    const SequenceShape shape{.n_input = 4, .n_output = 2};
    const auto why = [&](const char* pattern, Seat place, const char* name) {
        return seat({.pattern = pattern, .task = "", .seat = place}, find_choice(name), {}, shape,
                    {{"source_steps", std::int64_t{4}}})
            .unsupported;
    };
    EXPECT_EQ(why(self_noncausal, Seat::blocks, vanilla_mixer), "");
    EXPECT_EQ(why(cross_causal, Seat::cross, "abc"), "");
    EXPECT_EQ(why(self_noncausal, Seat::blocks, "lstm"), "it reads a sequence causally alone");
    EXPECT_NE(why(self_causal, Seat::blocks, "nystrom").find("causally"), std::string::npos);
    EXPECT_NE(why(cross_causal, Seat::cross, "local").find("another sequence"), std::string::npos);
    EXPECT_NE(why(cross_causal, Seat::cross, "lstm"), "");
    EXPECT_THROW(seat({.pattern = cross_causal, .task = "", .seat = Seat::cross},
                      find_choice("abc"), {{"width", std::int64_t{0}}}, shape, {}),
                 Error);
    EXPECT_THROW(find_choice("vanila"), Error);
    EXPECT_NE(test::message_of([] { find_choice("vanila"); }).find("Did you mean vanilla"),
              std::string::npos);
}

/// The control has as many parameters as what it stands for, within the published tenth.
TEST(BenchmarkGrid, wider_perceptrons_make_up_for_a_missing_attention) {
    const SequenceShape shape{.n_input = 4, .n_output = 2};
    const auto parameters = [&](const char* name) {
        const SeatedModel seated =
            seat({.pattern = self_noncausal, .task = ""}, find_choice(name), {}, shape, {});
        return static_cast<double>(trainable_count(
            *make_model({.model = seated.model, .options = seated.options, .shape = shape}).model));
    };
    // Of 8 width^2 and more in a block, up to 4 width of biases and a norm are not made up for.
    const double width =
        static_cast<double>(find_model("transformer").options().get<std::int64_t>("width"));
    EXPECT_NEAR(parameters(wide_mixer) / parameters(vanilla_mixer), 1, 4 / (8 * width));
    EXPECT_LT(parameters(no_mixer), 0.8 * parameters(vanilla_mixer));
}

}  // namespace
}  // namespace elm
