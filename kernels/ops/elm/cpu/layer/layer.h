#pragma once

#include <algorithm>
#include <array>
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

/// Lanes of the units-as-lanes kernel where a core has one 512-bit multiply-add unit: half a vector
/// means less padding, and two 256-bit multiply-adds a cycle do as much as one of 512 bits. With
/// two units (core/simd/multiply_add_units.h) its lanes are all of a vector's.
template <class Real>
inline constexpr int unit_lanes = native_bytes == 64 ? native<Real> / 2 : native<Real>;

/// Widest block of units for samples as lanes; the rest of the registers hold x and temporaries.
inline constexpr int max_block_units = registers == 32 ? 24 : 12;
inline constexpr int usual_block_units = registers == 32 ? 20 : 12;
/// Vectors of sums of units as lanes.
inline constexpr int unit_block_vectors = registers == 32 ? 26 : 12;

template <class Real>
class PackedLayer {
public:
    PackedLayer() = default;

    /// Room for both kernels, or for units as lanes alone; the weights are zeros.
    enum class Kernels { both, units_as_lanes };
    PackedLayer(int n_out, int n_first, int n_rest, Kernels kernels, int lanes = unit_lanes<Real>)
        : n_out_(n_out),
          n_first_(n_first),
          n_rest_(n_rest),
          padded_units_((n_out + lanes - 1) / lanes * lanes) {
        for (int unit = 0; unit < n_out && kernels == Kernels::both; unit += blocks_.back()) {
            blocks_.push_back(next_block(n_out - unit));
        }
        by_sample_.assign(static_cast<std::size_t>(block_units() * (n_in() + 1)), Real(0));
        by_unit_.assign(static_cast<std::size_t>(padded_units() * (n_in() + 1)), Real(0));
    }

    /// The weights of the layer: rows of `weight` are `stride` apart. Null bias: stays as it is.
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

    /// The weights of a layer given the other way round: `weight` is (n_in, n_out), rows `stride`
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
    int padded_units() const noexcept { return padded_units_; }

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

    int n_out_ = 0, n_first_ = 0, n_rest_ = 0, padded_units_ = 0;
    std::vector<int> blocks_;
    AlignedVector<Real> by_sample_, by_unit_;
};

/// Kernels of layer_blocks.h. One block of units for the lanes of S vectors: `w` holds the biases
/// of these units, then their weights for each column.
template <class Real>
using SampleBlock = void (*)(const Real* w, int n_first, int n_rest, bool two_chains,
                             const Real* start, const Real* x1, const Real* x2, Real* z);
/// Some vectors of units for P samples: `w` points at the first of these units in column 0; columns
/// are `width` apart.
template <class Real>
using UnitBlock = void (*)(const Real* w, int width, int n_in, const Real* start,
                           std::int64_t start_stride, const Real* x, std::int64_t x_stride, Real* z,
                           std::int64_t z_stride);

/// The kernels of one activation. They take long to compile, so they have files of their own.
template <class Real, int N, int S, Activation unit>
struct SampleBlocks {
    static const std::array<SampleBlock<Real>, max_block_units / 4> by_size;  // 4, 8, ... units
};
template <class Real, int N, int P, Activation unit>
struct UnitBlocks {
    static constexpr int most = unit_block_vectors / P, most_of_two = unit_block_vectors / 2 / P;
    static const std::array<UnitBlock<Real>, most> one_chain;  // 1, 2, ... vectors
    static const std::array<UnitBlock<Real>, most_of_two> two_chains;
};

#define ELM_UNIT_BLOCKS(prefix, Real, N, unit)           \
    prefix template struct UnitBlocks<Real, N, 1, unit>; \
    prefix template struct UnitBlocks<Real, N, 2, unit>; \
    prefix template struct UnitBlocks<Real, N, 4, unit>;
#define ELM_LAYER_BLOCKS(prefix, Real, unit)                              \
    prefix template struct SampleBlocks<Real, native<Real> / 2, 1, unit>; \
    prefix template struct SampleBlocks<Real, native<Real>, 1, unit>;     \
    ELM_UNIT_BLOCKS(prefix, Real, unit_lanes<Real>, unit)
