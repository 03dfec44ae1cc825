// The order of stored samples: each once an epoch, blocks of a file near each other, samples of
// similar length together; and the blocks that are kept in memory.

#include "tasks/samples/sample_order.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/data/sets/block_cache.h"

namespace elm {
namespace {

std::vector<std::int64_t> epoch(const SampleOrder& order, std::uint64_t seed, std::int64_t number,
                                std::int64_t count) {
    std::vector<std::int64_t> samples;
    for (std::int64_t k = 0; k < count; ++k) {
        samples.push_back(order.batch(seed, number * count + k, 1).front());
    }
    return samples;
}

bool is_whole(std::vector<std::int64_t> samples) {
    std::sort(samples.begin(), samples.end());
    for (std::size_t k = 0; k < samples.size(); ++k) {
        if (samples[k] != static_cast<std::int64_t>(k)) return false;
    }
    return true;
}

TEST(SampleOrder, goes_through_each_sample_once_in_an_order_that_is_new_in_every_epoch) {
    for (const std::int64_t count : {1, 2, 7, 64, 65, 100, 257}) {
        for (const auto& [run, group] : {std::pair{1, 1000}, {1, 10}, {4, 16}, {16, 40}, {7, 3}}) {
            const SampleOrder order(count, run, group);
            const auto first = epoch(order, 1, 0, count), second = epoch(order, 1, 1, count);
            EXPECT_TRUE(is_whole(first)) << count << " " << run << " " << group;
            EXPECT_TRUE(is_whole(second)) << count << " " << run << " " << group;
            EXPECT_EQ(first, epoch(order, 1, 0, count));
            if (count < 64) continue;  // the same order by chance: 1 of 64!
            EXPECT_NE(first, second);
            EXPECT_NE(first, epoch(order, 2, 0, count));
        }
    }
}

TEST(SampleOrder, reads_each_run_of_a_file_in_one_group) {
    constexpr std::int64_t count = 1003, run = 10, group = 50;
    const auto samples = epoch(SampleOrder(count, run, group), 3, 0, count);
    // Groups of 50, the last of 53 with the rest: ten whole runs of 10 begin before 100 whole runs.
    std::vector<std::set<std::int64_t>> groups(count / group);
    for (std::int64_t place = 0; place < count; ++place) {
        const auto at = static_cast<std::size_t>(std::min(place / group, count / group - 1));
        groups[at].insert(samples[static_cast<std::size_t>(place)] / run);
    }
    std::int64_t runs = 0;
    for (std::size_t k = 0; k < groups.size(); ++k) {
        EXPECT_EQ(groups[k].size(), k + 1 < groups.size() ? 5u : 6u);
        runs += std::ssize(groups[k]);
    }
    EXPECT_EQ(runs, 101);  // none in two groups
    // Within a group the runs are mixed: of 49 neighbours few are of one run (expected 9).
    std::int64_t neighbours = 0;
    for (std::size_t k = 1; k < group; ++k) neighbours += samples[k] / run == samples[k - 1] / run;
    EXPECT_LT(neighbours, 25);
}

TEST(SampleOrder, puts_similar_lengths_into_a_batch) {
    constexpr std::int64_t count = 1600, size = 10;
    std::vector<std::int32_t> lengths(count);
    for (std::size_t k = 0; k < lengths.size(); ++k) {
        lengths[k] = static_cast<std::int32_t>(500 + (k * 7919) % 1500);
    }
    const SampleOrder order(count, 4, 64, lengths);
    std::vector<std::int64_t> seen;
    double longest = 0, mean = 0;
    std::vector<std::int32_t> firsts;
    for (std::int64_t index = 0; index < count / size; ++index) {
        const auto batch = order.batch(5, index, size);
        EXPECT_EQ(batch, order.batch(5, index, size));
        std::int32_t most = 0;
        for (const std::int64_t sample : batch) {
            most = std::max(most, lengths[static_cast<std::size_t>(sample)]);
            mean += lengths[static_cast<std::size_t>(sample)];
        }
        firsts.push_back(most);
        longest += most * double(size);
        seen.insert(seen.end(), batch.begin(), batch.end());
    }
    EXPECT_TRUE(is_whole(seen));
    // 160 sorted lengths of 500 to 2000 in batches of 10: about 1500 / 16 / 2 steps of padding in
    // 1250, 4 %; without sorting the longest of ten is at 1864, 49 %.
    EXPECT_LT(longest / mean, 1.06);
    EXPECT_FALSE(std::is_sorted(firsts.begin(), firsts.begin() + 16));
}

SetColumns block(std::uint8_t value, std::int64_t size) {
    SetColumns columns = empty_columns({{.name = "x"}});
    for (std::int64_t k = 0; k < size; ++k) columns[0].add(value);
    return columns;
}

TEST(BlockCache, keeps_what_was_used_last) {
    BlockCache cache(350);
    int reads = 0;
    const auto get = [&](std::int64_t number) {
        const auto found = cache.get(number, [&] {
            ++reads;
            return block(static_cast<std::uint8_t>(number), 100);
        });
        EXPECT_EQ(found->front().at<std::uint8_t>(99)[0], number);
    };
    for (const int number : {1, 2, 3, 1, 2, 3}) get(number);
    EXPECT_EQ(reads, 3);
    get(1), get(4);  // 2 goes
    get(1), get(3), get(4);
    EXPECT_EQ(reads, 4);
    get(2);
    EXPECT_EQ(reads, 5);
}

TEST(BlockCache, reads_a_block_once_for_all_threads_and_again_after_a_failure) {
    BlockCache cache(1000);
    std::atomic<int> reads = 0;
    std::vector<std::thread> threads;
    for (int k = 0; k < 4; ++k) {
        threads.emplace_back([&] {
            for (std::int64_t number = 0; number < 50; ++number) {
                cache.get(number % 5, [&] {
                    ++reads;
                    return block(1, 10);
                });
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(reads, 5);
    EXPECT_THROW(cache.get(9, []() -> SetColumns { throw Error(ErrorKind::data, "damaged"); }),
                 Error);
    EXPECT_EQ(cache.get(9, [] { return block(7, 1); })->front().at<std::uint8_t>(0)[0], 7);
}

}  // namespace
}  // namespace elm
