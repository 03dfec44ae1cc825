#pragma once

/// The runtime's own view of a running kernel. Internal to this directory.

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernels/core/cuda/emulation/emulation.h"
#include "kernels/core/cuda/emulation/fibre.h"
#include "kernels/core/cuda/emulation/ready_list.h"
#include "kernels/core/cuda/emulation/sanitizers.h"

namespace elm::emulation {

struct Block;

enum class State : std::uint8_t { fresh, ready, running, at_barrier, at_warp_operation, exited };

struct QueuedCopy {
    PendingCopy copy;
    Site site;
    unsigned group;
};

struct Thread {
    Block* block = nullptr;
    Fibre* fibre = nullptr;  ///< null until the thread starts
    uint3 index = {};
    unsigned linear_index = 0;
    State state = State::fresh;
    const char* operation = "";  ///< what it waits in, and where
    Site site;
    void* slot = nullptr;  ///< what it brought to a warp operation
    std::vector<QueuedCopy> copies;
    unsigned copy_group = 0;

    unsigned lane() const { return linear_index % 32; }
};

/// A rendezvous of all threads of a block, or of the grid.
struct Barrier {
    Thread* threads = nullptr;
    unsigned members = 0;
    unsigned waiting = 0;
    unsigned exited = 0;
    unsigned predicates = 0;  ///< waiting threads whose predicate holds
    unsigned result_count = 0;
    unsigned result_waiting = 0;
    unsigned phase = 0;
    // Two, or a fast thread's next arrival would order itself before a slow thread's departure.
    std::array<SyncPoint, 2> sync;
};

/// Lanes that wait for one another in a warp operation.
struct WarpGroup {
    const WarpOperation* operation;
    Site site;
    unsigned mask;  ///< named lanes that exist
    unsigned arrived;
};

struct Warp {
    unsigned present = 0;
    unsigned exited = 0;
    unsigned open_groups = 0;
    std::array<WarpGroup, 32> groups;  ///< the first open_groups hold; their masks are disjoint

    /// Order between lanes for ThreadSanitizer. Keyed by mask, so that the lanes that release and
    /// those that acquire are the same ones.
    struct Sync {
        std::array<SyncPoint, 2> points;
        unsigned phase = 0;
    };
    std::map<unsigned, Sync> sync;
};

/// Shared memory of a block; each piece is an allocation of its own, so that AddressSanitizer
/// guards its ends.
struct SharedPiece {
    const void* key;
    std::size_t bytes;
    std::unique_ptr<void, void (*)(void*)> storage;
};

struct Block {
    uint3 index = {};
    Thread* threads = nullptr;
    unsigned thread_count = 0;
    Barrier barrier;
    std::vector<Warp> warps;
    std::vector<SharedPiece> shared;
    std::size_t static_shared_bytes = 0;
};

/// Runs one launch at a time. A fibre that must wait picks the next thread itself and jumps to it.
class Scheduler {
public:
    Scheduler();

    void run(const char* name, const Shape& shape, void (*body)(void*), void* context);

    // Called by the running thread.
    Thread& current() { return *current_; }
    bool running() const { return current_ != nullptr; }
    int wait_at_block_barrier(BarrierKind kind, bool predicate, Site site);
    void wait_at_grid_barrier(Site site);
    void join_warp_operation(const WarpOperation& operation, unsigned mask, void* slot, Site site);
    void preempt();
    void yield();
    void* static_shared(const void* key, std::size_t bytes, std::size_t alignment);
    void* dynamic_shared(std::size_t bytes, std::size_t alignment);
    [[noreturn]] void raise(const std::string& text);

    // For reports.
    const char* kernel_name() const { return name_; }
    const Shape& shape() const { return shape_; }
    const Schedule& active_schedule() const { return schedule_; }
    const std::vector<std::unique_ptr<Block>>& blocks() const { return blocks_; }
    const Thread* current_or_null() const { return current_; }

    std::uint64_t finished_threads() const { return finished_threads_; }

private:
    static void fibre_main(Fibre& self);
    void run_resident(const std::vector<std::uint64_t>& block_indices);
    std::vector<std::uint64_t> block_order();
    void make_block(std::uint64_t index, Thread* threads);
    void end_resident();
    void run_current() noexcept;
    void end_current();
    Thread* next_after_end() noexcept;

    void become(Thread& thread);
    Fibre& fibre_of(Thread& thread);
    void retire(Fibre& fibre);
    void wait(State state, const char* operation, Site site);
    void make_ready(Thread& thread);
    Thread* pick();
    void switch_to(Thread& next);
    std::uint64_t draw(std::uint64_t below);

    void arrive(Barrier& barrier, const char* operation, bool predicate, Site site);
    void complete_if_due(Barrier& barrier);
    void check_agreement(const Barrier& barrier);
    bool complete_if_due(Warp& warp, unsigned group_index);
    Warp& warp_of(const Thread& thread);
    void* add_shared(const void* key, std::size_t bytes, std::size_t alignment);

    FibrePool pool_;
    std::vector<Fibre*> retired_;  ///< under ThreadSanitizer a fibre serves one thread per block
    ReadyList ready_;
    std::vector<Thread> threads_;
    std::vector<std::unique_ptr<Block>> blocks_;
    Thread* current_ = nullptr;
    std::size_t live_ = 0;
    std::uint64_t idle_yields_ = 0;  ///< since a thread last waited or ended

    const char* name_ = "";
    Shape shape_;
    Schedule schedule_;
    void (*body_)(void*) = nullptr;
    void* context_ = nullptr;
    Barrier grid_barrier_;
    std::uint64_t random_state_ = 0;
    std::exception_ptr fault_;
    std::uint64_t finished_threads_ = 0;
    SyncPoint launched_;  ///< main -> threads
    SyncPoint ended_;     ///< threads -> main
};

Scheduler& scheduler();

/// The text of a fault: what, where, under which schedule, and who waits where.
std::string describe_fault(const Scheduler& state, const std::string& text);

/// Throws DeviceFault unless the device admits the launch.
void check_limits(const char* name, const Shape& shape, const Schedule& schedule);

}  // namespace elm::emulation
