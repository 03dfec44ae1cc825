// `elmsim compare --cab`: what it leaves, that its tables follow from its files, that it goes on,
// and what it refuses.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <tuple>
#include <utility>

#include <gtest/gtest.h>

#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"

namespace elm::test {
namespace {

class CompareBenchmark : public testing::Test {
protected:
    /// Two mixers on samples as small as they can be, one update each; flags of `more` in place of
    /// those.
    std::vector<std::string> smallest(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments{"compare", "--cab", "--out", (folder_ / "cab").string()};
        for (const auto& [flag, value] :
             {std::pair("--models", "vanilla,abc,identity"), std::pair("--budget", "1u"),
              std::pair("--seeds", "1"), std::pair("--lengths", "8,16,32,64"),
              std::pair("--width", "8")}) {
            if (std::find(more.begin(), more.end(), flag) != more.end()) continue;
            arguments.insert(arguments.end(), {flag, value});
        }
        arguments.emplace_back("--set");
        for (const char* const task :
             {"tts-syn", "sum-syn", "sr-syn", "mlm-syn", "lm-syn", "pcc-syn", "lstf-syn"}) {
            arguments.push_back(std::string(task) + ".held_out=2");
            arguments.push_back(std::string(task) + ".train_samples=4");
        }
        for (const char* const option :
             {"tts-syn.frames=40", "sum-syn.source=64", "sum-syn.target=12", "sr-syn.side=16",
              "mlm-syn.steps=24", "lm-syn.steps=32", "pcc-syn.seen=16", "lstf-syn.past=24",
              "lstf-syn.future=4", "transformer.width=8", "transformer.layers=1",
              "transformer.heads=2", "training.batch=2"}) {
            arguments.emplace_back(option);
        }
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
    std::string text_of(const std::string& name) const {
        std::ifstream file(folder_ / "cab" / name);
        std::stringstream text;
        text << file.rdbuf();
        return text.str();
    }

    TemporaryDirectory folder_;
};

TEST_F(CompareBenchmark, leaves_files_that_its_tables_follow_from) {
    const ProgramResult first = run_program(smallest());
    ASSERT_EQ(first.exit_code, 0) << first.err;
    for (const char* const pattern : {"NS", "CS", "NC", "CC"}) {
        EXPECT_NE(first.out.find(std::string(pattern) + ": index over a population of 2"),
                  std::string::npos);
    }
    const std::string index = text_of("cab_ci.csv"), tables = text_of("tables.md"),
                      runs = text_of("cab_runs.csv");
    EXPECT_NE(runs.find("NS,mlm-syn,rule,oracle,syn,tiny,"), std::string::npos);
    EXPECT_NE(runs.find("CC,sum-syn,cross,abc,syn,tiny,"), std::string::npos);
    EXPECT_NE(runs.find("CS,lm-syn,blocks,vanilla,syn,tiny,0,"), std::string::npos);
    EXPECT_NE(runs.find("ppl@64"), std::string::npos);
    EXPECT_FALSE(index.empty());

    std::filesystem::remove(folder_ / "cab" / "cab_ci.csv");
    std::filesystem::remove(folder_ / "cab" / "tables.md");
    const ProgramResult again =
        run_program({"compare", "--cab", "--tables-only", "--out", (folder_ / "cab").string()});
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(text_of("cab_ci.csv"), index);
    EXPECT_EQ(text_of("tables.md"), tables);

    const ProgramResult resumed = run_program(smallest({"--resume"}));
    EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_EQ(text_of("cab_runs.csv"), runs);
    EXPECT_EQ(text_of("cab_ci.csv"), index);
    EXPECT_EQ(run_program(smallest()).exit_code, 2);  // there is one already
}

TEST_F(CompareBenchmark, keeps_the_mixers_that_were_run_before) {
    const ProgramResult first = run_program(smallest({"--models", "vanilla,abc"}));
    ASSERT_EQ(first.exit_code, 0) << first.err;
    const std::string runs = text_of("cab_runs.csv"), costs = text_of("cab_cost.csv"),
                      constants = text_of("cab_constants.json");
    const auto resumed = [&](std::vector<std::string> more) {
        more.emplace_back("--resume");
        more.insert(more.end(), {"--models", "linear"});
        return run_program(smallest(more));
    };
    const ProgramResult joined = resumed({});
    ASSERT_EQ(joined.exit_code, 0) << joined.err;
    const std::string after = text_of("cab_runs.csv");
    EXPECT_EQ(text_of("cab_constants.json"), constants);
    EXPECT_EQ(text_of("cab_cost.csv").substr(0, costs.size()), costs);
    int n_lines = 0;
    std::stringstream lines(runs);
    for (std::string line; std::getline(lines, line); ++n_lines) {
        EXPECT_NE(after.find(line + "\n"), std::string::npos) << line;
    }
    EXPECT_GT(n_lines, 50);
    EXPECT_NE(after.find("CC,sum-syn,cross,linear,syn,tiny,0,"), std::string::npos);
    // A difference from vanilla is there: the column before the last.
    const std::string index = text_of("cab_ci.csv");
    const std::size_t at = index.find("CS,linear,lm-syn,");
    ASSERT_NE(at, std::string::npos) << index;
    const std::string row = index.substr(at, index.find('\n', at) - at);
    EXPECT_NE(row.substr(0, row.rfind(',')).back(), '-') << row;

    const ProgramResult other_seeds = resumed({"--seeds", "2"});
    EXPECT_EQ(other_seeds.exit_code, 2);
    EXPECT_NE(other_seeds.err.find("compare.seeds was 1, is 2"), std::string::npos)
        << other_seeds.err;
    for (const auto& [flag, value, told] :
         {std::tuple("--tier", "small", "compare.tier was tiny, is small"),
          std::tuple("--budget", "2u", "compare.budget was 1u, is 2u"),
          std::tuple("--width", "16", "compare.width was 8, is 16"),
          std::tuple("--set", "transformer.width=16", "transformer.width was 8, is 16")}) {
        expect_error(smallest({"--resume", "--models", "linear", flag, value}), 2, told);
    }
    EXPECT_EQ(text_of("cab_runs.csv"), after);
}

/// Another batch is another table, and what was measured stays.
TEST_F(CompareBenchmark, costs_of_other_sizes_stand_apart) {
    const ProgramResult first = run_program(smallest({"--models", "vanilla,abc"}));
    ASSERT_EQ(first.exit_code, 0) << first.err;
    const std::string costs = text_of("cab_cost.csv");
    const auto resume = [&](const std::vector<std::string>& more) {
        std::vector<std::string> whole{"--models", "vanilla,abc", "--resume"};
        whole.insert(whole.end(), more.begin(), more.end());
        const ProgramResult again = run_program(smallest(whole));
        EXPECT_EQ(again.exit_code, 0) << again.err;
        return text_of("cab_cost.csv");
    };
    EXPECT_EQ(resume({}), costs);
    const std::string both = resume({"--batch", "2"});
    EXPECT_EQ(both.substr(0, costs.size()), costs);
    EXPECT_NE(both.find("vanilla,cpu,f32,8,2,fwd,8,"), std::string::npos) << both;
    const std::string longer = resume({"--lengths", "16,128"});
    EXPECT_EQ(longer.substr(0, both.size()), both);
    EXPECT_NE(longer.find("vanilla,cpu,f32,8,4,fwd,128,", both.size()), std::string::npos);
    EXPECT_EQ(longer.find("vanilla,cpu,f32,8,4,fwd,16,", both.size()), std::string::npos);
    for (const char* const batch : {"4", "2"}) {
        EXPECT_NE(text_of("tables.md").find(std::string("width 8, batches of ") + batch),
                  std::string::npos);
    }
}

TEST_F(CompareBenchmark, refuses_what_cannot_be) {
    const auto with = [&](std::vector<std::string> more) {
        std::vector<std::string> arguments{"compare", "--cab", "--out",
                                           (folder_ / "none").string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    };
    expect_error(with({}), 2, "--budget is missing");
    expect_error(with({"--budget", "1u", "--tier", "huge"}), 2, "tiny, small or full");
    expect_error(with({"--budget", "1u", "--models", "vanila"}), 2, "Did you mean vanilla");
    expect_error(with({"--budget", "1u", "--task", "adding"}), 2, "--task does not go with --cab");
    expect_error(with({"--budget", "1u", "--set", "lm-syn.steps=3"}), 2, "steps 3");
    expect_error(with({"--budget", "1u", "--set", "encoder_decoder.width=0"}), 2, "width");
    expect_error(with({"--tables-only"}), 3, "cab_runs.csv");
}

}  // namespace
}  // namespace elm::test
