#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/core/simd/lanes.h"
#include "kernels/core/view.h"

/// Shorter convolutions that a convolution on the CPU is made of, so that it takes fewer products,
/// and the steps of a signal that they read.
namespace elm::convolution_cpu {

/// Steps between the present and what tap `tap` of `width` meets.
inline std::int64_t lag_of(std::int64_t tap, std::int64_t width, std::int64_t dilation) {
    return (width - 1 - tap) * dilation;
}

/// A convolution of sequences that are cut into `phases` of every so many steps. With even and odd
/// steps e and o, and taps of even and odd lags,
///     y_e = h_e x_e + (h_o x_o, one later)     y_o = (h_e + h_o) (x_e + x_o) - h_e x_e - h_o x_o
/// are three convolutions of half as many taps and steps, in place of four; cut twice, nine of a
/// quarter in place of sixteen. A step depends on no later one, be they numbers or not.
/// Source: Mou & Duhamel 1991, doi:10.1109/78.91137, there as fast FIR algorithms.
inline constexpr std::int64_t phases = 4;

/// Result m of a partial convolution is added to the step m phases + offset, or subtracted.
struct Term {
    int offset, sign;
};
template <std::size_t N>
struct Terms {
    std::array<Term, N> all{};
    int count = 0;

    constexpr void push(Term term) { all[static_cast<std::size_t>(count++)] = term; }
    constexpr const Term* begin() const { return all.data(); }
    constexpr const Term* end() const { return all.data() + count; }
};

/// One of the nine.
struct PartialConvolution {
    Terms<4> inputs;  // phases of the signal that are added up, and of the taps
    Terms<4> results;
};

constexpr std::array<PartialConvolution, 9> make_partial_convolutions() {
    constexpr std::array<Terms<2>, 3> inputs{
        {{{{{0, 1}}}, 1}, {{{{1, 1}}}, 1}, {{{{0, 1}, {1, 1}}}, 2}}};
    constexpr std::array<Terms<2>, 3> results{
        {{{{{0, 1}, {1, -1}}}, 2}, {{{{2, 1}, {1, -1}}}, 2}, {{{{1, 1}}}, 1}}};
    std::array<PartialConvolution, 9> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto nest = [](const Terms<2>& outer, const Terms<2>& inner, Terms<4>& nested) {
            for (const Term& a : outer) {
                for (const Term& b : inner) nested.push({2 * a.offset + b.offset, a.sign * b.sign});
            }
        };
        nest(inputs[i / 3], inputs[i % 3], all[i].inputs);
        nest(results[i / 3], results[i % 3], all[i].results);
    }
    return all;
}

inline constexpr std::array<PartialConvolution, 9> partial_convolutions =
    make_partial_convolutions();

/// The convolution itself as the only part.
inline constexpr PartialConvolution whole_convolution{{{{{0, 1}}}, 1}, {{{{0, 1}}}, 1}};

/// Whether a convolution is cut: that must save a fifth of the products, of which there must be
/// enough to outweigh the sums. Features come in whole vectors then, of any machine.
inline bool is_cut(std::int64_t taps, std::int64_t dilation, std::int64_t time, std::int64_t in,
                   std::int64_t out) {
    constexpr std::int64_t vector = 16, least_features = 64, least_groups = 8;
    const std::int64_t quarter = (taps + phases - 1) / phases;
    return 5 * 9 * quarter <= 16 * taps && std::min(in, out) >= least_features &&
           in % vector == 0 && out % vector == 0 && time / (phases * least_groups) >= dilation;
}
static_assert(16 % lanes::native<float> == 0);

/// Tap k of `count` in phase `phase` as a tap of the whole convolution; below 0 a tap of zeros.
inline std::int64_t whole_tap(std::int64_t k, std::int64_t count, int phase, std::int64_t taps) {
    return taps - 1 - (lag_of(k, count, 1) * phases + phase);
}

/// The steps of a sample in either direction of time.
template <class Real>
struct Steps {
    Real* sample;
    std::int64_t time, features;
    std::int64_t first = 0, direction = 1;

    /// Null outside of the sample.
    Real* operator()(std::int64_t index) const {
        const std::int64_t t = first + direction * index;
        return t < 0 || t >= time ? nullptr : sample + t * features;
    }
};

template <class Real>
Steps<Real> steps_of(const View<Real, 3>& signal, std::int64_t sample) {
    const std::int64_t time = signal.extent[1], features = signal.extent[2];
    return {signal.data + sample * time * features, time, features};
}

/// to = the sum of N rows with their signs.
template <int N, class Real>
void sum_of_rows(const Real* const (&from)[4], const Real (&signs)[4], std::int64_t features,
                 Real* to) {
    constexpr int width = lanes::native<Real>;
    const Real* rows[N];  // which no store of the loop can change
    lanes::Vec<Real, width> factors[N];
    for (int i = 0; i < N; ++i) {
        rows[i] = from[i];
        factors[i] = lanes::broadcast<Real, width>(signs[i]);
    }
    for (std::int64_t k = 0; k < features; k += width) {
        auto sum = lanes::load<Real, width>(rows[0] + k) * factors[0];
#pragma GCC unroll 4
        for (int i = 1; i < N; ++i) sum += lanes::load<Real, width>(rows[i] + k) * factors[i];
        lanes::store<Real, width>(to + k, sum);
    }
}

/// to[m dilation + r] = the sum of the steps (m phases + offset) dilation + r with their signs, for
/// the indices m from `begin` on that fill `rows` rows; zeros outside of the sample.
template <class Real>
void gather(const Steps<const Real>& steps, const Terms<4>& terms, std::int64_t dilation,
            std::int64_t begin, std::int64_t rows, Real* to) {
    const lanes::AlignedVector<Real> zeros(static_cast<std::size_t>(steps.features));
    std::int64_t at = begin * phases * dilation, r = 0;  // of the terms without an offset
    for (std::int64_t row = 0; row < rows; ++row, ++at, to += steps.features) {
        if (r == dilation) {
            at += (phases - 1) * dilation;
            r = 0;
        }
        ++r;
        const Real* from[4] = {};
        Real signs[4] = {};
        for (int i = 0; i < terms.count; ++i) {
            const Term& term = terms.all[static_cast<std::size_t>(i)];
            const Real* const step = steps(at + term.offset * dilation);
            from[i] = step == nullptr ? zeros.data() : step;
            signs[i] = static_cast<Real>(term.sign);
        }
        if (terms.count == 1) sum_of_rows<1>(from, signs, steps.features, to);
        if (terms.count == 2) sum_of_rows<2>(from, signs, steps.features, to);
        if (terms.count == 4) sum_of_rows<4>(from, signs, steps.features, to);
    }
}

}  // namespace elm::convolution_cpu
