#include "kernels/ops/product/spike_convolution.h"

#include <gtest/gtest.h>

#include "kernels/core/spike_train.h"
#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "kernels/modules/layers.h"
#include "tests/reference/spike_convolution_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

struct Size {
    std::int64_t batch, time, units, taps, outputs;
};

/// About `per_step` spikes in each step of each sample, of units drawn with repetition.
SpikeTrain draw_spikes(const Size& n, double per_step) {
    std::vector<SpikeTrain> samples;
    for (std::int64_t sample = 0; sample < n.batch; ++sample) {
        std::vector<SpikeEvent> events;
        const auto count = static_cast<std::int64_t>(per_step * static_cast<double>(n.time));
        const RandomKey key{17, static_cast<std::uint64_t>(sample), 3};
        for (std::int64_t i = 0; i < count; ++i) {
            const std::int64_t step = random_word(key, 2 * i) % n.time;
            const std::int64_t unit = random_word(key, 2 * i + 1) % n.units;
            events.push_back({step, static_cast<std::int32_t>(unit)});
        }
        samples.push_back(make_spike_train(events, n.time, n.units));
    }
    if (!samples.empty()) return stack_samples(samples);
    return {.n_samples = 0, .n_steps = n.time, .n_units = n.units, .row_begin = {0}, .units = {}};
}

std::vector<double> counts_of(const SpikeTrain& spikes) {
    Stream host{Device{}};
    return values_of(to_dense(host, spikes, DType::f64));
}

struct With {
    bool bias = true;
    bool sign = true;
};

OpCase spike_case(const std::string& name, const Size& n, double per_step, With with = {}) {
    const SpikeTrain spikes = draw_spikes(n, per_step);
    OpCase op{
        .name = name,
        .inputs = {{.name = "weight", .shape = {n.units, n.taps, n.outputs}},
                   {.name = "unit_sign", .shape = {n.units}, .differentiable = false},
                   {.name = "bias", .shape = {n.outputs}}},
        .run =
            [=](Context& context, std::span<const Var> in) {
                const SpikeInput input{spikes, with.sign ? in[1].value : Tensor{}};
                return std::vector<Var>{with.bias ? spike_convolution(context, input, in[0], in[2])
                                                  : spike_convolution(context, input, in[0])};
            },
        .reference =
            [=](const Arrays& in) {
                const auto size = [](std::int64_t c) { return static_cast<std::size_t>(c); };
                const std::vector<double> none;
                return Arrays{reference::spike_convolution(
                    counts_of(spikes), in[0], with.bias ? in[2] : none, with.sign ? in[1] : none,
                    {size(n.batch), size(n.time), size(n.units), size(n.taps), size(n.outputs)})};
            },
        .longest_sum = n.batch * n.time * std::max<std::int64_t>(n.taps, 2)};
    // Differences need a weight of size 1: signs are 1 and -1.
    for (std::int64_t unit = 0; unit < n.units; ++unit) {
        op.inputs[1].values.push_back(unit % 3 == 1 ? -1 : 1);
    }
    if (!with.bias) op.inputs.pop_back();
    return op;
}

std::vector<OpCase> cases() {
    return {spike_case("one", {1, 1, 1, 1, 1}, 1),
            spike_case("linear", {3, 33, 7, 1, 33}, 1.5),
            spike_case("odd_sizes", {2, 33, 5, 7, 3}, 0.7),
            spike_case("blocks_of_vectors", {1, 7, 3, 2, 150}, 2),
            spike_case("blocks_of_time", {1, 257, 4, 5, 3}, 0.5),
            spike_case("more_taps_than_steps", {2, 5, 3, 9, 2}, 1),
            spike_case("many_units", {2, 7, 257, 2, 3}, 3),
            spike_case("many_spikes_of_one_unit", {2, 7, 1, 3, 5}, 6),
            spike_case("without_bias", {2, 7, 3, 2, 5}, 1, {.bias = false}),
            spike_case("without_sign", {2, 7, 3, 2, 5}, 1, {.sign = false}),
            spike_case("no_spikes", {2, 7, 3, 2, 5}, 0),
            spike_case("no_samples", {0, 7, 3, 2, 5}, 1),
            spike_case("no_steps", {2, 0, 3, 2, 5}, 0),
            spike_case("no_outputs", {2, 7, 3, 2, 0}, 1)};
}

ELM_OP_CASES(spike_convolution, cases());

