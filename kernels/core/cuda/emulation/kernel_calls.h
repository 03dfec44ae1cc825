#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/core/cuda/emulation/control.h"
#include "kernels/core/cuda/emulation/types.h"

/// What CUDA's functions ask of the runtime.
namespace elm::emulation {

extern bool preemption_enabled;  // true only inside a launch with Schedule::preempt
void preempt();                  // interrupts the running thread with chance 1/8

/// A place where the running thread may be interrupted. Free when preemption is off.
inline void preemption_point() {
    if (preemption_enabled) preempt();
}

/// Lets another thread that can run go first. Device code that spins must call it. Faults when
/// nothing but spinning has happened for long.
void yield();

enum class BarrierKind : std::uint8_t { sync, count, all, any };
int block_barrier(BarrierKind kind, bool predicate, Site site);
void grid_barrier(Site site);

/// Storage of this block for `key`, filled with 0xFF on first use.
void* static_shared(const void* key, std::size_t bytes, std::size_t alignment);
/// The dynamic shared memory of this block; faults if the launch gave less than `bytes`.
void* dynamic_shared(std::size_t bytes, std::size_t alignment);

/// Values that the lanes of one warp brought to a collective. A lane that did not arrive has no
/// slot.
struct Gathered {
    void* slots[32];
    unsigned mask;     ///< lanes named by the caller that the block really has
    unsigned arrived;  ///< lanes of the mask that have not exited
};

/// `combine` runs once, when the last lane arrives; it reads and writes the lanes' slots.
struct WarpOperation {
    const char* name;
    void (*combine)(const Gathered&);
    bool orders_memory;
};

/// Waits until all lanes of `mask` are at the same operation, mask and site.
void warp_collective(const WarpOperation& operation, unsigned mask, void* slot, Site site);

enum class Shuffle : std::uint8_t { index, up, down, exclusive_or };
std::uint64_t shuffle(Shuffle kind, unsigned mask, std::uint64_t bits, int argument, int width,
                      Site site);
unsigned ballot(unsigned mask, bool predicate, Site site);
bool any(unsigned mask, bool predicate, Site site);
bool all(unsigned mask, bool predicate, Site site);
unsigned match_any(unsigned mask, std::uint64_t bits, Site site);
void warp_barrier(unsigned mask, Site site);

enum class Reduction : std::uint8_t { add, minimum, maximum, bit_and, bit_or, bit_xor };
unsigned reduce(Reduction kind, unsigned mask, unsigned value, Site site);
int reduce(Reduction kind, unsigned mask, int value, Site site);

/// Asynchronous copies of the running thread; async_copy.cuh performs them, so that a sanitizer
/// sees the accesses as the kernel's own.
struct PendingCopy {
    void* destination;
    const void* source;
    bool inside;  ///< false: the source is not read, the destination becomes zero
    unsigned bytes;
};
void queue_copy(const PendingCopy& copy, Site site);
void commit_copies();
/// Takes the oldest copy that is not in the newest `pending` groups.
bool take_due_copy(unsigned pending, PendingCopy& copy);

/// Ends the kernel with a DeviceFault of this text.
[[noreturn]] void fault(const char* text);

}  // namespace elm::emulation
