#include <algorithm>
#include <vector>

#include "kernels/core/support/parallel.h"
#include "kernels/ops/elm_network/cpu/backward_tile.h"
#include "kernels/ops/elm_network/cpu/forward_tile.h"
#include "kernels/ops/elm_network/layer_scan.h"

/// Each task carries up to four samples through all steps. Neighbouring neurons are the lanes of a
/// vector, so that a result depends neither on the number of samples nor on that of threads.
namespace elm {
namespace {

// elm_layer_saved() makes room for these.
static_assert(elm_layer::tile_samples == elm_layer_tile_samples);
static_assert(elm_layer_most_lanes % elm_layer::width<float> == 0 &&
              elm_layer_most_lanes % elm_layer::width<double> == 0);

template <class Real>
void scan(const ElmLayerScanArgs<Real>& args) {
    const std::int64_t samples = args.activity.extent[0], steps = args.activity.extent[1];
    if (args.layer.shape.neurons == 0) return;
    if (steps == 0) {
        std::copy_n(args.initial.data, args.initial.size(), args.final_state.data);
        std::fill_n(args.update_magnitude.data, args.update_magnitude.size(), Real(0));
        return;
    }
    const elm_layer::ForwardWeights<Real> weights(args);
    const std::int64_t share = (samples + thread_count() - 1) / thread_count();
    const std::int64_t tile = args.saved.extent[1] > 0
                                  ? elm_layer_tile(samples)
                                  : std::clamp<std::int64_t>(share, 1, elm_layer::tile_samples);
    Cpu::for_each_task((samples + tile - 1) / tile, [&](std::int64_t task) {
        const std::int64_t first = task * tile;
        elm_layer::ForwardTile<Real> run(weights, args.branch_input, args.activity_gain, first,
                                         std::min(tile, samples - first));
        lanes::AlignedVector<Real> one_step;
        if (args.saves_every_step) {
            run.keep_steps(&args.saved(task, 0, 0), steps);
        } else {
            one_step.resize(static_cast<std::size_t>(run.step_stride()));
            run.keep_steps(one_step.data(), 1);
        }
        const bool saves_states = args.saved.extent[1] > 0 && !args.saves_every_step;
        run.read_state(args.initial);
        for (std::int64_t t = 0; t < steps; ++t) {
            if (saves_states && t % elm_layer_segment_steps == 0) {
                std::copy_n(run.state().data(), run.state().size(),
                            &args.saved(task, t / elm_layer_segment_steps, 0));
            }
            run.step(t);
            run.write_activity(args.activity, t);
        }
        run.write_state(args.final_state, steps - 1);
        if (args.layer.measures_updates) run.write_magnitude(args.update_magnitude);
    });
}

/// parameter_gradient = the sum of all tiles, in their order.
template <class Real>
void add_tiles(const std::vector<elm_layer::TileSums<Real>>& sums,
               const ElmLayerScanBackwardArgs<Real>& args, const elm_layer::Wiring<Real>& wiring) {
    constexpr std::int64_t N = elm_layer::width<Real>;
    const std::int64_t neurons = args.layer.shape.neurons;
    const std::int64_t rows = args.layer.shape.parameter_rows();
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t n = 0; n < neurons; ++n) {
            const auto at = static_cast<std::size_t>((n / N * rows + row) * N + n % N);
            Real sum = 0;
            for (const auto& tile : sums) sum += tile.parameters[at];
            args.parameter_gradient(row, n) = sum;
        }
    }
    wiring.for_each_sum([&](std::int32_t synapse, std::int64_t at) {
        constexpr int S = elm_layer::tile_samples;
        Real sum = 0;
        for (const auto& tile : sums) {
            sum +=
                lanes::sum_of_lanes<Real, S>(lanes::load<Real, S>(tile.synapses.data() + at * S));
        }
        args.synapse_weight_gradient(synapse) = sum;
    });
}

template <class Real>
void scan_backward(const ElmLayerScanBackwardArgs<Real>& args) {
    const std::int64_t samples = args.activity.extent[0];
    if (args.layer.shape.neurons == 0) return;
    const elm_layer::BackwardWeights<Real> weights(args);
    const std::int64_t tile = elm_layer_tile(samples);
    std::vector<elm_layer::TileSums<Real>> sums(
        static_cast<std::size_t>((samples + tile - 1) / tile));
    Cpu::for_each_task(std::ssize(sums), [&](std::int64_t task) {
        elm_layer::BackwardTile<Real>(args, weights, task, sums[static_cast<std::size_t>(task)])
            .run();
    });
    add_tiles(sums, args, weights.wiring);
}

}  // namespace

template <>
void run_elm_layer_scan<Cpu, float>(Stream&, const ElmLayerScanArgs<float>& args) {
    scan(args);
}
template <>
void run_elm_layer_scan<Cpu, double>(Stream&, const ElmLayerScanArgs<double>& args) {
    scan(args);
}
template <>
void run_elm_layer_scan_backward<Cpu, float>(Stream&, const ElmLayerScanBackwardArgs<float>& args) {
    scan_backward(args);
}
template <>
void run_elm_layer_scan_backward<Cpu, double>(Stream&,
                                              const ElmLayerScanBackwardArgs<double>& args) {
    scan_backward(args);
}

}  // namespace elm
