// elmsim encode: files of every kind, batches, pictures, and what it refuses.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "kernels/io/hdf5_file.h"
#include "kernels/io/output_file.h"
#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

/// A WAV file of 16 bits and one channel; `missing` bytes fewer than its header says.
std::string wav(const std::vector<double>& sound, std::uint32_t rate_hz, std::size_t missing = 0) {
    const auto number = [](auto value) {
        std::string bytes(sizeof(value), '\0');
        std::memcpy(bytes.data(), &value, sizeof(value));
        return bytes;
    };
    const auto size = static_cast<std::uint32_t>(2 * sound.size());
    std::string file = "RIFF" + number(size + 36) + "WAVEfmt " + number(std::uint32_t{16}) +
                       number(std::uint16_t{1}) + number(std::uint16_t{1}) + number(rate_hz) +
                       number(2 * rate_hz) + number(std::uint16_t{2}) + number(std::uint16_t{16}) +
                       "data" + number(size);
    for (const double sample : sound) {
        file += number(static_cast<std::int16_t>(std::lround(32767 * sample)));
    }
    file.resize(file.size() - missing);
    return file;
}

std::vector<double> tone(double seconds, double rate_hz, double hz) {
    std::vector<double> sound;
    for (int k = 0; k < static_cast<int>(seconds * rate_hz); ++k) {
        sound.push_back(0.5 * std::sin(2 * 3.14159265358979 * hz * k / rate_hz));
    }
    return sound;
}

class Encode : public testing::Test {
protected:
    std::string write(const std::string& name, const std::string& bytes) const {
        const std::string path = folder_ / name;
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }
    std::string place(const std::string& name) const { return folder_ / name; }

    /// Exit code and message of an encoding that fails; nothing stands in its place.
    void refused(const std::vector<std::string>& arguments, int exit_code,
                 const std::string& part) const {
        std::vector<std::string> all{"encode"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        all.insert(all.end(), {"--out", place("refused.h5")});
        expect_error(all, exit_code, part);
        for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
            EXPECT_EQ(entry.path().string().find("refused.h5"), std::string::npos) << entry.path();
        }
    }

    test::TemporaryDirectory folder_;
};

TEST_F(Encode, a_table_becomes_spikes_of_its_columns) {
    const std::string table = write("ecg.csv", "left,right\n0.05,0.95\n0.25,0.95\n0.25,0.5\n");
    const auto result =
        run_program({"encode", table, "--encoder", "level-crossing", "--out", place("out.h5")});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out.find("ecg"), std::string::npos);
    const Hdf5File file = Hdf5File::open(place("out.h5"));
    // Left rises by 2 levels at 1 ms; right by 9 at 0 ms, and falls by 4 at 2 ms.
    EXPECT_EQ(file.read<double>("/ecg/times"),
              (std::vector<double>{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2}));
    EXPECT_EQ(file.read<std::int32_t>("/ecg/units"),
              (std::vector<std::int32_t>{2, 2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 3, 3, 3, 3}));
    EXPECT_EQ(file.number_attribute("/ecg", "duration_ms"), 3);
    EXPECT_EQ(file.number_attribute("/ecg", "n_units"), 4);
    // A file of spikes as any other.
    const auto inspected = run_program({"inspect", place("out.h5")});
    EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
    for (const char* const part : {"spikes of an encoder", "encoder", " spikes of "}) {
        EXPECT_NE(inspected.out.find(part), std::string::npos) << part << inspected.out;
    }
    EXPECT_EQ(run_program({"inspect", place("out.h5"), "--plot", place("out.png")}).exit_code, 0);
}

TEST_F(Encode, spikes_are_also_written_as_counts_in_bins) {
    const std::string table = write("ecg.csv", "left,right\n0.05,0.95\n0.25,0.95\n0.25,0.5\n");
    ASSERT_EQ(run_program({"encode", table, "--encoder", "level-crossing", "--dense", "--out",
                           place("dense.h5")})
                  .exit_code,
              0);
    const Hdf5File file = Hdf5File::open(place("dense.h5"));
    EXPECT_EQ(file.shape("/ecg/bins"), (std::vector<std::int64_t>{3, 4}));
    EXPECT_EQ(file.read<std::int32_t>("/ecg/bins"),
              (std::vector<std::int32_t>{0, 0, 9, 0, 2, 0, 0, 0, 0, 0, 0, 4}));
    EXPECT_EQ(file.shape("/ecg/times"), (std::vector<std::int64_t>{15}));
    EXPECT_EQ(run_program({"inspect", place("dense.h5")}).exit_code, 0);
}

