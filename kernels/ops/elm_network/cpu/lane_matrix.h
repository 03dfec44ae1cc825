#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "kernels/core/simd/lanes.h"

/// Products with neighbouring neurons side by side as lanes of a vector, each with weights of its
/// own. What varies from sample to sample stands in rows of a tile, [row][sample][lane].
namespace elm::elm_layer {

inline constexpr int tile_samples = 4;  // that go through all steps together
template <class Real>
inline constexpr int width =
    lanes::native<Real> > tile_samples ? lanes::native<Real> : tile_samples;  // neurons of a block
template <class Real>
using Vector = lanes::Vec<Real, width<Real>>;

template <class Real>
ELM_INLINE Vector<Real> load(const Real* from) {
    return lanes::load<Real, width<Real>>(from);
}
template <class Real>
ELM_INLINE void store(Real* to, const Vector<Real>& value) {
    lanes::store<Real, width<Real>>(to, value);
}
template <class Real>
ELM_INLINE Vector<Real> constant(Real value) {
    return lanes::broadcast<Real, width<Real>>(value);
}
template <class Real>
ELM_INLINE Vector<Real> multiply_add(const Vector<Real>& a, const Vector<Real>& b,
                                     const Vector<Real>& c) {
    return lanes::multiply_add<Real, width<Real>>(a, b, c);
}

/// Elements of a row of a tile.
template <class Real>
inline constexpr std::int64_t row_size = std::int64_t{tile_samples} * width<Real>;

/// Blocks that `neurons` neurons fill, the last one perhaps in part.
template <class Real>
std::int64_t blocks_of(std::int64_t neurons) {
    return (neurons + width<Real> - 1) / width<Real>;
}

/// Calls body.operator()<V>() with V = value, which is 1 to most.
template <int most, class Body>
ELM_INLINE void with_constant(std::int64_t value, const Body& body) {
    [&]<int... V>(std::integer_sequence<int, V...>) {
        ((value == V + 1 ? (body.template operator()<V + 1>(), 0) : 0), ...);
    }
    (std::make_integer_sequence<int, most>{});
}

inline constexpr std::int64_t cache_line_bytes = 64;
template <class Real>
inline constexpr std::int64_t line_elements = cache_line_bytes /
                                              static_cast<std::int64_t>(sizeof(Real));

/// Elements that are wanted soon. A product asks for them bit by bit: a core waits for few lines of
/// memory at a time, and if all were asked for at once all else would have to wait.
template <class Real>
struct Ahead {
    const Real* first = nullptr;
    std::int64_t count = 0;
};

/// What they are wanted for.
enum class Intent : std::uint8_t { none, read, write };

/// Matrices (rows, inner) of all neurons: [block][rows in groups][inner][row of the group][lane].
/// Lanes without a neuron are 0.
template <class Real>
class LaneMatrix {
public:
    /// Rows that one pass over the inner index gives to all samples: as many sums as registers hold
    /// beside the weights and an input.
    static constexpr int group = lanes::registers == 32 ? 6 : 3;

    /// element(row, k, neuron).
    template <class Element>
    LaneMatrix(std::int64_t neurons, std::int64_t rows, std::int64_t inner, const Element& element)
        : rows_(rows), inner_(inner) {
        const std::int64_t lanes = width<Real>, padded = blocks_of<Real>(neurons) * lanes;
        values_.assign(static_cast<std::size_t>(padded * rows * inner), Real(0));
        auto at = values_.begin();
        for (std::int64_t first = 0; first < padded; first += lanes) {
            for (std::int64_t row = 0; row < rows; row += group) {
                const std::int64_t last = row + group < rows ? row + group : rows;
                for (std::int64_t k = 0; k < inner; ++k) {
                    for (std::int64_t r = row; r < last; ++r) {
                        for (std::int64_t n = first; n < first + lanes; ++n, ++at) {
                            if (n < neurons) *at = element(r, k, n);
                        }
                    }
                }
            }
        }
    }

