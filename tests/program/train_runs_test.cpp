// `elmsim train`: what a folder of runs says, budgets of time and memory, curricula, and runs that
// are killed again and again.

#include <signal.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "baselines/model_file.h"
#include "tests/program/train_command.h"

namespace elm {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class TrainRuns : public TrainCommand {
protected:
    static Json json(const ProgramResult& result) {
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return Json::parse(result.out, nullptr, false);
    }
    std::string in(const std::string& path) const { return folder_ / path; }
};

TEST_F(TrainRuns, a_folder_of_several_runs_says_which_is_best_and_repeats_all_or_one) {
    const Json summary =
        json(run_program(train("all", {"--model", "elm,lstm", "--seeds", "2", "--json"})));
    ASSERT_EQ(summary["fits"].size(), 4u);
    Json best = summary["fits"][0];
    for (const Json& run : summary["fits"]) {
        if (run["best"]["mse"] < best["best"]["mse"]) best = run;
    }
    EXPECT_EQ(summary["model"], best["model"]);
    EXPECT_EQ(summary["test"], best["test"]);
    EXPECT_DOUBLE_EQ(summary["chance"]["mse"].get<double>(), 1.0 / 6);
    // Over seeds, from the definition.
    const double a = summary["fits"][0]["test"]["mse"], b = summary["fits"][1]["test"]["mse"];
    EXPECT_EQ(summary["models"][0]["model"], "elm-10");
    EXPECT_NEAR(summary["models"][0]["test"]["mse_mean"].get<double>(), (a + b) / 2, 1e-12);
    EXPECT_NEAR(summary["models"][0]["test"]["mse_sd"].get<double>(),
                std::abs(a - b) / std::sqrt(2.0), 1e-12);

    std::string page = contents(in("all/report.html"));
    for (const char* const part : {"<!doctype html>", "elmsim train --task adding", "lstm-seed1",
                                   "chance", "Over seeds", "steps = 20", "</html>"}) {
        EXPECT_NE(page.find(part), std::string::npos) << part;
    }
    EXPECT_EQ(page.find("<script"), std::string::npos);

    ASSERT_EQ(
        run_program({"train", "--config", in("all/config.toml"), "--out", in("again")}).exit_code,
        0);
    ASSERT_EQ(
        run_program({"train", "--config", in("all/lstm-seed1/config.toml"), "--out", in("alone")})
            .exit_code,
        0);
    const auto expected = parameters(in("all/lstm-seed1/model.h5"));
    EXPECT_EQ(expected, parameters(in("again/lstm-seed1/model.h5")));
    EXPECT_EQ(expected, parameters(in("alone/model.h5")));
}

TEST_F(TrainRuns, files_of_a_run_are_known_by_inspect) {
    ASSERT_EQ(run_program(train("run", {"--model", "lstm", "--report", in("page.html")})).exit_code,
              0);
    EXPECT_TRUE(fs::exists(in("page.html")));
    const ProgramResult result = run_program({"inspect", in("run"), in("run/config.toml"),
                                              in("run/summary.json"), in("run/metrics.jsonl")});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    for (const char* const part :
         {"folder of a run", "configuration of a run", "summary of a training", "metrics of"}) {
        EXPECT_NE(result.out.find(part), std::string::npos) << part << "\n" << result.out;
    }
    expect_error({"inspect", in("")}, 3, "run folder");
    std::ofstream(in("run/summary.json")) << "{\"fits\": 3";
    expect_error({"inspect", in("run/summary.json")}, 3, "summary.json");
}

TEST_F(TrainRuns, time_is_kept_and_a_run_that_goes_on_keeps_its_plan) {
    const Json summary =
        json(run_program(train("t", {"--model", "lstm", "--budget", "2s", "--json"})));
    // 20 %, and a slice of a machine that others use.
    EXPECT_LT(summary["training_seconds"].get<double>(), 2 * 1.2 + 0.5);
    EXPECT_GT(summary["training_seconds"].get<double>(), 2 * 0.7);
    const Json again =
        json(run_program(train("t", {"--model", "lstm", "--budget", "2s", "--json", "--resume"})));
    EXPECT_EQ(summary["updates"], again["updates"]);
    EXPECT_EQ(summary["best"], again["best"]);
}

TEST_F(TrainRuns, scores_take_a_share_of_the_time_that_is_given) {
    const std::vector<std::string> more{
        "--model", "lstm",  "--budget",         "2s",
        "--json",  "--set", "adding.steps=100", "adding.held_out=100000"};
    const ProgramResult result = run_program(train("t", more));
    const Json summary = json(result);
    // Without a limit each validation, and there are two at least, takes longer than the budget.
    EXPECT_LT(summary["training_seconds"].get<double>(), 2 * 1.2 + 0.5);
    EXPECT_LT(summary["test"]["samples"].get<int>(), 100000);
    EXPECT_NE(result.err.find("of the 100000 validation samples"), std::string::npos) << result.err;
    // One that goes on scores the same samples.
    std::vector<std::string> again = more;
    again.emplace_back("--resume");
    EXPECT_EQ(json(run_program(train("t", again)))["test"], summary["test"]);
    // Where updates are counted all are scored.
    const Json counted =
        json(run_program(train("u", {"--model", "lstm", "--budget", "20u", "--json"})));
    EXPECT_EQ(counted["test"]["samples"], 100);
}

TEST_F(TrainRuns, a_batch_in_parts_learns_the_same) {
    const std::vector<std::string> more{"--model", "lstm",  "--precision",
                                        "f64",     "--set", "training.batch=12"};
    ASSERT_EQ(run_program(train("whole", more)).exit_code, 0);
    std::vector<std::string> little = more;
    // Of 20 steps, an LSTM of 16 units takes 20 x 16 x 4 gates of 8 bytes a sample and more.
    little.insert(little.end(), {"--set", "training.memory_limit=0.0003"});
    const ProgramResult parts = run_program(train("parts", little));
    ASSERT_EQ(parts.exit_code, 0) << parts.err;
    EXPECT_NE(parts.err.find("accumulation steps of"), std::string::npos) << parts.err;
    const auto a = parameters(in("whole/model.h5")), b = parameters(in("parts/model.h5"));
    ASSERT_EQ(a.size(), b.size());
    // Sums in another order in float64; Adam divides by gradients as small as their rounding.
    for (std::size_t k = 0; k < a.size(); ++k) ASSERT_NEAR(a[k], b[k], 1e-6) << k;
    // Kept where the limit is another one: the same bits.
    little.back() = "training.memory_limit=1";
    little.emplace_back("--resume");
    EXPECT_EQ(run_program(train("parts", little)).exit_code, 0);
    little.back() = "training.memory_limit=0.00001";
    expect_error(train("none", little), 6, "training.memory_limit");
}

TEST_F(TrainRuns, a_curriculum_goes_on_within_any_stage_with_the_same_bits) {
    const std::vector<std::string> more{"--model",
                                        "elm",
                                        "--budget",
                                        "3000u",
                                        "--set",
                                        "curriculum.adding.steps=20,40",
                                        "curriculum.elm.memory_tau_max=20,40",
                                        "curriculum.budget_share=2,1"};
    const ProgramResult whole = run_program(train("whole", more));
    ASSERT_EQ(whole.exit_code, 0) << whole.err;
    EXPECT_TRUE(fs::exists(in("whole/stage-1/model.h5")));
    const Json summary = Json::parse(contents(in("whole/summary.json")));
    ASSERT_EQ(summary["stages"].size(), 2u);
    EXPECT_EQ(summary["stages"][0]["updates"], 2000);
    EXPECT_EQ(summary["stages"][1]["updates"], 1000);
    // All of it in the summary: of what a stage did, its row.
    EXPECT_EQ(summary["updates"], 3000);
    const auto total = [&](const char* column) {
        return summary["stages"][0][column].get<double>() +
               summary["stages"][1][column].get<double>();
    };
    // Rows have three digits.
    EXPECT_NEAR(summary["flops"].get<double>(), total("FLOP"), 0.01 * total("FLOP"));
    EXPECT_NEAR(summary["training_seconds"].get<double>(), total("seconds"),
                0.01 * total("seconds"));
    EXPECT_GT(summary["best"]["update"], 2000);
    // Steps twice as long, half as many: the first stage has as many operations as the second.
    EXPECT_NEAR(summary["stages"][0]["FLOP"].get<double>(),
                summary["stages"][1]["FLOP"].get<double>(), 0.01 * total("FLOP"));
    // The metrics of the second stage go on where the first one ended.
    std::ifstream metrics(in("whole/metrics.jsonl"));
    std::string line;
    std::getline(metrics, line);
    EXPECT_NEAR(Json::parse(line)["flops"].get<double>(), total("FLOP") / 2, 0.01 * total("FLOP"));
    // Time constants twice as long; the second stage begins with the first one's model.
    Stream host{Device{}};
    EXPECT_EQ(load_model(host, in("whole/model.h5"), DType::f32).spec.options.at("memory_tau_max"),
              Value(40.0));
    std::vector<std::string> again = more;
    again.emplace_back("--resume");
    for (const int milliseconds : {100, 400, 700}) {
        run_program(train("cut", again), {.signal = SIGKILL, .signal_after_ms = milliseconds});
    }
    const ProgramResult last = run_program(train("cut", again));
    ASSERT_EQ(last.exit_code, 0) << last.err;
    EXPECT_EQ(parameters(in("whole/model.h5")), parameters(in("cut/model.h5")));
    // Its configuration makes all of it again, that of a stage the stage.
    ASSERT_EQ(
        run_program({"train", "--config", in("whole/config.toml"), "--out", in("re")}).exit_code,
        0);
    EXPECT_EQ(parameters(in("whole/model.h5")), parameters(in("re/model.h5")));
    expect_error(train("whole", more), 2, "--force");
    const ProgramResult done = run_program({"inspect", in("whole")});
    EXPECT_NE(done.out.find("row 2 of stages"), std::string::npos) << done.out << done.err;
    // One that was cut has its configuration, and says how far it came.
    run_program(train("part", more), {.signal = SIGTERM, .signal_after_ms = 300});
    const ProgramResult part = run_program({"inspect", in("part")});
    EXPECT_EQ(part.exit_code, 0) << part.err;
    EXPECT_NE(part.out.find("stage-1"), std::string::npos) << part.out;
}

TEST_F(TrainRuns, force_leaves_nothing_of_another_plan_and_nothing_else_is_touched) {
    ASSERT_EQ(run_program(train("run", {"--model", "elm,lstm", "--safetensors"})).exit_code, 0);
    fs::create_directories(in("run/notes"));
    fs::copy(in("run/lstm/model.h5"), in("run/notes/model.h5"));
    std::ofstream(in("run/lstm/mine.txt")) << "keep";
    const auto files = [&] {
        std::vector<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator(in("run"))) {
            if (!entry.is_directory()) {
                names.push_back(fs::relative(entry.path(), in("run")).string());
            }
        }
        std::sort(names.begin(), names.end());
        return names;
    };
    // A plan that cannot be takes nothing away.
    const std::vector<std::string> before = files();
    expect_error(train("run", {"--model", "tcn", "--force", "--set", "training.memory_limit=1e-6"}),
                 6, "training.memory_limit");
    for (const std::string& name : before) EXPECT_TRUE(fs::exists(in("run/" + name))) << name;