TEST_F(Encode, a_sound_has_its_spectrogram_whatever_encodes_it) {
    const std::string sound = write("tone.wav", wav(tone(0.2, 16000, 1000), 16000));
    const auto result = run_program(
        {"encode", sound, "--encoder", "level-crossing", "--plot", place("crossings.svg")});
    if (result.err.find("cannot read sounds") != std::string::npos) GTEST_SKIP() << result.err;
    ASSERT_EQ(result.exit_code, 0) << result.err;
    std::ifstream file(place("crossings.svg"));
    const std::string picture{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(picture.find("frequency (Hz)"), std::string::npos);
}

TEST_F(Encode, warns_of_values_that_are_too_short_for_a_time_code) {
    const std::string table = write("x.csv", "0.1,0.9\n0.5,0.2\n");
    const auto encode = [&](const std::string& encoder, const std::vector<std::string>& more) {
        std::vector<std::string> arguments{"encode", table, "--encoder", encoder};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const ProgramResult result = run_program(arguments);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return result.err;
    };
    const std::string coarse = "a value of x lasts 1 step of 1 ms";
    EXPECT_NE(encode("latency", {}).find(coarse), std::string::npos);
    EXPECT_NE(encode("time-to-first-spike", {}).find(coarse), std::string::npos);
    EXPECT_EQ(encode("latency", {"--step-ms", "50"}).find("lasts"), std::string::npos);
    EXPECT_EQ(encode("poisson", {}).find("lasts"), std::string::npos);
}

TEST_F(Encode, several_files_are_groups_and_draws_follow_the_seed) {
    const std::string a = write("a.csv", "0.5\n0.9\n"), b = write("b.csv", "0.5\n0.9\n");
    const auto encode = [&](const std::string& out, const std::string& seed) {
        return run_program({"encode", a, b, a, "--encoder", "poisson", "--step-ms", "500", "--set",
                            "poisson.rate_hz=200", "--seed", seed, "--out", place(out)});
    };
    ASSERT_EQ(encode("one.h5", "1").exit_code, 0);
    ASSERT_EQ(encode("again.h5", "1").exit_code, 0);
    ASSERT_EQ(encode("two.h5", "2").exit_code, 0);
    const Hdf5File one = Hdf5File::open(place("one.h5")), again = Hdf5File::open(place("again.h5")),
                   two = Hdf5File::open(place("two.h5"));
    for (const char* const name : {"/a/times", "/b/times", "/a-2/times"}) {
        EXPECT_EQ(one.read<double>(name), again.read<double>(name));
        EXPECT_NE(one.read<double>(name), two.read<double>(name));
    }
    EXPECT_NE(one.read<double>("/a/times"), one.read<double>("/b/times"));
    EXPECT_NE(one.read_string("/config").find("rate_hz = 200"), std::string::npos);
}

TEST_F(Encode, images_of_any_size_are_shown_or_scanned) {
    // 3 x 2, levels of a maximum of 100.
    const std::string image = write("odd.pgm", "P2\n# made up\n3 2\n100\n0 50 100\n100 50 0\n");
    ASSERT_EQ(run_program({"encode", image, "--encoder", "latency", "--out", place("shown.h5")})
                  .exit_code,
              0);
    const Hdf5File shown = Hdf5File::open(place("shown.h5"));
    EXPECT_EQ(shown.number_attribute("/odd", "n_units"), 6);
    EXPECT_EQ(shown.number_attribute("/odd", "duration_ms"), 100);
    ASSERT_EQ(run_program({"encode", image, "--encoder", "grey-bins", "--set", "grey-bins.bins=2",
                           "--out", place("scanned.h5")})
                  .exit_code,
              0);
    EXPECT_EQ(Hdf5File::open(place("scanned.h5")).read<std::int32_t>("/odd/units"),
              (std::vector<std::int32_t>{0, 1, 1, 1, 1, 0}));
}

TEST_F(Encode, text_arrays_and_events_are_read) {
    ASSERT_EQ(run_program({"encode", write("word.txt", "Abc"), "--encoder", "byte", "--out",
                           place("bytes.h5")})
                  .exit_code,
              0);
    EXPECT_EQ(Hdf5File::open(place("bytes.h5")).read<std::int32_t>("/word/units"),
              (std::vector<std::int32_t>{66, 99, 100}));
    {
        Hdf5File file = Hdf5File::create(place("array.h5"));
        const std::vector<float> values{-1, 0, 3, 1};
        file.write<float>("/x", {2, 2}, values, FileType::f32);
        file.close();
    }
    ASSERT_EQ(run_program({"encode", place("array.h5"), "--encoder", "hold", "--scale", "--out",
                           place("held.h5")})
                  .exit_code,
              0);
    EXPECT_EQ(Hdf5File::open(place("held.h5")).read<float>("/array/values"),
              (std::vector<float>{0, 0.25F, 1, 0.5F}));
    ASSERT_EQ(run_program({"encode", write("events.csv", "time_ms,unit\n0.2,1\n0.9,1\n3.5,0\n"),
                           "--encoder", "events", "--out", place("events.h5")})
                  .exit_code,
              0);
    EXPECT_EQ(Hdf5File::open(place("events.h5")).read<double>("/events/times"),
              (std::vector<double>{0, 0, 3}));
}

TEST_F(Encode, a_sound_is_heard_and_drawn) {
    const std::string sound = write("tone.wav", wav(tone(0.2, 16000, 1000), 16000));
    const auto result = run_program({"encode", sound, "--encoder", "cochlea", "--out",
                                     place("heard.h5"), "--plot", place("heard.png"), "--json"});
    if (result.err.find("cannot read sounds") != std::string::npos) GTEST_SKIP() << result.err;
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out.find("\"encoder\": \"cochlea\""), std::string::npos) << result.out;
    const Hdf5File file = Hdf5File::open(place("heard.h5"));
    EXPECT_EQ(file.number_attribute("/tone", "n_units"), 700);
    EXPECT_GT(file.shape("/tone/times")[0], 200);
    EXPECT_GT(std::filesystem::file_size(place("heard.png")), 10000U);
}

