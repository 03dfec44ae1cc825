#pragma once

#include <utility>

#include "kernels/ops/elm/cpu/layer.h"

/// The micro-kernels of layer.h.
namespace elm::lanes {

/// Keeps a value in a register. Without it GCC folds a weight that several samples share into the
/// memory operand of each multiply-add and loads it again and again.
template <class V>
ELM_INLINE void keep_in_register([[maybe_unused]] V& value) {
#if defined(__AVX512F__)
    asm("" : "+v"(value));
#elif defined(__x86_64__)
    asm("" : "+x"(value));
#endif
}

// --- samples as lanes ------------------------------------------------------------------------

/// One block of R units for N samples. `w` holds R biases, then R weights for each column. With
/// `start` the chains start from those vectors in place of the bias and the x1 columns.
template <class Real, int N, int R, Activation unit>
__attribute__((noinline)) void layer_block_by_sample(const Real* w, int n_first, int n_rest,
                                                     bool two_chains, const Real* start,
                                                     const Real* x1, const Real* x2, Real* z) {
    using V = Vec<Real, N>;
    V acc[R];
    const Real* column = w + R;
    if (start != nullptr) {
#pragma GCC unroll 24
        for (int u = 0; u < R; ++u) acc[u] = load<Real, N>(start + u * N);
        column += n_first * R;
    } else {
#pragma GCC unroll 24
        for (int u = 0; u < R; ++u) acc[u] = broadcast<Real, N>(w[u]);
        for (int k = 0; k < n_first; ++k, column += R) {
            const V x = load<Real, N>(x1 + k * N);
#pragma GCC unroll 24
            for (int u = 0; u < R; ++u) acc[u] = multiply_add<Real, N>(column[u], x, acc[u]);
        }
    }
    const Real* const rest = column;
    const auto add_columns = [&](V(&sum)[R], int first, int stride) {
        for (int k = first; k < n_rest; k += stride) {
            const V x = load<Real, N>(x2 + k * N);
            const Real* c = rest + k * R;
#pragma GCC unroll 24
            for (int u = 0; u < R; ++u) sum[u] = multiply_add<Real, N>(c[u], x, sum[u]);
        }
    };
    if (!two_chains) {
        add_columns(acc, 0, 1);
    } else if constexpr (2 * R <= max_block_units) {
        V odd[R] = {};
        for (int k = 0; k + 1 < n_rest; k += 2) {
            const V x_even = load<Real, N>(x2 + k * N), x_odd = load<Real, N>(x2 + k * N + N);
            const Real* c = rest + k * R;
#pragma GCC unroll 24
            for (int u = 0; u < R; ++u) {
                acc[u] = multiply_add<Real, N>(c[u], x_even, acc[u]);
                odd[u] = multiply_add<Real, N>(c[R + u], x_odd, odd[u]);
            }
        }
        if (n_rest % 2 == 1) add_columns(acc, n_rest - 1, 1);
#pragma GCC unroll 24
        for (int u = 0; u < R; ++u) acc[u] = acc[u] + odd[u];
    } else {
        // Not enough registers for both chains at once: one after the other.
        add_columns(acc, 0, 2);
        V even[R];
#pragma GCC unroll 24
        for (int u = 0; u < R; ++u) {
            even[u] = acc[u];
            acc[u] = V{};
        }
        add_columns(acc, 1, 2);
#pragma GCC unroll 24
        for (int u = 0; u < R; ++u) acc[u] = even[u] + acc[u];
    }
#pragma GCC unroll 24
    for (int u = 0; u < R; ++u)
        store<Real, N>(z + u * N, step::hidden_value<unit, LanesOf<Real, N>>(acc[u]));
}

// --- units as lanes --------------------------------------------------------------------------

/// B vectors of units for P samples. `w` points at the first of these units in column 0; columns
/// are `width` apart. Chains start at `start` (P rows, `start_stride` apart; 0 shares one row).
template <class Real, int P, int B, bool two_chains, Activation unit>
__attribute__((noinline)) void layer_block_by_unit(const Real* w, int width, int n_in,
                                                   const Real* start, std::int64_t start_stride,
                                                   const Real* x, std::int64_t x_stride, Real* z,
                                                   std::int64_t z_stride) {
    constexpr int N = unit_lanes<Real>;
    using V = Vec<Real, N>;
    V acc[P][B];
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) {
#pragma GCC unroll 26
        for (int b = 0; b < B; ++b) acc[p][b] = load<Real, N>(start + p * start_stride + b * N);
    }
    if constexpr (two_chains) {
        V odd[P][B] = {};
        int k = 0;
        for (; k + 1 < n_in; k += 2, w += 2 * width) {
#pragma GCC unroll 26
            for (int b = 0; b < B; ++b) {
                V even_w = load<Real, N>(w + b * N), odd_w = load<Real, N>(w + width + b * N);
                if constexpr (P > 1) keep_in_register(even_w), keep_in_register(odd_w);
#pragma GCC unroll 4
                for (int p = 0; p < P; ++p) {
                    acc[p][b] = multiply_add<Real, N>(x[p * x_stride + k], even_w, acc[p][b]);
                    odd[p][b] = multiply_add<Real, N>(x[p * x_stride + k + 1], odd_w, odd[p][b]);
                }
            }
        }
        if (k < n_in) {
#pragma GCC unroll 26
            for (int b = 0; b < B; ++b) {
#pragma GCC unroll 4
                for (int p = 0; p < P; ++p) {
                    acc[p][b] = multiply_add<Real, N>(x[p * x_stride + k], load<Real, N>(w + b * N),
                                                      acc[p][b]);
                }
            }
        }
#pragma GCC unroll 4
        for (int p = 0; p < P; ++p) {
#pragma GCC unroll 26
            for (int b = 0; b < B; ++b) acc[p][b] = acc[p][b] + odd[p][b];
        }
    } else {
        for (int k = 0; k < n_in; ++k, w += width) {
#pragma GCC unroll 26
            for (int b = 0; b < B; ++b) {
                V weight = load<Real, N>(w + b * N);
                if constexpr (P > 1) keep_in_register(weight);
#pragma GCC unroll 4
                for (int p = 0; p < P; ++p)
                    acc[p][b] = multiply_add<Real, N>(x[p * x_stride + k], weight, acc[p][b]);
            }
        }
    }
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) {
#pragma GCC unroll 26
        for (int b = 0; b < B; ++b) {
            store<Real, N>(z + p * z_stride + b * N,
                           step::hidden_value<unit, LanesOf<Real, N>>(acc[p][b]));
        }
    }
}

