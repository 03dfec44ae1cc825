#include <bit>
#include <cstring>
#include <string>

#include "kernels/core/cuda/emulation/scheduler.h"

namespace elm::emulation {

// --- the rendezvous of lanes --------------------------------------------------------------------

Warp& Scheduler::warp_of(const Thread& thread) {
    return thread.block->warps[thread.linear_index / 32];
}

void Scheduler::join_warp_operation(const WarpOperation& operation, unsigned mask, void* slot,
                                    Site site) {
    Thread& me = *current_;
    Warp& warp = warp_of(me);
    const unsigned bit = 1u << me.lane();
    wait(State::at_warp_operation, operation.name, site);
    me.slot = slot;
    if ((mask & bit) == 0) raise(std::string(operation.name) + ": the mask lacks the calling lane");
    mask &= warp.present;

    SyncPoint* sync = nullptr;
    if (has_tsan() && operation.orders_memory) {
        const IgnoreScope bookkeeping;
        Warp::Sync& order = warp.sync[mask];
        sync = &order.points[order.phase & 1];
    }
    if (sync != nullptr) sync->release();

    unsigned index = 0;
    while (index < warp.open_groups && (warp.groups[index].mask & mask) == 0) ++index;
    if (index == warp.open_groups) {
        warp.groups[warp.open_groups++] = {&operation, site, mask, 0};
    }
    WarpGroup& group = warp.groups[index];
    if (group.mask != mask) {
        raise("warp operations do not match: lanes of one warp name different masks");
    }
    if (group.operation != &operation || group.site.line != site.line ||
        std::strcmp(group.site.file, site.file) != 0) {
        raise("warp operations do not match: lanes of one warp are at different operations");
    }
    group.arrived |= bit;
    complete_if_due(warp, index);

    Thread* next = pick();
    if (next == nullptr) raise("deadlock: no thread can run");
    switch_to(*next);
    if (sync != nullptr) sync->acquire();
}

/// Computes the results and wakes the lanes once all named lanes have arrived or returned. A
/// completed group leaves the list; another may take its place.
bool Scheduler::complete_if_due(Warp& warp, unsigned group_index) {
    const WarpGroup group = warp.groups[group_index];
    if ((group.mask & ~(group.arrived | warp.exited)) != 0) return false;
    Thread* lanes = current_->block->threads + (current_->linear_index & ~31u);
    Gathered gathered{};
    gathered.mask = group.mask;
    gathered.arrived = group.arrived;
    for (unsigned lane = 0; lane < 32; ++lane) {
        if ((group.arrived >> lane & 1) != 0) gathered.slots[lane] = lanes[lane].slot;
    }
    if (group.operation->combine != nullptr) group.operation->combine(gathered);
    if (has_tsan() && group.operation->orders_memory) ++warp.sync.at(group.mask).phase;
    warp.groups[group_index] = warp.groups[--warp.open_groups];
    for (unsigned lane = 0; lane < 32; ++lane) {
        if ((group.arrived >> lane & 1) != 0) make_ready(lanes[lane]);
    }
    return true;
}

// --- the operations -----------------------------------------------------------------------------

namespace {

struct ShuffleSlot {
    std::uint64_t bits;
    std::uint64_t result;
    unsigned source;  ///< the own lane, where the source lies outside the segment
};

/// Source lane of `shfl.sync`, PTX ISA, section "Data Movement and Conversion Instructions".
unsigned source_lane(Shuffle kind, unsigned lane, int argument, int width) {
    const auto size = static_cast<unsigned>(width);
    const unsigned first = lane & ~(size - 1);
    const unsigned last = first + size - 1;
    const unsigned value = static_cast<unsigned>(argument) & 31u;  // the instruction reads 5 bits
    switch (kind) {
        case Shuffle::index:
            return first | (value & (size - 1));
        case Shuffle::up:
            return lane >= first + value ? lane - value : lane;
        case Shuffle::down:
            return lane + value <= last ? lane + value : lane;
        case Shuffle::exclusive_or:
            break;
    }
    return (lane ^ value) <= last ? lane ^ value : lane;
}

void combine_shuffle(const Gathered& gathered) {
    for (unsigned lane = 0; lane < 32; ++lane) {
        auto* slot = static_cast<ShuffleSlot*>(gathered.slots[lane]);
        if (slot == nullptr) continue;
        const auto* source = static_cast<const ShuffleSlot*>(gathered.slots[slot->source]);
        if (source == nullptr) {
            const bool named = (gathered.mask >> slot->source & 1) != 0;
            scheduler().raise("lane " + std::to_string(lane) + " shuffles from lane " +
                              std::to_string(slot->source) +
                              (named ? ", which has returned" : ", which the mask does not name"));
        }
        slot->result = source->bits;
    }
}

constexpr WarpOperation shuffle_operations[] = {
    {"__shfl_sync", &combine_shuffle, false},
    {"__shfl_up_sync", &combine_shuffle, false},
    {"__shfl_down_sync", &combine_shuffle, false},
    {"__shfl_xor_sync", &combine_shuffle, false},
};

struct VoteSlot {
    bool predicate;
    unsigned holding;  ///< lanes whose predicate holds
    unsigned arrived;
};

void combine_vote(const Gathered& gathered) {
    unsigned holding = 0;
    for (unsigned lane = 0; lane < 32; ++lane) {
        const auto* slot = static_cast<const VoteSlot*>(gathered.slots[lane]);
        if (slot != nullptr && slot->predicate) holding |= 1u << lane;
    }
    for (void* slot : gathered.slots) {
        if (slot == nullptr) continue;
        static_cast<VoteSlot*>(slot)->holding = holding;
        static_cast<VoteSlot*>(slot)->arrived = gathered.arrived;
    }
}

constexpr WarpOperation ballot_operation{"__ballot_sync", &combine_vote, false};
constexpr WarpOperation any_operation{"__any_sync", &combine_vote, false};
constexpr WarpOperation all_operation{"__all_sync", &combine_vote, false};

VoteSlot vote(const WarpOperation& operation, unsigned mask, bool predicate, Site site) {
    VoteSlot slot{predicate, 0, 0};
    warp_collective(operation, mask, &slot, site);
    return slot;
}

struct MatchSlot {
    std::uint64_t bits;
    unsigned equal;
};

void combine_match(const Gathered& gathered) {
    for (void* mine : gathered.slots) {
        if (mine == nullptr) continue;
        auto& slot = *static_cast<MatchSlot*>(mine);
        for (unsigned lane = 0; lane < 32; ++lane) {
            const auto* other = static_cast<const MatchSlot*>(gathered.slots[lane]);
            if (other != nullptr && other->bits == slot.bits) slot.equal |= 1u << lane;
        }
    }
}

constexpr WarpOperation match_operation{"__match_any_sync", &combine_match, false};

template <class T>
struct ReduceSlot {
    Reduction kind;
    T value;
    T result;
};

template <class T>
T apply(Reduction kind, T x, T y) {
    const auto left = static_cast<unsigned>(x);
    const auto right = static_cast<unsigned>(y);
    switch (kind) {
        case Reduction::add:
            return static_cast<T>(left + right);
        case Reduction::minimum:
            return x < y ? x : y;
        case Reduction::maximum:
            return x < y ? y : x;
        case Reduction::bit_and:
            return static_cast<T>(left & right);
        case Reduction::bit_or:
            return static_cast<T>(left | right);
        case Reduction::bit_xor:
            break;
    }
    return static_cast<T>(left ^ right);
}

template <class T>
void combine_reduce(const Gathered& gathered) {
    const ReduceSlot<T>* total = nullptr;
    T value{};
    for (const void* mine : gathered.slots) {
        if (mine == nullptr) continue;
        const auto* slot = static_cast<const ReduceSlot<T>*>(mine);
        value = total == nullptr ? slot->value : apply(slot->kind, value, slot->value);
        total = slot;
    }
    for (void* mine : gathered.slots) {
        if (mine != nullptr) static_cast<ReduceSlot<T>*>(mine)->result = value;
    }
}

// One operation per kind, so that two kinds do not meet; indexed by Reduction.
template <class T>
constexpr WarpOperation reduce_operations[] = {
    {"__reduce_add_sync", &combine_reduce<T>, false},
    {"__reduce_min_sync", &combine_reduce<T>, false},
    {"__reduce_max_sync", &combine_reduce<T>, false},
    {"__reduce_and_sync", &combine_reduce<T>, false},
    {"__reduce_or_sync", &combine_reduce<T>, false},
    {"__reduce_xor_sync", &combine_reduce<T>, false},
};

template <class T>
T reduce_lanes(Reduction kind, unsigned mask, T value, Site site) {
    ReduceSlot<T> slot{kind, value, T{}};
    warp_collective(reduce_operations<T>[static_cast<int>(kind)], mask, &slot, site);
    return slot.result;
}

constexpr WarpOperation warp_barrier_operation{"__syncwarp", nullptr, true};

}  // namespace

void warp_collective(const WarpOperation& operation, unsigned mask, void* slot, Site site) {
    if (!scheduler().running()) throw DeviceFault("device function called outside a kernel");
    scheduler().join_warp_operation(operation, mask, slot, site);
}

std::uint64_t shuffle(Shuffle kind, unsigned mask, std::uint64_t bits, int argument, int width,
                      Site site) {
    const WarpOperation& operation = shuffle_operations[static_cast<int>(kind)];
    if (width < 1 || width > 32 || !std::has_single_bit(static_cast<unsigned>(width))) {
        scheduler().raise(std::string(operation.name) + ": width " + std::to_string(width) +
                          " is no power of two up to 32");
    }
    const unsigned lane = scheduler().current().lane();
    ShuffleSlot slot{bits, 0, source_lane(kind, lane, argument, width)};
    warp_collective(operation, mask, &slot, site);
    return slot.result;
}

unsigned ballot(unsigned mask, bool predicate, Site site) {
    return vote(ballot_operation, mask, predicate, site).holding;
}

bool any(unsigned mask, bool predicate, Site site) {
    return vote(any_operation, mask, predicate, site).holding != 0;
}

bool all(unsigned mask, bool predicate, Site site) {
    const VoteSlot slot = vote(all_operation, mask, predicate, site);
    return slot.holding == slot.arrived;
}

unsigned match_any(unsigned mask, std::uint64_t bits, Site site) {
    MatchSlot slot{bits, 0};
    warp_collective(match_operation, mask, &slot, site);
    return slot.equal;
}

void warp_barrier(unsigned mask, Site site) {
    warp_collective(warp_barrier_operation, mask, nullptr, site);
}

unsigned reduce(Reduction kind, unsigned mask, unsigned value, Site site) {
    return reduce_lanes(kind, mask, value, site);
}

int reduce(Reduction kind, unsigned mask, int value, Site site) {
    return reduce_lanes(kind, mask, value, site);
}

// --- asynchronous copies ------------------------------------------------------------------------

void queue_copy(const PendingCopy& copy, Site site) {
    const auto misaligned = [&](const void* address) {
        return reinterpret_cast<std::uintptr_t>(address) % copy.bytes != 0;
    };
    if (misaligned(copy.destination) || misaligned(copy.source)) {
        scheduler().raise("asynchronous copy of " + std::to_string(copy.bytes) +
                          " bytes: an address is not a multiple of that");
    }
    const IgnoreScope bookkeeping;
    Thread& me = scheduler().current();
    me.copies.push_back({copy, site, me.copy_group});
}

void commit_copies() { ++scheduler().current().copy_group; }

bool take_due_copy(unsigned pending, PendingCopy& copy) {
    Thread& me = scheduler().current();
    // Groups are numbered from 0; the open one, not yet committed, is number copy_group.
    if (me.copies.empty() || me.copies.front().group + pending >= me.copy_group) return false;
    const IgnoreScope bookkeeping;
    copy = me.copies.front().copy;
    me.copies.erase(me.copies.begin());
    return true;
}

}  // namespace elm::emulation