/// For two 512-bit units.
#if defined(__AVX512F__)
#    define ELM_WIDE_LAYER_BLOCKS(prefix, Real, unit)                     \
        prefix template struct SampleBlocks<Real, native<Real>, 2, unit>; \
        ELM_UNIT_BLOCKS(prefix, Real, native<Real>, unit)                 \
        prefix template struct UnitBlocks<Real, native<Real>, 8, unit>;
#else
#    define ELM_WIDE_LAYER_BLOCKS(prefix, Real, unit)
#endif
ELM_LAYER_BLOCKS(extern, float, Activation::linear)
ELM_WIDE_LAYER_BLOCKS(extern, float, Activation::linear)
ELM_LAYER_BLOCKS(extern, float, Activation::relu)
ELM_WIDE_LAYER_BLOCKS(extern, float, Activation::relu)
ELM_LAYER_BLOCKS(extern, float, Activation::relu2)
ELM_WIDE_LAYER_BLOCKS(extern, float, Activation::relu2)
ELM_LAYER_BLOCKS(extern, float, Activation::silu)
ELM_WIDE_LAYER_BLOCKS(extern, float, Activation::silu)
ELM_LAYER_BLOCKS(extern, double, Activation::linear)
ELM_WIDE_LAYER_BLOCKS(extern, double, Activation::linear)
ELM_LAYER_BLOCKS(extern, double, Activation::relu)
ELM_WIDE_LAYER_BLOCKS(extern, double, Activation::relu)
ELM_LAYER_BLOCKS(extern, double, Activation::relu2)
ELM_WIDE_LAYER_BLOCKS(extern, double, Activation::relu2)
ELM_LAYER_BLOCKS(extern, double, Activation::silu)
ELM_WIDE_LAYER_BLOCKS(extern, double, Activation::silu)

/// z (block_units, S N) = unit(W [x1, x2] + c) for S N samples; x1 (n_first, S N), x2 (n_rest, S
/// N). `start` (n_out, S N, readable up to block_units) replaces bias and x1.
template <class Real, int N, int S, Activation unit>
void layer_by_sample(const PackedLayer<Real>& layer, const Real* start, const Real* x1,
                     const Real* x2, Real* z) {
    const Real* w = layer.by_sample();
    const int n_in = layer.n_first() + layer.n_rest();
    for (const int size : layer.blocks()) {
        SampleBlocks<Real, N, S, unit>::by_size[static_cast<std::size_t>(size / 4 - 1)](
            w, layer.n_first(), layer.n_rest(), layer.two_chains(), start, x1, x2, z);
        w += size * (n_in + 1);
        z += size * S * N;
        if (start != nullptr) start += size * S * N;
    }
}

/// z (P rows of padded units) = unit(start + W[:, first_column : first_column + n_in] x).
/// `two_chains` is false for the x1 share, whose results start the chains of x2. N: lanes of the
/// layer.
template <class Real, int N, int P, Activation unit>
void layer_by_unit(const PackedLayer<Real>& layer, int first_column, int n_in, bool two_chains,
                   const Real* start, std::int64_t start_stride, const Real* x,
                   std::int64_t x_stride, Real* z, std::int64_t z_stride) {
    using Blocks = UnitBlocks<Real, N, P, unit>;
    const int most = two_chains ? Blocks::most_of_two : Blocks::most;
    const int width = layer.padded_units(), n_vectors = width / N;
    const Real* w = layer.by_unit() + static_cast<std::ptrdiff_t>(first_column) * width;
    const int n_blocks = (n_vectors + most - 1) / most;
    for (int block = 0, from = 0; block < n_blocks; ++block) {
        const int to = n_vectors * (block + 1) / n_blocks;
        const int offset = from * N;
        const auto size = static_cast<std::size_t>(to - from - 1);
        const UnitBlock<Real> run = two_chains ? Blocks::two_chains[size] : Blocks::one_chain[size];
        run(w + offset, width, n_in, start + offset, start_stride, x, x_stride, z + offset,
            z_stride);
        from = to;
    }
}

}  // namespace elm::lanes
