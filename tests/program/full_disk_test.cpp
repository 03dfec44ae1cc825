// A disk of 200 kB under every command that writes.

#include <sys/mount.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/program/run_program.h"
#include "tests/program/small_cell_files.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/neuronio/leaky_neuronio.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

class FullDisk : public testing::Test {
protected:
    void SetUp() override {
        if (!resize("200k", 0)) GTEST_SKIP() << "no file system may be mounted here";
        mounted_ = true;
    }
    ~FullDisk() override {
        if (mounted_) umount2(disk_.path().c_str(), MNT_DETACH);
    }
    bool resize(const std::string& size, unsigned long flags = MS_REMOUNT) const {
        return mount("tmpfs", disk_.path().c_str(), "tmpfs", flags, ("size=" + size).c_str()) == 0;
    }
    /// Takes all of the disk but so many kB.
    void leave(std::uintmax_t kilobytes) const {
        fs::remove(disk_ / "ballast");
        const auto room = fs::space(disk_.path()).available;
        std::ofstream(disk_ / "ballast") << std::string(room - 1024 * kilobytes, 'x');
    }
    std::string on_disk(const std::string& name) const { return disk_ / name; }
    /// Expects exit 7, and of all files of the disk only `kept`.
    void expect_full(const Words& words, const std::vector<std::string>& kept = {}) const {
        const ProgramResult result = run_program(words);
        EXPECT_EQ(result.exit_code, 7) << result.err;
        for (const auto& entry : fs::recursive_directory_iterator(disk_.path())) {
            const std::string name = entry.path().filename();
            EXPECT_TRUE(name == "ballast" ||
                        std::find(kept.begin(), kept.end(), name) != kept.end())
                << name << " stays\n"
                << result.err;
        }
    }

    test::TemporaryDirectory folder_, disk_;
    test::SmallCellFiles cell_{folder_.path()};
    bool mounted_ = false;
};

TEST_F(FullDisk, models_are_not_simulated_to_half) {
    expect_full({"simulate", "--model", "l5pc-elm-20", "--poisson", "5", "--seconds", "60",
                 "--record", "memory,output", "--out", on_disk("r.h5")});
}

TEST_F(FullDisk, cells_are_not_simulated_to_half) {
    expect_full({"simulate", "--cell", cell_.path(), "--seconds", "2", "--record", "voltage:all",
                 "--out", on_disk("r.h5")});
    leave(12);
    expect_full({"simulate", "--cell", cell_.path(), "--seconds", "0.1", "--out", on_disk("r.h5")});
}

TEST_F(FullDisk, data_are_generated_once_there_is_room) {
    const auto generate = [&](const std::string& out, const Words& more) {
        Words words{"generate", "neuronio", "--cell",    cell_.path(), "--simulations", "8",
                    "--batch",  "2",        "--seconds", "1",          "--out",         out};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    };
    const ProgramResult whole = run_program(generate(folder_ / "g.h5", {}));
    ASSERT_EQ(whole.exit_code, 0) << whole.err;
    const ProgramResult full = run_program(generate(on_disk("g.h5"), {}));
    EXPECT_EQ(full.exit_code, 7) << full.err;
    EXPECT_FALSE(fs::exists(on_disk("g.h5")));
    for (const auto& entry : fs::recursive_directory_iterator(disk_.path())) {
        EXPECT_EQ(entry.path().string().find(".tmp-"), std::string::npos) << entry.path();
    }
    // Room for the parts, but not for the whole beside them: the copy fails.
    const auto size = fs::file_size(folder_ / "g.h5");
    ASSERT_TRUE(resize(fmt::format("{}k", size * 3 / 2 / 1024)));
    const ProgramResult again = run_program(generate(on_disk("g.h5"), {"--resume"}));
    EXPECT_EQ(again.exit_code, 7) << again.err;
    ASSERT_TRUE(resize("20m"));
    const ProgramResult resumed = run_program(generate(on_disk("g.h5"), {"--resume"}));
    EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_EQ(std::distance(fs::directory_iterator(disk_.path()), fs::directory_iterator{}), 1);
    EXPECT_EQ(fs::file_size(on_disk("g.h5")), size);
}

