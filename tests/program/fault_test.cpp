// Failing disks and sudden death: at every call that changes a file something goes wrong. Whatever
// it is, each output is then the old one or the new one, whole, and the exit code says which.
// Built twice: with a few failure points for every day, and with very many.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "tests/program/run_program.h"
#include "tests/program/small_cell_files.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/neuronio/leaky_neuronio.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

const std::string old_contents = "what was there before";

std::string bytes_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Failure points of a kind in a command: ELM_FAULT_POINTS of the environment, or of the build.
long points_of_a_kind() {
    const char* const set = std::getenv("ELM_FAULT_POINTS");
    return set != nullptr ? std::atol(set) : ELM_FAULT_POINTS;
}

/// How often each end was met.
struct Tally {
    int points = 0, old_state = 0, new_state = 0;
    int lost = 0;       // exit 0 and not everything new, or resumed to other bytes
    int mixed = 0;      // an output that is neither old nor new, a temporary file that stays
    int crashed = 0;    // an end that is no exit code of ours for this
    std::string first;  // of the bad ones
};

class Faults : public testing::Test {
protected:
    /// A command, what it writes, and how to go on after it was cut.
    struct Case {
        Words arguments;
        std::vector<std::string> outputs = {};  // that are there before, and compared bit for bit
        Words resume = {};
        /// Outputs that change while the command runs may have any state that is whole.
        std::vector<std::string> evolving = {};
        long most_points = 1 << 20;  // of a kind: fewer for what takes long
    };

    void SetUp() override {
#if defined(ELM_ADDRESS_SANITIZER)
        GTEST_SKIP() << "the address sanitizer must be the first library of a program";
#endif
    }

    static Words resumed(Words arguments) {
        arguments.emplace_back("--resume");
        return arguments;
    }
    std::string in(const std::string& name) const { return work() / name; }
    fs::path work() const { return folder_ / "work"; }

    void lay_out(const Case& tried) const {
        fs::remove_all(work());
        fs::create_directory(work());
        for (const std::string& name : tried.outputs) std::ofstream(in(name)) << old_contents;
    }
    ProgramResult run(const Words& arguments, const std::string& kind, long call) const {
        return run_program(
            arguments,
            {.environment = {std::string("LD_PRELOAD=") + ELM_FAULT_LIBRARY,
                             "ELM_FAULT_FOLDER=" + work().string(),
                             "ELM_FAULT_COUNT=" + (folder_ / "count").string(),
                             "ELM_FAULT_KIND=" + kind, fmt::format("ELM_FAULT_CALL={}", call)}});
    }
    std::size_t temporaries() const {
        std::size_t count = 0;
        for (const auto& entry : fs::recursive_directory_iterator(work())) {
            count += entry.path().filename().string().find(".tmp-") != std::string::npos;
        }
        return count;
    }

    void try_all(const std::string& name, const Case& tried) {
        lay_out(tried);
        const ProgramResult undisturbed = run(tried.arguments, "none", 0);
        if (undisturbed.exit_code == 4) GTEST_SKIP() << undisturbed.error();
        ASSERT_EQ(undisturbed.exit_code, 0) << undisturbed.err;
        std::map<std::string, std::string> wanted;
        for (const auto& list : {tried.outputs, tried.evolving}) {
            for (const std::string& output : list) wanted[output] = bytes_of(in(output));
        }
        const long calls = std::stol(bytes_of(folder_ / "count"));
        ASSERT_GT(calls, 5);
        for (const std::string kind : {"ENOSPC", "EIO", "short", "kill"}) {
            Tally tally;
            const long points = std::min({calls, tried.most_points, points_of_a_kind()});
            for (long k = 0; k < points; ++k) {
                const long call = 1 + k * calls / points;
                lay_out(tried);
                const ProgramResult result = run(tried.arguments, kind, call);
                judge(tried, wanted, kind, call, result, tally);
            }
            std::cout << fmt::format(
                "{:14} {:7} calls {:4} points {:4} old {:4} new {:4} lost {} mixed {} crash {}\n",
                name, kind, calls, tally.points, tally.old_state, tally.new_state, tally.lost,
                tally.mixed, tally.crashed);
            EXPECT_EQ(tally.lost + tally.mixed + tally.crashed, 0) << tally.first;
        }
    }

