#include <cstring>
#include <span>
#include <utility>

#include "kernels/core/cuda/emulation/scheduler.h"

namespace elm::emulation {

int Scheduler::wait_at_block_barrier(BarrierKind kind, bool predicate, Site site) {
    static constexpr const char* names[] = {"__syncthreads", "__syncthreads_count",
                                            "__syncthreads_and", "__syncthreads_or"};
    Barrier& barrier = current_->block->barrier;
    arrive(barrier, names[static_cast<int>(kind)], predicate, site);
    switch (kind) {
        case BarrierKind::sync:
            return 0;
        case BarrierKind::count:
            return static_cast<int>(barrier.result_count);
        case BarrierKind::all:
            return barrier.result_count == barrier.result_waiting ? 1 : 0;
        case BarrierKind::any:
            return barrier.result_count > 0 ? 1 : 0;
    }
    return 0;
}

void Scheduler::wait_at_grid_barrier(Site site) {
    if (!shape_.cooperative) raise("grid_sync in a launch that is not cooperative");
    arrive(grid_barrier_, "grid_sync", false, site);
}

void Scheduler::arrive(Barrier& barrier, const char* operation, bool predicate, Site site) {
    SyncPoint& sync = barrier.sync[barrier.phase & 1];
    sync.release();
    wait(State::at_barrier, operation, site);
    ++barrier.waiting;
    if (predicate) ++barrier.predicates;
    complete_if_due(barrier);
    Thread* next = pick();
    if (next == nullptr) raise("deadlock: no thread can run");
    switch_to(*next);
    sync.acquire();
}

void Scheduler::complete_if_due(Barrier& barrier) {
    if (barrier.waiting == 0 || barrier.waiting + barrier.exited < barrier.members) return;
    check_agreement(barrier);
    barrier.result_count = std::exchange(barrier.predicates, 0);
    barrier.result_waiting = std::exchange(barrier.waiting, 0);
    ++barrier.phase;
    for (Thread& thread : std::span(barrier.threads, barrier.members)) {
        if (thread.state == State::at_barrier) make_ready(thread);
    }
}

/// All members have arrived or returned. Faults unless they wait at one and the same barrier.
void Scheduler::check_agreement(const Barrier& barrier) {
    const bool may_return = shape_.early_exit && &barrier != &grid_barrier_;
    if (barrier.exited > 0 && !may_return) {
        raise("threads returned before a barrier that others wait in");
    }
    const Thread* first = nullptr;
    for (const Thread& thread : std::span(barrier.threads, barrier.members)) {
        if (thread.state != State::at_barrier) continue;
        if (first == nullptr) first = &thread;
        if (std::strcmp(thread.operation, first->operation) != 0 ||
            thread.site.line != first->site.line ||
            std::strcmp(thread.site.file, first->site.file) != 0) {
            raise("divergent barrier: threads wait at different lines");
        }
    }
}

}  // namespace elm::emulation
