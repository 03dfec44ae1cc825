// Synthesised digits: speakers, clips, and a corpus that is made, cut and gone on with.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <set>

#include <gtest/gtest.h>

#include "tasks/data/file_bytes.h"
#include "tasks/speech/shd_file.h"
#include "tasks/speech/synthesis/clip_sound.h"
#include "tasks/speech/synthesis/spoken_corpus.h"
#include "tasks/speech/synthesis/spoken_journal.h"
#include "tasks/speech/synthesis/wave_file.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

namespace fs = std::filesystem;
using test::expect_part;

TEST(Speakers, have_a_timbre_of_their_own) {
    for (const std::int64_t count : {std::int64_t{2}, std::int64_t{40}, n_timbres()}) {
        const auto speakers = make_speakers(3, count);
        std::set<std::string> timbres;
        std::int64_t women = 0;
        for (const Speaker& speaker : speakers) {
            timbres.insert(speaker.timbre);
            women += speaker.is_female ? 1 : 0;
        }
        EXPECT_EQ(std::ssize(timbres), count);
        EXPECT_EQ(women, std::min<std::int64_t>(count / 2, 16));
    }
    EXPECT_EQ(make_speakers(3, 5)[4].timbre, make_speakers(3, 40)[4].timbre);
    EXPECT_NE(make_speakers(3, 5)[4].timbre, make_speakers(4, 5)[4].timbre);
    const Speaker speaker{.timbre = "f1", .accent = "en-us"};
    EXPECT_EQ(speaker.voice(9), "en-us+f1");
    EXPECT_EQ(speaker.voice(10), "de+f1");
    expect_part(test::message_of([] { make_speakers(0, n_timbres() + 1); }), "expected 1 to");
}

TEST(WaveFile, holds_what_was_written) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "a.wav";
    const Sound sound{.rate_hz = 8000, .samples = {0, 0.5F, -0.25F, 1, -2}};
    write_wave(path, sound, false);
    const Sound read = parse_wave(read_file_bytes(path, "a sound"), path);
    EXPECT_EQ(read.rate_hz, 8000);
    ASSERT_EQ(read.samples.size(), 5U);
    const float expected[] = {0, 0.5F, -0.25F, 1, -1};
    for (std::size_t k = 0; k < 5; ++k) {
        EXPECT_NEAR(read.samples[k], expected[k], 1.0 / 16384) << k;  // two steps of 16 bits
    }
    expect_part(test::message_of([] { parse_wave("RIFF", "b.wav"); }),
                "b.wav: 4 bytes that are no sound of 16 bits and one channel (WAV).");
}

TEST(ClipSound, is_the_word_with_silence_around_it) {
    // A tone of 0.2 s in 0.5 s of silence.
    Sound word{.rate_hz = 22050, .samples = std::vector<float>(11025)};
    for (std::size_t k = 3000; k < 7410; ++k) {
        word.samples[k] =
            0.5F * static_cast<float>(std::sin(2 * std::numbers::pi * 440 * double(k) / 22050));
    }
    const ClipDraw draw{.stretched_rate_hz = 22050, .gain = 0.5, .lead_s = 0.03, .tail_s = 0.05};
    const Sound clip = shape_clip(word, draw);
    EXPECT_EQ(clip.rate_hz, 48000);
    EXPECT_NEAR(static_cast<double>(clip.samples.size()) / 48000, 0.2 + 0.08, 2e-3);
    double peak = 0, lead = 0;
    for (std::size_t k = 0; k < clip.samples.size(); ++k) {
        const double size = std::abs(double{clip.samples[k]});
        peak = std::max(peak, size);
        if (k < 1300) lead = std::max(lead, size);
    }
    EXPECT_NEAR(peak, 0.25, 0.01);
    EXPECT_GT(lead, 0);
    EXPECT_LT(lead, 0.25e-3 * 2);  // noise of -60 dB, uniform: sqrt(3) of its mean square
    EXPECT_EQ(test::message_of([&] {
                  shape_clip({22050, std::vector<float>(100)}, draw);
              }),
              "a word that is silent.");
}

TEST(SpokenJournal, gives_back_what_was_packed) {
    const std::vector<SpokenClip> clips{
        {.label = 3, .speaker = 7, .is_test = true, .text = "x", .times_s = {0.5F}, .units = {9}},
        {.label = 4, .speaker = 1}};
    const std::string block = pack_clips(clips);
    const auto read = unpack_clips(block);
    ASSERT_EQ(read.size(), 2U);
    EXPECT_EQ(read[0].label, 3);
    EXPECT_TRUE(read[0].is_test);
    EXPECT_EQ(read[0].text, "x");
    EXPECT_EQ(read[0].times_s, clips[0].times_s);
    EXPECT_EQ(read[0].units, clips[0].units);
    EXPECT_EQ(read[1].speaker, 1);
    EXPECT_EQ(test::message_of([&] { unpack_clips(block.substr(0, block.size() - 1)); }),
              "a block of clips ends before its last one.");
}