TEST_F(FullDisk, fits_that_cannot_be_kept_do_not_begin) {
    const std::string data = test::LeakyNeuronIo{}.write(folder_ / "data.h5");
    const auto fit = [&](const Words& more) {
        Words words{"fit",
                    "--data",
                    data,
                    "--memory",
                    "20",
                    "--out",
                    on_disk("f.h5"),
                    "--budget",
                    "40u",
                    "--threads",
                    "1",
                    "--set",
                    "training.window_steps=100",
                    "--set",
                    "training.first_step=200"};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    };
    leave(20);
    expect_full(fit({}));
    // The checkpoint has room, the model beside it does not.
    fs::remove(disk_ / "ballast");
    ASSERT_TRUE(resize("60k"));
    expect_full(fit({}), {"f.checkpoint.h5", "f.metrics.jsonl", "f.h5"});
    ASSERT_TRUE(resize("20m"));
    const ProgramResult resumed = run_program(fit({"--resume"}));
    EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
}

TEST_F(FullDisk, trainings_keep_their_checkpoint_and_go_on_once_there_is_room) {
    const auto train = [&](const std::string& out, const Words& more) {
        Words words{"train",
                    "--task",
                    "adding",
                    "--model",
                    "lstm",
                    "--out",
                    out,
                    "--set",
                    "adding.steps=20",
                    "adding.held_out=100",
                    "--budget",
                    "400u",
                    "--threads",
                    "1",
                    "--set",
                    "training.batch=4"};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    };
    ASSERT_EQ(run_program(train(folder_ / "whole", {})).exit_code, 0);
    ASSERT_TRUE(resize("120k"));
    const ProgramResult full = run_program(train(on_disk("run"), {}));
    EXPECT_EQ(full.exit_code, 7) << full.err;
    ASSERT_TRUE(resize("20m"));
    const ProgramResult resumed = run_program(train(on_disk("run"), {"--resume"}));
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_EQ(metrics_without_time(folder_ / "whole/metrics.jsonl"),
              metrics_without_time(on_disk("run/metrics.jsonl")));
}

TEST_F(FullDisk, sets_and_encodings_are_whole_or_not_there) {
    const std::string table = folder_ / "x.csv";
    {
        std::ofstream file(table);
        for (int row = 0; row < 3000; ++row) file << (row % 7) / 7.0 << "\n";
    }
    const Words encode{"encode",  table,   "--encoder",    "level-crossing",
                       "--dense", "--out", on_disk("e.h5")};
    const Words generate{"generate", "pathfinder", "--size", "32",    "--count",
                         "400",      "--threads",  "1",      "--out", on_disk("s.h5")};
    leave(12);
    expect_full(encode);
    expect_full(generate, {"s.h5.part"});
    // What was drawn is kept, and goes on once there is room.
    fs::remove(disk_ / "ballast");
    ASSERT_TRUE(resize("20m"));
    Words resume = generate;
    resume.emplace_back("--resume");
    const ProgramResult whole = run_program(resume);
    EXPECT_EQ(whole.exit_code, 0) << whole.err;
    EXPECT_EQ(run_program(encode).exit_code, 0);
}

TEST_F(FullDisk, tables_and_pictures_are_whole_or_not_there) {
    const std::string data = test::LeakyNeuronIo{.n_segments = 50}.write(folder_ / "data.h5");
    leave(4);
    const Words evaluate{"evaluate", "--model", "leaky-integrator", "--data", data};
    for (const char* name : {"roc.png", "roc.svg", "roc.pdf"}) {
        Words words = evaluate;
        words.insert(words.end(), {"--roc", on_disk(name)});
        expect_full(words);
    }
    expect_full({"inspect", data, "--plot", on_disk("data.png")});
    expect_full({"simulate", "--model", "leaky-integrator", "--poisson", "5", "--seconds", "1",
                 "--plot", on_disk("run.png")});
    leave(0);
    Words words = evaluate;
    words.insert(words.end(), {"--out", on_disk("scores.json")});
    expect_full(words);
}

}  // namespace
}  // namespace elm
