#pragma once

#include <utility>

#include "kernels/ops/elm/cpu/layer/layer.h"

/// The micro-kernels of layer.h.
namespace elm::lanes {

// --- samples as lanes ------------------------------------------------------------------------

/// R units, of a packed block of `Block`, for the lanes of S vectors. With `start` the chains start
/// from those vectors in place of the bias and the x1 columns.
template <class Real, int N, int S, int R, int Block, Activation unit>
ELM_INLINE void block_by_sample(const Real* w, int n_first, int n_rest, bool two_chains,
                                const Real* start, const Real* x1, const Real* x2, Real* z) {
    using V = Vec<Real, N>;
    V acc[R][S];
    const auto add_column = [](V(&sum)[R][S], const Real* column, const Real* from) {
        V x[S];
#pragma GCC unroll 2
        for (int s = 0; s < S; ++s) x[s] = load<Real, N>(from + s * N);
#pragma GCC unroll 24
        for (int u = 0; u < R; ++u) {
            if constexpr (S == 1) {
                sum[u][0] = multiply_add<Real, N>(column[u], x[0], sum[u][0]);
            } else {
                V weight = broadcast<Real, N>(column[u]);
                keep_in_register(weight);
#pragma GCC unroll 2
                for (int s = 0; s < S; ++s)
                    sum[u][s] = multiply_add<Real, N>(weight, x[s], sum[u][s]);
            }
        }
    };
    const auto for_sums = [](const auto& body) {
#pragma GCC unroll 24
        for (int u = 0; u < R; ++u) {
#pragma GCC unroll 2
            for (int s = 0; s < S; ++s) body(u, s);
        }
    };
    const Real* column = w + Block;
    if (start != nullptr) {
        for_sums([&](int u, int s) { acc[u][s] = load<Real, N>(start + (u * S + s) * N); });
        column += n_first * Block;
    } else {
        for_sums([&](int u, int s) { acc[u][s] = broadcast<Real, N>(w[u]); });
        for (int k = 0; k < n_first; ++k, column += Block) add_column(acc, column, x1 + k * S * N);
    }
    const Real* const rest = column;
    const auto add_columns = [&](V(&sum)[R][S], int first, int stride) {
        for (int k = first; k < n_rest; k += stride) {
            add_column(sum, rest + k * Block, x2 + k * S * N);
        }
    };
    if (!two_chains) {
        add_columns(acc, 0, 1);
    } else if constexpr (2 * R * S <= max_block_units) {
        V odd[R][S] = {};
        for (int k = 0; k + 1 < n_rest; k += 2) {
            add_column(acc, rest + k * Block, x2 + k * S * N);
            add_column(odd, rest + (k + 1) * Block, x2 + (k + 1) * S * N);
        }
        if (n_rest % 2 == 1) add_columns(acc, n_rest - 1, 1);
        for_sums([&](int u, int s) { acc[u][s] = acc[u][s] + odd[u][s]; });
    } else {
        // Not enough registers for both chains at once: one after the other.
        add_columns(acc, 0, 2);
        V even[R][S];
        for_sums([&](int u, int s) {
            even[u][s] = acc[u][s];
            acc[u][s] = V{};
        });
        add_columns(acc, 1, 2);
        for_sums([&](int u, int s) { acc[u][s] = even[u][s] + acc[u][s]; });
    }
    for_sums([&](int u, int s) {
        store<Real, N>(z + (u * S + s) * N, step::hidden_value<unit, LanesOf<Real, N>>(acc[u][s]));
    });
}

/// A packed block, in parts whose sums the registers hold.
template <class Real, int N, int S, int Block, Activation unit>
__attribute__((noinline)) void layer_block_by_sample(const Real* w, int n_first, int n_rest,
                                                     bool two_chains, const Real* start,
                                                     const Real* x1, const Real* x2, Real* z) {
    constexpr int parts = Block * S <= max_block_units ? 1 : S, R = Block / parts;
    static_assert(R * parts == Block && R * S <= max_block_units);
    for (int part = 0; part < parts; ++part) {
        const int unit_lanes_before = part * R * S * N;
        block_by_sample<Real, N, S, R, Block, unit>(
            w + part * R, n_first, n_rest, two_chains,
            start == nullptr ? nullptr : start + unit_lanes_before, x1, x2, z + unit_lanes_before);
    }
}

// --- units as lanes --------------------------------------------------------------------------

/// One column of B vectors of weights for P samples, `x_stride` apart. What the multiply-adds share
/// stays in registers: the weights, or the samples where there are fewer of them.
template <class Real, int N, int P, int B>
ELM_INLINE void add_column_by_unit(Vec<Real, N> (&acc)[P][B], const Real* w, const Real* x,
                                   std::int64_t x_stride) {
    using V = Vec<Real, N>;
    const auto kept = [](V value) {
        if constexpr (P > 1) keep_in_register(value);
        return value;
    };
    if constexpr (B <= P) {
        V weight[B];
#pragma GCC unroll 26
        for (int b = 0; b < B; ++b) weight[b] = kept(load<Real, N>(w + b * N));
#pragma GCC unroll 8
        for (int p = 0; p < P; ++p) {
            const V value = kept(broadcast<Real, N>(x[p * x_stride]));
#pragma GCC unroll 26
            for (int b = 0; b < B; ++b) {
                acc[p][b] = multiply_add<Real, N>(value, weight[b], acc[p][b]);
            }
        }
    } else {
        V value[P];
#pragma GCC unroll 8
        for (int p = 0; p < P; ++p) value[p] = kept(broadcast<Real, N>(x[p * x_stride]));
#pragma GCC unroll 26
        for (int b = 0; b < B; ++b) {
            const V weight = kept(load<Real, N>(w + b * N));
#pragma GCC unroll 8
            for (int p = 0; p < P; ++p) {
                acc[p][b] = multiply_add<Real, N>(value[p], weight, acc[p][b]);
            }
        }
    }
}

/// B vectors of units for P samples. `w` points at the first of these units in column 0; columns
/// are `width` apart. Chains start at `start` (P rows, `start_stride` apart; 0 shares one row).
template <class Real, int N, int P, int B, bool two_chains, Activation unit>
__attribute__((noinline)) void layer_block_by_unit(const Real* w, int width, int n_in,
                                                   const Real* start, std::int64_t start_stride,
                                                   const Real* x, std::int64_t x_stride, Real* z,
                                                   std::int64_t z_stride) {
    using V = Vec<Real, N>;
    V acc[P][B];
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p) {
#pragma GCC unroll 26
        for (int b = 0; b < B; ++b) acc[p][b] = load<Real, N>(start + p * start_stride + b * N);
    }
    int k = 0;
    if constexpr (two_chains) {
        V odd[P][B] = {};
        for (; k + 1 < n_in; k += 2, w += 2 * width) {
            add_column_by_unit<Real, N>(acc, w, x + k, x_stride);
            add_column_by_unit<Real, N>(odd, w + width, x + k + 1, x_stride);
        }
        if (k < n_in) add_column_by_unit<Real, N>(acc, w, x + k, x_stride);
#pragma GCC unroll 8
        for (int p = 0; p < P; ++p) {
#pragma GCC unroll 26
            for (int b = 0; b < B; ++b) acc[p][b] = acc[p][b] + odd[p][b];
        }
    } else {
        for (; k < n_in; ++k, w += width) add_column_by_unit<Real, N>(acc, w, x + k, x_stride);
    }
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p) {
#pragma GCC unroll 26
        for (int b = 0; b < B; ++b) {
            store<Real, N>(z + p * z_stride + b * N,
                           step::hidden_value<unit, LanesOf<Real, N>>(acc[p][b]));
        }
    }
}