template <class Real, int N, Activation unit>
constinit const std::array<SampleBlock<Real>, max_block_units / 4>
    SampleBlocks<Real, N, unit>::by_size = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array<SampleBlock<Real>, sizeof...(I)>{
        &layer_block_by_sample<Real, N, 4 * (I + 1), unit>...};
}
(std::make_integer_sequence<int, max_block_units / 4>{});

template <class Real, int P, bool two_chains, Activation unit, int... I>
constexpr std::array<UnitBlock<Real>, sizeof...(I)> unit_blocks(std::integer_sequence<int, I...>) {
    return {&layer_block_by_unit<Real, P, I + 1, two_chains, unit>...};
}
template <class Real, int P, Activation unit>
constinit const std::array<UnitBlock<Real>, UnitBlocks<Real, P, unit>::most>
    UnitBlocks<Real, P, unit>::one_chain =
        unit_blocks<Real, P, false, unit>(std::make_integer_sequence<int, most>{});
template <class Real, int P, Activation unit>
constinit const std::array<UnitBlock<Real>, UnitBlocks<Real, P, unit>::most_of_two>
    UnitBlocks<Real, P, unit>::two_chains =
        unit_blocks<Real, P, true, unit>(std::make_integer_sequence<int, most_of_two>{});

}  // namespace elm::lanes
