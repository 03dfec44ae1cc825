#pragma once

/// The part of CUDA that kernels use, for a host compiler: each thread of a block is a fibre of one
/// OS thread. Only names that have the meaning of the device are here; a missing name is a compile
/// error, never an approximation. README.md beside this file says what the emulation can and cannot
/// tell.

#include <math.h>  // the maths functions in the global namespace, as CUDA has them

#include <atomic>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "kernels/core/cuda/emulation/control.h"
#include "kernels/core/cuda/emulation/types.h"

// Rewritten at every switch between threads.
extern uint3 threadIdx;
extern uint3 blockIdx;
extern dim3 blockDim;
extern dim3 gridDim;
inline constexpr int warpSize = 32;

#define ELM_EMULATED_SITE ::elm::emulation::Site site = {__builtin_FILE(), __builtin_LINE()}

namespace elm::emulation {

// --- what the header needs of the runtime -------------------------------------------------------

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

// --- helpers of this header ---------------------------------------------------------------------

template <class T>
concept Word = std::is_arithmetic_v<T> &&(sizeof(T) == 4 || sizeof(T) == 8);

template <Word T>
std::uint64_t to_bits(T value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return bits;
}

template <Word T>
T from_bits(std::uint64_t bits) {
    T value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

template <class T, class... Options>
concept OneOf = (std::same_as<T, Options> || ...);

template <class T>
concept Integer = OneOf<T, int, unsigned, long long, unsigned long long>;
template <class T>
concept Addable = OneOf<T, int, unsigned, unsigned long long, float, double>;
template <class T>
concept Exchangeable = OneOf<T, int, unsigned, unsigned long long, float>;
template <class T>
concept Comparable = OneOf<T, int, unsigned, unsigned long long, unsigned short>;
template <class T>
concept BitField = OneOf<T, int, unsigned, unsigned long long>;

/// Replaces the value at `address` by update(value) in one step, and returns the old value.
template <class T, class Update>
T atomic_update(T* address, Update update) {
    preemption_point();
    std::atomic_ref<T> target(*address);
    T seen = target.load(std::memory_order_relaxed);
    while (!target.compare_exchange_weak(seen, update(seen), std::memory_order_relaxed)) {
    }
    return seen;
}

}  // namespace elm::emulation

// --- barriers -----------------------------------------------------------------------------------

// NOLINTBEGIN(bugprone-reserved-identifier): the names are CUDA's.
inline void __syncthreads(ELM_EMULATED_SITE) {
    elm::emulation::block_barrier(elm::emulation::BarrierKind::sync, false, site);
}
inline int __syncthreads_count(int predicate, ELM_EMULATED_SITE) {
    return elm::emulation::block_barrier(elm::emulation::BarrierKind::count, predicate != 0, site);
}
inline int __syncthreads_and(int predicate, ELM_EMULATED_SITE) {
    return elm::emulation::block_barrier(elm::emulation::BarrierKind::all, predicate != 0, site);
}
inline int __syncthreads_or(int predicate, ELM_EMULATED_SITE) {
    return elm::emulation::block_barrier(elm::emulation::BarrierKind::any, predicate != 0, site);
}
inline void __syncwarp(unsigned mask = 0xFFFFFFFFu, ELM_EMULATED_SITE) {
    elm::emulation::warp_barrier(mask, site);
}

// --- warp operations ----------------------------------------------------------------------------

template <elm::emulation::Word T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, ELM_EMULATED_SITE) {
    namespace em = elm::emulation;
    return em::from_bits<T>(
        em::shuffle(em::Shuffle::index, mask, em::to_bits(value), source, width, site));
}
template <elm::emulation::Word T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, ELM_EMULATED_SITE) {
    namespace em = elm::emulation;
    const int shift = static_cast<int>(delta);
    return em::from_bits<T>(
        em::shuffle(em::Shuffle::up, mask, em::to_bits(value), shift, width, site));
}
template <elm::emulation::Word T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, ELM_EMULATED_SITE) {
    namespace em = elm::emulation;
    const int shift = static_cast<int>(delta);
    return em::from_bits<T>(
        em::shuffle(em::Shuffle::down, mask, em::to_bits(value), shift, width, site));
}
template <elm::emulation::Word T>
T __shfl_xor_sync(unsigned mask, T value, int flip, int width = 32, ELM_EMULATED_SITE) {
    namespace em = elm::emulation;
    return em::from_bits<T>(
        em::shuffle(em::Shuffle::exclusive_or, mask, em::to_bits(value), flip, width, site));
}
inline unsigned __ballot_sync(unsigned mask, int predicate, ELM_EMULATED_SITE) {
    return elm::emulation::ballot(mask, predicate != 0, site);
}
inline int __any_sync(unsigned mask, int predicate, ELM_EMULATED_SITE) {
    return elm::emulation::any(mask, predicate != 0, site) ? 1 : 0;
}
inline int __all_sync(unsigned mask, int predicate, ELM_EMULATED_SITE) {
    return elm::emulation::all(mask, predicate != 0, site) ? 1 : 0;
}
template <elm::emulation::Word T>
unsigned __match_any_sync(unsigned mask, T value, ELM_EMULATED_SITE) {
    return elm::emulation::match_any(mask, elm::emulation::to_bits(value), site);
}

