// Recall of values by their keys: the rules on our samples and on published ones, and the law of
// slots.

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tasks/classics/associative_recall.h"
#include "tasks/classics/mqar.h"
#include "tasks/data/ignored_target.h"
#include "tests/tasks/data/expected_counts.h"
#include "tests/tasks/data/golden_tasks.h"

namespace elm {
namespace {

using Ids = std::vector<std::int32_t>;

std::span<const std::int32_t> row(const Ids& ids, std::size_t at, std::size_t length) {
    return std::span(ids).subspan(at * length, length);
}

TEST(AssociativeRecall, target_is_the_value_of_the_key) {
    const AssociativeRecallOptions options{.pairs = 6, .vocabulary = 20};
    std::vector<double> asked(6, 0);
    for (std::uint64_t index = 0; index < 3000; ++index) {
        Ids tokens(13), targets(13);
        fill_associative_recall(options, 1, index, tokens, targets);
        std::map<std::int32_t, std::int32_t> value;
        for (std::size_t pair = 0; pair < 6; ++pair) {
            EXPECT_TRUE(tokens[2 * pair] >= 1 && tokens[2 * pair] < 10);
            EXPECT_TRUE(tokens[2 * pair + 1] >= 10 && tokens[2 * pair + 1] < 20);
            value[tokens[2 * pair]] = tokens[2 * pair + 1];
            if (tokens[2 * pair] == tokens[12]) ++asked[pair];
        }
        EXPECT_EQ(value.size(), 6u);
        EXPECT_EQ(value.at(tokens[12]), targets[12]);
        EXPECT_EQ(std::count(targets.begin(), targets.end(), ignored_target), 12);
    }
    test::expect_counts(asked, test::uniform(6), "asked pair");
}

/// Each target is the value of the key that stands there, and all keys are asked for.
void expect_recall(std::span<const std::int32_t> tokens, std::span<const std::int32_t> targets,
                   const MqarOptions& options) {
    const auto context = static_cast<std::size_t>(2 * options.pairs);
    std::map<std::int32_t, std::int32_t> value;
    std::set<std::int32_t> values, asked;
    for (std::size_t at = 0; at < context; at += 2) {
        EXPECT_TRUE(tokens[at] >= 1 && tokens[at] < options.vocabulary / 2);
        EXPECT_TRUE(tokens[at + 1] >= options.vocabulary / 2 &&
                    tokens[at + 1] < options.vocabulary);
        value[tokens[at]] = tokens[at + 1];
        values.insert(tokens[at + 1]);
    }
    EXPECT_EQ(value.size(), context / 2);
    EXPECT_EQ(values.size(), context / 2);
    for (std::size_t step = 0; step < tokens.size(); ++step) {
        if (targets[step] == ignored_target) {
            EXPECT_TRUE(step < context || options.random_filler || tokens[step] == 0) << step;
            continue;
        }
        EXPECT_TRUE(step >= context && step % 2 == 0);
        ASSERT_EQ(value.count(tokens[step]), 1u);
        EXPECT_EQ(value.at(tokens[step]), targets[step]);
        asked.insert(tokens[step]);
    }
    EXPECT_EQ(asked.size(), context / 2);
}

TEST(Mqar, every_key_is_asked_for_once) {
    for (const MqarOptions& options :
         {MqarOptions{}, MqarOptions{.vocabulary = 64, .length = 16, .pairs = 4},
          MqarOptions{.length = 128, .pairs = 8, .random_filler = true}}) {
        const MqarGenerator generator(options);
        const auto length = static_cast<std::size_t>(options.length);
        for (std::uint64_t index = 0; index < 500; ++index) {
            Ids tokens(length), targets(length);
            generator.fill(1, index, tokens, targets);
            expect_recall(tokens, targets, options);
        }
    }
}

TEST(MqarGolden, published_samples_follow_the_rule) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    for (const std::string& name : golden.links("/sequences/mqar")) {
        if (!name.starts_with("V")) continue;
        const std::string group = "/sequences/mqar/" + name;
        const auto figure = [&](const char* of) {
            return static_cast<int>(golden.number_attribute(group, of));
        };
        const MqarOptions options{.vocabulary = figure("V"),
                                  .length = figure("T"),
                                  .pairs = figure("D"),
                                  .random_filler = name.find("random") != std::string::npos};
        const auto tokens = golden.read<std::int32_t>(group + "/input");
        const auto labels = golden.read<std::int32_t>(group + "/label");
        const auto length = static_cast<std::size_t>(options.length);
        for (std::size_t k = 0; k < tokens.size() / length; ++k) {
            expect_recall(row(tokens, k, length), row(labels, k, length), options);
        }
    }
}

TEST(MqarGolden, slots_are_drawn_by_the_published_law) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    for (const auto& [length, pairs] : {std::pair(64, 4), std::pair(128, 8)}) {
        const std::string group = fmt::format("/sequences/mqar/stats_V8192_T{}_D{}", length, pairs);
        const auto theirs = golden.read<double>(group + "/slot_hist");
        const auto mean_slot = golden.read<double>(group + "/mean_slot_of_key_j");
        const auto mean_error = golden.read<double>(group + "/mean_slot_of_key_j_se");
        const MqarGenerator generator({.length = length, .pairs = pairs});
        constexpr int n = 20000;
        const auto d = static_cast<std::size_t>(pairs);
        std::vector<double> slots(theirs.size(), 0), sum(d, 0), squares(d, 0);
        Ids tokens(static_cast<std::size_t>(length)), targets(tokens.size());
        for (std::uint64_t index = 0; index < n; ++index) {
            generator.fill(3, index, tokens, targets);
            for (std::size_t step = 2 * d; step < tokens.size(); step += 2) {
                if (targets[step] == ignored_target) continue;
                const std::size_t slot = step / 2 - d;
                ++slots[slot];
                for (std::size_t key = 0; key < d; ++key) {
                    if (tokens[2 * key] != tokens[step]) continue;
                    sum[key] += static_cast<double>(slot);
                    squares[key] += static_cast<double>(slot * slot);
                }
            }
        }
        const double total = std::accumulate(theirs.begin(), theirs.end(), 0.0);
        const double scale = n * pairs / total;
        for (std::size_t slot = 0; slot < slots.size(); ++slot) {
            const double error = std::sqrt(slots[slot] + scale * scale * theirs[slot]);
            EXPECT_NEAR(slots[slot], scale * theirs[slot], 4 * error) << group << ' ' << slot;
        }
        // The published means may count slots from 0 or 1: it is their distances that count.
        for (std::size_t key = 0; key < d; ++key) {
            const double mean = sum[key] / n;
            const double error = std::sqrt((squares[key] / n - mean * mean) / n);
            EXPECT_NEAR(mean, mean_slot[key], 4 * std::hypot(error, mean_error[key]))
                << group << ", key " << key;
        }
    }
}

}  // namespace
}  // namespace elm
