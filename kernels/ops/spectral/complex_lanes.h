#pragma once

#include "kernels/core/simd/lane_blocks.h"
#include "kernels/ops/basic/complex_planes.h"

/// Complex numbers in float64, a vector of them, for the kernels of state spaces on the CPU.
namespace elm {

using DoubleLanes = Lanes<double>;

ELM_INLINE DoubleLanes fused(const DoubleLanes& a, const DoubleLanes& b, const DoubleLanes& c) {
    return WholeLanes<double>::fused(a, b, c);
}

struct ComplexLanes {
    DoubleLanes real{}, imag{};

    ELM_INLINE void multiply(const ComplexLanes& by) {
        const DoubleLanes first = imag * by.imag, second = imag * by.real;
        imag = fused(real, by.imag, second);
        real = fused(real, by.real, -first);
    }
    ELM_INLINE friend ComplexLanes operator+(const ComplexLanes& a, const ComplexLanes& b) {
        return {a.real + b.real, a.imag + b.imag};
    }
    ELM_INLINE friend ComplexLanes operator-(const ComplexLanes& a, const ComplexLanes& b) {
        return {a.real - b.real, a.imag - b.imag};
    }
    ELM_INLINE friend ComplexLanes operator*(ComplexLanes a, const ComplexLanes& b) {
        a.multiply(b);
        return a;
    }
    ELM_INLINE friend ComplexLanes operator*(const DoubleLanes& a, const ComplexLanes& b) {
        return {a * b.real, a * b.imag};
    }
};

ELM_INLINE ComplexLanes conjugate(const ComplexLanes& z) { return {z.real, -z.imag}; }

ELM_INLINE ComplexLanes reciprocal(const ComplexLanes& z) {
    return (1 / fused(z.real, z.real, z.imag * z.imag)) * conjugate(z);
}

/// `count` neighbours of the last axis.
template <class T, int Rank, class... Index>
ELM_INLINE ComplexLanes load_lanes(const PartLanes<double>& access, const Planes<T, Rank>& planes,
                                   Index... index) {
    return {access.load(&planes.real(index...)), access.load(&planes.imag(index...))};
}

template <int Rank, class... Index>
ELM_INLINE void store_lanes(const PartLanes<double>& access, const ComplexLanes& value,
                            const Planes<double, Rank>& planes, Index... index) {
    access.store(&planes.real(index...), value.real);
    access.store(&planes.imag(index...), value.imag);
}

/// Calls body(first column, number of columns) for vectors of columns, a task each.
template <class Body>
void for_each_column_block(std::int64_t columns, const Body& body) {
    constexpr std::int64_t width = WholeLanes<double>::width;
    Cpu::for_each_task((columns + width - 1) / width, [&](std::int64_t block) {
        body(block * width, std::min<std::int64_t>(width, columns - block * width));
    });
}

}  // namespace elm