TEST_F(Encode, refuses_bad_input_and_leaves_nothing) {
    const std::string good = write("good.csv", "0.5\n");
    refused({good, "--encoder", "poison"}, 2, "Did you mean poisson?");
    refused({good}, 2, "--encoder is missing");
    refused({good, "--encoder", "poisson", "--set", "poisson.rate=5"}, 2, "rate_hz");
    refused({place("none.csv"), "--encoder", "poisson"}, 3, "none.csv");
    refused({good, write("ragged.csv", "1,2\n3,4\n\n5\n"), "--encoder", "delta"}, 3,
            "ragged.csv: line 4 has 1 value, those before it have 2");
    refused({write("nan.csv", "0.5\nnan\n"), "--encoder", "poisson"}, 3,
            "line 2, column 1: 'nan' is no finite number");
    refused({write("word.csv", "0.5\nhello\n"), "--encoder", "poisson"}, 3,
            "line 2, column 1: 'hello'");
    refused({write("empty.csv", "# nothing\n"), "--encoder", "poisson"}, 3, "has no values");
    refused({write("large.csv", "0.5\n7\n"), "--encoder", "latency"}, 3, "step 1, channel 0 is 7");
    refused({write("flat.csv", "2\n2\n"), "--encoder", "latency", "--scale"}, 3,
            "no range to scale");
    refused({write("empty.txt", ""), "--encoder", "byte"}, 3, "the text is empty");
    refused({write("cut.pgm", "P5\n4 4\n255\nabc"), "--encoder", "latency"}, 3, "the file is cut");
    refused({write("wide.pgm", "P5\n99999 4\n255\n"), "--encoder", "latency"}, 3, "the width");
    refused({write("order.csv", "time_ms,unit\n2,0\n1,0\n"), "--encoder", "events"}, 3,
            "not in order of time");
    refused({write("steep.csv", "0\n1e6\n"), "--encoder", "level-crossing", "--set",
             "level-crossing.threshold=0.001"},
            3, "more than 1e+08 spikes of one signal. Choose a larger threshold");
    refused({write("binary.bin", std::string("\1\2\0\3", 4)), "--encoder", "delta"}, 3,
            "neither a sound");
}

TEST_F(Encode, refuses_sounds_that_are_cut_or_silent) {
    const std::string silent = write("silent.wav", wav(std::vector<double>(4000, 0), 48000));
    const auto probe = run_program({"encode", silent, "--encoder", "delta"});
    if (probe.err.find("cannot read sounds") != std::string::npos) GTEST_SKIP() << probe.err;
    refused({silent, "--encoder", "cochlea"}, 3, "the sound is silent");
    refused({write("cut.wav", wav(tone(0.1, 48000, 400), 48000, 1000)), "--encoder", "cochlea"}, 3,
            "the sound is cut");
    refused({write("none.wav", wav({}, 48000)), "--encoder", "cochlea"}, 3, "no samples");
    for (const std::string name : {"tone.ogg", "tone.flac", "tone.aiff"}) {
        std::ifstream file(ELM_CASES_DIR "/" + name, std::ios::binary);
        const std::string whole{std::istreambuf_iterator<char>(file), {}};
        ASSERT_EQ(run_program({"encode", write(name, whole), "--encoder", "delta"}).exit_code, 0);
        // Where a page or a chunk ends, and in the middle of one.
        const std::size_t page = whole.rfind("OggS");
        for (const std::size_t size :
             {page == std::string::npos ? whole.size() / 2 : page, whole.size() - 5}) {
            refused({write("cut-" + name, whole.substr(0, size)), "--encoder", "delta"}, 3,
                    "the sound is cut");
        }
    }
    refused({write("text.wav", "RIFF and then nonsense"), "--encoder", "cochlea"}, 3,
            "no sound that can be read");
}

}  // namespace
}  // namespace elm
