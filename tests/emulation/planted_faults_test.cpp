// Each planted fault, in each schedule: either the report is there, or the silence is the
// documented one, because another tool (ThreadSanitizer, AddressSanitizer, UBSan) has to find it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/emulation/emulation_test_support.h"
#include "tests/emulation/planted/planted.h"

namespace elm::planted {
namespace {

constexpr int seeds = 100;

Schedule random_order(int seed, bool preempt = false) {
    return {.order = Order::random, .seed = static_cast<std::uint64_t>(seed), .preempt = preempt};
}

TEST(GoodKernels, pass_in_every_schedule) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        for (const unsigned threads : {32u, 64u, 256u}) EXPECT_EQ(check_good_kernels(threads), "");
    }
}

bool neighbours_were_read(const std::vector<float>& output) {
    for (std::size_t i = 1; i < output.size(); ++i) {
        if (output[i] != static_cast<float>(i - 1)) return false;
    }
    return true;
}

TEST(MissingBarrier, passes_in_forward_order_by_luck) {
    const ScopedSchedule scope({.order = Order::forward});
    EXPECT_TRUE(neighbours_were_read(missing_barrier(64)));
}

TEST(MissingBarrier, shows_in_reverse_and_in_every_random_order) {
    {
        const ScopedSchedule scope({.order = Order::reverse});
        EXPECT_FALSE(neighbours_were_read(missing_barrier(64)));
    }
    for (int seed = 1; seed <= seeds; ++seed) {
        const ScopedSchedule scope(random_order(seed));
        EXPECT_FALSE(neighbours_were_read(missing_barrier(64))) << "seed " << seed;
    }
}

TEST(MissingSecondBarrier, spoils_little_in_forward_and_most_in_random_order) {
    {
        const ScopedSchedule scope({.order = Order::forward});
        EXPECT_EQ(missing_second_barrier(256, 3), 3);
    }
    const ScopedSchedule scope(random_order(1));
    EXPECT_GT(missing_second_barrier(256, 3), 128);
}

TEST(LostUpdate, shows_only_with_preemption) {
    for (const Order order : {Order::forward, Order::reverse}) {
        const ScopedSchedule scope({.order = order});
        EXPECT_EQ(lost_update(64), 64);
    }
    for (int seed = 1; seed <= seeds; ++seed) {
        {
            const ScopedSchedule scope(random_order(seed));
            EXPECT_EQ(lost_update(64), 64) << "seed " << seed;
        }
        const ScopedSchedule scope(random_order(seed, true));
        EXPECT_LT(lost_update(64), 64) << "seed " << seed;
        EXPECT_EQ(atomic_update(64), 64) << "seed " << seed;
    }
}

TEST(WarpExchange, without_warp_barrier_is_half_wrong) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        EXPECT_EQ(exchange_through_shared(WarpOrder::nothing), 16);
        EXPECT_EQ(exchange_through_shared(WarpOrder::barrier), 0);
    }
}

TEST(WarpExchange, ordered_by_a_shuffle_is_silent_here) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        EXPECT_EQ(exchange_through_shared(WarpOrder::shuffle), 0);
    }
}

TEST(BlocksWritingOneAddress, are_silent_here) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        EXPECT_EQ(blocks_write_one_address(3), 7);
    }
}

TEST(DivergentBarrier, names_both_lines_and_the_threads) {
    expect_fault_in_all_schedules(
        [] { divergent_barrier(128); },
        {"kernel \"divergent\": divergent barrier: threads wait at different lines (block 0,0,0",
         "64 threads wait in __syncthreads at " + marked_place("barriers.cu", "divergent.first") +
             ": 0-63",
         "64 threads wait in __syncthreads at " + marked_place("barriers.cu", "divergent.second") +
             ": 64-127"});
}

TEST(DivergentBarrier, names_the_seed) {
    const ScopedSchedule scope(random_order(77));
    EXPECT_NE(report_of([] { divergent_barrier(64); }).find("random, seed 77"), std::string::npos);
}