template <class Real, int N, int S, Activation unit>
constinit const std::array<SampleBlock<Real>, max_block_units / 4>
    SampleBlocks<Real, N, S, unit>::by_size = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array<SampleBlock<Real>, sizeof...(I)>{
        &layer_block_by_sample<Real, N, S, 4 * (I + 1), unit>...};
}
(std::make_integer_sequence<int, max_block_units / 4>{});

template <class Real, int N, int P, bool two_chains, Activation unit, int... I>
constexpr std::array<UnitBlock<Real>, sizeof...(I)> unit_blocks(std::integer_sequence<int, I...>) {
    return {&layer_block_by_unit<Real, N, P, I + 1, two_chains, unit>...};
}
template <class Real, int N, int P, Activation unit>
constinit const std::array<UnitBlock<Real>, UnitBlocks<Real, N, P, unit>::most>
    UnitBlocks<Real, N, P, unit>::one_chain =
        unit_blocks<Real, N, P, false, unit>(std::make_integer_sequence<int, most>{});
template <class Real, int N, int P, Activation unit>
constinit const std::array<UnitBlock<Real>, UnitBlocks<Real, N, P, unit>::most_of_two>
    UnitBlocks<Real, N, P, unit>::two_chains =
        unit_blocks<Real, N, P, true, unit>(std::make_integer_sequence<int, most_of_two>{});

}  // namespace elm::lanes