    // It may begin with a model of what it replaces.
    ASSERT_EQ(run_program(train("run", {"--model", "elm", "--force", "--init-from",
                                        in("run/elm-10/model.h5")}))
                  .exit_code,
              0);
    EXPECT_EQ(files(), (std::vector<std::string>{"checkpoint.h5", "config.toml", "elm-10/model.h5",
                                                 "learning_curve.png", "lstm/mine.txt",
                                                 "metrics.jsonl", "model.h5", "notes/model.h5",
                                                 "report.html", "summary.json"}));

    // Stages are runs as well; those of the new plan are not taken for older ones.
    const std::vector<std::string> stages{"--model", "elm", "--force", "--set",
                                          "curriculum.adding.steps=20,40"};
    ASSERT_EQ(run_program(train("run", stages)).exit_code, 0);
    EXPECT_TRUE(fs::exists(in("run/stage-1/model.h5")));
    EXPECT_FALSE(fs::exists(in("run/elm-10")));
    ASSERT_EQ(run_program(train("run", {"--model", "lstm", "--force"})).exit_code, 0);
    EXPECT_FALSE(fs::exists(in("run/stage-1")));

    // Runs that stand beside each other in a folder that is none are not taken for parts of one.
    ASSERT_EQ(run_program(train("all/lstm", {"--model", "lstm"})).exit_code, 0);
    ASSERT_EQ(run_program(train("all", {"--model", "tcn", "--force"})).exit_code, 0);
    EXPECT_TRUE(fs::exists(in("all/lstm/model.h5")));
}

