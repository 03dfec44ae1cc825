#pragma once

#include "kernels/autograd/variable.h"
#include "kernels/core/host_device.h"
#include "kernels/core/tensor.h"
#include "kernels/core/view.h"

/// Complex numbers as two arrays: real parts and imaginary parts.
namespace elm {

struct Context;

struct ComplexVar {
    Var real, imag;
};

/// The arrays as a kernel sees them. Without data of the imaginary parts the numbers are real.
template <class T, int Rank>
struct Planes {
    View<T, Rank> real, imag;

    ELM_HD bool is_complex() const { return imag.data != nullptr; }
};

/// Numbers whose parts are `Arithmetic::Value`, one number or a vector of lanes, and which
/// Arithmetic::fused(a, b, c) = a b + c combines. `advance` is a h + b, `adjoint` g + conj(a) p,
/// `correlate` sum + p conj(h).
template <class Arithmetic>
struct RealNumber {
    using Value = typename Arithmetic::Value;
    static constexpr bool is_complex = false;
    Value real;

    ELM_HD static RealNumber advance(const RealNumber& a, const RealNumber& h,
                                     const RealNumber& b) {
        return {Arithmetic::fused(a.real, h.real, b.real)};
    }
    ELM_HD static RealNumber adjoint(const RealNumber& a, const RealNumber& p,
                                     const RealNumber& g) {
        return {Arithmetic::fused(a.real, p.real, g.real)};
    }
    ELM_HD static RealNumber correlate(const RealNumber& p, const RealNumber& h,
                                       const RealNumber& sum) {
        return {Arithmetic::fused(p.real, h.real, sum.real)};
    }
};

template <class Arithmetic>
struct ComplexNumber {
    using Value = typename Arithmetic::Value;
    static constexpr bool is_complex = true;
    Value real, imag;

    ELM_HD static ComplexNumber advance(const ComplexNumber& a, const ComplexNumber& h,
                                        const ComplexNumber& b) {
        return {Arithmetic::fused(a.real, h.real, Arithmetic::fused(-a.imag, h.imag, b.real)),
                Arithmetic::fused(a.real, h.imag, Arithmetic::fused(a.imag, h.real, b.imag))};
    }
    ELM_HD static ComplexNumber adjoint(const ComplexNumber& a, const ComplexNumber& p,
                                        const ComplexNumber& g) {
        return {Arithmetic::fused(a.real, p.real, Arithmetic::fused(a.imag, p.imag, g.real)),
                Arithmetic::fused(a.real, p.imag, Arithmetic::fused(-a.imag, p.real, g.imag))};
    }
    ELM_HD static ComplexNumber correlate(const ComplexNumber& p, const ComplexNumber& h,
                                          const ComplexNumber& sum) {
        return {Arithmetic::fused(p.real, h.real, Arithmetic::fused(p.imag, h.imag, sum.real)),
                Arithmetic::fused(p.imag, h.real, Arithmetic::fused(-p.real, h.imag, sum.imag))};
    }
};

/// Numbers one by one.
template <class Real>
struct OneNumber {
    using Value = Real;
    using Arithmetic = OneNumber;
    static constexpr int width = 1;
    ELM_HD static Real load(const Real* from) { return *from; }
    ELM_HD static void store(Real* to, Real value) { *to = value; }
    ELM_HD static void expect(const Real*) {}
    ELM_HD static Real fused(Real a, Real b, Real c) { return a * b + c; }
    /// function(number) of each number.
    template <class Function>
    ELM_HD static Real map(Real value, const Function& function) {
        return function(value);
    }
};

/// Tensors of both; the imaginary parts are undefined of real numbers.
struct TensorPlanes {
    Tensor real, imag;

    bool is_complex() const noexcept { return imag.defined(); }
};

inline TensorPlanes values_of(const ComplexVar& number) {
    return {number.real.value, number.imag.value};
}

inline TensorPlanes empty_planes(Stream& stream, const Shape& shape, DType dtype, bool complex) {
    return {Tensor::empty(stream, shape, dtype),
            complex ? Tensor::empty(stream, shape, dtype) : Tensor{}};
}

template <class T, int Rank>
Planes<T, Rank> planes(const TensorPlanes& tensors) {
    if (tensors.is_complex()) return {view<T, Rank>(tensors.real), view<T, Rank>(tensors.imag)};
    return {view<T, Rank>(tensors.real), {nullptr, {}}};
}

}  // namespace elm
