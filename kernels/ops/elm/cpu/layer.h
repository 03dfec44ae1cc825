#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/core/simd/lanes.h"
#include "kernels/ops/elm/step_body.h"

/// One dense layer z = W [x1, x2] + c of the ELM's network, packed for two micro-kernels.
///
///   samples as lanes   acc[unit] += broadcast W[unit][k] * x[k][sample lanes]
///   units as lanes     acc[sample][unit lanes] += W[k][unit lanes] * broadcast x[sample][k]
///
/// Both add the columns in rising order into the same chains, so their results are equal bit for
/// bit. A layer of few units is latency-bound with one chain per unit; it gets two over x2: the
/// even columns go on from the bias and x1, the odd ones start at zero, and both are added last.
namespace elm::lanes {

/// Lanes of the units-as-lanes kernel. Half a 512-bit vector: less padding, and two 256-bit
/// multiply-adds a cycle do as much as one of 512 bits where both exist.
template <class Real>
inline constexpr int unit_lanes = native_bytes == 64 ? native<Real> / 2 : native<Real>;

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

/// Widest block of units for samples as lanes; the rest of the registers hold x and temporaries.
inline constexpr int max_block_units = registers == 32 ? 24 : 12;
inline constexpr int usual_block_units = registers == 32 ? 20 : 12;

template <class Real>
class PackedLayer {
public:
    PackedLayer() = default;

    /// Room for both kernels, or for units as lanes alone; the numbers are zeros.
    enum class Kernels { both, units_as_lanes };
    PackedLayer(int n_out, int n_first, int n_rest, Kernels kernels)
        : n_out_(n_out), n_first_(n_first), n_rest_(n_rest) {
        for (int unit = 0; unit < n_out && kernels == Kernels::both; unit += blocks_.back()) {
            blocks_.push_back(next_block(n_out - unit));
        }
        by_sample_.assign(static_cast<std::size_t>(block_units() * (n_in() + 1)), Real(0));
        by_unit_.assign(static_cast<std::size_t>(padded_units() * (n_in() + 1)), Real(0));
    }

    /// `weight` is (n_out, n_first + n_rest) row-major.
    PackedLayer(int n_out, int n_first, int n_rest, std::span<const double> weight,
                std::span<const double> bias)
        : PackedLayer(n_out, n_first, n_rest, Kernels::both) {
        set(weight.data(), n_in(), bias.data());
    }

    /// The numbers of the layer: rows of `weight` are `stride` apart. Null bias: stays as it is.
    template <class T>
    void set(const T* weight, std::int64_t stride, const T* bias) {
        const auto at = [&](int unit, int k) {
            return unit < n_out_ ? static_cast<Real>(weight[unit * stride + k]) : Real(0);
        };
        const auto bias_of = [&](int unit) {
            return unit < n_out_ ? static_cast<Real>(bias[unit]) : Real(0);
        };
        Real* to = by_sample_.data();
        int first = 0;
        for (const int size : blocks_) {
            for (int u = 0; u < size && bias != nullptr; ++u) to[u] = bias_of(first + u);
            to += size;
            for (int k = 0; k < n_in(); ++k, to += size) {
                for (int u = 0; u < size; ++u) to[u] = at(first + u, k);
            }
            first += size;
        }
        if (bias != nullptr) {
            for (int unit = 0; unit < n_out_; ++unit) by_unit_[index(unit)] = bias_of(unit);
        }
        set_by_unit(weight, stride);
    }

    /// The numbers of a layer given the other way round: `weight` is (n_in, n_out), rows `stride`
    /// apart. For units as lanes alone.
    void set_transposed(const Real* weight, std::int64_t stride) {
        Real* to = by_unit_.data();
        for (int k = 0; k < n_in(); ++k, weight += stride) {
            to += padded_units();
            std::copy_n(weight, n_out_, to);
        }
    }

    int n_out() const noexcept { return n_out_; }
    int n_first() const noexcept { return n_first_; }
    int n_rest() const noexcept { return n_rest_; }
    int n_in() const noexcept { return n_first_ + n_rest_; }
    /// Two chains per unit over x2: where one chain per unit would leave the multiply-add units
    /// idle.
    bool two_chains() const noexcept { return n_out_ <= 48; }
    /// Units written by samples as lanes: a few more than n_out, with zero weights.
    int block_units() const noexcept {
        int sum = 0;
        for (const int size : blocks_) sum += size;
        return sum;
    }
    /// Units written by units as lanes.
    int padded_units() const noexcept {
        return (n_out_ + unit_lanes<Real> - 1) / unit_lanes<Real> * unit_lanes<Real>;
    }

    std::span<const int> blocks() const noexcept { return blocks_; }
    const Real* by_sample() const noexcept { return by_sample_.data(); }
    const Real* bias_by_unit() const noexcept { return by_unit_.data(); }
    const Real* by_unit() const noexcept { return by_unit_.data() + padded_units(); }

private:
    static int next_block(int left) noexcept {
        if (left <= max_block_units) return (left + 3) / 4 * 4;
        return usual_block_units;
    }
    static std::size_t index(std::int64_t i) noexcept { return static_cast<std::size_t>(i); }