#define ELM_EMULATED_REDUCE(name, type, kind)                                              \
    inline type name(unsigned mask, type value, ELM_EMULATED_SITE) {                       \
        return elm::emulation::reduce(elm::emulation::Reduction::kind, mask, value, site); \
    }                                                                                      \
    static_assert(true)
ELM_EMULATED_REDUCE(__reduce_add_sync, int, add);
ELM_EMULATED_REDUCE(__reduce_add_sync, unsigned, add);
ELM_EMULATED_REDUCE(__reduce_min_sync, int, minimum);
ELM_EMULATED_REDUCE(__reduce_min_sync, unsigned, minimum);
ELM_EMULATED_REDUCE(__reduce_max_sync, int, maximum);
ELM_EMULATED_REDUCE(__reduce_max_sync, unsigned, maximum);
ELM_EMULATED_REDUCE(__reduce_and_sync, unsigned, bit_and);
ELM_EMULATED_REDUCE(__reduce_or_sync, unsigned, bit_or);
ELM_EMULATED_REDUCE(__reduce_xor_sync, unsigned, bit_xor);
#undef ELM_EMULATED_REDUCE

// --- atomics: relaxed, as on the device ---------------------------------------------------------

template <elm::emulation::Addable T>
T atomicAdd(T* address, std::type_identity_t<T> value) {
    elm::emulation::preemption_point();
    return std::atomic_ref<T>(*address).fetch_add(value, std::memory_order_relaxed);
}
template <elm::emulation::OneOf<int, unsigned> T>
T atomicSub(T* address, std::type_identity_t<T> value) {
    elm::emulation::preemption_point();
    return std::atomic_ref<T>(*address).fetch_sub(value, std::memory_order_relaxed);
}
template <elm::emulation::Integer T>
T atomicMax(T* address, std::type_identity_t<T> value) {
    return elm::emulation::atomic_update(address, [=](T old) { return old < value ? value : old; });
}
template <elm::emulation::Integer T>
T atomicMin(T* address, std::type_identity_t<T> value) {
    return elm::emulation::atomic_update(address, [=](T old) { return value < old ? value : old; });
}
template <elm::emulation::Exchangeable T>
T atomicExch(T* address, std::type_identity_t<T> value) {
    elm::emulation::preemption_point();
    return std::atomic_ref<T>(*address).exchange(value, std::memory_order_relaxed);
}
template <elm::emulation::Comparable T>
T atomicCAS(T* address, std::type_identity_t<T> expected, std::type_identity_t<T> desired) {
    elm::emulation::preemption_point();
    std::atomic_ref<T>(*address).compare_exchange_strong(expected, desired,
                                                         std::memory_order_relaxed);
    return expected;
}
template <elm::emulation::BitField T>
T atomicAnd(T* address, std::type_identity_t<T> value) {
    elm::emulation::preemption_point();
    return std::atomic_ref<T>(*address).fetch_and(value, std::memory_order_relaxed);
}
template <elm::emulation::BitField T>
T atomicOr(T* address, std::type_identity_t<T> value) {
    elm::emulation::preemption_point();
    return std::atomic_ref<T>(*address).fetch_or(value, std::memory_order_relaxed);
}
template <elm::emulation::BitField T>
T atomicXor(T* address, std::type_identity_t<T> value) {
    elm::emulation::preemption_point();
    return std::atomic_ref<T>(*address).fetch_xor(value, std::memory_order_relaxed);
}