TEST(EarlyReturn, before_a_barrier_is_reported) {
    expect_fault_in_all_schedules(
        [] { early_return(64, 40, false); },
        {"threads returned before a barrier that others wait in",
         "40 threads wait in __syncthreads at " +
             marked_place("barriers.cu", "early_return.barrier") + ": 0-39",
         "24 threads returned: 40-63"});
}

TEST(EarlyReturn, is_admitted_where_the_launch_says_so) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        EXPECT_NO_THROW(early_return(64, 40, true));
    }
}

TEST(BarrierInBranch, is_reported) {
    expect_fault_in_all_schedules([] { barrier_in_branch(128); },
                                  {"threads returned before a barrier that others wait in",
                                   "100 threads wait in __syncthreads at " +
                                       marked_place("barriers.cu", "branch.barrier") + ": 0-99"});
}

TEST(Deadlock, names_who_waits_where) {
    expect_fault_in_all_schedules([] { deadlock(); },
                                  {"deadlock: no thread can run",
                                   "16 threads wait in __syncthreads at " +
                                       marked_place("barriers.cu", "deadlock.block") + ": 0-15",
                                   "16 threads wait in __syncwarp at " +
                                       marked_place("barriers.cu", "deadlock.warp") + ": 16-31"});
}

TEST(Shuffle, from_a_returned_lane_is_reported) {
    expect_fault_in_all_schedules([] { shuffle_from_returned_lane(); },
                                  {"lane 8 shuffles from lane 16, which has returned"});
}

TEST(Shuffle, from_a_lane_outside_the_mask_is_reported) {
    expect_fault_in_all_schedules([] { shuffle_from_unnamed_lane(); },
                                  {"lane 15 shuffles from lane 16, which the mask does not name"});
}

TEST(WarpOperations, that_differ_are_reported) {
    expect_fault_in_all_schedules(
        [] { mixed_warp_operations(); },
        {"warp operations do not match: lanes of one warp are at different operations",
         "in __shfl_xor_sync at " + marked_place("warps.cu", "mixed.shuffle"),
         "in __any_sync at " + marked_place("warps.cu", "mixed.vote")});
}

TEST(WarpOperations, at_two_lines_are_reported) {
    expect_fault_in_all_schedules([] { warp_operation_at_two_lines(); },
                                  {"lanes of one warp are at different operations"});
}

TEST(WarpOperations, with_different_masks_are_reported) {
    expect_fault_in_all_schedules([] { different_masks(); },
                                  {"lanes of one warp name different masks"});
}

TEST(UnwrittenSharedMemory, reads_as_nan) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        const std::vector<float> output = read_unwritten_shared(32);
        EXPECT_TRUE(
            std::all_of(output.begin(), output.end(), [](float x) { return std::isnan(x); }));
    }
}

TEST(IndexPastTheEnd, is_silent_without_a_sanitizer) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        EXPECT_NO_THROW(past_fixed_array(1));
        if (emulation::address_sanitizer_present()) continue;
        EXPECT_NO_THROW(past_dynamic_shared());
    }
}

TEST(AsynchronousCopy, without_the_wait_gives_poison_everywhere) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        EXPECT_EQ(asynchronous_copy(CopyFault::none, 64), 0);
        EXPECT_EQ(asynchronous_copy(CopyFault::wait_missing, 64), 64);
    }
}

TEST(AsynchronousCopy, without_the_barrier_is_partly_wrong) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        const int wrong = asynchronous_copy(CopyFault::barrier_missing, 64);
        EXPECT_GT(wrong, 0);
        EXPECT_LT(wrong, 64);
    }
}

TEST(AsynchronousCopy, unfinished_at_the_return_is_reported) {
    expect_fault_in_all_schedules([] { unfinished_copy(); },
                                  {"unfinished asynchronous copies, issued at",
                                   marked_place("memory.cu", "unfinished.copy")});
}

}  // namespace
}  // namespace elm::planted
