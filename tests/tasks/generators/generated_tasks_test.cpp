// Tasks on generated samples: what stands in a batch is the generator's sample in the encoding that
// was chosen, and nothing is beyond it.

#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/classics/associative_recall.h"
#include "tasks/classics/copying.h"
#include "tasks/classics/delayed_xor.h"
#include "tasks/classics/mqar.h"
#include "tasks/classics/parity.h"
#include "tasks/classics/selective_copying.h"
#include "tasks/data/batch_prefetcher.h"
#include "tasks/data/ignored_target.h"
#include "tasks/data/keyed_permutation.h"
#include "tasks/lra/images/synthetic_image.h"
#include "tasks/lra/listops/listops.h"
#include "tasks/lra/pathfinder/pathfinder.h"
#include "tasks/task_registry.h"

namespace elm {
namespace {

using Ids = std::vector<std::int32_t>;

std::unique_ptr<Task> make(const std::string& name, const Values& values) {
    const TaskEntry& entry = find_task(name);
    OptionSet options = entry.options();
    for (const auto& [option, value] : values) options.set(option, to_text(value));
    return entry.make(options, {});
}

/// The first samples of seed 3.
Batch batch_of(const Task& task, std::int64_t count) {
    Batch batch;
    task.fill({.seed = 3, .size = count, .count = count}, batch);
    return batch;
}

/// One spike a step, of the unit of each of these tokens; silence beyond.
void expect_one_hot(const Batch& batch, std::int64_t sample, const Ids& tokens) {
    const SpikeTrain& train = batch.spikes;
    for (std::int64_t step = 0; step < train.n_steps; ++step) {
        const auto units = train.row(sample, step);
        if (step >= std::ssize(tokens)) {
            ASSERT_TRUE(units.empty()) << step;
        } else {
            ASSERT_EQ(units.size(), 1u) << step;
            ASSERT_EQ(units[0], tokens[static_cast<std::size_t>(step)]) << step;
        }
    }
}

Ids labels_of(const Batch& batch, std::int64_t sample) {
    const Tensor& targets = batch.targets.front();
    const auto rows = static_cast<std::size_t>(targets.shape()[1]);
    const auto all =
        targets.host<std::int32_t>().subspan(static_cast<std::size_t>(sample) * rows, rows);
    return {all.begin(), all.end()};
}

TEST(CopyingTask, holds_the_samples_of_the_generator) {
    for (const char* const kind : {"plain", "reverse", "lag"}) {
        const auto task = make("copying", {{"memorised", std::int64_t{4}},
                                           {"delay", std::int64_t{7}},
                                           {"symbols", std::int64_t{6}},
                                           {"kind", std::string(kind)}});
        const CopyingOptions options{.memorised = 4,
                                     .delay = 7,
                                     .symbols = 6,
                                     .kind = kind == std::string("plain") ? CopyingKind::plain
                                             : kind == std::string("lag") ? CopyingKind::lag
                                                                          : CopyingKind::reverse};
        const auto steps = static_cast<std::size_t>(copying_length(options));
        EXPECT_EQ(task->spec().n_steps, copying_length(options));
        const Batch batch = batch_of(*task, 5);
        EXPECT_FALSE(batch.lengths.defined());
        Ids tokens(steps), targets(steps);
        std::int64_t counted = 0;
        for (std::int64_t sample = 0; sample < 5; ++sample) {
            fill_copying(options, 3, static_cast<std::uint64_t>(sample), tokens, targets);
            expect_one_hot(batch, sample, tokens);
            EXPECT_EQ(labels_of(batch, sample), targets);
            counted += std::count_if(targets.begin(), targets.end(), [](int t) { return t >= 0; });
        }
        EXPECT_EQ(batch.n_counted, counted) << kind;
    }
    EXPECT_EQ(&find_task("copy"), &find_task("copying"));
}

TEST(CopyingTask, shorter_samples_have_lengths_and_silence_beyond) {
    const auto task = make(
        "copying",
        {{"memorised", std::int64_t{5}}, {"delay", std::int64_t{3}}, {"variable_length", true}});
    const CopyingOptions options{.memorised = 5, .delay = 3, .variable_length = true};
    const Batch batch = batch_of(*task, 40);
    std::set<std::int32_t> lengths;
    std::int64_t counted = 0;
    for (std::int64_t sample = 0; sample < 40; ++sample) {
        Ids tokens(13), targets(13);
        const int length =
            fill_copying(options, 3, static_cast<std::uint64_t>(sample), tokens, targets);
        EXPECT_EQ(batch.lengths.host<std::int32_t>()[static_cast<std::size_t>(sample)], length);
        tokens.resize(static_cast<std::size_t>(length));
        expect_one_hot(batch, sample, tokens);
        EXPECT_EQ(labels_of(batch, sample), targets);
        counted += std::count_if(targets.begin(), targets.end(), [](int t) { return t >= 0; });
        lengths.insert(length);
    }
    EXPECT_EQ(lengths.size(), 5u);  // one is missing with a chance of 5 (4/5)^40 = 0.0007
    EXPECT_EQ(batch.n_counted, counted);
}

TEST(SelectiveCopyingTask, holds_the_samples_of_the_generator) {
    const auto task = make(
        "selective-copying",
        {{"memorised", std::int64_t{3}}, {"delay", std::int64_t{9}}, {"symbols", std::int64_t{5}}});
    const Batch batch = batch_of(*task, 4);
    for (std::int64_t sample = 0; sample < 4; ++sample) {
        Ids tokens(15), targets(15);
        fill_selective_copying({.memorised = 3, .delay = 9, .symbols = 5}, 3,
                               static_cast<std::uint64_t>(sample), tokens, targets);
        expect_one_hot(batch, sample, tokens);
        EXPECT_EQ(labels_of(batch, sample), targets);
    }
    EXPECT_EQ(batch.n_counted, 12);
}

TEST(RecallTask, asks_for_the_value_at_the_last_step) {
    const auto task =
        make("recall", {{"pairs", std::int64_t{4}}, {"vocabulary", std::int64_t{12}}});
    EXPECT_EQ(task->spec().pooling, Pooling::last);
    const Batch batch = batch_of(*task, 4);
    for (std::int64_t sample = 0; sample < 4; ++sample) {
        Ids tokens(9), targets(9);
        fill_associative_recall({.pairs = 4, .vocabulary = 12}, 3,
                                static_cast<std::uint64_t>(sample), tokens, targets);
        expect_one_hot(batch, sample, tokens);
        EXPECT_EQ(labels_of(batch, sample), Ids{targets.back()});
    }
    EXPECT_THROW(make("recall", {{"vocabulary", std::int64_t{13}}}), Error);
}

TEST(MqarTask, holds_the_samples_of_the_generator) {
    const auto task = make("mqar", {{"pairs", std::int64_t{3}},
                                    {"vocabulary", std::int64_t{40}},
                                    {"steps", std::int64_t{24}},
                                    {"random_filler", true}});
    const MqarGenerator generator(
        {.vocabulary = 40, .length = 24, .pairs = 3, .random_filler = true});
    const Batch batch = batch_of(*task, 4);
    for (std::int64_t sample = 0; sample < 4; ++sample) {
        Ids tokens(24), targets(24);
        generator.fill(3, static_cast<std::uint64_t>(sample), tokens, targets);
        expect_one_hot(batch, sample, tokens);
        EXPECT_EQ(labels_of(batch, sample), targets);
    }
    EXPECT_EQ(batch.n_counted, 12);
}

TEST(ParityTask, is_asked_for_at_the_end_or_in_each_step) {
    for (const bool cumulative : {false, true}) {
        const auto task = make("parity", {{"steps", std::int64_t{11}}, {"cumulative", cumulative}});
        const Batch batch = batch_of(*task, 4);
        for (std::int64_t sample = 0; sample < 4; ++sample) {
            Ids tokens(11), targets(11);
            fill_parity({.length = 11, .cumulative = cumulative}, 3,
                        static_cast<std::uint64_t>(sample), tokens, targets);
            expect_one_hot(batch, sample, tokens);
            EXPECT_EQ(labels_of(batch, sample), cumulative ? targets : Ids{targets.back()});
        }
        EXPECT_EQ(batch.n_counted, cumulative ? 44 : 4);
    }
}

TEST(DelayedXorTask, has_a_spike_for_each_one) {
    const auto task = make("delayed-xor", {{"steps", std::int64_t{10}}});
    const Batch batch = batch_of(*task, 4);
    for (std::int64_t sample = 0; sample < 4; ++sample) {
        std::vector<float> input(20);
        const int label =
            fill_delayed_xor({.length = 10}, 3, static_cast<std::uint64_t>(sample), input);
        EXPECT_EQ(labels_of(batch, sample), Ids{label});
        for (std::int64_t step = 0; step < 10; ++step) {
            Ids expected;
            for (std::int32_t unit = 0; unit < 2; ++unit) {
                if (input[static_cast<std::size_t>(2 * step + unit)] == 1) expected.push_back(unit);
            }
            const auto units = batch.spikes.row(sample, step);
            EXPECT_EQ(Ids(units.begin(), units.end()), expected);
        }
    }
}

TEST(PathfinderTask, holds_the_images_of_the_generator_in_either_encoding) {
    const auto bins = make("pathfinder", {{"bins", std::int64_t{16}}});
    const auto values =
        make("pathfinder", {{"encoding", std::string("value")}, {"pooling", std::string("mean")}});
    EXPECT_EQ(bins->spec().input, InputKind::spikes);
    EXPECT_EQ(values->spec().input, InputKind::dense);
    EXPECT_EQ(values->spec().pooling, Pooling::mean);
    const Batch spikes = batch_of(*bins, 3), dense = batch_of(*values, 3);
    const PathfinderGenerator generator{PathfinderOptions{}};
    PathfinderSample drawn;
    PathfinderWorkspace workspace;
    for (std::int64_t sample = 0; sample < 3; ++sample) {
        generator.draw(3, static_cast<std::uint64_t>(sample), drawn, workspace);
        Ids units;
        for (const std::uint8_t grey : drawn.image) units.push_back(grey / 16);
        expect_one_hot(spikes, sample, units);
        EXPECT_EQ(labels_of(spikes, sample), Ids{drawn.label});
        EXPECT_EQ(labels_of(dense, sample), Ids{drawn.label});
        for (std::size_t pixel = 0; pixel < 1024; ++pixel) {
            ASSERT_EQ(dense.dense.host<float>()[static_cast<std::size_t>(sample) * 1024 + pixel],
                      static_cast<float>(drawn.image[pixel] / 255.0));
        }
    }
    EXPECT_EQ(make("pathfinder-x", {})->spec().n_steps, 16384);
    EXPECT_THROW(make("pathfinder", {{"size", std::int64_t{33}}}), Error);
}

TEST(ImageSynTask, holds_the_images_of_the_generator_in_either_encoding) {
    const auto bins = make("image-syn", {}), three = make("image-syn", {{"bins", std::int64_t{3}}}),
               values = make("image-syn", {{"encoding", std::string("value")}});
    const Batch spikes = batch_of(*bins, 3), coarse = batch_of(*three, 3),
                dense = batch_of(*values, 3);
    std::vector<std::uint8_t> image(1024);
    for (std::int64_t sample = 0; sample < 3; ++sample) {
        const int label = fill_synthetic_image(3, static_cast<std::uint64_t>(sample), image);
        Ids units, thirds;
        for (const std::uint8_t grey : image) {
            units.push_back(grey / 32);
            thirds.push_back(static_cast<std::int32_t>(std::floor(grey / 256.0 * 3)));
        }
        expect_one_hot(spikes, sample, units);
        expect_one_hot(coarse, sample, thirds);
        EXPECT_EQ(labels_of(spikes, sample), Ids{label});
        for (std::size_t pixel = 0; pixel < 1024; ++pixel) {
            ASSERT_EQ(dense.dense.host<float>()[static_cast<std::size_t>(sample) * 1024 + pixel],
                      static_cast<float>((image[pixel] - 122.6) / 61.0));
        }
    }
}

TEST(ListOpsTask, pads_with_silence_and_says_lengths) {
    const auto task = make("listops", {{"least_length", std::int64_t{20}},
                                       {"most_length", std::int64_t{90}},
                                       {"most_depth", std::int64_t{5}}});
    const ListOpsGenerator generator({.most_depth = 5, .least_length = 20, .most_length = 90});
    const Batch batch = batch_of(*task, 6);
    EXPECT_EQ(batch.spikes.n_steps, 90);
    ListOpsSample drawn;
    for (std::int64_t sample = 0; sample < 6; ++sample) {
        generator.draw(3, static_cast<std::uint64_t>(sample), drawn);
        expect_one_hot(batch, sample, {drawn.tokens.begin(), drawn.tokens.end()});
        EXPECT_EQ(batch.lengths.host<std::int32_t>()[static_cast<std::size_t>(sample)],
                  std::ssize(drawn.tokens));
        EXPECT_EQ(labels_of(batch, sample), Ids{drawn.label});
        EXPECT_EQ(drawn.label, evaluate_listops(drawn.tokens));
    }
}

TEST(KeyedPermutation, reaches_every_place_once_in_an_order_of_the_key) {
    for (const std::uint64_t count : {1U, 2U, 3U, 5U, 64U, 65U, 1000U}) {
        std::set<std::uint64_t> reached;
        for (std::uint64_t place = 0; place < count; ++place) {
            const std::uint64_t to = permuted(RandomKey{.seed = 7}, count, place);
            EXPECT_LT(to, count);
            reached.insert(to);
        }
        EXPECT_EQ(reached.size(), count);
    }
    // Over many keys each place goes anywhere with equal chance: chi-square of 5 x 5 counts has
    // 16 degrees of freedom, mean 16 and standard deviation sqrt(32).
    constexpr int keys = 20000;
    double counts[5][5] = {}, chi_square = 0;
    for (std::uint64_t seed = 0; seed < keys; ++seed) {
        for (std::uint64_t place = 0; place < 5; ++place) {
            ++counts[place][permuted(RandomKey{.seed = seed}, 5, place)];
        }
    }
    for (const auto& row : counts) {
        for (const double count : row) {
            chi_square += (count - keys / 5.0) * (count - keys / 5.0) / (keys / 5.0);
        }
    }
    EXPECT_LT(chi_square, 16 + 5 * std::sqrt(32.0));
}

TEST(GeneratedTask, a_fixed_set_is_gone_through_once_in_each_epoch) {
    const auto task =
        make("recall", {{"pairs", std::int64_t{10}}, {"train_samples", std::int64_t{30}}});
    const auto epoch = [&](std::uint64_t seed, std::int64_t number) {
        std::vector<Ids> samples;
        for (std::int64_t index = 3 * number; index < 3 * number + 3; ++index) {
            Batch batch;
            task->fill({.seed = seed, .index = index, .size = 10, .count = 10}, batch);
            for (std::int64_t sample = 0; sample < 10; ++sample) {
                const auto begin = batch.spikes.units.begin() + 21 * sample;
                samples.emplace_back(begin, begin + 21);
            }
        }
        return samples;
    };
    const auto first = epoch(1, 0), second = epoch(1, 1), other = epoch(2, 0);
    const std::set<Ids> whole(first.begin(), first.end());
    EXPECT_EQ(whole.size(), 30u);
    EXPECT_EQ(std::set<Ids>(second.begin(), second.end()), whole);
    EXPECT_EQ(std::set<Ids>(other.begin(), other.end()), whole);
    EXPECT_NE(first, second);
    EXPECT_NE(first, other);
    Batch held_out;
    task->fill({.split = Split::validation, .size = 30, .count = 30}, held_out);
    for (std::int64_t sample = 0; sample < 30; ++sample) {
        const auto begin = held_out.spikes.units.begin() + 21 * sample;
        EXPECT_FALSE(whole.contains(Ids(begin, begin + 21)));
    }
}

TEST(GeneratedTask, batches_are_the_same_whoever_draws_ahead) {
    const auto task = make("pathfinder", {});
    const auto fill = [&](std::int64_t index, Batch& batch) {
        task->fill({.seed = 1, .index = index, .size = 2, .count = 2}, batch);
    };
    for (const int threads : {1, 3}) {
        BatchPrefetcher ahead(fill, 5, 4, threads);
        for (std::int64_t index = 5; index < 17; ++index) {
            Batch alone;
            fill(index, alone);
            EXPECT_EQ(ahead.next().spikes.units, alone.spikes.units) << index;
        }
    }
}

TEST(BatchPrefetcher, hands_out_what_came_before_a_failure_and_then_the_failure) {
    for (const int threads : {1, 4}) {
        BatchPrefetcher ahead(
            [](std::int64_t index, Batch& batch) {
                if (index == 6) throw Error(ErrorKind::data, "the sixth");
                batch.n_counted = index;
            },
            0, 8, threads);
        for (std::int64_t index = 0; index < 6; ++index) EXPECT_EQ(ahead.next().n_counted, index);
        EXPECT_THROW(ahead.next(), Error);
        EXPECT_THROW(ahead.next(), Error);
    }
}

}  // namespace
}  // namespace elm
