#include "tasks/neuronio/window_prefetcher.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "kernels/core/check.h"
#include "tasks/neuronio/neuronio_dataset.h"

namespace elm {

// A ring of depth + 1 batches. Batch k of the run lies in slot k % size.
// 1. Slots of batches [taken_, made_) are ready; only next() reads them.
// 2. The slot of batch taken_ - 1 is with the caller until the next call of next().
// 3. The thread writes batch made_ when its slot is neither of these: made_ - taken_ < depth.
struct WindowPrefetcher::Implementation {
    Implementation(const NeuronIoDataset& source, const WindowOptions& window_options,
                   std::uint64_t run_seed, std::int64_t first, std::int64_t ahead)
        : data(source),
          options(window_options),
          seed(run_seed),
          first_update(first),
          depth(ahead),
          ring(static_cast<std::size_t>(ahead) + 1) {
        if (depth > 0) thread = std::thread([this] { run(); });
    }

    ~Implementation() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
        }
        changed.notify_all();
        if (thread.joinable()) thread.join();
    }

    NeuronIoBatch& slot(std::int64_t batch) {
        return ring[static_cast<std::size_t>(batch) % ring.size()];
    }

    void run() {
        std::unique_lock lock(mutex);
        while (true) {
            changed.wait(lock, [&] { return stopping || made - taken < depth; });
            if (stopping) return;
            const std::int64_t batch = made;
            lock.unlock();
            try {
                sample_windows(data, options, seed, first_update + batch, slot(batch));
            } catch (...) {
                lock.lock();
                failure = std::current_exception();
                changed.notify_all();
                return;
            }
            lock.lock();
            ++made;
            changed.notify_all();
        }
    }

    NeuronIoBatch& next() {
        if (depth == 0) {
            sample_windows(data, options, seed, first_update + taken, slot(taken));
            return slot(taken++);
        }
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return taken < made || failure; });
        if (taken == made) std::rethrow_exception(failure);
        ++taken;
        changed.notify_all();
        return slot(taken - 1);
    }

    const NeuronIoDataset& data;
    const WindowOptions options;
    const std::uint64_t seed;
    const std::int64_t first_update, depth;
    std::vector<NeuronIoBatch> ring;
    std::mutex mutex;  // of all below
    std::condition_variable changed;
    std::int64_t made = 0, taken = 0;  // batches
    std::exception_ptr failure;        // of batch made
    bool stopping = false;
    std::thread thread;
};

WindowPrefetcher::WindowPrefetcher(const NeuronIoDataset& data, const WindowOptions& options,
                                   std::uint64_t seed, std::int64_t first_update,
                                   std::int64_t depth) {
    constexpr std::int64_t depth_on_demand = 4;
    check_windows(data, options);
    if (depth == automatic) depth = data.in_memory() ? 0 : depth_on_demand;
    ELM_CHECK(depth >= 0 && first_update >= 0,
              "{} batches ahead, from update {} on: expected 0 or "
              "more of each",
              depth, first_update);
    work_ = std::make_unique<Implementation>(data, options, seed, first_update, depth);
}

WindowPrefetcher::~WindowPrefetcher() = default;

NeuronIoBatch& WindowPrefetcher::next() { return work_->next(); }

}  // namespace elm
