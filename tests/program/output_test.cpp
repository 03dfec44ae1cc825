// Where results go: what may be replaced, two runs at once, links, pipes, a terminal that closes,
// and recordings that are larger than memory or disk.

#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "kernels/io/hdf5_file.h"
#include "tests/program/run_program.h"
#include "tests/program/small_cell_files.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/neuronio/leaky_neuronio.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

std::string text_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Output : public testing::Test {
protected:
    static Words short_run(const std::string& out, const Words& more = {}) {
        return run_of("0.1", out, more);
    }
    static Words run_of(const std::string& seconds, const std::string& out,
                        const Words& more = {}) {
        Words words{"simulate",  "--model", "leaky-integrator",
                    "--poisson", "5",       "--seconds",
                    seconds,     "--out",   out};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    Words generate(const Words& more = {}) const {
        Words words{"generate", "neuronio", "--cell",    cell_.path(), "--simulations", "100000",
                    "--batch",  "16",       "--seconds", "0.2",        "--out",         out()};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    std::string out() const { return work_ / "out.h5"; }
    std::size_t n_files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(work_.path()), fs::directory_iterator{}));
    }
    /// Waits until the run beside it has made `path`.
    static bool appears(const fs::path& path) {
        for (int k = 0; k < 1000; ++k) {
            if (fs::exists(path)) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return false;
    }
    /// Waits until a run has begun to write `out`.
    bool is_being_written() const {
        for (int k = 0; k < 1000; ++k) {
            for (const auto& entry : fs::directory_iterator(work_.path())) {
                if (entry.path().filename().string().starts_with("out.h5.tmp-")) return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return false;
    }

    test::TemporaryDirectory folder_, work_;
    test::SmallCellFiles cell_{folder_.path()};
};

TEST_F(Output, that_appeared_meanwhile_is_not_replaced) {
    auto running = std::async([&] { return run_program(run_of("2000", out())); });
    ASSERT_TRUE(is_being_written());
    std::ofstream(out()) << "mine";
    const ProgramResult result = running.get();
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_NE(result.error().find("the result is in"), std::string::npos) << result.err;
    EXPECT_EQ(text_of(out()), "mine");
    EXPECT_TRUE(Hdf5File::is_hdf5(work_ / "out.2.h5"));
    EXPECT_EQ(n_files(), 2u);
}

TEST_F(Output, has_one_writer) {
    auto running = std::async([&] {
        return run_program(run_of("1000000", out()), {.signal = SIGTERM, .signal_after_ms = 4000});
    });
    ASSERT_TRUE(is_being_written());
    expect_error(short_run(out()), 2, "is being written by another run");
    expect_error(short_run(out(), {"--force"}), 2, "is being written by another run");
    EXPECT_EQ(running.get().exit_code, 143);
    EXPECT_EQ(n_files(), 0u);
    EXPECT_EQ(run_program(short_run(out())).exit_code, 0);
}

TEST_F(Output, of_a_killed_run_is_cleared_away_by_the_next) {
    const ProgramResult killed =
        run_program(run_of("1000000", out()), {.signal = SIGKILL, .signal_after_ms = 1000});
    EXPECT_EQ(killed.exit_code, 137);
    EXPECT_EQ(n_files(), 1u);
    EXPECT_EQ(run_program(short_run(out())).exit_code, 0);
    EXPECT_EQ(n_files(), 1u);
    EXPECT_TRUE(Hdf5File::is_hdf5(out()));
}

TEST_F(Output, takes_the_place_of_plain_files_alone) {
    const std::string pipe = work_ / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    expect_error(short_run(pipe, {"--force"}), 2, "is a pipe");
    EXPECT_TRUE(fs::is_fifo(pipe));
    // A device of our own: the test must not risk those of the machine.
    const std::string device = work_ / "device";
    if (mknod(device.c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0) {
        expect_error(short_run(device, {"--force"}), 2, "is a device");
        EXPECT_TRUE(fs::is_character_file(device));
    }
    fs::create_directory(work_.path() / "folder");
    expect_error(short_run(work_ / "folder", {"--force"}), 2, "is a folder");
}

TEST_F(Output, goes_through_links) {
    const fs::path target = folder_ / "real.h5", link = work_ / "link.h5";
    fs::create_symlink(target, link);  // which leads nowhere yet
    EXPECT_EQ(run_program(short_run(link)).exit_code, 0);
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_TRUE(Hdf5File::is_hdf5(target));
    std::ofstream(target) << "old";
    expect_error(short_run(link), 2, "exists");
    EXPECT_EQ(run_program(short_run(link, {"--force"})).exit_code, 0);
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_TRUE(Hdf5File::is_hdf5(target));
    const fs::path circle = work_ / "circle.h5";
    fs::create_symlink(circle, circle);
    expect_error(short_run(circle, {"--force"}), 2, "circle");
}

TEST_F(Output, keeps_permissions) {
    const mode_t before = umask(027);
    EXPECT_EQ(run_program(short_run(out())).exit_code, 0);
    umask(before);
    EXPECT_EQ(fs::status(out()).permissions(), fs::perms(0640));
    fs::permissions(out(), fs::perms(0604));
    EXPECT_EQ(run_program(short_run(out(), {"--force"})).exit_code, 0);
    EXPECT_EQ(fs::status(out()).permissions(), fs::perms(0604));
}

TEST_F(Output, pictures_are_refused_before_the_work) {
    std::ofstream(work_ / "p.png") << "mine";
    expect_error(run_of("1000000", out(), {"--plot", work_ / "p.png"}), 2, "exists");
    EXPECT_EQ(n_files(), 1u);
}

TEST_F(Output, a_data_set_has_one_maker) {
    auto running = std::async(
        [&] { return run_program(generate(), {.signal = SIGHUP, .signal_after_ms = 4000}); });
    ASSERT_TRUE(appears(out() + ".partial/lock"));
    for (const Words& more : {Words{}, Words{"--force"}, Words{"--resume"}}) {
        const ProgramResult second = run_program(generate(more));
        EXPECT_EQ(second.exit_code, 2) << second.err;
        EXPECT_NE(second.error().find("is being made by another run (process"), std::string::npos)
            << second.err;
        EXPECT_EQ(second.error().find("--"), std::string::npos) << second.err;
    }
    EXPECT_EQ(running.get().exit_code, 129);  // the terminal closed
    EXPECT_FALSE(fs::exists(out() + ".partial/lock"));
}

TEST_F(Output, a_folder_of_data_has_one_maker) {
    auto running = std::async([&] {
        return run_program(generate({"--simulations-per-file", "1000"}),
                           {.signal = SIGTERM, .signal_after_ms = 4000});
    });
    ASSERT_TRUE(appears(out() + "/neuronio-000.h5.partial/lock"));
    for (const Words& more : {Words{}, Words{"--force"}, Words{"--resume"}}) {
        Words words{"--simulations-per-file", "1000"};
        words.insert(words.end(), more.begin(), more.end());
        const ProgramResult second = run_program(generate(words));
        EXPECT_EQ(second.exit_code, 2) << second.err;
        EXPECT_NE(second.error().find("is being made by another run"), std::string::npos)
            << second.err;
    }
    EXPECT_EQ(running.get().exit_code, 143);
}

TEST_F(Output, a_killed_maker_locks_nobody_out) {
    const ProgramResult killed =
        run_program(generate(), {.signal = SIGKILL, .signal_after_ms = 1000});
    EXPECT_EQ(killed.exit_code, 137);
    EXPECT_TRUE(fs::exists(out() + ".partial/lock"));
    const ProgramResult resumed =
        run_program(generate({"--resume"}), {.signal = SIGTERM, .signal_after_ms = 1000});
    EXPECT_EQ(resumed.exit_code, 143) << resumed.err;
}

TEST_F(Output, a_fit_has_one_maker_and_outlives_its_terminal) {
    const std::string data = test::LeakyNeuronIo{}.write(folder_ / "data.h5");
    const auto fit = [&](const Words& more) {
        Words words{"fit",
                    "--data",
                    data,
                    "--memory",
                    "4",
                    "--out",
                    out(),
                    "--budget",
                    "1000000u",
                    "--threads",
                    "1",
                    "--set",
                    "training.window_steps=100",
                    "--set",
                    "training.first_step=200"};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    };
    auto running = std::async(
        [&] { return run_program(fit({}), {.signal = SIGHUP, .signal_after_ms = 6000}); });
    ASSERT_TRUE(appears(work_ / "out.h5.lock"));
    expect_error(fit({"--force"}), 2, "is being made by another run");
    const ProgramResult ended = running.get();
    EXPECT_EQ(ended.exit_code, 129) << ended.err;
    EXPECT_TRUE(fs::exists(work_ / "out.checkpoint.h5"));
    EXPECT_FALSE(fs::exists(work_ / "out.h5.lock"));
    const ProgramResult resumed =
        run_program(fit({"--resume"}), {.signal = SIGINT, .signal_after_ms = 1500});
    EXPECT_EQ(resumed.exit_code, 130) << resumed.err;
}

TEST_F(Output, nothing_stays_after_a_terminal_that_closed) {
    for (const int signal : {SIGHUP, SIGTERM, SIGINT}) {
        for (const Words& words :
             {run_of("1000000", out()),
              Words{"simulate", "--cell", cell_.path(), "--seconds", "1000", "--out", out()}}) {
            const ProgramResult result =
                run_program(words, {.signal = signal, .signal_after_ms = 400});
            EXPECT_EQ(result.exit_code, 128 + signal) << result.err;
            EXPECT_EQ(n_files(), 0u);
        }
    }
}

TEST_F(Output, a_validation_can_be_interrupted) {
    const ProgramResult result = run_program({"validate", "cell", "--report", work_ / "cell.html"},
                                             {.signal = SIGINT, .signal_after_ms = 300});
    EXPECT_EQ(result.exit_code, 130) << result.err;
    EXPECT_EQ(n_files(), 0u);
}

TEST_F(Output, recordings_larger_than_the_disk_are_refused_at_once) {
    expect_error({"simulate", "--cell", "l5pc", "--record", "voltage:all", "--every-ms", "0.025",
                  "--seconds", "40000", "--out", out()},
                 7, "--every-ms");
    EXPECT_EQ(n_files(), 0u);
}

TEST_F(Output, a_recording_takes_no_memory_that_grows) {
    const auto peak_bytes = [&](const std::string& seconds, const Words& more) {
        Words words{"simulate",
                    "--cell",
                    cell_.path(),
                    "--seconds",
                    seconds,
                    "--record",
                    "voltage:all,voltage:soma",
                    "--every-ms",
                    "0.025",
                    "--json"};
        words.insert(words.end(), more.begin(), more.end());
        const ProgramResult result = run_program(words);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        const std::string key = "\"peak_memory_bytes\": ";
        return std::stod(result.out.substr(result.out.find(key) + key.size()));
    };
    constexpr double megabyte = 1e6;
    for (const Words& more : {Words{}, Words{"--out", out(), "--force"}}) {
        // 12 s of the small cell are 96 MB of values.
        EXPECT_LT(peak_bytes("12", more) - peak_bytes("0.1", more), 60 * megabyte) << more.size();
    }
}

TEST_F(Output, parts_of_a_recording_make_the_whole) {
    // Long enough for several parts.
    const Words words{"simulate",
                      "--cell",
                      cell_.path(),
                      "--clamp",
                      "soma:0.5nA@50+3000",
                      "--seconds",
                      "5",
                      "--record",
                      "voltage:all,voltage:soma",
                      "--every-ms",
                      "0.025",
                      "--out",
                      out()};
    const ProgramResult result = run_program(words);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const Hdf5File file = Hdf5File::open(out());
    EXPECT_EQ(file.shape("/run/voltage:soma"), std::vector<std::int64_t>{200001});
    const auto soma = file.read<float>("/run/voltage:soma");
    const auto all = file.read<float>("/run/voltage:all");
    ASSERT_EQ(file.shape("/run/voltage:all")[1], 200001);
    EXPECT_TRUE(std::equal(soma.begin(), soma.end(), all.begin()));
    // No stretch was left out: the cell spikes regularly.
    const auto spikes = file.read<double>("/run/spike_time_ms");
    ASSERT_GT(spikes.size(), 20u);
    const double period = spikes[11] - spikes[10];
    for (std::size_t k = 12; k < spikes.size(); ++k) {
        EXPECT_NEAR(spikes[k] - spikes[k - 1], period, 0.3);
    }
}

TEST_F(Output, lost_links_are_named) {
    const std::string cases = ELM_CASES_DIR, path = cases + "/neuronio_lost_link.h5";
    expect_error({"evaluate", "--model", "l5pc-elm-20", "--data", path}, 3, "/sim_00001 is a link");
    expect_error({"inspect", path}, 3, "sim_00001");
    const auto simulate = [&](const std::string& input) {
        return Words{"simulate", "--model", "leaky-integrator", "--input", cases + input};
    };
    expect_error(simulate("/spikes_lost_link.h5"), 3, "/trial1 is a link to /nowhere");
    const ProgramResult linked = run_program(simulate("/spikes_linked.h5"));
    EXPECT_EQ(linked.exit_code, 0) << linked.err;
    EXPECT_NE(linked.out.find("2 samples"), std::string::npos) << linked.out;
}

}  // namespace
}  // namespace elm
