#include "tasks/neuronio/window_sampler.h"

#include "kernels/core/random/random_key.h"
#include "kernels/core/support/check.h"
#include "tasks/neuronio/neuronio_dataset.h"
#include "tasks/neuronio/neuronio_output.h"

namespace elm {
namespace {

/// One of 0 .. count - 1, to a resolution of 2^-32.
std::int64_t draw_below(std::int64_t count, std::uint32_t word) {
    return static_cast<std::int64_t>((static_cast<std::uint64_t>(count) * std::uint64_t{word}) >>
                                     32);
}

std::int64_t n_starts(const NeuronIoDataset& data, const WindowOptions& options) {
    return data.n_steps() - options.first_step - options.window_steps + 1;
}

void prepare(Batch& batch, const NeuronIoDataset& data, const Shape& shape, DType dtype) {
    batch.targets.resize(2);
    for (Tensor& target : batch.targets) {
        if (!target.defined() || target.shape() != shape || target.dtype() != dtype) {
            Stream host{Device{}};
            target = Tensor::empty(host, shape, dtype);
        }
    }
    batch.n_counted = shape.size();
    batch.spikes.n_samples = shape[0];
    batch.spikes.n_steps = shape[1];
    batch.spikes.n_units = data.n_channels();
    batch.spikes.row_begin.resize(static_cast<std::size_t>(shape.size()) + 1);
    batch.spikes.row_begin[0] = 0;
    batch.spikes.units.clear();
}

void append_spikes(SpikeTrain& spikes, std::int64_t sample, const CompactSimulation& simulation,
                   std::int64_t begin) {
    const auto n_steps = static_cast<std::size_t>(spikes.n_steps);
    const std::int32_t* const rows = simulation.row_begin.data() + begin;
    const std::int32_t* const channels = simulation.channels.data();
    const std::int64_t shift = static_cast<std::int64_t>(spikes.units.size()) - rows[0];
    spikes.units.insert(spikes.units.end(), channels + rows[0], channels + rows[n_steps]);
    std::int64_t* const row_begin = spikes.row_begin.data() + sample * spikes.n_steps;
    for (std::size_t step = 1; step <= n_steps; ++step) row_begin[step] = rows[step] + shift;
}

template <class Real>
void write_targets(const Batch& batch, std::int64_t sample, const CompactSimulation& simulation,
                   std::int64_t begin) {
    const std::int64_t n_steps = batch.spikes.n_steps;
    Real* const spike = batch.targets[spike_target].host<Real>().data() + sample * n_steps;
    Real* const voltage = batch.targets[voltage_target].host<Real>().data() + sample * n_steps;
    const std::uint8_t* const spikes = simulation.output_spikes.data() + begin;
    const float* const voltages = simulation.soma_voltage_mV.data() + begin;
    for (std::int64_t step = 0; step < n_steps; ++step) {
        spike[step] = static_cast<Real>(spikes[step]);
        voltage[step] =
            static_cast<Real>(target_above_bias(double{voltages[step]}) / voltage_scale_mV);
    }
}

/// Fills the rows of a batch with the windows that `window_of` says.
template <class WindowOf>
void fill(const NeuronIoDataset& data, const Shape& shape, DType dtype, Batch& batch,
          const WindowOf& window_of) {
    prepare(batch, data, shape, dtype);
    for (std::int64_t sample = 0; sample < shape[0]; ++sample) {
        const auto [index, begin] = window_of(sample);
        const auto simulation = data.compact(index);
        append_spikes(batch.spikes, sample, *simulation, begin);
        if (dtype == DType::f64) {
            write_targets<double>(batch, sample, *simulation, begin);
        } else {
            write_targets<float>(batch, sample, *simulation, begin);
        }
    }
}

}  // namespace

void check_windows(const NeuronIoDataset& data, const WindowOptions& options) {
    ELM_CHECK(options.batch > 0 && options.window_steps > 0 && options.first_step >= 0,
              "a batch of {} windows of {} steps after the first {} steps: expected at least one "
              "window, one step, and no negative number",
              options.batch, options.window_steps, options.first_step);
    ELM_CHECK(options.parts > 0 && options.part >= 0 && options.part < options.parts &&
                  options.batch % options.parts == 0,
              "{} processes cannot share batches of {} windows equally. Choose a batch that is a "
              "multiple of {}.",
              options.parts, options.batch, options.parts);
    if (n_starts(data, options) < 1) {
        throw Error(
            ErrorKind::data,
            fmt::format("windows of {} ms after the first {} ms do not fit into simulations "
                        "of {} ms. Choose shorter windows or an earlier start.",
                        options.window_steps, options.first_step, data.n_steps()));
    }
}

NeuronIoWindow draw_window(const NeuronIoDataset& data, const WindowOptions& options,
                           std::uint64_t seed, std::int64_t update, std::int64_t sample) {
    const RandomKey key =
        RandomKey{.seed = seed, .step = static_cast<std::uint64_t>(update)}.for_purpose(
            "neuronio windows");
    const std::uint32_t which = random_word(key, 2 * sample);
    const std::uint32_t when = random_word(key, 2 * sample + 1);
    return {draw_below(data.size(), which),
            options.first_step + draw_below(n_starts(data, options), when)};
}

void fill_windows(const NeuronIoDataset& data, std::int64_t window_steps, DType dtype,
                  std::span<const NeuronIoWindow> windows, Batch& batch) {
    fill(data, Shape{std::ssize(windows), window_steps}, dtype, batch,
         [&](std::int64_t sample) { return windows[static_cast<std::size_t>(sample)]; });
}

void sample_windows(const NeuronIoDataset& data, const WindowOptions& options, std::uint64_t seed,
                    std::int64_t update, Batch& batch) {
    check_windows(data, options);
    fill(data, Shape{options.samples(), options.window_steps}, options.dtype, batch,
         [&](std::int64_t sample) {
             return draw_window(data, options, seed, update,
                                options.part * options.samples() + sample);
         });
    batch.n_counted = options.batch * options.window_steps;
}

}  // namespace elm