// --- loads and stores with a cache hint ---------------------------------------------------------

template <class T>
T __ldg(const T* address) {
    return *address;
}
template <class T>
T __ldcs(const T* address) {
    return *address;
}
template <class T>
void __stcs(T* address, std::type_identity_t<T> value) {
    *address = value;
}

// --- maths: the accurate host function; the device differs in the last bits ----------------------

// math.h of glibc declares some of these names without exporting them, hence noexcept throughout.
inline float __expf(float x) noexcept { return expf(x); }
inline float __exp10f(float x) noexcept { return powf(10.0f, x); }
inline float __logf(float x) noexcept { return logf(x); }
inline float __log2f(float x) noexcept { return log2f(x); }
inline float __log10f(float x) noexcept { return log10f(x); }
inline float __sinf(float x) noexcept { return sinf(x); }
inline float __cosf(float x) noexcept { return cosf(x); }
inline float __powf(float x, float y) noexcept { return powf(x, y); }
inline float __fdividef(float x, float y) noexcept { return x / y; }
inline float __frcp_rn(float x) noexcept { return 1.0f / x; }
inline float __fsqrt_rn(float x) noexcept { return sqrtf(x); }
inline float __fadd_rn(float x, float y) noexcept { return x + y; }
inline float __fmul_rn(float x, float y) noexcept { return x * y; }
inline float __fmaf_rn(float x, float y, float z) noexcept { return fmaf(x, y, z); }
inline double __fma_rn(double x, double y, double z) noexcept { return fma(x, y, z); }
inline float __saturatef(float x) noexcept { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
inline float rsqrtf(float x) noexcept { return 1.0f / sqrtf(x); }
inline double rsqrt(double x) noexcept { return 1.0 / sqrt(x); }

inline int __float2int_rn(float x) noexcept { return static_cast<int>(nearbyintf(x)); }
inline int __float2int_rz(float x) noexcept { return static_cast<int>(x); }
inline int __float2int_rd(float x) noexcept { return static_cast<int>(floorf(x)); }
inline int __float2int_ru(float x) noexcept { return static_cast<int>(ceilf(x)); }
inline float __int2float_rn(int x) noexcept { return static_cast<float>(x); }
inline float __uint2float_rn(unsigned x) noexcept { return static_cast<float>(x); }
inline int __float_as_int(float x) noexcept { return std::bit_cast<int>(x); }
inline unsigned __float_as_uint(float x) noexcept { return std::bit_cast<unsigned>(x); }
inline float __int_as_float(int x) noexcept { return std::bit_cast<float>(x); }
inline float __uint_as_float(unsigned x) noexcept { return std::bit_cast<float>(x); }
inline long long __double_as_longlong(double x) noexcept { return std::bit_cast<long long>(x); }
inline double __longlong_as_double(long long x) noexcept { return std::bit_cast<double>(x); }

inline int __popc(unsigned x) noexcept { return std::popcount(x); }
inline int __popcll(unsigned long long x) noexcept { return std::popcount(x); }
inline int __clz(int x) noexcept { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __ffs(int x) noexcept { return __builtin_ffs(x); }
inline unsigned __umulhi(unsigned x, unsigned y) noexcept {
    return static_cast<unsigned>((std::uint64_t{x} * y) >> 32);
}
inline void __nanosleep(unsigned) { elm::emulation::yield(); }
// NOLINTEND(bugprone-reserved-identifier)

template <class T>
requires std::is_arithmetic_v<T>
constexpr T min(T x, T y) {
    if constexpr (std::is_floating_point_v<T>) return x != x ? y : (y < x ? y : x);
    return y < x ? y : x;
}
template <class T>
requires std::is_arithmetic_v<T>
constexpr T max(T x, T y) {
    if constexpr (std::is_floating_point_v<T>) return x != x ? y : (x < y ? y : x);
    return x < y ? y : x;
}

#undef ELM_EMULATED_SITE