    /// results[row][sample] = bias[row] + sum over k of the matrix's [row][k] inputs[k][sample] for
    /// all rows and the first S samples of one block; no bias: zeros. Each sum runs in the order of
    /// k. On the way `ahead` is asked for, and perhaps some elements behind it.
    template <int S, Intent intent = Intent::none>
    void multiply(std::int64_t block, const Real* bias, const Real* inputs, Real* results,
                  Ahead<Real> ahead = {}) const {
        const Real* weights = values_.data() + block * rows_ * inner_ * width<Real>;
        const std::int64_t passes = (rows_ + group - 1) / group * inner_;
        const std::int64_t step = passes > 0 ? (ahead.count + passes - 1) / passes : 0;
        const auto next = [&]<int R>() {
            rows_at_once<R, S, intent>(weights, bias, inputs, results, ahead.first, step);
            if constexpr (intent != Intent::none) ahead.first += inner_ * step;
            weights += R * inner_ * width<Real>;
            if (bias != nullptr) bias += R * width<Real>;
            results += R * row_size<Real>;
        };
        std::int64_t row = 0;
        for (; row + group <= rows_; row += group) next.template operator()<group>();
        with_constant<group - 1>(rows_ - row, next);
    }

private:
    template <int R, int S, Intent intent>
    __attribute__((noinline)) void rows_at_once(const Real* weights, const Real* bias,
                                                const Real* inputs, Real* results,
                                                const Real* ahead, std::int64_t step) const {
        Vector<Real> sums[R][S];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const Vector<Real> start =
                bias == nullptr ? Vector<Real>{} : load(bias + r * width<Real>);
#pragma GCC unroll 8
            for (int s = 0; s < S; ++s) sums[r][s] = start;
        }
        for (std::int64_t k = 0; k < inner_;
             ++k, weights += R * width<Real>, inputs += row_size<Real>) {
            if constexpr (intent != Intent::none) {
                for (std::int64_t at = 0; at < step; at += line_elements<Real>) {
                    __builtin_prefetch(ahead + at, intent == Intent::write ? 1 : 0, 2);
                }
                ahead += step;
            }
            Vector<Real> weight[R];
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) {
                weight[r] = load(weights + r * width<Real>);
                lanes::keep_in_register(weight[r]);
            }
#pragma GCC unroll 8
            for (int s = 0; s < S; ++s) {
                Vector<Real> input = load(inputs + s * width<Real>);
                lanes::keep_in_register(input);
#pragma GCC unroll 8
                for (int r = 0; r < R; ++r) {
                    sums[r][s] = multiply_add<Real>(weight[r], input, sums[r][s]);
                }
            }
        }
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
            for (int s = 0; s < S; ++s) {
                store<Real>(results + r * row_size<Real> + s * width<Real>, sums[r][s]);
            }
        }
    }

    std::int64_t rows_, inner_;
    lanes::AlignedVector<Real> values_;
};

/// Rows of a tile in several steps, `stride` elements from one step to the next.
template <class Real>
struct StepsOfRows {
    const Real* first;
    std::int64_t stride;

    ELM_INLINE const Real* at(std::int64_t step, std::int64_t row) const {
        return first + step * stride + row * row_size<Real>;
    }
};

/// sums[i][j] += sum over `n_steps` steps and S samples of left[i] right[j], for A x B rows; rows
/// of `sums` are `stride` vectors apart. `asks`: for the B rows behind those of the right side.
template <class Real, int A, int B, int S>
__attribute__((noinline)) void add_outer_block(const StepsOfRows<Real>& left, std::int64_t i,
                                               const StepsOfRows<Real>& right, std::int64_t j,
                                               std::int64_t n_steps, Real* sums,
                                               std::int64_t stride, bool asks) {
    constexpr int N = width<Real>;
    constexpr std::int64_t next = B * row_size<Real>;
    Vector<Real> sum[A][B] = {};
    for (std::int64_t step = 0; step < n_steps; ++step) {
        const Real *const a = left.at(step, i), *const b = right.at(step, j);
        if (asks) {
#pragma GCC unroll 16
            for (std::int64_t line = 0; line < next; line += line_elements<Real>) {
                __builtin_prefetch(b + B * row_size<Real> + line);
            }
        }
#pragma GCC unroll 4
        for (int s = 0; s < S; ++s) {
            Vector<Real> right_values[B];
#pragma GCC unroll 4
            for (int y = 0; y < B; ++y) {
                right_values[y] = load(b + y * row_size<Real> + s * N);
                lanes::keep_in_register(right_values[y]);
            }
#pragma GCC unroll 4
            for (int x = 0; x < A; ++x) {
                Vector<Real> left_value = load(a + x * row_size<Real> + s * N);
                lanes::keep_in_register(left_value);
#pragma GCC unroll 4
                for (int y = 0; y < B; ++y) {
                    sum[x][y] = multiply_add<Real>(left_value, right_values[y], sum[x][y]);
                }
            }
        }
    }
#pragma GCC unroll 4
    for (int x = 0; x < A; ++x) {
#pragma GCC unroll 4
        for (int y = 0; y < B; ++y) {
            Real* const to = sums + ((i + x) * stride + j + y) * N;
            store<Real>(to, load(to) + sum[x][y]);
        }
    }
}

/// The same for any number of rows: sums (n_left, n_right). Of two sides the longer one belongs to
/// the right: it is read once, while the left one stays near.
template <int S, class Real>
void add_outer(const StepsOfRows<Real>& left, std::int64_t n_left, const StepsOfRows<Real>& right,
               std::int64_t n_right, std::int64_t n_steps, Real* sums) {
    constexpr int most = lanes::registers == 32 ? 4 : 3;
    for (std::int64_t j = 0; j < n_right; j += most) {
        with_constant<most>(std::min<std::int64_t>(n_right - j, most), [&]<int B>() {
            for (std::int64_t i = 0; i < n_left; i += most) {
                with_constant<most>(std::min<std::int64_t>(n_left - i, most), [&]<int A>() {
                    add_outer_block<Real, A, B, S>(left, i, right, j, n_steps, sums, n_right,
                                                   i == 0 && j + 2 * B <= n_right);
                });
            }
        });
    }
}

}  // namespace elm::elm_layer