TEST_F(TrainRuns, force_takes_older_results_away_before_it_trains) {
    ASSERT_EQ(run_program(train("run", {"--model", "elm"})).exit_code, 0);
    run_program(train("run", {"--model", "elm", "--force", "--budget", "1000000u"}),
                {.signal = SIGTERM, .signal_after_ms = 1500});
    EXPECT_TRUE(fs::exists(in("run/checkpoint.h5")));
    for (const char* const name : {"summary.json", "report.html", "learning_curve.png"}) {
        EXPECT_FALSE(fs::exists(in("run/" + std::string(name)))) << name;
    }
}

TEST_F(TrainRuns, curricula_that_cannot_be_are_refused) {
    const auto refuse = [&](std::vector<std::string> settings, const std::string& part) {
        settings.insert(settings.begin(), {"--model", "elm", "--set"});
        expect_error(train("no", settings), 2, part);
        EXPECT_FALSE(fs::exists(in("no/model.h5")));
    };
    refuse({"curriculum.adding.steps=20,40", "curriculum.elm.memory_tau_max=20,40,80"},
           "a value for each stage");
    refuse({"curriculum.steps=20,40"}, "SECTION.OPTION");
    refuse({"curriculum.adding.stpes=20,40"}, "Did you mean steps?");
    refuse({"curriculum.lstm.units=20,40"}, "no lstm in this training");
    refuse({"curriculum.adding.steps=20,40", "curriculum.budget_share=1,0"}, "above 0");
    // Files have samples of one length.
    ASSERT_EQ(
        run_program({"generate", "adding", "--steps", "20", "--count", "100", "--out", in("set/")})
            .exit_code,
        0);
    refuse({"curriculum.adding.steps=20,40", "--data", in("set")},
           "the curriculum sets adding.steps");
}

