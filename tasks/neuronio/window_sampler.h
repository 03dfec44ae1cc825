#pragma once

#include <cstdint>
#include <span>

#include "tasks/task.h"

namespace elm {

class NeuronIoDataset;

/// How windows are drawn; defaults as in Spieler et al. 2024, arXiv 2306.16922.
struct WindowOptions {
    std::int64_t batch = 8;
    std::int64_t window_steps = 500;
    std::int64_t first_step = 500;  // the start of a simulation is a transient
    DType dtype = DType::f32;       // of the targets
    /// Several processes share a batch: this one takes part `part` of `parts` equal ones.
    std::int64_t part = 0, parts = 1;

    std::int64_t samples() const noexcept { return batch / parts; }
};

/// Steps [begin, begin + window_steps) of a simulation of a data set.
struct NeuronIoWindow {
    std::int64_t simulation, begin;
    friend bool operator==(const NeuronIoWindow&, const NeuronIoWindow&) = default;
};

/// Targets of a batch, each (samples, window).
enum NeuronIoTarget : std::size_t {
    spike_target,    // 1 where the cell spikes, else 0
    voltage_target,  // (min(V, -55 mV) + 67.7 mV) / 10 mV
};

/// Throws Error{invalid} for an option that is not positive or parts that do not divide the batch,
/// and Error{data} for windows longer than what the simulations have after `first_step`.
void check_windows(const NeuronIoDataset& data, const WindowOptions& options);

/// The window of sample `sample` of an update, counted through all parts: uniform over simulations
/// and, apart from that, over the starts from first_step to n_steps - window_steps.
NeuronIoWindow draw_window(const NeuronIoDataset& data, const WindowOptions& options,
                           std::uint64_t seed, std::int64_t update, std::int64_t sample);

/// Fills the batch with windows of `window_steps` steps, all of which count; in the memory of a
/// batch that was used before. Throws as NeuronIoDataset::compact.
void fill_windows(const NeuronIoDataset& data, std::int64_t window_steps, DType dtype,
                  std::span<const NeuronIoWindow> windows, Batch& batch);

/// Fills the batch of an update, in the memory of a batch that was used before: nothing is
/// allocated once its memory is as large as it gets. It follows from seed and update alone. Throws
/// as check_windows and as NeuronIoDataset::compact.
void sample_windows(const NeuronIoDataset& data, const WindowOptions& options, std::uint64_t seed,
                    std::int64_t update, Batch& batch);

}  // namespace elm
