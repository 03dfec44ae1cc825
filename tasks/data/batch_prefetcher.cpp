#include "tasks/data/batch_prefetcher.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "kernels/core/support/check.h"

namespace elm {

// A ring of depth + 1 batches. Batch k of the run lies in slot k % size.
// 1. Batches [taken, claimed) are made or being made, each by the thread that claimed it; the slot
//    says which are done.
// 2. The slot of batch taken - 1 is with the caller until the next call of next().
// 3. A thread claims batch `claimed` when its slot is neither of these: claimed - taken < depth.
struct BatchPrefetcher::Implementation {
    struct Slot {
        Batch batch;
        bool done = false;
        std::exception_ptr failure;
    };

    Implementation(Fill fill_batch, std::int64_t first, std::int64_t ahead, int n_threads)
        : fill(std::move(fill_batch)),
          first_index(first),
          depth(ahead),
          ring(static_cast<std::size_t>(ahead) + 1) {
        const std::int64_t count = std::min<std::int64_t>(n_threads, depth);
        for (std::int64_t k = 0; k < count; ++k) threads.emplace_back([this] { run(); });
    }

    ~Implementation() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
        }
        changed.notify_all();
        for (std::thread& thread : threads) thread.join();
    }

    Slot& slot(std::int64_t batch) { return ring[static_cast<std::size_t>(batch) % ring.size()]; }

    void run() {
        std::unique_lock lock(mutex);
        while (true) {
            changed.wait(lock, [&] { return stopping || claimed - taken < depth; });
            if (stopping) return;
            const std::int64_t batch = claimed++;
            Slot& own = slot(batch);
            own.done = false;
            lock.unlock();
            std::exception_ptr failure;
            try {
                fill(first_index + batch, own.batch);
            } catch (...) {
                failure = std::current_exception();
            }
            lock.lock();
            own.failure = failure;
            own.done = true;
            changed.notify_all();
        }
    }

    Batch& next() {
        if (depth == 0) {
            fill(first_index + taken, slot(taken).batch);
            return slot(taken++).batch;
        }
        std::unique_lock lock(mutex);
        Slot& wanted = slot(taken);
        changed.wait(lock, [&] { return taken < claimed && wanted.done; });
        if (wanted.failure) std::rethrow_exception(wanted.failure);
        ++taken;
        changed.notify_all();
        return wanted.batch;
    }

    const Fill fill;
    const std::int64_t first_index, depth;
    std::mutex mutex;  // of all below, but for the batches
    std::condition_variable changed;
    std::vector<Slot> ring;
    std::int64_t claimed = 0, taken = 0;  // batches
    bool stopping = false;
    std::vector<std::thread> threads;
};

BatchPrefetcher::BatchPrefetcher(Fill fill, std::int64_t first_index, std::int64_t depth,
                                 int threads) {
    ELM_CHECK(depth >= 0 && first_index >= 0,
              "{} batches ahead, from batch {} on: expected 0 or more of each", depth, first_index);
    ELM_CHECK(threads >= 1, "{} threads that prepare batches: expected 1 or more", threads);
    work_ = std::make_unique<Implementation>(std::move(fill), first_index, depth, threads);
}

BatchPrefetcher::~BatchPrefetcher() = default;

Batch& BatchPrefetcher::next() { return work_->next(); }

}  // namespace elm
