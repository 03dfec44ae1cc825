// Kernels of recurrences, state spaces and layers of ELM neurons (kernel_cases.h). Multiply-adds of
// the equations as they stand count as two operations, exponentials as one, transforms as 5 n log2
// n. What does not depend on the number of steps has the bytes of one pass.
//
//     scan_bench [--benchmark_filter=...]

#include <cmath>

#include "bench/kernel_cases.h"
#include "bench/network_layer_run.h"
#include "kernels/ops/elm_network/layer_scan.h"
#include "kernels/ops/product/depthwise_convolution.h"
#include "kernels/ops/scan/decaying/wkv_scan.h"
#include "kernels/ops/scan/recurrent/gated_scan.h"
#include "kernels/ops/scan/recurrent/leaky_scan.h"
#include "kernels/ops/scan/state_space/diagonal_scan.h"
#include "kernels/ops/scan/state_space/liquid_scan.h"
#include "kernels/ops/scan/state_space/memory_scan.h"
#include "kernels/ops/scan/state_space/mode_scan.h"
#include "kernels/ops/scan/state_space/selective_scan.h"
#include "kernels/ops/spectral/convolution/long_convolution.h"
#include "kernels/ops/spectral/low_rank/low_rank_kernel.h"
#include "kernels/ops/spectral/low_rank/low_rank_scan.h"
#include "kernels/ops/spectral/modes/diagonal_decay.h"
#include "kernels/ops/spectral/modes/mode_decay.h"
#include "kernels/ops/spectral/modes/mode_kernel.h"
#include "kernels/ops/spectral/modes/tied_modes.h"
#include "kernels/ops/spiking/spiking_scan.h"
#include "tests/support/random_tensor.h"

