#pragma once

#include <atomic>
#include <concepts>
#include <type_traits>

#include "kernels/core/cuda/emulation/kernel_calls.h"

/// CUDA's functions that read and write memory.

namespace elm::emulation {

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

// NOLINTBEGIN(bugprone-reserved-identifier): the names are CUDA's.

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
// NOLINTEND(bugprone-reserved-identifier)