/// The output and the gradient of the weight.
std::vector<std::vector<double>> run_with_threads(int threads) {
    const Size n{3, 300, 50, 9, 37};
    const int before = thread_count();
    set_thread_count(threads);
    Stream stream{Device{}};
    Tape tape;
    Context context{stream, &tape};
    const auto draw = [&](const Shape& shape, std::uint32_t purpose) {
        return tensor_of(stream, shape, DType::f32,
                         random_values(shape.size(), -1, 1, {1, 0, purpose}));
    };
    const Tensor gradient = Tensor::zeros(stream, {50, 9, 37}, DType::f32);
    const SpikeTrain spikes = draw_spikes(n, 3);
    const Var output =
        spike_convolution(context, {spikes}, tape.leaf({draw({50, 9, 37}, 1), gradient}));
    const Tensor output_gradient = draw({3, 300, 37}, 2);
    tape.backward(stream, {&output, 1}, {&output_gradient, 1});
    set_thread_count(before);
    return {values_of(output.value), values_of(gradient)};
}

TEST(SpikeConvolution, bits_do_not_depend_on_the_number_of_threads) {
    const auto expected = run_with_threads(1);
    EXPECT_EQ(run_with_threads(2), expected);
    EXPECT_EQ(run_with_threads(4), expected);
}

TEST(SpikeConvolution, a_spike_shows_the_taps_from_its_own_step_on) {
    Stream stream{Device{}};
    Context context{stream};
    const std::vector<SpikeEvent> events = {{2, 1}, {5, 1}, {5, 1}};
    const SpikeTrain spikes = make_spike_train(events, 7, 2);
    const std::vector<float> taps = {9, 9, 9, 3, 5, 7}, signs = {1, -1};
    const Var weight{Tensor::from<float>(stream, {2, 3, 1}, taps)};
    EXPECT_EQ(values_of(spike_convolution(context, {spikes}, weight).value),
              (std::vector<double>{0, 0, 3, 5, 7, 6, 10}));
    const Tensor sign = Tensor::from<float>(stream, {2}, signs);
    EXPECT_EQ(values_of(spike_convolution(context, {spikes, sign}, weight).value),
              (std::vector<double>{0, 0, -3, -5, -7, -6, -10}));
}

TEST(SpikeConvolution, names_what_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape, DType dtype = DType::f32) {
        return Var{Tensor::zeros(stream, shape, dtype)};
    };
    const std::vector<SpikeEvent> events = {{2, 1}};
    const SpikeTrain spikes = make_spike_train(events, 7, 3);
    const Var weight = zeros({3, 2, 5});
    EXPECT_THROW(spike_convolution(context, {spikes}, zeros({3, 5})), Error);
    EXPECT_THROW(spike_convolution(context, {spikes}, zeros({3, 0, 5})), Error);
    EXPECT_THROW(spike_convolution(context, {spikes}, weight, zeros({4})), Error);
    EXPECT_THROW(spike_convolution(context, {spikes, zeros({2}).value}, weight), Error);
    EXPECT_THROW(spike_convolution(context, {spikes, zeros({3}, DType::f64).value}, weight), Error);
    try {
        spike_convolution(context, {spikes}, zeros({4, 2, 5}));
        FAIL() << "a weight for other units was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        EXPECT_EQ(error.message(),
                  "spike_convolution: weight (units, taps, outputs) has shape (4, 2, 5), expected "
                  "(3, 2, 5)");
    }
    SpikeTrain broken = spikes;
    broken.units[0] = 3;
    try {
        spike_convolution(context, {broken}, weight);
        FAIL() << "a spike of no unit was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data);
    }
}

TEST(SpikeConvolution, layers_have_torch_like_first_values_and_the_shapes_of_the_op) {
    Stream stream{Device{}};
    Context context{stream};
    SpikeConvolution layer(64, 33, 4);
    allocate_parameters(stream, layer, DType::f64, {1});
    const auto parameters = layer.parameters();
    ASSERT_EQ(parameters.size(), 2u);
    EXPECT_EQ(parameters[0].name, "weight");
    EXPECT_EQ(parameters[0].parameter->shape, (Shape{64, 4, 33}));
    EXPECT_EQ(parameters[1].parameter->shape, (Shape{33}));
    for (const auto& [name, parameter] : parameters) {
        double largest = 0;
        for (const double value : values_of(parameter->value)) {
            largest = std::max(largest, std::abs(value));
        }
        EXPECT_LE(largest, 1.0 / 16) << name;  // 64 inputs of 4 taps
        EXPECT_GT(largest, 0.8 / 16) << name;
    }
    const SpikeTrain spikes = draw_spikes({2, 9, 64, 4, 33}, 3);
    const Tensor expected = spike_convolution(context, {spikes}, {parameters[0].parameter->value},
                                              {parameters[1].parameter->value})
                                .value;
    EXPECT_EQ(values_of(layer.forward(context, {spikes}).value), values_of(expected));
    SpikeLinear linear(64, 5, false);
    allocate_parameters(stream, linear, DType::f64, {1});
    EXPECT_EQ(linear.parameters().size(), 1u);
    EXPECT_EQ(linear.forward(context, {spikes}).value.shape(), (Shape{2, 9, 5}));
}

}  // namespace
}  // namespace elm::test
