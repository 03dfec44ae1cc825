// elmsim generate spoken-digits, show and train on them; an encoder before a model; what is said
// where the synthesiser or the files are not there.

#include <signal.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/data/file_bytes.h"
#include "tasks/speech/synthesis/espeak.h"
#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

class Spoken : public testing::Test {
protected:
    std::string path(const std::string& name) const { return folder_ / name; }
    static ProgramResult good(const std::vector<std::string>& arguments) {
        ProgramResult result = run_program(arguments);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return result;
    }
    static void expect_parts(const std::string& text, const std::vector<std::string>& parts) {
        for (const std::string& part : parts) {
            EXPECT_NE(text.find(part), std::string::npos) << text;
        }
    }
    test::TemporaryDirectory folder_;
};

TEST_F(Spoken, digits_are_made_shown_and_learnt) {
    try {
        require_espeak();
    } catch (const Error&) {
        GTEST_SKIP() << "espeak-ng is not installed";
    }
    const ProgramResult made =
        good({"generate", "spoken-digits", "--count", "40", "--speakers", "4",
              "--held-out-speakers", "1", "--out", path("spoken"), "--samples-folder",
              path("heard"), "--plot", path("spoken.svg"), "--json"});
    expect_parts(made.out, {"\"items\": 40", "\"made_now\": 40", "\"output\": "});
    EXPECT_GT(fs::file_size(path("spoken.svg")), 1000U);
    EXPECT_EQ(std::distance(fs::directory_iterator(path("heard")), {}), 40);
    expect_parts(good({"generate", "spoken-digits", "--count", "40", "--speakers", "4",
                       "--held-out-speakers", "1", "--out", path("spoken"), "--resume"})
                     .out,
                 {"0 made now"});
    expect_error({"generate", "spoken-digits", "--count", "40", "--out", path("spoken")}, 2,
                 "spoken_train.h5");
    expect_parts(good({"show", path("spoken"), "--plot", path("shown.svg")}).out,
                 {"units with events"});
    const ProgramResult trained =
        good({"train", "--task", "spoken-adding", "--data", path("spoken"), "--model", "elm,lstm",
              "--budget", "2u", "--threads", "1", "--out", path("run"), "--set",
              "spoken-adding.bin_ms=50", "spoken-adding.validation_pairs=8",
              "spoken-adding.test_pairs=8", "lstm.units=4", "elm.num_memory=4"});
    expect_parts(trained.err, {"40 steps", "8 to validate on, 8 to test on"});
    // Time constants are in ms, whatever the bins are.
    expect_parts(good({"inspect", path("run/elm-4/model.h5")}).out, {"delta_t", "50"});
}

TEST_F(Spoken, a_corpus_goes_on_after_kills_to_the_same_bytes) {
    try {
        require_espeak();
    } catch (const Error&) {
        GTEST_SKIP() << "espeak-ng is not installed";
    }
    const auto arguments = [&](const std::string& out) {
        return std::vector<std::string>{"generate",
                                        "spoken-digits",
                                        "--count",
                                        "10",
                                        "--speakers",
                                        "2",
                                        "--held-out-speakers",
                                        "1",
                                        "--threads",
                                        "1",
                                        "--out",
                                        path(out)};
    };
    good(arguments("whole"));
    auto resume = arguments("cut");
    resume.emplace_back("--resume");
    for (const int after_ms : {100, 900, 1700}) {
        run_program(resume, {.signal = SIGKILL, .signal_after_ms = after_ms});
        EXPECT_FALSE(fs::exists(path("cut/spoken_train.h5")) &&
                     !fs::exists(path("cut/spoken_test.h5")) &&
                     !fs::exists(path("cut/spoken.part")))
            << "nothing to go on from";
    }
    // What a crash leaves of the last clip is thrown away.
    if (fs::exists(path("cut/spoken.part"))) {
        fs::resize_file(path("cut/spoken.part"), fs::file_size(path("cut/spoken.part")) - 3);
    }
    good(resume);
    for (const char* const name : {"/spoken_train.h5", "/spoken_test.h5"}) {
        EXPECT_EQ(read_file_bytes(path("cut") + name, "spikes"),
                  read_file_bytes(path("whole") + name, "spikes"))
            << name;
    }
    EXPECT_FALSE(fs::exists(path("cut/spoken.part")));
}

TEST_F(Spoken, says_what_is_missing) {
    expect_error({"train", "--task", "spoken-adding", "--out", path("run")}, 2,
                 "a folder that elmsim generate spoken-digits made");
    expect_error({"train", "--task", "shd-adding", "--out", path("run")}, 2,
                 "shd_train.h5 and shd_test.h5");
    expect_error({"generate", "spoken-digits", "--out", path("x")}, 2, "--count is missing");
    expect_error({"generate", "spoken-digits", "--count", "4", "--size", "32", "--out", path("x")},
                 2, "--size does not go with spoken-digits");
    expect_error({"generate", "pathfinder", "--count", "4", "--speakers", "9", "--out", path("x")},
                 2, "--speakers does not go with pathfinder");
    expect_error(
        {"generate", "spoken-digits", "--count", "4", "--speakers", "400", "--out", path("x")}, 2,
        "400 speakers: expected 1 to 64");
    const RunOptions without{.environment = {"PATH=/nowhere"}};
    const ProgramResult result =
        run_program({"generate", "spoken-digits", "--count", "4", "--out", path("x")}, without);
    EXPECT_NE(result.exit_code, 0);
    EXPECT_NE(result.error().find("apt-get install espeak-ng"), std::string::npos)
        << result.error();
    EXPECT_FALSE(fs::exists(path("x")));
}

TEST_F(Spoken, an_encoder_stands_before_any_model) {
    for (const char* const model : {"elm", "lstm"}) {
        const ProgramResult trained =
            good({"train", "--task", "image-syn", "--model", model, "--budget", "1u", "--threads",
                  "1", "--front-end", "encoder=level-crossing", "--out", path(model), "--set",
                  "image-syn.encoding=value", "image-syn.held_out=2",
                  "front_end.encoder_options=threshold=0.5"});
        const ProgramResult inspected = good({"inspect", path(std::string(model) + "/model.h5")});
        expect_parts(inspected.out, {"front_end.encoder", "level-crossing"});
    }
    const auto refused = [&](const std::string& front_end, const std::string& part) {
        expect_error({"train", "--task", "image-syn", "--model", "elm", "--budget", "1u",
                      "--front-end", front_end, "--out", path("r")},
                     2, part);
    };
    refused("encoder=latencies", "latency");
    refused("encodr", "encoder");
    refused("linear=3", "expected encoder=NAME");
}

}  // namespace
}  // namespace elm
