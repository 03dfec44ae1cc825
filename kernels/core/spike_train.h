#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/core/tensor.h"

namespace elm {

/// Sparse spikes of a batch of samples on a time grid, in compressed rows: row (sample, step) holds
/// the units that spike in that step. Several spikes of one unit in one step add up.
struct SpikeTrain {
    std::int64_t n_samples = 0;
    std::int64_t n_steps = 0;
    std::int64_t n_units = 0;
    std::vector<std::int64_t> row_begin{0};  // n_samples * n_steps + 1 entries, rising
    std::vector<std::int32_t> units;         // row_begin.back() entries in [0, n_units)

    std::span<const std::int32_t> row(std::int64_t sample, std::int64_t step) const {
        const auto at = static_cast<std::size_t>(sample * n_steps + step);
        const auto begin = static_cast<std::size_t>(row_begin[at]);
        return {units.data() + begin, static_cast<std::size_t>(row_begin[at + 1]) - begin};
    }

    /// Throws Error{data} naming the first broken rule: sizes, order of rows, range of units.
    void check() const;
};

/// One spike of one sample. `step` counts from the start of the train.
struct SpikeEvent {
    std::int64_t step;
    std::int32_t unit;
};

/// Sorts events into rows: by step, then unit. Throws Error{data} for a step or unit out of range.
SpikeTrain make_spike_train(std::span<const SpikeEvent> events, std::int64_t n_steps,
                            std::int64_t n_units);

/// One train of all samples of `parts`, which agree in steps and units.
SpikeTrain stack_samples(std::span<const SpikeTrain> parts);

/// Steps [begin, begin + n_steps) of every sample; steps past the end hold no spikes.
SpikeTrain slice_steps(const SpikeTrain& train, std::int64_t begin, std::int64_t n_steps);

/// The steps of `second` after those of `first`, sample by sample. Throws Error{invalid} unless
/// they agree in samples and units.
SpikeTrain join_steps(const SpikeTrain& first, const SpikeTrain& second);

/// Spike counts, (sample, step, unit), of a real type.
Tensor to_dense(Stream& stream, const SpikeTrain& train, DType dtype);

}  // namespace elm