namespace {

using namespace elm;
using Case = bench::KernelCase;

constexpr std::int64_t batch = bench::kernel_batch, width = bench::kernel_width, n_states = 16,
                       n_modes = 32;

constexpr double sequence_row = 4.0 * batch * width;  // bytes of a step

Case leaky(std::int64_t steps) {
    return {"leaky_scan",
            {{batch, steps, width}, {width}, {batch, width}},
            {{-1, 1}, {0.5, 0.99}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return leaky_scan(context, in[0], in[1], in[2]);
            },
            2 * sequence_row,
            5 * sequence_row};  // backward: trace, gradient; gradient of the input
}

/// LSTM: four gates of `width` units, W_hh h in each step.
Case gated(std::int64_t steps) {
    return {"gated_scan",
            {{batch, steps, 4 * width},
             {4 * width, width},
             {4 * width},
             {batch, width},
             {batch, width}},
            {{-1, 1}, {-0.06, 0.06}, {-1, 1}, {-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return lstm_scan(context, in[0], in[1], in[2], in[3], in[4]).front();
            },
            5 * sequence_row,
            20 * sequence_row,
            2.0 * 4 * batch * width * width};
}

Case real_scan(std::int64_t steps) {
    const Shape sequence{batch, steps, width};
    const double row = 4.0 * batch * width;
    return {"diagonal_scan/real",
            {sequence, sequence, {batch, width}},
            {{0.5, 1}, {-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return diagonal_scan(context, in[0], in[1], in[2]);
            },
            3 * row,
            8 * row};  // backward: decay, state, gradient; gradients of decay and input
}

Case complex_scan(std::int64_t steps) {
    const Shape sequence{batch, steps, width}, initial{batch, width};
    const double row = 8.0 * batch * width;
    return {"diagonal_scan/complex_constant",
            {{width}, {width}, sequence, sequence, initial, initial},
            {{0.5, 0.7}, {0.5, 0.7}, {-1, 1}, {-1, 1}, {-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return diagonal_scan(context, ComplexVar{in[0], in[1]}, {in[2], in[3]},
                                     {in[4], in[5]})
                    .real;
            },
            2 * row,
            5 * row};  // backward: state, gradient; gradient of the input
}

Case selective(std::int64_t steps) {
    const Shape sequence{batch, steps, width}, weights{batch, steps, n_states};
    const double row = 4.0 * batch * width, weight_row = 4.0 * batch * n_states;
    return {"selective_scan",
            {sequence,
             sequence,
             {n_states, width},
             weights,
             weights,
             {width},
             {batch, n_states, width}},
            {{-1, 1}, {0.001, 0.1}, {-16, -1}, {-1, 1}, {-1, 1}, {-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return selective_scan(context, {in[0], in[1], in[2], in[3], in[4], in[5], in[6]})
                    .front();
            },
            3 * row + 2 * weight_row,
            8 * row + 6 * weight_row,
            // exp(delta a) h + (delta u) b, and c h, of each state
            2.0 * 4 * batch * width * n_states};
}

/// Four taps of each feature.
Case depthwise(std::int64_t steps) {
    constexpr std::int64_t taps = 4;
    return {"depthwise_convolution",
            {{batch, steps, width}, {width, taps}, {width}},
            {{-1, 1}, {-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return depthwise_convolution(context, in[0], in[1], in[2]);
            },
            2 * sequence_row,
            5 * sequence_row,  // backward: input, gradient; gradient of the input
            2.0 * taps * batch * width};
}

/// A transform for each input and each output, and one of the filter.
Case convolution(std::int64_t steps) {
    const double transforms = (2.0 * batch + 1) * width;
    return {"long_convolution",
            {{batch, steps, width}, {steps, width}},
            {{-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return long_convolution(context, in[0], in[1]);
            },
            2 * sequence_row + 4.0 * width,
            5 * sequence_row + 3 * 4.0 * width,
            transforms * 5 * std::log2(static_cast<double>(steps))};
}

/// The weighted mean of RWKV-4: two sums for the answer, two for the state.
Case weighted_mean(std::int64_t steps) {
    const Shape sequence{batch, steps, width};
    return {"wkv_scan",
            {{width}, {width}, sequence, sequence},
            {{-2, -0.1}, {-1, 1}, {-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                const Tensor empty = empty_wkv_state(context.stream, batch, width, DType::f32);
                return wkv_scan(context, in[0], in[1], in[2], in[3], empty, nullptr);
            },
            3 * sequence_row,
            9 * sequence_row,          // backward: keys, values, outputs, gradient; two gradients
            2.0 * 8 * batch * width};  // two exponentials and two sums, twice
}

/// Liquid-S4: (decay + gain u) x + gain u of complex modes, and a real part.
Case liquid(std::int64_t steps) {
    const Shape modes{n_modes, width}, states{batch, n_modes, width};
    return {"liquid_scan",
            {{batch, steps, width}, modes, modes, modes, modes, modes, modes, states, states},
            {{-1, 1},
             {0.5, 0.6},
             {0.5, 0.6},
             {-0.1, 0.1},
             {-0.1, 0.1},
             {-1, 1},
             {-1, 1},
             {-1, 1},
             {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return liquid_scan(context, {.input = in[0],
                                             .decay = {in[1], in[2]},
                                             .gain = {in[3], in[4]},
                                             .weight = {in[5], in[6]},
                                             .initial = {in[7], in[8]},
                                             .bounded = true})
                    .output;
            },
            2 * sequence_row,
            5 * sequence_row,
            2.0 * 10 * batch * width * n_modes};
}

/// Memories of LegS; units and their states are as many as the features of others.
Case memory(std::int64_t steps) {
    constexpr std::int64_t units = width / n_states;
    constexpr double unit_row = 4.0 * batch * units;
    return {"memory_scan",
            {{batch, steps, units}, {batch, units, n_states}},
            {{-1, 1}, {-1, 1}},
            [steps](Context& context, const std::vector<Var>& in) {
                return memory_scan(context, in[0], in[1], {.longest = steps});
            },
            sequence_row + unit_row,
            2 * (sequence_row + unit_row),
            // A running sum before the step and one that solves for it.
            2.0 * 4 * batch * width};
}

std::vector<Shape> mode_shapes() {
    const Shape shared{width, n_modes}, output{1, width, n_modes};
    return {{width}, shared, shared, shared, shared, output, output, {width}};
}
std::vector<std::pair<double, double>> mode_ranges() {
    return {{-6, -3}, {-0.7, -0.6}, {0, 100}, {-1, 1}, {-1, 1}, {-1, 1}, {-1, 1}, {-1, 1}};
}
Modes modes_of(Context& context, const std::vector<Var>& in) {
    return discretised_modes(context, Discretisation::zero_order_hold,
                             {in[0], in[1], in[2], {in[3], in[4]}, {in[5], in[6]}});
}

Case kernel(std::int64_t steps) {
    return {"mode_kernel",
            mode_shapes(),
            mode_ranges(),
            [steps](Context& context, const std::vector<Var>& in) {
                return mode_kernel(context, modes_of(context, in), in[7], steps);
            },
            4.0 * width,
            2 * 4.0 * width,
            2.0 * 5 * width * n_modes};  // a complex number on, and a real part
}

constexpr double mode_arrays = 4.0 * width * n_modes;  // bytes of one

/// What modes are made of: seven arrays, of which five are read; backward as much again, twice.
Case discretised(std::int64_t steps) {
    const auto passes = static_cast<double>(steps);
    return {"modes",
            mode_shapes(),
            mode_ranges(),
            [](Context& context, const std::vector<Var>& in) {
                return modes_of(context, in).exponent.real;
            },
            7 * mode_arrays / passes,
            3 * 7 * mode_arrays / passes};
}

Case decayed(std::int64_t steps) {
    const auto passes = static_cast<double>(steps);
    return {"mode_decay",
            mode_shapes(),
            mode_ranges(),
            [](Context& context, const std::vector<Var>& in) {
                return decaying_modes(context, modes_of(context, in), DType::f32).decay.real;
            },
            2 * 7 * mode_arrays / passes,
            6 * 7 * mode_arrays / passes};
}

/// Decays of a state space of `states` modes.
Case decays(std::int64_t steps) {
    constexpr std::int64_t states = 1 << 16;
    const auto passes = static_cast<double>(steps);
    return {"diagonal_decay",
            {{states}, {states}, {states}},
            {{-0.7, -0.1}, {0, 100}, {-6, -3}},
            [](Context& context, const std::vector<Var>& in) {
                return discretised_decay(context, Discretisation::zero_order_hold, {in[0], in[1]},
                                         in[2])
                    .decay.real;
            },
            7 * 4.0 * states / passes,
            3 * 7 * 4.0 * states / passes};
}

/// Modes that all features share, each with steps of its own.
Case tied(std::int64_t steps) {
    const Shape weights{1, width, n_modes};
    const auto passes = static_cast<double>(steps);
    return {"tied_modes",
            {{2, width}, {n_modes}, {n_modes}, weights, weights},
            {{-6, -3}, {-0.7, -0.6}, {0, 100}, {-1, 1}, {-1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return tied_modes(context, TiedGain::zero_order_hold, 1,
                                  {in[0], {in[1], in[2]}, {in[3], in[4]}})
                    .exponent.real;
            },
            // Weights are read; exponents and weights are made, in float64.
            (2 + 8) * mode_arrays / passes,
            3 * (2 + 8) * mode_arrays / passes};
}

/// S4: four Cauchy sums over pairs of modes, at half of the roots of unity.
Case low_rank(std::int64_t steps) {
    std::vector<Shape> shapes = mode_shapes();
    std::vector<std::pair<double, double>> ranges = mode_ranges();
    shapes.back() = shapes[1];  // of the correction, in the place of a skip
    shapes.push_back(shapes[1]);
    ranges.emplace_back(-1, 1);
    return {"low_rank_kernel", shapes, ranges,
            [steps](Context& context, const std::vector<Var>& in) {
                return low_rank_kernel(
                    context, {in[0], in[1], in[2], {in[3], in[4]}, {in[7], in[8]}, {in[5], in[6]}},
                    steps);
            },
            4.0 * width, 2 * 4.0 * width,
            // Of each sum and mode two complex products; reciprocals count as nothing.
            2.0 * 4 * 8 * width * n_modes / 2};
}

/// S4 as a recurrence, in float64, of which a core does half as many: about half is to be had.
Case low_rank_scanned(std::int64_t steps) {
    const Shape modes{width, n_modes};
    Case one{"low_rank_scan",
             {{width}, modes, modes, modes, modes, modes, modes, {batch, steps, width}},
             {{-6, -3}, {-0.7, -0.6}, {0, 100}, {-1, 1}, {-1, 1}, {-1, 1}, {-1, 1}, {-1, 1}},
             {},
             2 * sequence_row,
             0,
             // What is constant taken together, x = E x + F u - G <v, x> and y = <C, x>: 4, 2, 2, 2
             // and 2 multiply-adds of each mode.
             2.0 * 12 * batch * width * n_modes};
    one.trains = false;
    one.prepare = [=](Stream& stream) -> bench::KernelRun {
        const auto weights = [&](std::uint32_t part) {
            return test::tensor_of(stream, modes, DType::f64,
                                   test::random_values(modes.size(), -1, 1, {2, 0, part}));
        };
        const Tensor zeros = Tensor::zeros(stream, {batch, n_modes, width}, DType::f64);
        const TensorPlanes output_weight{weights(0), weights(1)}, initial{zeros, zeros};
        return [=](Context& context, const std::vector<Var>& in) {
            return Var{low_rank_scan(context.stream, {.log_step = in[0].value,
                                                      .log_decay = in[1].value,
                                                      .frequency = in[2].value,
                                                      .input_weight = {in[3].value, in[4].value},
                                                      .correction = {in[5].value, in[6].value},
                                                      .output_weight = output_weight,
                                                      .initial = initial,
                                                      .input = in[7].value})
                           .output};
        };
    };
    return one;
}

Case modes_scanned(std::int64_t steps) {
    Case one{"mode_scan",
             mode_shapes(),
             mode_ranges(),
             {},
             2 * sequence_row,
             5 * sequence_row,
             2.0 * 6 * batch * width * n_modes};
    one.shapes.push_back({batch, steps, width});
    one.ranges.emplace_back(-1, 1);
    one.run = [](Context& context, const std::vector<Var>& in) {
        const DecayingModes decays = decaying_modes(context, modes_of(context, in), DType::f32);
        const Var zeros{Tensor::zeros(context.stream, {batch, n_modes, width}, DType::f32)};
        return mode_scan(context, {in[8], decays.decay, decays.weight, in[7], {zeros, zeros}})
            .output;
    };
    return one;
}

/// Leaky integrate-and-fire units that hear each other, about one spike in 20 steps. On the way
/// back W' times the gradient of each step, and the gradient of W.
Case spiking(std::int64_t steps) {
    const Shape sequence{batch, steps, width};
    const double row = 4.0 * batch * width;
    return {"spiking_scan",
            {sequence, {width, width}, {batch, 2, width}, {width}, {width}},
            {{-2, 3}, {-0.1, 0.1}, {0, 0}, {0.85, 0.95}, {1, 1}},
            [](Context& context, const std::vector<Var>& in) {
                return spiking_scan(context, in[0], in[1], {in[3], in[4], {}, {}, {}}, {}, in[2])
                    .spikes;
            },
            2 * row,
            10 * row,
            2.0 * batch * width * width};
}

/// ELM neurons that hear each other (network_layer_run.h).
Case layer(std::int64_t steps) {
    using Layer = bench::NetworkLayerRun;
    static_assert(Layer::batch == batch);
    constexpr ElmLayerShape is = Layer::shape;
    constexpr std::int64_t rows = is.branches * is.neurons;
    constexpr double input_row = 4.0 * batch * rows, output_row = 4.0 * batch * is.neurons;
    Stream host{Device{}};
    const std::int64_t synapses = Layer::connect(host).count();
    Case one{"layer_scan",
             {{batch, steps, rows},
              {is.parameter_rows(), is.neurons},
              {synapses},
              {batch, is.state_rows() * is.neurons}},
             {{-2, 2}, {-0.2, 0.2}, {-1, 1}, {0, 0}},
             {},
             input_row + output_row,
             3 * input_row + 2 * output_row,  // backward: input, gradient; gradient of the input
             batch * Layer::flop_per_step(synapses)};
    one.prepare = [](Stream& stream) -> bench::KernelRun {
        const Synapses connected = Layer::connect(stream);
        return [connected](Context& context, const std::vector<Var>& in) {
            return elm_layer_scan(context, Layer::layer(), connected, in[0], in[1], in[2], in[3])
                .front();
        };
    };
    return one;
}

std::vector<Case> cases(std::int64_t steps) {
    std::vector<Case> all{
        leaky(steps),         gated(steps),         real_scan(steps), complex_scan(steps),
        selective(steps),     weighted_mean(steps), liquid(steps),    memory(steps),
        convolution(steps),   kernel(steps),        low_rank(steps),  low_rank_scanned(steps),
        discretised(steps),   tied(steps),          decayed(steps),   decays(steps),
        modes_scanned(steps), spiking(steps),       depthwise(steps)};
    if (steps <= 4096) all.push_back(layer(steps));  // its branches of more take gigabytes
    return all;
}

}  // namespace

int main(int argc, char** argv) { return bench::measure_cases(argc, argv, cases); }
