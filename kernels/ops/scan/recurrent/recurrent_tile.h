#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/core/simd/lanes.h"
#include "kernels/core/support/parallel.h"

/// What recurrences on the CPU share whose units hear each other: each task carries a few samples
/// through all steps. Their states lie in scratch memory whose rows are padded to whole vectors,
/// unit by unit, so that a result depends neither on the number of samples nor on the addresses of
/// the tensors.
namespace elm {

template <class Real>
using NativeLanes = lanes::Vec<Real, lanes::native<Real>>;

/// Samples: as many independent sums hide the latency of one.
inline constexpr int largest_sample_tile = 8;

/// The vector at `at` of a row of `count` elements, which may end within it: then the rest is 0.
template <class Real>
ELM_INLINE NativeLanes<Real> load_part(const Real* row, std::int64_t at, std::int64_t count) {
    constexpr int width = lanes::native<Real>;
    if (at + width <= count) return lanes::load<Real, width>(row + at);
    NativeLanes<Real> value{};
    std::memcpy(&value, row + at, sizeof(Real) * static_cast<std::size_t>(count - at));
    return value;
}
template <class Real>
ELM_INLINE void store_part(Real* row, std::int64_t at, std::int64_t count,
                           const NativeLanes<Real>& value) {
    constexpr int width = lanes::native<Real>;
    if (at + width <= count) return lanes::store<Real, width>(row + at, value);
    std::memcpy(row + at, &value, sizeof(Real) * static_cast<std::size_t>(count - at));
}

/// A matrix (inner, columns) in panels of one vector of columns each.
template <class Real>
class RecurrentPanels {
public:
    template <class Element>
    RecurrentPanels(std::int64_t inner, std::int64_t columns, const Element& element)
        : inner_(inner), count_(columns / width), values_(to_size(inner * columns)) {
        for (std::int64_t k = 0; k < inner; ++k) {
            for (std::int64_t column = 0; column < columns; ++column) {
                values_[to_size((column / width * inner + k) * width + column % width)] =
                    element(k, column);
            }
        }
    }

    /// results[sample] += inputs[sample] * matrix, each sum in the order of the rows.
    /// Shapes: inputs (samples, inner); results (samples, result_stride).
    void multiply_add(std::int64_t samples, const Real* inputs, Real* results,
                      std::int64_t result_stride) const {
        const auto part = [&]<int samples_at_once, int panels_at_once>() {
            while (samples >= samples_at_once) {
                std::int64_t panel = 0;
                for (; panel + panels_at_once <= count_; panel += panels_at_once) {
                    block<samples_at_once, panels_at_once>(panel, inputs, results, result_stride);
                }
                for (; panel < count_; ++panel) {
                    block<samples_at_once, 1>(panel, inputs, results, result_stride);
                }
                inputs += samples_at_once * inner_;
                results += samples_at_once * result_stride;
                samples -= samples_at_once;
            }
        };
        part.template operator()<8, 1>();
        part.template operator()<4, 2>();
        part.template operator()<2, 4>();
        part.template operator()<1, 8>();
    }

    /// result += input * matrix for one sample, of whose inputs all but the `count` listed ones are
    /// 0: the numbers of multiply_add() for a matrix of finite ones.
    void multiply_add_listed(const std::int32_t* listed, std::int64_t count, const Real* input,
                             Real* result) const {
        std::int64_t panel = 0;
        for (; panel + 8 <= count_; panel += 8) {
            listed_block<8>(panel, listed, count, input, result);
        }
        for (; panel < count_; ++panel) listed_block<1>(panel, listed, count, input, result);
    }

private:
    static constexpr int width = lanes::native<Real>;
    static std::size_t to_size(std::int64_t count) { return static_cast<std::size_t>(count); }

    template <int samples, int panels>
    void block(std::int64_t panel, const Real* inputs, Real* results,
               std::int64_t result_stride) const {
        NativeLanes<Real> sums[samples][panels];
        Real* const first = results + panel * width;
        for (int s = 0; s < samples; ++s) {
            for (int p = 0; p < panels; ++p) {
                sums[s][p] = lanes::load<Real, width>(first + s * result_stride + p * width);
            }
        }
        const Real* weights = &values_[to_size(panel * inner_ * width)];
        for (std::int64_t k = 0; k < inner_; ++k) {
            for (int p = 0; p < panels; ++p) {
                const auto weight = lanes::load<Real, width>(weights + (p * inner_ + k) * width);
                for (int s = 0; s < samples; ++s) {
                    const auto input = lanes::broadcast<Real, width>(inputs[s * inner_ + k]);
                    sums[s][p] = lanes::multiply_add<Real, width>(input, weight, sums[s][p]);
                }
            }
        }
        for (int s = 0; s < samples; ++s) {
            for (int p = 0; p < panels; ++p) {
                lanes::store<Real, width>(first + s * result_stride + p * width, sums[s][p]);
            }
        }
    }

    template <int panels>
    void listed_block(std::int64_t panel, const std::int32_t* listed, std::int64_t count,
                      const Real* input, Real* result) const {
        NativeLanes<Real> sums[panels];
        for (int p = 0; p < panels; ++p) {
            sums[p] = lanes::load<Real, width>(result + (panel + p) * width);
        }
        const Real* const weights = &values_[to_size(panel * inner_ * width)];
        for (std::int64_t i = 0; i < count; ++i) {
            const std::int64_t k = listed[i];
            const auto value = lanes::broadcast<Real, width>(input[k]);
            for (int p = 0; p < panels; ++p) {
                const auto weight = lanes::load<Real, width>(weights + (p * inner_ + k) * width);
                sums[p] = lanes::multiply_add<Real, width>(value, weight, sums[p]);
            }
        }
        for (int p = 0; p < panels; ++p) {
            lanes::store<Real, width>(result + (panel + p) * width, sums[p]);
        }
    }

    std::int64_t inner_, count_;
    lanes::AlignedVector<Real> values_;
};

/// Calls body(first sample, number of samples) for tiles that keep all threads busy.
template <class Body>
void for_each_sample_tile(std::int64_t samples, const Body& body) {
    const std::int64_t share = (samples + thread_count() - 1) / thread_count();
    const std::int64_t tile = std::clamp<std::int64_t>(share, 1, largest_sample_tile);
    Cpu::for_each_task((samples + tile - 1) / tile, [&](std::int64_t task) {
        body(task * tile, std::min(tile, samples - task * tile));
    });
}

/// Zeros of a tile: (largest_sample_tile, columns).
template <class Real>
lanes::AlignedVector<Real> sample_tile_memory(std::int64_t columns) {
    return lanes::AlignedVector<Real>(static_cast<std::size_t>(largest_sample_tile * columns));
}

}  // namespace elm
