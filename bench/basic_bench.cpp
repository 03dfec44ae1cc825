// Single operations that models are made of (kernel_cases.h): element by element, along rows, of
// all rows, products, what spikes and synapses add up, attention of lists, and a step of training.
// A multiply-add counts as two operations, a function of an element as none: all but products are
// bound by their bytes.
//
//     basic_bench [--benchmark_filter=...]

#include <cmath>
#include <numeric>

#include "bench/kernel_cases.h"
#include "bench/network_layer_run.h"
#include "kernels/core/spike_train.h"
#include "kernels/ops/attention/key_lists.h"
#include "kernels/ops/attention/listed_attention.h"
#include "kernels/ops/attention/sampled_scores.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/embedding.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/normalise.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/basic/reverse_time.h"
#include "kernels/ops/basic/softmax.h"
#include "kernels/ops/elm_network/synapse_sum.h"
#include "kernels/ops/product/convolution.h"
#include "kernels/ops/product/matmul.h"
#include "kernels/ops/product/spike_convolution.h"
#include "kernels/ops/training/batch_norm.h"
#include "kernels/ops/training/dropout.h"
#include "kernels/ops/training/loss.h"
#include "kernels/ops/training/optimizer_step.h"

namespace {

using namespace elm;
using Case = bench::KernelCase;
using Vars = std::vector<Var>;

constexpr std::int64_t batch = bench::kernel_batch, width = bench::kernel_width;
constexpr double row = 4.0 * batch * width;  // bytes of a step

/// A function of one sequence, with how often a step of it is moved, forward and for training.
Case of_sequence(const char* name, std::int64_t steps, double forward, double training,
                 std::function<Var(Context&, const Vars&)> run) {
    return {name,           {{batch, steps, width}}, {{-1, 1}},
            std::move(run), forward * row,           training * row};
}

/// The same with vectors (width) beside it.
Case with_vectors(Case one, std::size_t count) {
    one.shapes.insert(one.shapes.end(), count, Shape{width});
    one.ranges.insert(one.ranges.end(), count, {0.5, 1});
    return one;
}

Case multiplied(std::int64_t steps) {
    const Shape sequence{batch, steps, width};
    return {"elementwise",
            {sequence, sequence},
            {{-1, 1}, {-1, 1}},
            [](Context& context, const Vars& in) { return multiply(context, in[0], in[1]); },
            3 * row,
            8 * row};
}

/// A table of 1,024 rows, which stay in the cache: the output is what moves.
Case looked_up(std::int64_t steps) {
    std::vector<std::int32_t> indices(static_cast<std::size_t>(batch * steps));
    std::iota(indices.begin(), indices.end(), 0);
    for (std::int32_t& index : indices) index = index * 37 % 1024;
    return {"embedding",
            {{1024, width}},
            {{-1, 1}},
            [indices, steps](Context& context, const Vars& in) {
                return embedding(
                    context, in[0],
                    Tensor::from<std::int32_t>(context.stream, {batch, steps}, indices));
            },
            row,
            2 * row};
}

Case batch_normed(std::int64_t steps) {
    return with_vectors(
        of_sequence("batch_norm", steps, 3, 6,  // the input once for its statistics
                    [](Context& context, const Vars& in) {
                        context.training = true;
                        const Tensor zeros = Tensor::zeros(context.stream, {width}, DType::f32);
                        return batch_norm(context, in[0], in[1], in[2], {zeros, in[1].value});
                    }),
        2);
}

/// Squared errors.
Case lost(std::int64_t steps) {
    Case one = of_sequence("loss", steps, 2, 5, {});
    one.shapes.push_back(one.shapes.front());
    one.ranges.push_back(one.ranges.front());
    one.run = [](Context& context, const Vars& in) {
        return mean_squared_error(context, in[0], in[1].value);
    };
    return one;
}

Case product(std::int64_t steps) {
    return {"matmul",
            {{batch, steps, width}, {width, width}},
            {{-1, 1}, {-0.1, 0.1}},
            [](Context& context, const Vars& in) { return linear(context, in[0], in[1]); },
            2 * row,
            5 * row,
            2.0 * batch * width * width};
}

Case convolved(std::int64_t steps) {
    constexpr std::int64_t taps = 3;
    return {
        "convolution",
        {{batch, steps, width}, {width, width, taps}, {width}},
        {{-1, 1}, {-0.1, 0.1}, {-1, 1}},
        [](Context& context, const Vars& in) { return convolution(context, in[0], in[1], in[2]); },
        2 * row,
        5 * row,
        2.0 * taps * batch * width * width};
}

/// Numbers from 0 to `end` - 1.
std::vector<std::int32_t> drawn(std::int64_t count, std::int64_t end) {
    std::vector<std::int32_t> numbers;
    for (std::int64_t i = 0; i < count; ++i) {
        numbers.push_back(static_cast<std::int32_t>(random_word({2, 0, 0}, i) % end));
    }
    return numbers;
}

/// Spikes of 1,278 inputs, 14 a step as in NeuronIO, three taps. The weights stay in the cache and
/// move once in a pass, as their gradient does.
Case spikes_convolved(std::int64_t steps) {
    constexpr std::int64_t units = 1278, per_step = 14, taps = 3;
    const double weights = 4.0 * units * taps * width / static_cast<double>(steps);
    constexpr double spike_row = 4.0 * batch * per_step;
    Case one{"spike_convolution",
             {{units, taps, width}},
             {{-1, 1}},
             {},
             row + spike_row + weights,
             2 * (row + spike_row + weights),
             1.0 * batch * per_step * taps * width};  // additions alone
    // Spikes have no gradient.
    one.training_flop = 2;
    one.prepare = [steps](Stream&) -> bench::KernelRun {
        SpikeTrain spikes{.n_samples = batch,
                          .n_steps = steps,
                          .n_units = units,
                          .row_begin = {},
                          .units = drawn(batch * steps * per_step, units)};
        for (std::int64_t i = 0; i <= batch * steps; ++i) spikes.row_begin.push_back(i * per_step);
        return [spikes = std::move(spikes)](Context& context, const Vars& in) {
            return spike_convolution(context, {spikes}, in[0]);
        };
    };
    return one;
}

/// What the branches of a layer of ELM neurons hear from outside of it, 256 channels
/// (network_layer_run.h).
Case synapses_summed(std::int64_t steps) {
    using Layer = bench::NetworkLayerRun;
    constexpr double output_row = 4.0 * batch * Layer::shape.branches * Layer::shape.neurons;
    const auto connect = [](Stream& stream) {
        return Layer::connect(stream, width, 1 - Layer::recurrent_share);
    };
    Stream host{Device{}};
    const std::int64_t count = connect(host).count();
    Case one{"synapse_sum",
             {{batch, steps, width}, {count}},
             {{-1, 1}, {-1, 1}},
             {},
             row + output_row,
             3 * row + 2 * output_row,  // backward: input, gradient; gradient of the input
             2.0 * batch * static_cast<double>(count)};
    one.prepare = [connect](Stream& stream) -> bench::KernelRun {
        const Synapses synapses = connect(stream);
        return [synapses](Context& context, const Vars& in) {
            return synapse_sum(context, synapses, in[0], in[1]);
        };
    };
    return one;
}

/// How far each query stands out of as many keys as ProbSparse attention draws, four heads.
Case sampled(std::int64_t steps) {
    constexpr std::int64_t heads = 4;
    const auto count = static_cast<std::int64_t>(5 * std::ceil(std::log(steps)));
    const Shape sequence{batch, steps, width};
    Case one{"sampled_scores",
             {sequence, sequence},
             {{-1, 1}, {-1, 1}},
             {},
             2 * row + 4.0 * batch * heads + 4.0 * static_cast<double>(count),
             0,
             2.0 * batch * width * static_cast<double>(count)};
    one.trains = false;
    one.prepare = [=](Stream& stream) -> bench::KernelRun {
        const Tensor sample =
            Tensor::from<std::int32_t>(stream, {steps, count}, drawn(steps * count, steps));
        return [sample](Context& context, const Vars& in) {
            return Var{sampled_scores(context.stream, in[0].value, in[1].value, heads, sample)};
        };
    };
    return one;
}

/// Adam with a decay for each parameter; as many of them as other rows have elements.
Case optimised(std::int64_t steps) {
    const Shape parameters{batch * steps * width};
    Case one{"optimizer_step",
             {parameters, parameters, parameters},
             {{-1, 1}, {-1, 1}, {0, 0.1}},
             {},
             8 * row,  // all of the inputs and both moments; parameters and moments again
             0};
    one.trains = false;
    one.prepare = [=](Stream& stream) -> bench::KernelRun {
        const Tensor first = Tensor::zeros(stream, parameters, DType::f32);
        const Tensor second = Tensor::zeros(stream, parameters, DType::f32);
        return [=](Context& context, const Vars& in) {
            optimizer_step_kernel<float>(context.stream,
                                         {.rule = OptimizerRule::adam,
                                          .nesterov = false,
                                          .gradient_scale = 1,
                                          .rate = 1e-3F,
                                          .first_decay = 0.9F,
                                          .first_gain = 0.1F,
                                          .second_decay = 0.999F,
                                          .second_gain = 1e-3F,
                                          .epsilon = 1e-8F,
                                          .rate_corrected = 1e-3F,  // after many steps
                                          .root_correction = 1,
                                          .gradients = view<const float, 1>(in[1].value),
                                          .weight_decay = view<const float, 1>(in[2].value),
                                          .values = view<float, 1>(in[0].value),
                                          .first_moment = view<float, 1>(first),
                                          .second_moment = view<float, 1>(second)});
            return in[0];
        };
    };
    return one;
}

/// Blocks of 64 steps that see themselves and the one before, four heads.
Case listed(std::int64_t steps) {
    constexpr std::int64_t block = 64;
    KeyLists lists(steps, steps, block);
    for (std::int64_t begin = 0; begin < steps; begin += block) {
        lists.see(begin - block, begin + block);
        lists.close();
    }
    const Shape sequence{batch, steps, width};
    return {"listed_attention",
            {sequence, sequence, sequence},
            {{-1, 1}, {-1, 1}, {-1, 1}},
            [lists](Context& context, const Vars& in) {
                return listed_attention(context, in[0], in[1], in[2], lists, {.heads = 4}).output;
            },
            4 * row,
            12 * row,
            2.0 * 2 * batch * width * 2 * block};
}

std::vector<Case> cases(std::int64_t steps) {
    return {
        of_sequence("activation", steps, 2, 5,
                    [](Context& context, const Vars& in) {
                        return activate(context, in[0], Activation::silu);
                    }),
        multiplied(steps),
        of_sequence(
            "layout", steps, 2, 4,
            [](Context& context, const Vars& in) { return transpose(context, in[0], 1, 2); }),
        of_sequence("reverse_time", steps, 2, 4,
                    [](Context& context, const Vars& in) { return reverse_time(context, in[0]); }),
        with_vectors(of_sequence("normalise", steps, 2, 5,
                                 [](Context& context, const Vars& in) {
                                     return layer_norm(context, in[0], in[1], in[2]);
                                 }),
                     2),
        of_sequence("reduction", steps, 1, 2,
                    [](Context& context, const Vars& in) { return sum(context, in[0], 2); }),
        of_sequence("softmax", steps, 2, 5,
                    [](Context& context, const Vars& in) { return softmax(context, in[0]); }),
        of_sequence("dropout", steps, 2, 4,
                    [](Context& context, const Vars& in) {
                        context.training = true;
                        return dropout(context, in[0], 0.1);
                    }),
        looked_up(steps),
        batch_normed(steps),
        lost(steps),
        product(steps),
        convolved(steps),
        spikes_convolved(steps),
        synapses_summed(steps),
        listed(steps),
        sampled(steps),
        optimised(steps)};
}

}  // namespace

int main(int argc, char** argv) { return bench::measure_cases(argc, argv, cases); }
