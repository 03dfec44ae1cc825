// Generated data of the benchmark: the same bits on any thread, oracles that are best, and
// structure that is as described.

#include <algorithm>
#include <cmath>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/attention_benchmark/benchmark_task.h"
#include "tasks/attention_benchmark/book_samples.h"
#include "tasks/attention_benchmark/face_samples.h"
#include "tasks/attention_benchmark/series_samples.h"
#include "tasks/attention_benchmark/shape_samples.h"
#include "tasks/attention_benchmark/speech_samples.h"
#include "tasks/attention_benchmark/story_samples.h"
#include "tests/support/error_message.h"

namespace elm {
namespace {

std::unique_ptr<Task> make(const char* name, const std::map<std::string, std::string>& chosen) {
    const TaskEntry& entry = find_task(name);
    OptionSet options = entry.options();
    for (const auto& [option, value] : chosen) options.set(option, value);
    return entry.make(options, {});
}

class BenchmarkTasks : public testing::TestWithParam<const char*> {};

TEST_P(BenchmarkTasks, samples_are_the_same_bits_on_any_thread) {
    const auto task = make(GetParam(), {{"held_out", "4"}, {"train_samples", "0"}});
    const BatchRequest request{.seed = 3, .index = 1, .size = 4, .count = 4};
    std::vector<Batch> batches(3);
    std::vector<std::thread> threads;
    for (Batch& batch : batches) threads.emplace_back([&] { task->fill(request, batch); });
    for (std::thread& thread : threads) thread.join();
    for (std::size_t k = 1; k < batches.size(); ++k) {
        for (std::size_t which = 0; which < batches[0].targets.size(); ++which) {
            const Tensor &a = batches[0].targets[which], &b = batches[k].targets[which];
            EXPECT_TRUE(std::equal(a.data(), a.data() + a.bytes(), b.data()));
        }
    }
}

TEST_P(BenchmarkTasks, the_oracle_beats_every_rule) {
    const auto task = make(GetParam(), {{"held_out", "16"}});
    const auto& benchmark = dynamic_cast<const BenchmarkTask&>(*task);
    const auto rules = benchmark.rules(Split::test);
    ASSERT_GE(rules.size(), 2u);
    EXPECT_EQ(rules.front().name, "oracle");
    const std::vector<Metric>& metrics = task->spec().metrics;
    for (std::size_t rule = 1; rule < rules.size(); ++rule) {
        const std::size_t at = task->spec().headline;
        const double oracle = rules[0].values[at], other = rules[rule].values[at];
        EXPECT_TRUE(metrics[at].higher_is_better ? oracle > other : oracle < other)
            << rules[rule].name << ": " << other << ", oracle " << oracle;
    }
}

TEST_P(BenchmarkTasks, an_unknown_tier_is_answered_with_those_that_are) {
    OptionSet options = find_task(GetParam()).options();
    const std::string message = test::message_of([&] { options.set("tier", "huge"); });
    for (const char* const tier : {"tiny", "small", "full"}) {
        EXPECT_NE(message.find(tier), std::string::npos) << message;
    }
}

INSTANTIATE_TEST_SUITE_P(all, BenchmarkTasks,
                         testing::Values("tts-syn", "sum-syn", "sr-syn", "mlm-syn", "lm-syn",
                                         "pcc-syn", "lstf-syn"),
                         [](const auto& one) {
                             std::string name = one.param;
                             name[name.find('-')] = '_';
                             return name;
                         });

TEST(BenchmarkTaskLengths, what_cannot_be_is_refused) {
    EXPECT_THROW(make("lm-syn", {{"steps", "3"}}), Error);
    EXPECT_THROW(make("sr-syn", {{"side", "33"}}), Error);
    EXPECT_THROW(make("tts-syn", {{"frames", "8"}}), Error);
    EXPECT_NE(test::message_of([] {
                  make("lstf-syn", {{"past", "4"}});
              }).find("past 4"),
              std::string::npos);
    EXPECT_EQ(make("lm-syn", {{"steps", "40"}})->spec().n_steps, 40);
    EXPECT_EQ(make("lm-syn", {{"tier", "full"}})->spec().n_steps, 8192);
    EXPECT_EQ(make("sr-syn", {{"tier", "full"}})->spec().n_steps, 16384);
}

TEST(SpeechSamples, fill_their_frames_and_end_with_a_mark) {
    int questions = 0;
    for (std::uint64_t k = 0; k < 100; ++k) {
        const SpeechSample speech = make_utterance(220, 1, k);
        std::int64_t frames = 0;
        for (const std::int32_t length : speech.durations) frames += length;
        EXPECT_EQ(frames, 220);
        ASSERT_EQ(std::ssize(speech.log_mel), 220 * n_mels);
        EXPECT_GE(speech.tokens.back(), full_stop);
        questions += speech.tokens.back() == question_mark ? 1 : 0;
        const double begin = speech.pitch.front(), end = speech.pitch.back();
        if (speech.tokens.back() == full_stop) {
            EXPECT_LT(end, begin);
        } else {
            EXPECT_GT(end, begin);
        }
    }
    EXPECT_NEAR(questions, 50, 4 * 5);
}

TEST(SpeechSamples, noise_has_its_deviation) {
    const SpeechSample speech = make_utterance(220, 1, 5);
    double squares = 0;
    for (std::size_t k = 0; k < speech.clean.size(); ++k) {
        const double difference = speech.log_mel[k] - speech.clean[k];
        squares += difference * difference;
    }
    const auto n = static_cast<double>(speech.clean.size());
    EXPECT_NEAR(std::sqrt(squares / n), 0.05, 4 * 0.05 / std::sqrt(2 * n));
}

/// The frame that has the least squared error without knowing the sample: that of the training
/// samples, which are drawn here anew, and not that of the answer.
TEST(SpeechSamples, mean_spectrum_is_that_of_the_training_samples) {
    constexpr std::uint64_t first_of_test = std::uint64_t{1} << 63, n_train = 3, n_test = 2;
    const auto task =
        make("tts-syn", {{"frames", "40"}, {"train_samples", "3"}, {"held_out", "2"}});
    const auto rules = dynamic_cast<const BenchmarkTask&>(*task).rules(Split::test);
    ASSERT_EQ(rules[1].name, "mean spectrum");
    std::vector<double> mean(n_mels, 0.0);
    for (std::uint64_t k = 0; k < n_train; ++k) {
        const SpeechSample speech = make_utterance(40, 0, k);
        for (std::size_t at = 0; at < speech.log_mel.size(); ++at) {
            mean[at % n_mels] += speech.log_mel[at] / (40.0 * n_train);
        }
    }
    double l1 = 0;
    for (std::uint64_t k = 0; k < n_test; ++k) {
        const SpeechSample speech = make_utterance(40, 0, first_of_test + k);
        for (std::size_t at = 0; at < speech.log_mel.size(); ++at) {
            l1 += std::abs(speech.log_mel[at] - mean[at % n_mels]) / (40.0 * n_mels * n_test);
        }
    }
    // Samples are kept in float32, divided by 3, below 4: an error of 2^-23 of each, times 3.
    EXPECT_NEAR(rules[1].values[2], l1, 2 * 3 * 0x1p-23);
}

TEST(StorySamples, random_facts_are_others_for_every_sample) {
    const StoryOptions options;
    const Story story = make_story(options, 1, 0);
    const auto drawn = random_facts(options, story, 1, 0);
    EXPECT_EQ(random_facts(options, story, 1, 0), drawn);
    int others = 0;
    for (std::uint64_t k = 1; k <= 20; ++k) {
        others += random_facts(options, story, 1, k) != drawn ? 1 : 0;
        others += random_facts(options, story, 1 + k, 0) != drawn ? 1 : 0;
    }
    EXPECT_GT(others, 35);  // of 40: each of a dozen facts is taken or not
}

TEST(StorySamples, the_summary_is_what_half_of_the_documents_say) {
    const StoryOptions options;
    for (std::uint64_t k = 0; k < 50; ++k) {
        const Story story = make_story(options, 2, k);
        ASSERT_EQ(std::ssize(story.source), options.source);
        EXPECT_EQ(story.summary.back(), story_end);
        const auto documents =
            std::count(story.source.begin(), story.source.end(), story_separator);
        for (std::size_t at = 0; at + 2 < story.summary.size(); at += 3) {
            // A document says a fact once: three tokens that follow each other, in one of the
            // three words of its attribute.
            int found = 0;
            for (std::size_t place = 0; place + 2 < story.source.size(); ++place) {
                const std::int32_t word = story.source[place + 1] - story.summary[at + 1];
                found += story.source[place] == story.summary[at] && word >= 0 && word < 3 &&
                                 story.source[place + 2] == story.summary[at + 2]
                             ? 1
                             : 0;
            }
            EXPECT_GE(found, std::max<std::int64_t>(2, (documents + 1) / 2));
        }
    }
}

TEST(FaceSamples, resizing_keeps_what_is_flat_and_what_is_linear) {
    const std::vector<double> flat(16 * 16 * 3, 0.25);
    // Sums of some thirty products below 16, 2.2e-16 of them each.
    constexpr double rounding = 1e-12;
    for (const double value : resized(flat, 16, 5)) EXPECT_NEAR(value, 0.25, rounding);
    std::vector<double> ramp;
    for (std::size_t k = 0; k < 16 * 16 * 3; ++k) {
        ramp.push_back(static_cast<double>(k / 3 % 16));
    }
    const auto twice = resized(ramp, 16, 32);
    // Away from the edges a cubic kernel of this form reproduces straight lines.
    for (std::size_t column = 6; column < 26; ++column) {
        EXPECT_NEAR(twice[3 * (32 * 16 + column)], (static_cast<double>(column) + 0.5) / 2 - 0.5,
                    rounding);
    }
}

/// Of a token that was drawn with the probability p(token), the mean of 1 / p is how many tokens
/// there are: only right probabilities give it.
TEST(BookSamples, the_oracle_knows_the_probabilities_of_ordinary_tokens) {
    BookOptions options;
    options.tokens = 2000;
    double sum = 0, squares = 0, n = 0;
    for (std::uint64_t k = 0; k < 40; ++k) {
        const Book book = make_book(options, 1, k, "test");
        for (std::size_t at = 0; at < book.tokens.size(); ++at) {
            if (book.tokens[at] <= options.names || book.distances[at] > 0) continue;
            const double inverse = std::exp(book.surprise[at]);
            sum += inverse;
            squares += inverse * inverse;
            ++n;
        }
    }
    const double mean = sum / n, spread = std::sqrt((squares / n - mean * mean) / n);
    EXPECT_NEAR(mean, static_cast<double>(options.vocabulary - 1 - options.names), 4.5 * spread);
    EXPECT_LT(spread, 5);
}

TEST(BookSamples, copies_and_names_stand_where_they_say) {
    BookOptions options;
    options.tokens = 1000;
    const Book book = make_book(options, 1, 7, "test");
    int checked = 0;
    for (std::size_t at = 0; at < book.tokens.size(); ++at) {
        const std::int64_t distance = book.distances[at];
        if (distance == 0) continue;
        EXPECT_EQ(book.tokens[at], book.tokens[at - static_cast<std::size_t>(distance)]);
        ++checked;
    }
    EXPECT_GT(checked, 100);
}

TEST(ShapeSamples, lie_within_half_a_unit_and_on_one_surface) {
    for (std::uint64_t k = 0; k < 24; ++k) {
        const ShapeSample shape = make_shape(64, 256, 1, k);
        EXPECT_GE(shape.kind, 0);
        EXPECT_LT(shape.kind, 8);
        ASSERT_EQ(shape.partial.size(), 64u * 3);
        ASSERT_EQ(shape.complete.size(), 256u * 3);
        // The farthest of other points of the surface lies at 0.5: a tenth for corners they missed.
        for (std::size_t at = 0; at < shape.complete.size(); at += 3) {
            EXPECT_LT(
                std::hypot(shape.complete[at], shape.complete[at + 1], shape.complete[at + 2]),
                0.55);
        }
    }
}

TEST(ShapeSamples, farthest_points_are_all_different_and_spread) {
    const std::vector<double> line{0, 0, 0, 1, 0, 0, 2, 0, 0, 10, 0, 0};
    EXPECT_EQ(farthest_points(line, 3), (std::vector<std::int64_t>{0, 3, 2}));
    EXPECT_THROW(farthest_points(line, 5), Error);
}

TEST(SeriesSamples, have_mean_0_and_deviation_1) {
    const SeriesOptions options{.past = 48, .future = 24};
    double sum = 0, squares = 0, n = 0;
    for (std::uint64_t k = 0; k < 3000; ++k) {
        const SeriesWindow window = make_window(options, 1, k);
        // One row of each window, so that rows are nearly independent.
        for (std::size_t d = 0; d < static_cast<std::size_t>(n_series); ++d) {
            sum += window.values[d];
            squares += window.values[d] * window.values[d];
            ++n;
        }
    }
    // Channels of a row share the hour, so only the windows count as independent.
    EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(3000.0));
    EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2.0 / 3000));
}

}  // namespace
}  // namespace elm
