#include "kernels/core/support/parallel.h"

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/core/stream.h"
#include "kernels/core/support/error.h"

namespace elm {
namespace {

/// Threads of this test; what was before comes back.
class Parallel : public testing::TestWithParam<int> {
protected:
    Parallel() { set_thread_count(GetParam()); }
    ~Parallel() override { set_thread_count(before_); }

private:
    int before_ = thread_count();
};

/// Calls of each of `count` tasks.
std::vector<int> calls_of(std::int64_t count) {
    std::vector<std::atomic<int>> calls(static_cast<std::size_t>(count));
    Cpu::for_each_task(count, [&](std::int64_t task) { ++calls[static_cast<std::size_t>(task)]; });
    return {calls.begin(), calls.end()};
}

TEST_P(Parallel, every_task_is_called_once) {
    for (const std::int64_t count : {0, 1, 2, 3, 7, 100, 5000}) {
        EXPECT_EQ(calls_of(count), std::vector<int>(static_cast<std::size_t>(count), 1)) << count;
    }
}

TEST_P(Parallel, every_index_is_called_once) {
    Stream host{Device{}};
    for (const std::int64_t count : {0, 1, 255, 256, 257, 513, 300'000}) {
        std::vector<int> calls(static_cast<std::size_t>(count), 0);
        int* const data = calls.data();
        Cpu::for_each_index(host, count, [data](std::int64_t index) { ++data[index]; });
        EXPECT_EQ(calls, std::vector<int>(static_cast<std::size_t>(count), 1)) << count;
    }
}

TEST_P(Parallel, what_tasks_wrote_is_seen_by_the_caller_and_by_the_next_tasks) {
    std::vector<std::int64_t> values(64, 0);
    constexpr int rounds = 20'000;
    for (int round = 0; round < rounds; ++round) {
        // Each task reads what another thread may have written in the round before.
        const std::vector<std::int64_t> before = values;
        Cpu::for_each_task(std::ssize(values), [&](std::int64_t task) {
            const auto at = static_cast<std::size_t>(task);
            values[at] = before[(at + 1) % values.size()] + 1;
        });
    }
    EXPECT_EQ(values, std::vector<std::int64_t>(values.size(), rounds));
}

TEST_P(Parallel, tasks_inside_tasks_run) {
    std::vector<std::vector<int>> calls(9);
    Cpu::for_each_task(std::ssize(calls), [&](std::int64_t task) {
        calls[static_cast<std::size_t>(task)] = calls_of(50);
    });
    for (const std::vector<int>& inner : calls) EXPECT_EQ(inner, std::vector<int>(50, 1));
}

TEST_P(Parallel, several_threads_call_at_the_same_time) {
    std::vector<std::thread> callers;
    std::atomic<int> good = 0;
    for (int caller = 0; caller < 4; ++caller) {
        callers.emplace_back([&] {
            for (int round = 0; round < 500; ++round) good += calls_of(17) == std::vector(17, 1);
        });
    }
    for (std::thread& caller : callers) caller.join();
    EXPECT_EQ(good, 4 * 500);
}

TEST_P(Parallel, the_exception_of_the_lowest_index_is_thrown_and_ends_the_loop) {
    for (int round = 0; round < 200; ++round) {
        std::atomic<int> calls = 0;
        std::string message;
        try {
            Cpu::for_each_task(100'000, [&](std::int64_t task) {
                ++calls;
                if (task >= 40) throw std::runtime_error("task " + std::to_string(task));
            });
        } catch (const std::runtime_error& error) {
            message = error.what();
        }
        EXPECT_EQ(message, "task 40");
        EXPECT_LT(calls, 100'000);
    }
    EXPECT_EQ(calls_of(33), std::vector<int>(33, 1));  // and the next loop is whole
}

INSTANTIATE_TEST_SUITE_P(threads, Parallel, testing::Values(1, 2, 3, 8));

TEST(ThreadCount, is_checked) {
    EXPECT_THROW(set_thread_count(-1), Error);
    EXPECT_THROW(set_thread_count(1'000'000), Error);
    const int before = thread_count();
    set_thread_count(0);
    EXPECT_GE(thread_count(), 1);
    set_thread_count(before);
}

}  // namespace
}  // namespace elm
