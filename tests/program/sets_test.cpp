// elmsim generate TASK and show TASK|FILE as a user runs them.

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Sets : public testing::Test {
protected:
    std::string path(const std::string& name) const { return folder_ / name; }
    static ProgramResult good(const std::vector<std::string>& arguments) {
        ProgramResult result = run_program(arguments);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return result;
    }
    test::TemporaryDirectory folder_;
};

TEST_F(Sets, are_made_in_a_folder_and_shown) {
    const ProgramResult made =
        good({"generate", "pathfinder", "--size", "32", "--count", "50", "--seed", "7", "--out",
              path("x/"), "--json", "--plot", path("made.svg")});
    for (const char* part : {"\"items\": 50", "\"output\": ", "\"items_per_second\": "}) {
        EXPECT_NE(made.out.find(part), std::string::npos) << made.out;
    }
    EXPECT_GT(fs::file_size(path("made.svg")), 1000u);
    const ProgramResult shown =
        good({"show", path("x/train.h5"), "--plot", path("shown.svg"), "--json"});
    for (const char* part : {"\"samples\": 40", "\"mean grey\"", "\"far\": 0"}) {
        EXPECT_NE(shown.out.find(part), std::string::npos) << shown.out;
    }
    EXPECT_GT(fs::file_size(path("shown.svg")), 1000u);
    expect_error({"generate", "pathfinder", "--count", "50", "--out", path("x/")}, 2, "train.h5");
}

TEST_F(Sets, go_on_after_a_kill_to_the_same_bytes) {
    const auto arguments = [&](const std::string& out) {
        return std::vector<std::string>{"generate", "pathfinder", "--size", "128",   "--count",
                                        "700",      "--seed",     "3",      "--out", path(out)};
    };
    good(arguments("whole.h5"));
    const std::string expected = bytes_of(path("whole.h5"));
    for (const int after_ms : {40, 250, 450}) {
        RunOptions options;
        options.signal = SIGKILL;
        options.signal_after_ms = after_ms;
        run_program(arguments("cut.h5"), options);
        auto resume = arguments("cut.h5");
        resume.push_back("--resume");
        good(resume);
        EXPECT_EQ(bytes_of(path("cut.h5")), expected) << "killed after " << after_ms << " ms";
        EXPECT_FALSE(fs::exists(path("cut.h5.part")));
        fs::remove(path("cut.h5"));
    }
    RunOptions interrupt;
    interrupt.signal = SIGINT;
    interrupt.signal_after_ms = 150;
    auto many = arguments("cut.h5");
    many[5] = "100000";
    const ProgramResult stopped = run_program(many, interrupt);
    EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
    EXPECT_NE(stopped.err.find("--resume"), std::string::npos) << stopped.err;
    EXPECT_FALSE(fs::exists(path("cut.h5")));
    // What is there so far is known, cut anywhere, too.
    for (const double share : {1.0, 0.9, 0.0}) {
        const auto bytes = static_cast<double>(fs::file_size(path("cut.h5.part")));
        fs::resize_file(path("cut.h5.part"),
                        std::max<std::uintmax_t>(8, static_cast<std::uintmax_t>(share * bytes)));
        const ProgramResult inspected = good({"inspect", path("cut.h5.part")});
        EXPECT_NE(inspected.out.find("not whole"), std::string::npos) << inspected.out;
        const char* const part = share == 0 ? "cut before its end" : "option.size";
        EXPECT_NE(inspected.out.find(part), std::string::npos) << inspected.out;
    }
    std::ofstream(path("other.part")) << "no set";
    expect_error({"inspect", path("other.part")}, 3, "other.part");
}

TEST_F(Sets, of_listops_are_written_as_published) {
    good({"generate", "listops", "--count", "30", "--out", path("l.tsv")});
    EXPECT_EQ(bytes_of(path("l.tsv")).substr(0, 15), "Source\tTarget\r\n");
    const ProgramResult shown = good({"show", path("l.tsv"), "--plot", path("tree.svg")});
    EXPECT_NE(shown.out.find("operators on the deepest path"), std::string::npos) << shown.out;
    std::ofstream(path("l.tsv"), std::ios::app) << "( [MIN 3 ) ] 9\r\n";
    expect_error({"show", path("l.tsv")}, 3, "line 32");
}

TEST_F(Sets, are_refused_with_the_flag_that_is_wrong) {
    const std::string out = path("r.h5");
    expect_error({"generate", "recal", "--count", "5", "--out", out}, 2, "recall");
    expect_error({"generate", "recall", "--out", out}, 2, "--count is missing");
    expect_error({"generate", "recall", "--count", "0", "--out", out}, 2, "--first, --count");
    expect_error({"generate", "recall", "--count", "5", "--size", "64", "--out", out}, 2,
                 "--size does not go with recall");
    expect_error({"generate", "recall", "--count", "5", "--simulations", "4", "--out", out}, 2,
                 "--simulations does not go with recall");
    expect_error({"generate", "neuronio", "--count", "5", "--out", out}, 2,
                 "--count does not go with neuronio");
    expect_error({"generate", "recall", "--count", "5", "--vocabulary", "1", "--out", out}, 2,
                 "--vocabulary");
    expect_error({"generate", "pathfinder", "--size", "48", "--count", "1", "--out", out}, 2, "48");
    expect_error({"generate", "recall", "--count", "5", "--out", path("r.tsv")}, 2, "listops");
    expect_error({"generate", "recall", "--count", "9", "--out", path("f/"), "--split", "80,20"}, 2,
                 "--split");
    for (const char* const name : {"r.csv", "r.txt", "r.png"}) {
        expect_error({"generate", "recall", "--count", "5", "--out", path(name)}, 2, ".h5");
        EXPECT_FALSE(fs::exists(path(name)));
    }
    expect_error({"show", "recal"}, 2, "recall");
    expect_error({"show", path("nothing.h5")}, 2, "neither a file");
    EXPECT_FALSE(fs::exists(out));
}

TEST_F(Sets, of_every_task_are_shown) {
    for (const char* task :
         {"pathfinder", "listops", "image-syn", "adding", "delayed-xor", "copy", "selective-copy",
          "recall", "mqar", "parity", "pathfinder-x", "text-syn", "retrieval-syn"}) {
        const std::string picture = path(std::string(task) + ".svg");
        const ProgramResult shown = good({"show", task, "--count", "60", "--plot", picture});
        EXPECT_NE(shown.out.find("reference"), std::string::npos) << shown.out;
        EXPECT_GT(fs::file_size(picture), 1000u) << task;
    }
}

}  // namespace
}  // namespace elm
