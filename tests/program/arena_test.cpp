// `elmsim arena`: the four verbs one after the other, and messages for what is impossible.

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/neuronio/leaky_neuronio.h"

namespace elm {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

class ArenaProgram : public testing::Test {
protected:
    static Words with(Words words, const Words& more) {
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    Words build(const std::string& name, const Words& more = {}) const {
        return with({"arena",  "build",
                     "--task", "recall",
                     "--out",  folder_ / name,
                     "--set",  "recall.pairs=2",
                     "--set",  "recall.vocabulary=16",
                     "--set",  "arena_parts.part=80",
                     "--set",  "arena_parts.target=100",
                     "--set",  "arena_parts.opponents=200",
                     "--set",  "arena_parts.committee=80",
                     "--set",  "arena_parts.calibration=80",
                     "--set",  "arena_parts.source=160",
                     "--set",  "arena_parts.test=160",
                     "--set",  "arena_parts.committee_size=2",
                     "--set",  "arena_parts.committee_updates=10"},
                    more);
    }
    Words battle(const Words& more = {}, const std::string& models = "elm,lstm",
                 const std::string& updates = "30") const {
        return with({"arena", "battle", "--arena", folder_ / "arena", "--models", models,
                     "--updates", updates, "--set", "lstm.units=8", "--out", folder_ / "fights"},
                    more);
    }
    Words flywheel(const Words& more = {}) const {
        return with({"arena",    "flywheel",
                     "--arena",  folder_ / "arena",
                     "--models", "lstm,gru",
                     "--seeds",  "2",
                     "--set",    "lstm.units=12",
                     "--set",    "flywheel.rounds=1",
                     "--set",    "flywheel.stages=replay,preference",
                     "--set",    "flywheel.target_updates=5",
                     "--set",    "flywheel.opponent_updates=200",
                     "--set",    "flywheel.stage_updates=10",
                     "--set",    "flywheel.bootstrap_rounds=50",
                     "--out",    folder_ / "loop"},
                    more);
    }
    static Json json(const Words& words) {
        const ProgramResult result = run_program(words);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return Json::parse(result.out, nullptr, false);
    }
    test::TemporaryDirectory folder_;
};

TEST_F(ArenaProgram, builds_fights_rates_and_learns) {
    const Json built = json(build("arena", {"--json"}));
    EXPECT_EQ(built["command"], "arena");
    EXPECT_EQ(built["parts"].size(), 18u);  // D0 to D9, OPP, COMMITTEE, CAL, TEST, four arena tests
    EXPECT_TRUE(fs::exists(folder_ / "arena/arena_manifest.json"));
    const Json manifest =
        Json::parse(contents(folder_ / "arena/arena_manifest.json"), nullptr, false);
    EXPECT_EQ(manifest["fingerprint"], built["fingerprint"]);

    const Json fought = json(battle({"--json"}));
    EXPECT_EQ(fought["outcomes"].size(), 4u);  // one pair by four judges
    const Words files{folder_ / "fights/elm-seed0/predictions.h5",
                      folder_ / "fights/lstm-seed0/predictions.h5"};
    const Json rated = json(with(with({"arena", "rate"}, files),
                                 {"--json", "--rounds", "50", "--out", folder_ / "ratings"}));
    EXPECT_EQ(rated["ratings"].size(), 4u);
    EXPECT_EQ(rated["thirds"].size(), 6u);
    for (const char* const name :
         {"ratings.csv", "agreement.csv", "ratings.json", "ratings.html"}) {
        EXPECT_TRUE(fs::exists(folder_ / "ratings" / name)) << name;
    }
    const Json turned = json(flywheel({"--json"}));
    EXPECT_EQ(turned["differences"].size(), 7u);
    EXPECT_TRUE(turned["verdict"].is_string());
    for (const char* const name : {"flywheel.csv", "differences.csv", "report.html"}) {
        EXPECT_TRUE(fs::exists(folder_ / "loop" / name)) << name;
    }
    const std::string table = contents(folder_ / "loop/flywheel.csv");
    EXPECT_EQ(run_program(flywheel({"--resume"})).exit_code, 0);
    EXPECT_EQ(contents(folder_ / "loop/flywheel.csv"), table);
    expect_error(flywheel(), 2, "exists already");
    expect_error(flywheel({"--resume", "--seed", "4"}), 2, "is of another run: arena.seed was");
    expect_error(flywheel({"--resume", "--seed", "4"}), 2,
                 "--config " + (folder_ / "loop/flywheel.toml").string());
    // Without pairs there is nothing to exchange.
    const Words replays{"--set", "flywheel.stages=replay", "--force", "--json"};
    EXPECT_EQ(json(flywheel(replays))["differences"].size(), 6u);
    expect_error(battle(), 2, "exists already (--resume goes on, --force replaces it)");
    expect_error(build("arena"), 2, "(--force)");
    expect_error(with({"arena", "rate"}, {files.front()}), 2, "meets nobody");
    expect_error({"arena", "rate", folder_ / "arena/arena.h5"}, 3, "expected arena-predictions");
}

TEST_F(ArenaProgram, builds_no_arena_of_samples_on_which_the_flywheel_cannot_turn) {
    expect_error({"arena", "flywheel", "--task", "adding", "--set", "flywheel.stages=reward",
                  "--out", folder_ / "loop"},
                 2, "choose stages of replay");
    EXPECT_FALSE(fs::exists(folder_ / "loop"));
}

TEST_F(ArenaProgram, turns_the_flywheel_of_fits_of_a_neuron) {
    test::LeakyNeuronIo{.n_simulations = 60, .n_segments = 4, .n_steps = 400}.write(folder_ /
                                                                                    "set.h5");
    const auto sets = [](const Words& all) {
        Words words;
        for (const std::string& one : all) {
            words.emplace_back("--set");
            words.push_back(one);
        }
        return words;
    };
    const Words models = sets(
        {"lstm.units=8", "elm.num_memory=4", "training.batch=4", "training.learning_rate=0.01"});
    const Words build =
        with(with({"arena", "build", "--task", "neuronio", "--data", folder_ / "set.h5", "--out",
                   folder_ / "arena"},
                  models),
             sets({"neuronio.window_steps=100", "neuronio.first_step=100", "arena_parts.part=12",
                   "arena_parts.target=6", "arena_parts.opponents=15", "arena_parts.committee=3",
                   "arena_parts.calibration=6", "arena_parts.source=21", "arena_parts.test=12",
                   "arena_parts.committee_size=1", "arena_parts.committee_models=lstm",
                   "arena_parts.committee_updates=3"}));
    Words longer = build;
    std::replace(longer.begin(), longer.end(), std::string("neuronio.window_steps=100"),
                 std::string("neuronio.window_steps=500"));
    expect_error(longer, 3, "do not fit into simulations of 400 ms");
    EXPECT_EQ(json(with(build, {"--json"}))["parts"].size(), 18u);
    const auto loop = [&](const Words& more) {
        return with(with(with({"arena", "flywheel", "--arena", folder_ / "arena", "--models",
                               "lstm,tcn", "--seeds", "2", "--out", folder_ / "loop"},
                              models),
                         sets({"flywheel.rounds=1", "flywheel.target_updates=2",
                               "flywheel.opponent_updates=300", "flywheel.stage_updates=5",
                               "flywheel.thresholds=0.5", "flywheel.pair_threshold=0.5",
                               "flywheel.bootstrap_rounds=50"})),
                    more);
    };
    expect_error(loop({"--set", "flywheel.stages=reward"}), 2, "choose stages of replay");
    const Json turned = json(loop({"--threshold-sweep", "--json"}));
    EXPECT_EQ(turned["differences"].size(), 7u);
    EXPECT_EQ(turned["thresholds"].size(), 12u);
    for (const char* const name : {"flywheel.csv", "sweep.csv", "report.html"}) {
        EXPECT_TRUE(fs::exists(folder_ / "loop" / name)) << name;
    }
    EXPECT_NE(contents(folder_ / "loop/flywheel.csv").find("voltage_loss"), std::string::npos);
    const std::string table = contents(folder_ / "loop/flywheel.csv");
    EXPECT_EQ(run_program(loop({"--threshold-sweep", "--resume"})).exit_code, 0);
    EXPECT_EQ(contents(folder_ / "loop/flywheel.csv"), table);
    expect_error(loop({"--resume"}), 2, "is of another run: arena.threshold_sweep");
    // Models of the arena meet on windows and are fits as any other.
    const Json fought =
        json(with(with({"arena", "battle", "--arena", folder_ / "arena", "--models", "elm,lstm",
                        "--updates", "5", "--out", folder_ / "fights", "--json"},
                       models),
                  {}));
    EXPECT_EQ(fought["outcomes"].size(), 1u);  // one judge: numbers are not calibrated
    json({"arena", "rate", folder_ / "fights/elm-seed0/predictions.h5",
          folder_ / "fights/lstm-seed0/predictions.h5", "--rounds", "20", "--json"});
    test::LeakyNeuronIo{.n_simulations = 2, .n_segments = 4}.write(folder_ / "test.h5");
    json({"evaluate", "--model", folder_ / "loop/stages/F-seed0-stage3.model.h5", "--data",
          folder_ / "test.h5", "--json"});
}

TEST_F(ArenaProgram, keeps_what_is_not_its_own_and_goes_on_with_nothing_else) {
    json(build("arena", {"--json"}));
    json(battle({"--json"}));
    EXPECT_EQ(run_program(battle({"--resume"})).exit_code, 0);
    expect_error(battle({"--resume"}, "elm,lstm", "300"), 2,
                 "was made otherwise: made.updates was 30, is 300");
    const std::string fit = folder_ / "fights/lstm-seed0/model.h5";
    fs::create_directories(folder_ / "a");
    fs::copy_file(fit, folder_ / "a/b.h5");
    fs::copy_file(fit, folder_ / "a-b.h5");
    const auto of_file = [&](const std::string& name, const Words& more) {
        return with({"arena", "battle", "--arena", folder_ / "arena", "--model", folder_ / name,
                     "--out", folder_ / "fits"},
                    more);
    };
    json(of_file("a-b.h5", {"--json"}));
    fs::copy_file(folder_ / "fights/elm-seed0/model.h5", folder_ / "a-b.h5",
                  fs::copy_options::overwrite_existing);
    expect_error(of_file("a-b.h5", {"--resume"}), 2, "was made otherwise: made.file was");
    fs::copy_file(fit, folder_ / "lstm.h5");
    expect_error(battle({"--model", folder_ / "lstm.h5", "--force"}), 2, "would both be called");

    fs::create_directories(folder_ / "loop/stages");
    std::ofstream(folder_ / "loop/stages/notes.txt") << "mine";
    for (const Words& more : {Words{}, Words{"--force"}, Words{"--resume"}}) {
        expect_error(flywheel(more), 2, "no flywheel made it");
    }
    EXPECT_EQ(contents(folder_ / "loop/stages/notes.txt"), "mine");
}

TEST_F(ArenaProgram, stops_within_a_training) {
    json(build("arena", {"--json"}));
    for (const int signal : {SIGINT, SIGTERM}) {
        const ProgramResult result =
            run_program(battle({}, "lstm", "20000"), {.signal = signal, .signal_after_ms = 1000});
        EXPECT_EQ(result.exit_code, 128 + signal) << result.err;
        EXPECT_FALSE(fs::exists(folder_ / "fights/lstm-seed0/model.h5"));
    }
}

TEST_F(ArenaProgram, says_what_its_committee_has_learnt) {
    const std::string said = run_program(build("arena")).err;
    EXPECT_NE(said.find("committee 1 of "), std::string::npos) << said;
    EXPECT_NE(said.find("accuracy of the committee: "), std::string::npos) << said;
    const std::string help = run_program({"arena", "build", "--help"}).out;
    EXPECT_NE(help.find("arena_parts.committee_size="), std::string::npos);
    EXPECT_NE(help.find("flywheel.stages="), std::string::npos);
}

TEST_F(ArenaProgram, says_what_is_missing) {
    expect_error({"arena", "fight"}, 2, "expected build, battle, rate, flywheel");
    expect_error({"arena", "rate"}, 2, "expected files of predictions");
    expect_error({"arena", "build", "--task", "recall"}, 2, "--out is missing");
    expect_error({"arena", "build", "--task", "neuronio", "--out", folder_ / "none"}, 2,
                 "the task neuronio learns from files");
    expect_error({"arena", "battle", "--models", "elm", "--out", folder_ / "none"}, 2,
                 "--arena is missing");
    expect_error({"arena", "battle", "--arena", folder_ / "none", "--models", "elm", "--out",
                  folder_ / "none"},
                 3, "holds no arena");
    expect_error(
        {"arena", "flywheel", "--out", folder_ / "none", "--target", "elmm", "--task", "recall"}, 2,
        "--target");
    expect_error(build("arena", {"--set", "arena_parts.prat=3"}), 2, "part");
}

}  // namespace
}  // namespace elm