    /// by_unit_[1 + k][unit] = weight[unit][k]: whole blocks as vectors, the rest one by one.
    template <class T>
    void set_by_unit(const T* weight, std::int64_t stride) {
        constexpr int N = native<Real>;
        const std::int64_t width = padded_units();
        Real* const columns = by_unit_.data() + width;
        int unit = 0;
        if constexpr (std::is_same_v<T, Real>) {
            for (; unit + N <= n_out_; unit += N) {
                int k = 0;
                for (; k + N <= n_in(); k += N) {
                    Vec<Real, N> block[N];
#pragma GCC unroll 16
                    for (int i = 0; i < N; ++i) {
                        block[i] = load<Real, N>(weight + (unit + i) * stride + k);
                    }
                    transpose<Real, N>(block);
#pragma GCC unroll 16
                    for (int i = 0; i < N; ++i) {
                        store<Real, N>(columns + (k + i) * width + unit, block[i]);
                    }
                }
                for (; k < n_in(); ++k) {
                    for (int i = 0; i < N; ++i) {
                        columns[k * width + unit + i] = weight[(unit + i) * stride + k];
                    }
                }
            }
        }
        for (; unit < n_out_; ++unit) {
            for (int k = 0; k < n_in(); ++k) {
                columns[k * width + unit] = static_cast<Real>(weight[unit * stride + k]);
            }
        }
    }

    int n_out_ = 0, n_first_ = 0, n_rest_ = 0;
    std::vector<int> blocks_;
    AlignedVector<Real> by_sample_, by_unit_;
};

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

/// z (block_units, N) = unit(W [x1, x2] + c) for N samples; x1 (n_first, N), x2 (n_rest, N).
/// `start` (n_out, N, readable up to block_units) replaces bias and x1.
template <class Real, int N, Activation unit>
void layer_by_sample(const PackedLayer<Real>& layer, const Real* start, const Real* x1,
                     const Real* x2, Real* z) {
    const Real* w = layer.by_sample();
    const int n_in = layer.n_first() + layer.n_rest();
    for (const int size : layer.blocks()) {
        const auto run = [&]<int R>() {
            layer_block_by_sample<Real, N, R, unit>(w, layer.n_first(), layer.n_rest(),
                                                    layer.two_chains(), start, x1, x2, z);
        };
        switch (size) {
            case 4:
                run.template operator()<4>();
                break;
            case 8:
                run.template operator()<8>();
                break;
            case 12:
                run.template operator()<12>();
                break;
            case 16:
                run.template operator()<16>();
                break;
            case 20:
                run.template operator()<20>();
                break;
            default:
                run.template operator()<24>();
                break;
        }
        w += size * (n_in + 1);
        z += size * N;
        if (start != nullptr) start += size * N;
    }
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

/// z (P rows of padded units) = unit(start + W[:, first_column : first_column + n_in] x).
/// `two_chains` is false for the x1 share, whose results start the chains of x2.
template <class Real, int P, Activation unit>
void layer_by_unit(const PackedLayer<Real>& layer, int first_column, int n_in, bool two_chains,
                   const Real* start, std::int64_t start_stride, const Real* x,
                   std::int64_t x_stride, Real* z, std::int64_t z_stride) {
    constexpr int N = unit_lanes<Real>;
    const int most = (registers == 32 ? 26 : 12) / P / (two_chains ? 2 : 1);
    const int width = layer.padded_units(), n_vectors = width / N;
    const Real* w = layer.by_unit() + static_cast<std::ptrdiff_t>(first_column) * width;
    const int n_blocks = (n_vectors + most - 1) / most;
    for (int block = 0, from = 0; block < n_blocks; ++block) {
        const int to = n_vectors * (block + 1) / n_blocks;
        const int offset = from * N;
        const auto run = [&]<int B, bool two>() {
            layer_block_by_unit<Real, P, B, two, unit>(w + offset, width, n_in, start + offset,
                                                       start_stride, x, x_stride, z + offset,
                                                       z_stride);
        };
        const auto choose = [&]<int... B>(std::integer_sequence<int, B...>) {
            const int size = to - from;
            if (two_chains) {
                const auto if_few = [&]<int size_of_block>() {
                    if constexpr (size_of_block <= 13 / P) {
                        run.template operator()<size_of_block, true>();
                    }
                };
                ((size == B + 1 ? (if_few.template operator()<B + 1>(), 0) : 0), ...);
            } else {
                ((size == B + 1 ? (run.template operator()<B + 1, false>(), 0) : 0), ...);
            }
        };
        choose(std::make_integer_sequence<int, (registers == 32 ? 26 : 12) / P>{});
        from = to;
    }
}

}  // namespace elm::lanes
