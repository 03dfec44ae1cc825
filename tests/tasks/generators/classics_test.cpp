// Classic sequence tasks: their rules on our samples and on published ones, and their
// distributions.

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/classics/adding.h"
#include "tasks/classics/associative_recall.h"
#include "tasks/classics/copying.h"
#include "tasks/classics/delayed_xor.h"
#include "tasks/classics/mqar.h"
#include "tasks/classics/parity.h"
#include "tasks/classics/selective_copying.h"
#include "tasks/data/ignored_target.h"
#include "tests/tasks/data/expected_counts.h"
#include "tests/tasks/data/golden_tasks.h"

namespace elm {
namespace {

using Ids = std::vector<std::int32_t>;

std::span<const std::int32_t> row(const Ids& ids, std::size_t at, std::size_t length) {
    return std::span(ids).subspan(at * length, length);
}

// --- adding

/// Marks of a sample, and the sum of what they mark.
struct Marks {
    std::vector<std::size_t> steps;
    float sum = 0;
};
Marks marks_of(std::span<const float> input) {
    Marks marks;
    for (std::size_t step = 0; step < input.size() / 2; ++step) {
        const float mark = input[2 * step + 1];
        EXPECT_TRUE(mark == 0 || mark == 1);
        if (mark == 1) {
            marks.steps.push_back(step);
            marks.sum += input[2 * step];
        }
        EXPECT_GE(input[2 * step], 0);
        EXPECT_LT(input[2 * step], 1);
    }
    return marks;
}
void expect_one_mark_in_each_half(const Marks& marks, std::size_t length) {
    ASSERT_EQ(marks.steps.size(), 2u);
    EXPECT_LT(marks.steps[0], length / 2);
    EXPECT_GE(marks.steps[1], length / 2);
}

TEST(Adding, target_is_the_sum_of_the_two_marked_numbers) {
    constexpr std::size_t length = 11;
    std::vector<double> first(5, 0), second(6, 0);
    double sum = 0, squares = 0;
    constexpr int n = 20000;
    for (std::uint64_t index = 0; index < n; ++index) {
        std::vector<float> input(2 * length);
        const float target = fill_adding({length}, 1, index, input);
        const Marks marks = marks_of(input);
        expect_one_mark_in_each_half(marks, length);
        EXPECT_EQ(target, marks.sum);
        ++first[marks.steps[0]];
        ++second[marks.steps[1] - length / 2];
        sum += target;
        squares += static_cast<double>(target) * target;
    }
    test::expect_counts(first, test::uniform(5), "first mark");
    test::expect_counts(second, test::uniform(6), "second mark");
    EXPECT_NEAR(sum / n, 1, 4 * std::sqrt(1.0 / 6 / n));
    // The fourth central moment of a sum of two uniform numbers is 1/15.
    EXPECT_NEAR(squares / n - sum / n * sum / n, 1.0 / 6,
                4 * std::sqrt((1.0 / 15 - 1.0 / 36) / n) + 1e-4);
}

TEST(AddingGolden, published_samples_follow_the_rule) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    for (const std::size_t length : {10u, 11u, 100u, 1000u}) {
        const std::string group = fmt::format("/sequences/adding/T_{}", length);
        const auto inputs = golden.read<float>(group + "/input");
        const auto targets = golden.read<float>(group + "/target");
        for (std::size_t k = 0; k < targets.size(); ++k) {
            const Marks marks = marks_of(std::span(inputs).subspan(k * 2 * length, 2 * length));
            expect_one_mark_in_each_half(marks, length);
            EXPECT_FLOAT_EQ(marks.sum, targets[k]);
        }
    }
}

TEST(DelayedXor, target_is_whether_the_marked_bits_differ) {
    constexpr std::size_t length = 40;
    std::map<std::pair<int, int>, int> count;
    for (std::uint64_t index = 0; index < 8000; ++index) {
        std::vector<float> input(2 * length);
        const int target = fill_delayed_xor({length}, 1, index, input);
        std::vector<int> bits;
        for (std::size_t step = 0; step < length; ++step) {
            EXPECT_TRUE(input[2 * step] == 0 || input[2 * step] == 1);
            if (input[2 * step + 1] != 0) bits.push_back(static_cast<int>(input[2 * step]));
        }
        ASSERT_EQ(bits.size(), 2u);
        EXPECT_EQ(target, bits[0] != bits[1]);
        ++count[{bits[0], bits[1]}];
    }
    EXPECT_EQ(count.size(), 4u);
    for (const auto& [bits, n] : count) EXPECT_NEAR(n, 2000, 4.5 * std::sqrt(8000 * 3.0 / 16));
}

TEST(Parity, targets_are_parities) {
    for (const bool cumulative : {false, true}) {
        int ones = 0;
        for (std::uint64_t index = 0; index < 1000; ++index) {
            Ids tokens(70), targets(70);
            fill_parity({70, cumulative}, 1, index, tokens, targets);
            int parity = 0;
            for (std::size_t step = 0; step < 70; ++step) {
                const bool end = !cumulative && step == 69;
                EXPECT_EQ(tokens[step] == parity_end, end);
                if (!end) parity ^= tokens[step];
                EXPECT_EQ(targets[step], cumulative || end ? parity : ignored_target);
                ones += tokens[step] == 1;
            }
        }
        EXPECT_NEAR(ones, 35000, 600) << cumulative;
    }
}

TEST(ParityGolden, published_samples_follow_the_rule) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    const auto tokens = golden.read<std::int32_t>("/sequences/circuits/parity/input");
    const auto labels = golden.read<std::int32_t>("/sequences/circuits/parity/label");
    for (std::size_t k = 0; k < tokens.size() / 16; ++k) {
        const auto bits = row(tokens, k, 16);
        EXPECT_EQ(bits.back(), parity_end);
        EXPECT_EQ(row(labels, k, 16).back(), std::accumulate(bits.begin(), bits.end() - 1, 0) % 2);
        EXPECT_EQ(row(labels, k, 16).front(), ignored_target);
    }
}