TEST(Espeak, says_how_to_install_it) {
    const std::string message =
        test::message_of([] { require_espeak("espeak-that-is-not-there"); });
    expect_part(message, "it is not there");
    expect_part(message, "apt-get install espeak-ng");
    const test::TemporaryDirectory folder;
    EXPECT_EQ(test::message_of([&] {
                  SpokenCorpus({.recipe = {.count = 4},
                                .folder = folder / "out",
                                .program = "espeak-that-is-not-there"});
              }),
              message);
    EXPECT_FALSE(fs::exists(folder / "out"));
}

class Corpus : public testing::Test {
protected:
    void SetUp() override {
        try {
            require_espeak();
        } catch (const Error&) {
            GTEST_SKIP() << "espeak-ng is not installed";
        }
    }
    SpokenPlan plan(const std::string& name) const {
        return {.recipe = {.seed = 1, .count = 40, .speakers = 4, .held_out = 1},
                .folder = folder_ / name};
    }
    std::string bytes(const std::string& name) const {
        return read_file_bytes(folder_ / name, "a corpus");
    }

    test::TemporaryDirectory folder_;
};

TEST_F(Corpus, goes_on_where_it_was_cut_with_the_same_bytes) {
    SpokenCorpus whole(plan("whole"));
    ASSERT_TRUE(whole.make([](std::int64_t) { return true; }));
    {
        SpokenCorpus cut(plan("cut"));
        EXPECT_FALSE(cut.make([](std::int64_t) { return false; }));
        EXPECT_EQ(cut.made(), 32);
    }
    SpokenPlan again = plan("cut");
    expect_part(test::message_of([&] { SpokenCorpus corpus(again); }), "spoken.part");
    again.resume = true;
    again.recipe.seed = 2;
    expect_part(test::message_of([&] { SpokenCorpus corpus(again); }), "seed: 1 there, 2 asked");
    again.recipe.seed = 1;
    SpokenCorpus rest(again);
    EXPECT_EQ(rest.missing(), 8);
    ASSERT_TRUE(rest.make([](std::int64_t) { return true; }));
    EXPECT_EQ(bytes("cut/spoken_train.h5"), bytes("whole/spoken_train.h5"));
    EXPECT_EQ(bytes("cut/spoken_test.h5"), bytes("whole/spoken_test.h5"));
    EXPECT_FALSE(fs::exists(folder_ / "cut/spoken.part"));
    EXPECT_EQ(SpokenCorpus(again).missing(), 0);  // it is whole
    again.resume = false;
    expect_part(test::message_of([&] { SpokenCorpus corpus(again); }), "spoken_train.h5");
}

TEST_F(Corpus, holds_speakers_apart) {
    SpokenCorpus corpus(plan("spoken"));
    ASSERT_TRUE(corpus.make([](std::int64_t) { return true; }));
    const auto train = ShdFile::open(folder_ / "spoken/spoken_train.h5", shd_classes);
    const auto test = ShdFile::open(folder_ / "spoken/spoken_test.h5", shd_classes);
    EXPECT_EQ(train->count() + test->count(), 40);
    for (const std::int32_t speaker : train->speakers()) EXPECT_LT(speaker, 3);
    EXPECT_EQ(std::count(test->speakers().begin(), test->speakers().end(), 3), 10);
    const SetColumns columns = train->read(0, train->count(), train->fields());
    for (std::int64_t k = 0; k < train->count(); ++k) {
        const auto events = column_of(columns, "events").at<float>(k);
        EXPECT_GT(events.size() / 2, 1000U);  // SHD: some thousands
        EXPECT_LT(events[events.size() - 2], 2.0F);
    }
    const Hdf5File file = Hdf5File::open(folder_ / "spoken/spoken_train.h5");
    EXPECT_EQ(file.read_strings("extra/keys"), shd_words());
    EXPECT_EQ(file.read_strings("extra/meta_info/timbre").size(), 4U);
    EXPECT_EQ(std::ssize(file.read_strings("extra/text")), train->count());
}

TEST_F(Corpus, can_be_listened_to) {
    const SpokenCorpus corpus(plan("spoken"));
    corpus.write_sounds(folder_ / "heard", 3);
    std::int64_t count = 0;
    for (const auto& entry : fs::directory_iterator(folder_ / "heard")) {
        ++count;
        const Sound sound = parse_wave(read_file_bytes(entry.path(), "a sound"), entry.path());
        EXPECT_EQ(sound.rate_hz, 48000);
        EXPECT_GT(sound.samples.size(), 9600U);
    }
    EXPECT_EQ(count, 3);
}

}  // namespace
}  // namespace elm