/// ELM_KILLS in the environment sets their number.
TEST_F(TrainRuns, killed_at_random_moments_and_resumed_they_have_the_same_bits) {
    const char* const set = std::getenv("ELM_KILLS");
    const int kills = set != nullptr ? std::atoi(set) : 5;
    const std::vector<std::string> more{
        "--model", "elm", "--budget", fmt::format("{}u", 4000 * kills), "--validate-every", "400"};
    ASSERT_EQ(run_program(train("whole", more)).exit_code, 0);
    std::vector<std::string> again = more;
    again.emplace_back("--resume");
    std::mt19937 random(7);
    for (int kill = 0; kill < kills; ++kill) {
        const int milliseconds = std::uniform_int_distribution(10, 400)(random);
        run_program(train("cut", again), {.signal = SIGKILL, .signal_after_ms = milliseconds});
    }
    const ProgramResult last = run_program(train("cut", again));
    ASSERT_EQ(last.exit_code, 0) << last.err;
    EXPECT_EQ(parameters(in("whole/model.h5")), parameters(in("cut/model.h5")));
    EXPECT_EQ(metrics_without_time(in("whole/metrics.jsonl")),
              metrics_without_time(in("cut/metrics.jsonl")));
}

TEST_F(TrainRuns, two_processes_learn_what_one_learns) {
    const std::string launcher = ELM_LAUNCHER;
    if (launcher.empty()) GTEST_SKIP() << "this build has no MPI";
    const std::vector<std::string> more{"--model", "lstm", "--precision", "f64"};
    ASSERT_EQ(run_program(train("one", more)).exit_code, 0);
    EXPECT_EQ(launch(launcher, train("two", more), in("log")), 0) << contents(in("log"));
    const auto one = parameters(in("one/model.h5")), two = parameters(in("two/model.h5"));
    ASSERT_EQ(one.size(), two.size());
    // Sums in another order; Adam divides by gradients as small as their rounding.
    for (std::size_t k = 0; k < one.size(); ++k) ASSERT_NEAR(one[k], two[k], 1e-6) << k;
    EXPECT_TRUE(fs::exists(in("two/report.html")));
}

TEST_F(TrainRuns, a_checkpoint_that_is_damaged_says_so) {
    ASSERT_EQ(run_program(train("run", {"--model", "lstm"})).exit_code, 0);
    fs::resize_file(in("run/checkpoint.h5"), fs::file_size(in("run/checkpoint.h5")) / 2);
    expect_error(train("run", {"--model", "lstm", "--resume"}), 3, "checkpoint.h5");
    std::ofstream(in("run/checkpoint.h5")) << "no checkpoint";
    expect_error(train("run", {"--model", "lstm", "--resume"}), 3, "checkpoint.h5");
    EXPECT_TRUE(fs::exists(in("run/model.h5")));
}

}  // namespace
}  // namespace elm