// --- copying

/// Targets that follow from the tokens of a sample by the rule of `options`, without memory of how
/// they were drawn. `length` steps belong to it.
Ids asked_of(std::span<const std::int32_t> tokens, int symbols, bool reverse) {
    Ids asked;
    for (const std::int32_t token : tokens) {
        if (token != 0 && token != symbols - 1) asked.push_back(token);
    }
    if (reverse) std::reverse(asked.begin(), asked.end());
    return asked;
}

void expect_copying(std::span<const std::int32_t> tokens, std::span<const std::int32_t> targets,
                    const CopyingOptions& options, std::size_t memorised) {
    const std::size_t asked = memorised + static_cast<std::size_t>(options.delay);
    const Ids expected = asked_of(tokens, options.symbols, options.kind == CopyingKind::reverse);
    ASSERT_EQ(expected.size(), memorised);
    for (std::size_t step = 0; step < tokens.size(); ++step) {
        const bool counts = step >= asked && step < asked + memorised;
        EXPECT_EQ(tokens[step] == options.symbols - 1, counts) << step;
        EXPECT_EQ(tokens[step] > 0, step < memorised || counts) << step;
        EXPECT_EQ(targets[step], counts ? expected[step - asked] : ignored_target) << step;
    }
}

TEST(Copying, targets_are_the_tokens) {
    std::vector<double> values(8, 0);
    for (const CopyingKind kind : {CopyingKind::plain, CopyingKind::reverse}) {
        const CopyingOptions options{.memorised = 6, .delay = 20, .symbols = 10, .kind = kind};
        const auto length = static_cast<std::size_t>(copying_length(options));
        ASSERT_EQ(length, 32u);
        for (std::uint64_t index = 0; index < 2000; ++index) {
            Ids tokens(length), targets(length);
            EXPECT_EQ(fill_copying(options, 1, index, tokens, targets), 32);
            expect_copying(tokens, targets, options, 6);
            for (std::size_t k = 0; k < 6; ++k) {
                ++values[static_cast<std::size_t>(tokens[k] - 1)];
            }
        }
    }
    test::expect_counts(values, test::uniform(8), "tokens");
}

TEST(Copying, variable_length_is_uniform_and_pads_with_what_does_not_count) {
    const CopyingOptions options{
        .memorised = 10, .delay = 20, .symbols = 10, .variable_length = true};
    std::vector<double> lengths(10, 0);
    for (std::uint64_t index = 0; index < 5000; ++index) {
        Ids tokens(40, 77), targets(40, 77);
        const int steps = fill_copying(options, 1, index, tokens, targets);
        const auto memorised = static_cast<std::size_t>(steps - 20) / 2;
        expect_copying(tokens, targets, options, memorised);
        ++lengths[memorised - 1];
    }
    test::expect_counts(lengths, test::uniform(10), "lengths");
}

TEST(Copying, lag_repeats_what_was) {
    const CopyingOptions options{
        .memorised = 5, .delay = 30, .symbols = 10, .kind = CopyingKind::lag};
    Ids tokens(30), targets(30);
    EXPECT_EQ(fill_copying(options, 1, 0, tokens, targets), 30);
    for (std::size_t step = 0; step < 30; ++step) {
        EXPECT_EQ(targets[step], step < 5 ? 0 : tokens[step - 5]);
        EXPECT_TRUE(tokens[step] >= 1 && tokens[step] <= 8);
    }
}

