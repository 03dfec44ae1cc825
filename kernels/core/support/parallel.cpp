// Threads that wait for tasks.
//
// Beside other work a thread may be taken off its core for milliseconds at any moment. So nobody
// waits for a thread that has not begun:
//
// 1. A call opens its job, then takes tasks itself. A worker that comes while the job is open joins
//    it; when no task is left the job is closed, and who comes later finds it so.
// 2. The caller then waits for those who have joined, each of which is inside its last task.
// 3. `gate` holds "open" and the number of those who have joined in one word, so that joining and
//    closing cannot miss each other. The fields of a job are written while the gate is closed and
//    nobody is inside, before it opens (release), and read after joining (acquire).
//
// Who waits looks at its word for a while, for that is faster than sleeping where the cores are
// free, then sleeps. A gap in the clock while it looks means that others want the core: then it
// sleeps at once for a while, ten times as long as the gap.

#include "kernels/core/support/parallel.h"

#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int most_threads = 4096;

/// Cores that this process may use.
int core_count() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

/// As OMP_NUM_THREADS says, which batch systems set, else all cores.
int first_thread_count() {
    const char* const text = std::getenv("OMP_NUM_THREADS");
    const long wanted = text == nullptr ? 0 : std::strtol(text, nullptr, 10);
    return wanted >= 1 && wanted <= most_threads ? static_cast<int>(wanted) : core_count();
}

void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// How one thread waits until a word no longer holds a value.
class Waiter {
public:
    explicit Waiter(Clock::duration patience) : patience_(patience) {}

    void wait(const std::atomic<std::uint32_t>& word, std::uint32_t old) {
        const Clock::time_point start = Clock::now();
        if (start >= sleeps_until_) {
            for (Clock::time_point last = start; last - start < patience_;) {
                for (int looks = 0; looks < 32; ++looks) {
                    if (word.load(std::memory_order_acquire) != old) return;
                    relax();
                }
                const Clock::time_point now = Clock::now();
                if (now - last > 200us) {
                    sleeps_until_ = now + 10 * (now - last);
                    break;
                }
                last = now;
            }
        }
        word.wait(old, std::memory_order_acquire);
    }

private:
    Clock::duration patience_;
    Clock::time_point sleeps_until_{};
};

class Pool {
public:
    void set_threads(int threads) { threads_ = threads; }
    int threads() const { return threads_; }

    void run(std::int64_t count, const detail::Task& task) {
        const auto helpers =
            std::min(static_cast<int>(std::min<std::int64_t>(count, most_threads)), threads()) - 1;
        // One job at a time: who comes from another thread meanwhile works alone.
        std::unique_lock caller(caller_, std::defer_lock);
        if (helpers < 1 || inside_ || !caller.try_lock()) {
            for (std::int64_t index = 0; index < count; ++index) task.call(task.body, index);
            return;
        }
        start_workers(helpers);
        task_ = task;
        count_ = count;
        helpers_ = helpers;
        next_.store(0, std::memory_order_relaxed);
        gate_.store(open, std::memory_order_release);
        jobs_.fetch_add(1);
        jobs_.notify_all();
        take_tasks();
        static thread_local Waiter waiter(2ms);
        for (std::uint32_t joined = gate_.fetch_and(~open) & ~open; joined > 0;
             joined = gate_.load(std::memory_order_acquire)) {
            waiter.wait(gate_, joined);
        }
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    }

private:
    static constexpr std::uint32_t open = 1U << 31;

    /// As many as the system gives: the caller does what they do not.
    void start_workers(int count) {
        try {
            for (; workers_ < count; ++workers_) std::thread([this] { work(); }).detach();
        } catch (const std::system_error&) {
        }
    }

    [[noreturn]] void work() {
        Waiter waiter(200us);
        for (std::uint32_t seen = jobs_.load();; seen = jobs_.load()) {
            if (join()) {
                take_tasks();
                if (gate_.fetch_sub(1) == 1) gate_.notify_all();
            }
            waiter.wait(jobs_, seen);
        }
    }

    /// False if no job is open, or enough have joined.
    bool join() {
        std::uint32_t gate = gate_.load();
        while ((gate & open) != 0 && static_cast<int>(gate & ~open) < helpers_.load()) {
            if (gate_.compare_exchange_weak(gate, gate + 1)) return true;
        }
        return false;
    }

    void take_tasks() {
        inside_ = true;
        const detail::Task task = task_;
        const std::int64_t count = count_;
        for (std::int64_t index; (index = next_.fetch_add(1, std::memory_order_relaxed)) < count;) {
            try {
                task.call(task.body, index);
            } catch (...) {
                note_failure(index);
            }
        }
        inside_ = false;
    }

    /// Tasks are begun in order, so that of the first one that throws is known to be the first.
    void note_failure(std::int64_t index) {
        const std::lock_guard lock(failure_lock_);
        if (!failure_ || index < failed_) {
            failure_ = std::current_exception();
            failed_ = index;
        }
        next_.store(count_, std::memory_order_relaxed);
    }

    static thread_local bool inside_;  // a task: what it starts runs in its own thread

    std::atomic<int> threads_{first_thread_count()};
    std::mutex caller_;
    int workers_ = 0;
    std::atomic<std::uint32_t> jobs_{0}, gate_{0};
    std::atomic<int> helpers_{0};
    std::atomic<std::int64_t> next_{0};
    detail::Task task_{};
    std::int64_t count_ = 0;
    std::mutex failure_lock_;
    std::exception_ptr failure_;
    std::int64_t failed_ = 0;
};

thread_local bool Pool::inside_ = false;

Pool& pool() {
    static Pool& instance = *new Pool;  // never destroyed: its threads end with the program
    return instance;
}

}  // namespace

void set_thread_count(int threads) {
    ELM_CHECK(threads >= 0 && threads <= most_threads,
              "the number of threads is {}, expected 1 to {}", threads, most_threads);
    pool().set_threads(threads == 0 ? core_count() : threads);
}

int thread_count() { return pool().threads(); }

namespace detail {

void run_tasks(std::int64_t count, const Task& task) { pool().run(count, task); }

}  // namespace detail
}  // namespace elm