    void judge(const Case& tried, const std::map<std::string, std::string>& wanted,
               const std::string& kind, long call, const ProgramResult& result, Tally& tally) {
        const bool killed = kind == "kill" && result.exit_code == 137;
        const auto bad = [&](int& count, const std::string& what) {
            ++count;
            if (tally.first.empty()) {
                tally.first = fmt::format("{} at call {}, exit {}: {}\n{}", kind, call,
                                          result.exit_code, what, result.err);
            }
        };
        ++tally.points;
        const int code = result.exit_code;
        if (!(killed || code == 0 || code == 7)) bad(tally.crashed, "crash");
        if (!killed && temporaries() > 0) bad(tally.mixed, "a temporary file stays");
        std::size_t renewed = 0;
        for (const std::string& output : tried.outputs) {
            const std::string now = bytes_of(in(output));
            renewed += now == wanted.at(output);
            if (now != wanted.at(output) && now != old_contents) bad(tally.mixed, output);
        }
        for (const std::string& output : tried.evolving) {
            if (!fs::exists(in(output))) continue;
            renewed += bytes_of(in(output)) == wanted.at(output);
            if (!is_whole(in(output))) bad(tally.mixed, output + " is not whole");
        }
        const bool all_new = renewed == tried.outputs.size() + tried.evolving.size();
        if (code == 0 && !all_new) bad(tally.lost, "exit 0, but not everything is there");
        (all_new ? tally.new_state : tally.old_state) += 1;
        if (tried.resume.empty() || code == 0) return;
        const ProgramResult resumed = run_program(tried.resume);
        if (resumed.exit_code != 0) bad(tally.lost, "not resumed: " + resumed.err);
        for (const std::string& output : tried.evolving) {
            if (bytes_of(in(output)) != wanted.at(output)) bad(tally.lost, "resumed: " + output);
        }
        if (temporaries() > 0) bad(tally.mixed, "a temporary file stays after the resumption");
    }

    static bool is_whole(const std::string& path) {
        try {
            const Hdf5File file = Hdf5File::open(path);
            return !file.links("/").empty();
        } catch (const Error&) {
            return false;
        }
    }

    test::TemporaryDirectory folder_;
};

TEST_F(Faults, a_model_is_simulated) {
    try_all("simulate", {.arguments = {"simulate", "--model", "leaky-integrator", "--poisson", "5",
                                       "--seconds", "8", "--record", "memory,output,branches",
                                       "--threads", "1", "--out", in("r.h5"), "--force"},
                         .outputs = {"r.h5"}});
}

TEST_F(Faults, a_cell_is_simulated) {
    const test::SmallCellFiles cell(folder_.path());
    try_all("simulate cell",
            {.arguments = {"simulate", "--cell", cell.path(), "--clamp", "soma:0.5nA@5+10",
                           "--seconds", "0.03", "--record", "voltage:all,voltage:soma", "--threads",
                           "1", "--out", in("c.h5"), "--force"},
             .outputs = {"c.h5"}});
}

TEST_F(Faults, data_are_generated) {
    const test::SmallCellFiles cell(folder_.path());
    const Words arguments{"generate",  "neuronio", "--cell", cell.path(), "--simulations", "4",
                          "--seconds", "0.05",     "--seed", "3",         "--batch",       "2",
                          "--threads", "1",        "--out",  in("g.h5")};
    Words resume = arguments;
    resume.emplace_back("--resume");
    try_all("generate", {.arguments = arguments, .resume = resume, .evolving = {"g.h5"}});
}