TEST(CopyingGolden, published_samples_follow_the_rule) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    for (const std::string& name : golden.links("/sequences/copying")) {
        const bool selective = name.starts_with("selective_L"), reverse = name.starts_with("rev");
        if (!selective && !reverse && !name.starts_with("plain")) continue;
        const std::string group = "/sequences/copying/" + name;
        const auto tokens = golden.read<std::int32_t>(group + "/input");
        const auto targets = golden.read<std::int32_t>(group + "/target");
        const auto figure = [&](const char* of) {
            return static_cast<std::size_t>(golden.number_attribute(group, of));
        };
        const std::size_t m = figure("M"), length = figure("L") + 2 * m;
        const int symbols = static_cast<int>(figure("A"));
        ASSERT_EQ(tokens.size() / length, targets.size() / m) << name;
        for (std::size_t k = 0; k < targets.size() / m; ++k) {
            // As our targets are: beside the markers.
            Ids beside(length, ignored_target);
            std::copy_n(row(targets, k, m).begin(), m, beside.end() - static_cast<long>(m));
            const auto sample = row(tokens, k, length);
            if (selective) {
                EXPECT_EQ(asked_of(sample, symbols, false),
                          Ids(row(targets, k, m).begin(), row(targets, k, m).end()));
            } else {
                const CopyingOptions options{
                    .memorised = static_cast<int>(m),
                    .delay = static_cast<int>(figure("L")),
                    .symbols = symbols,
                    .kind = reverse ? CopyingKind::reverse : CopyingKind::plain};
                expect_copying(sample, beside, options, m);
            }
        }
    }
    const auto tokens = golden.read<std::int32_t>("/sequences/copying/lag_L30_M5_A10/input");
    const auto targets = golden.read<std::int32_t>("/sequences/copying/lag_L30_M5_A10/target");
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        EXPECT_EQ(targets[at], at % 30 < 5 ? 0 : tokens[at - 5]);
    }
}

TEST(SelectiveCopying, tokens_stand_anywhere_in_order) {
    const SelectiveCopyingOptions options{.memorised = 5, .delay = 40, .symbols = 10};
    std::vector<double> places(45, 0), values(8, 0);
    for (std::uint64_t index = 0; index < 9000; ++index) {
        Ids tokens(50), targets(50);
        fill_selective_copying(options, 1, index, tokens, targets);
        const Ids expected = asked_of(tokens, 10, false);
        ASSERT_EQ(expected.size(), 5u);
        for (std::size_t step = 0; step < 50; ++step) {
            EXPECT_EQ(tokens[step] == 9, step >= 45);
            EXPECT_EQ(targets[step], step >= 45 ? expected[step - 45] : ignored_target);
            if (step >= 45 || tokens[step] == 0) continue;
            ++places[step];
            ++values[static_cast<std::size_t>(tokens[step] - 1)];
        }
    }
    test::expect_counts(places, test::uniform(45), "places");
    test::expect_counts(values, test::uniform(8), "values");
}

// --- what all have in common

TEST(Classics, sample_depends_on_seed_and_index_alone) {
    const auto draw = [](std::uint64_t seed, std::uint64_t index) {
        std::vector<double> all;
        std::vector<float> input(40);
        all.push_back(static_cast<double>(fill_adding({20}, seed, index, input)));
        all.insert(all.end(), input.begin(), input.end());
        Ids tokens(120), targets(120);
        fill_copying({}, seed, index, tokens, targets);
        all.insert(all.end(), tokens.begin(), tokens.end());
        fill_selective_copying({}, seed, index, tokens, targets);
        all.insert(all.end(), tokens.begin(), tokens.end());
        Ids short_tokens(64), short_targets(64);
        MqarGenerator({}).fill(seed, index, short_tokens, short_targets);
        all.insert(all.end(), short_tokens.begin(), short_tokens.end());
        return all;
    };
    const auto once = draw(1, 5);
    draw(1, 6);
    EXPECT_EQ(draw(1, 5), once);
    EXPECT_NE(draw(1, 6), once);
    EXPECT_NE(draw(2, 5), once);
}

TEST(Classics, refuses_what_does_not_fit) {
    std::vector<float> input(8);
    Ids tokens(8), targets(8);
    EXPECT_THROW(fill_adding({1}, 1, 0, input), Error);
    EXPECT_THROW(fill_adding({5}, 1, 0, input), Error);
    EXPECT_THROW(fill_delayed_xor({5}, 1, 0, input), Error);
    EXPECT_THROW(fill_parity({9}, 1, 0, tokens, targets), Error);
    EXPECT_THROW(fill_copying({}, 1, 0, tokens, targets), Error);
    EXPECT_THROW(copying_length({.symbols = 2}), Error);
    EXPECT_THROW(copying_length({.kind = CopyingKind::lag, .variable_length = true}), Error);
    EXPECT_THROW(selective_copying_length({.memorised = 0}), Error);
    EXPECT_THROW(associative_recall_length({.pairs = 32, .vocabulary = 64}), Error);
    EXPECT_THROW(MqarGenerator({.length = 14, .pairs = 4}), Error);
    EXPECT_THROW(MqarGenerator({.vocabulary = 64}), Error);
    EXPECT_THROW(MqarGenerator({.power = 0}), Error);
}

}  // namespace
}  // namespace elm