TEST_F(Faults, a_model_is_fitted) {
    const std::string data = test::LeakyNeuronIo{}.write(folder_ / "data.h5");
    const Words arguments{"fit",
                          "--data",
                          data,
                          "--memory",
                          "3",
                          "--out",
                          in("f.h5"),
                          "--threads",
                          "1",
                          "--budget",
                          "12u",
                          "--validate-every",
                          "5",
                          "--set",
                          "training.window_steps=100",
                          "--set",
                          "training.first_step=200"};
    Words resume = arguments;
    resume.emplace_back("--resume");
    try_all("fit", {.arguments = arguments, .resume = resume, .evolving = {"f.h5"}});
}

TEST_F(Faults, models_are_evaluated) {
    const std::string data =
        test::LeakyNeuronIo{.n_simulations = 2, .n_segments = 50}.write(folder_ / "data.h5");
    try_all("evaluate", {.arguments = {"evaluate", "--model", "leaky-integrator", "--data", data,
                                       "--roc", in("roc.png"), "--force"},
                         .outputs = {"roc.png"}});
}

TEST_F(Faults, a_model_learns_a_task) {
    const Words arguments{"train",
                          "--task",
                          "adding",
                          "--model",
                          "lstm",
                          "--set",
                          "adding.steps=10",
                          "adding.held_out=20",
                          "lstm.units=3",
                          "training.batch=2",
                          "--validate-every",
                          "5",
                          "--budget",
                          "12u",
                          "--threads",
                          "1",
                          "--out",
                          in("run")};
    try_all("train",
            {.arguments = arguments, .resume = resumed(arguments), .evolving = {"run/model.h5"}});
}

TEST_F(Faults, models_are_compared) {
    const Words arguments{"compare",
                          "--task",
                          "adding",
                          "--models",
                          "lstm,gru",
                          "--seeds",
                          "1",
                          "--set",
                          "adding.steps=10",
                          "adding.held_out=20",
                          "lstm.units=3",
                          "gru.units=3",
                          "training.batch=2",
                          "--budget",
                          "6u",
                          "--threads",
                          "1",
                          "--out",
                          in("grid")};
    try_all("compare", {.arguments = arguments,
                        .resume = resumed(arguments),
                        .evolving = {"grid/lstm-seed0/model.h5", "grid/gru-seed0/model.h5"}});
}

TEST_F(Faults, samples_of_a_task_are_generated) {
    const Words arguments{"generate", "recall",    "--count", "40",    "--seed",
                          "3",        "--threads", "1",       "--out", in("s/")};
    try_all("generate recall", {.arguments = arguments,
                                .resume = resumed(arguments),
                                .evolving = {"s/train.h5", "s/validation.h5", "s/test.h5"}});
}

TEST_F(Faults, a_table_of_expressions_is_generated) {
    try_all("generate listops", {.arguments = {"generate", "listops", "--count", "20", "--threads",
                                               "1", "--out", in("l.tsv"), "--force"},
                                 .outputs = {"l.tsv"}});
}

TEST_F(Faults, digits_are_spoken) {
    const Words arguments{"generate", "spoken-digits",       "--count", "2",         "--speakers",
                          "2",        "--held-out-speakers", "1",       "--threads", "1",
                          "--out",    in("spoken")};
    try_all("generate spoken-digits",
            {.arguments = arguments,
             .resume = resumed(arguments),
             .evolving = {"spoken/spoken_train.h5", "spoken/spoken_test.h5"},
             .most_points = 4});
}

TEST_F(Faults, files_are_encoded) {
    std::ofstream(folder_ / "ecg.csv") << "0.05,0.95\n0.25,0.95\n";
    try_all("encode",
            {.arguments = {"encode", folder_ / "ecg.csv", "--encoder", "level-crossing", "--dense",
                           "--out", in("e.h5"), "--plot", in("e.svg"), "--force"},
             .outputs = {"e.h5", "e.svg"}});
}

}  // namespace
}  // namespace elm
