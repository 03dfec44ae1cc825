#include "kernels/ops/elm_network/layer_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/reference/elm_layer_reference.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

using reference::ElmLayerCase;
using reference::ElmOutput;

/// How a pass on the CPU comes by the values of its steps.
enum class Steps { kept, repeated };

ElmLayer layer_of(const ElmLayerCase& is, Steps steps, bool measures = true) {
    const auto size = [](std::size_t n) { return static_cast<std::int64_t>(n); };
    return {.shape = {.neurons = size(is.neurons),
                      .branches = size(is.branches),
                      .memories = size(is.memories),
                      .hidden = size(is.hidden)},
            .branch_decay = is.branch_decay,
            .high_pass_decay = is.high_pass_decay,
            .output = is.output == ElmOutput::linear ? NeuronOutput::linear
                      : is.output == ElmOutput::relu ? NeuronOutput::relu
                                                     : NeuronOutput::spike,
            .measures_updates = measures,
            .most_kept_bytes = steps == Steps::kept ? std::int64_t{1} << 30 : 0};
}

/// Draws which neuron feeds which branch: each of `slots` synapses of a branch is there with
/// probability `share`.
void connect(ElmLayerCase& is, std::int64_t slots, double share) {
    const RandomKey key{3, is.neurons, 0};
    std::int64_t draw = 0;
    for (std::size_t row = 0; row < is.branches * is.neurons; ++row) {
        for (std::int64_t slot = 0; slot < slots; ++slot) {
            if (!draw_bernoulli(random_word(key, draw++), share)) continue;
            const std::uint32_t word = random_word(key, draw++);
            is.row.push_back(static_cast<std::int32_t>(row));
            is.source.push_back(static_cast<std::int32_t>(word % is.neurons));
        }
    }
}

Synapses synapses_of(Stream& stream, const ElmLayerCase& is) {
    return make_synapses(stream, static_cast<std::int64_t>(is.neurons),
                         static_cast<std::int64_t>(is.branches * is.neurons), is.source, is.row);
}

/// A gain of 0 for some neurons of some samples, as dropout makes them.
std::vector<double> gains_of(const ElmLayerCase& is) {
    std::vector<double> gains(is.batch * is.neurons);
    for (std::size_t i = 0; i < gains.size(); ++i) gains[i] = i % 5 == 2 ? 0 : 1.25;
    return gains;
}

std::vector<Var> run(const ElmLayerCase& is, Context& context, std::span<const Var> in,
                     Steps steps = Steps::kept, bool measures = true) {
    Stream& stream = context.stream;
    const Shape shape{static_cast<std::int64_t>(is.batch), static_cast<std::int64_t>(is.neurons)};
    const Tensor gains = tensor_of(stream, shape, in[0].value.dtype(), gains_of(is));
    return elm_layer_scan(context, layer_of(is, steps, measures), synapses_of(stream, is), in[0],
                          in[1], in[2], in[3], gains);
}

OpCase scan_case(const std::string& name, const ElmLayerCase& is, Steps steps = Steps::kept) {
    const ElmLayer layer = layer_of(is, steps);
    const ElmLayerShape& shape = layer.shape;
    const auto batch = static_cast<std::int64_t>(is.batch);
    // Decays and gains in (0, 1), small matrices; rows in the order of ElmLayerShape.
    std::vector<double> parameters =
        random_values(shape.parameter_rows() * shape.neurons, -0.5, 0.5, {5});
    for (std::int64_t row = shape.decay(); row < shape.readout(); ++row) {
        for (std::int64_t n = 0; n < shape.neurons; ++n) {
            double& value = parameters[static_cast<std::size_t>(row * shape.neurons + n)];
            value = static_cast<float>(value / 4 + 0.5);  // exact in float32
        }
    }
    return {.name = name,
            .inputs = {{.name = "branch_input",
                        .shape = {batch, static_cast<std::int64_t>(is.time),
                                  shape.branches * shape.neurons}},
                       {.name = "parameters",
                        .shape = {shape.parameter_rows(), shape.neurons},
                        .values = parameters},
                       {.name = "synapse_weight", .shape = {std::ssize(is.source)}},
                       {.name = "state", .shape = {batch, shape.state_rows() * shape.neurons}}},
            .run = [is, steps](Context& context,
                               std::span<const Var> in) { return run(is, context, in, steps); },
            .reference =
                [is](const Arrays& in) {
                    const auto result =
                        reference::elm_layer(is, in[0], in[1], in[2], in[3], gains_of(is));
                    return Arrays{result.activity, result.final_state, result.update_magnitude};
                },
            .longest_sum = batch * std::max<std::int64_t>(static_cast<std::int64_t>(is.time), 1) +
                           4 * shape.parameter_rows()};
}

ElmLayerCase small(std::size_t batch, std::size_t time, std::size_t neurons,
                   std::size_t branches = 3, std::size_t memories = 2, std::size_t hidden = 4) {
    ElmLayerCase is{batch, time, neurons,           branches, memories, hidden,
                    0,     0.8,  ElmOutput::linear, {},       {}};
    connect(is, 4, 0.4);
    return is;
}

std::vector<OpCase> cases() {
    ElmLayerCase rectified = small(3, 6, 9);
    rectified.output = ElmOutput::relu;
    ElmLayerCase traces = small(2, 7, 5);
    traces.branch_decay = 0.6;
    ElmLayerCase plain = small(2, 5, 4);
    plain.high_pass_decay = 1;
    ElmLayerCase alone = small(3, 4, 6);
    alone.source.clear();
    alone.row.clear();
    return {scan_case("one", small(1, 1, 1, 1, 1, 1)),
            scan_case("seven_neurons", small(2, 5, 7)),
            scan_case("thirty_three_neurons", small(3, 3, 33)),
            scan_case("two_blocks_of_nine_memories", small(2, 3, 16, 5, 9, 18)),
            scan_case("fifty_steps", small(2, 50, 5)),
            scan_case("repeated_steps", small(9, 21, 19), Steps::repeated),
            scan_case("repeated_steps_with_branch_traces", traces, Steps::repeated),
            scan_case("nine_samples", small(9, 3, 5)),
            scan_case("linear_update", small(5, 4, 6, 4, 3, 0)),
            scan_case("rectified", rectified),
            scan_case("branch_traces", traces),
            scan_case("no_high_pass", plain),
            scan_case("no_recurrence", alone),
            scan_case("no_samples", small(0, 5, 3)),
            scan_case("no_steps", small(2, 0, 3))};
}

ELM_OP_CASES(elm_layer_scan, cases());

/// The inputs of a case as tensors without a past.
std::vector<Var> tensors(Stream& stream, const OpCase& op, DType dtype) {
    std::vector<Var> variables;
    const Arrays values = inputs_of(op);
    for (std::size_t i = 0; i < values.size(); ++i) {
        variables.push_back({tensor_of(stream, op.inputs[i].shape, dtype, values[i])});
    }
    return variables;
}

/// Steps `begin` to `end` of a tensor (batch, time, columns).
Tensor steps_of(Stream& stream, const Tensor& all, std::int64_t begin, std::int64_t end) {
    const std::int64_t time = all.shape()[1], columns = all.shape()[2];
    const std::vector<double> values = values_of(all);
    std::vector<double> part;
    for (std::int64_t s = 0; s < all.shape()[0]; ++s) {
        const auto from = values.begin() + (s * time + begin) * columns;
        part.insert(part.end(), from, from + (end - begin) * columns);
    }
    return tensor_of(stream, all.shape().with(1, end - begin), all.dtype(), part);
}

/// Gradients of all inputs of a case, given that of the activity.
Arrays gradients_of(Stream& stream, const ElmLayerCase& is, Steps steps,
                    const std::vector<double>& activity_gradient) {
    std::vector<Parameter> parameters;
    for (const Var& in : tensors(stream, scan_case("", is), DType::f64)) {
        parameters.push_back({in.value, Tensor::zeros(stream, in.value.shape(), DType::f64)});
    }
    Tape tape;
    Context context{stream, &tape};
    std::vector<Var> in;
    for (const Parameter& parameter : parameters) in.push_back(tape.leaf(parameter));
    const Var activity = run(is, context, in, steps)[0];
    const std::array outputs{activity};
    const std::array gradients{
        tensor_of(stream, activity.value.shape(), DType::f64, activity_gradient)};
    tape.backward(stream, outputs, gradients);
    Arrays all;
    for (const Parameter& parameter : parameters) all.push_back(values_of(parameter.gradient));
    return all;
}

/// A spike's gradient is no slope of what is computed, so finite differences say nothing. Without
/// synapses between neurons a step's readout does not depend on what was said: then the gradients
/// are those of the linear layer, whose activity is what is compared with the threshold, for
/// gradients of the activity that are scaled by the surrogate.
void expect_surrogate_gradients(Device device) {
    Stream stream{device};
    for (const Steps steps : {Steps::kept, Steps::repeated}) {
        ElmLayerCase is = small(5, 11, 19);
        is.source.clear();
        is.row.clear();
        Context context{stream};
        const std::vector<double> drive =
            values_of(run(is, context, tensors(stream, scan_case("", is), DType::f64))[0].value);
        std::vector<double> given =
            random_values(static_cast<std::int64_t>(drive.size()), -1, 1, {6});
        std::vector<double> scaled = given;
        for (std::size_t i = 0; i < drive.size(); ++i) {
            scaled[i] /= std::pow(100 * std::abs(drive[i]) + 1, 2);
        }
        const Arrays expected = gradients_of(stream, is, steps, scaled);
        is.output = ElmOutput::spike;
        const Arrays found = gradients_of(stream, is, steps, given);
        for (std::size_t k = 0; k < expected.size(); ++k) {
            for (std::size_t i = 0; i < expected[k].size(); ++i) {
                ASSERT_NEAR(found[k][i], expected[k][i], 1e-12) << k << " " << i;
            }
        }
    }
}

TEST(ElmLayerScan, spikes_have_the_surrogate_gradient) { expect_surrogate_gradients({}); }

TEST(ElmLayerScan, cuda_spikes_have_the_surrogate_gradient) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) expect_surrogate_gradients(device);
}

/// What spikes say, also to each other.
void expect_spikes(Device device) {
    ElmLayerCase is = small(3, 9, 21);
    is.output = ElmOutput::spike;
    Stream stream{device};
    Context context{stream};
    const OpCase op = scan_case("", is);
    const std::vector<double> expected = op.reference(inputs_of(op))[0];
    EXPECT_EQ(values_of(run(is, context, tensors(stream, op, DType::f64))[0].value), expected);
    EXPECT_GT(std::count(expected.begin(), expected.end(), 1.0), 100);
    EXPECT_GT(std::count(expected.begin(), expected.end(), 0.0), 100);
}

TEST(ElmLayerScan, spikes_where_the_drive_is_positive) { expect_spikes({}); }

TEST(ElmLayerScan, cuda_spikes_where_the_drive_is_positive) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) expect_spikes(device);
}

void expect_chunks_give_the_bits_of_the_whole(Device device) {
    ElmLayerCase is = small(5, 12, 19, 4, 3, 6);
    is.branch_decay = 0.7;
    Stream stream{device};
    Context context{stream};
    std::vector<Var> in = tensors(stream, scan_case("", is), DType::f32);
    const std::vector<Var> whole = run(is, context, in);
    const Tensor branch_input = in[0].value;
    for (const auto& [begin, end] : {std::pair{0, 5}, {5, 6}, {6, 12}}) {
        in[0] = {steps_of(stream, branch_input, begin, end)};
        const std::vector<Var> chunk = run(is, context, in);
        EXPECT_EQ(values_of(chunk[0].value),
                  values_of(steps_of(stream, whole[0].value, begin, end)));
        in[3] = chunk[1];
    }
    EXPECT_EQ(values_of(in[3].value), values_of(whole[1].value));
}

TEST(ElmLayerScan, carries_state_across_chunks) { expect_chunks_give_the_bits_of_the_whole({}); }

TEST(ElmLayerScan, cuda_carries_state_across_chunks) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) expect_chunks_give_the_bits_of_the_whole(device);
}

TEST(ElmLayerScan, gives_the_same_bits_for_any_number_of_threads) {
    const int before = thread_count();
    const OpCase op = scan_case("", small(13, 9, 21));
    set_thread_count(1);
    const OpRun one = run_case(op, {}, DType::f32);
    for (const int threads : {2, 3, 13}) {
        set_thread_count(threads);
        const OpRun other = run_case(op, {}, DType::f32);
        EXPECT_EQ(other.outputs, one.outputs) << threads;
        EXPECT_EQ(other.gradients, one.gradients) << threads;
    }
    set_thread_count(before);
}

TEST(ElmLayerScan, gives_the_same_bits_whether_steps_are_kept_or_repeated) {
    ElmLayerCase is = small(7, 29, 21);
    for (const double branch_decay : {0.0, 0.6}) {
        is.branch_decay = branch_decay;
        const OpRun kept = run_case(scan_case("", is, Steps::kept), {}, DType::f32);
        const OpRun repeated = run_case(scan_case("", is, Steps::repeated), {}, DType::f32);
        EXPECT_EQ(repeated.outputs, kept.outputs);
        EXPECT_EQ(repeated.gradients, kept.gradients);
    }
}

TEST(ElmLayerScan, leaves_its_state_alone_where_steps_would_take_too_much) {
    const ElmLayer layer{.shape = {.neurons = 57, .branches = 30, .memories = 9, .hidden = 18}};
    const auto bytes = [&](std::int64_t steps) {
        const Shape input{8, steps, 57 * 30};
        return elm_layer_saved({}, layer, input, DType::f32, true).shape.size() * 4;
    };
    EXPECT_LE(bytes(1000), layer.most_kept_bytes);
    EXPECT_LT(bytes(16384), 16384 / elm_layer_segment_steps * 8 * 64 * (9 + 2) * 4 + 1);
}

TEST(ElmLayerScan, a_run_without_a_tape_has_the_bits_of_one_with_a_tape) {
    const ElmLayerCase is = small(5, 8, 11);
    Stream stream{Device{}};
    Tape tape;
    Context plain{stream}, recording{stream, &tape};
    const std::vector<Var> in = tensors(stream, scan_case("", is), DType::f32);
    EXPECT_EQ(values_of(run(is, plain, in)[0].value), values_of(run(is, recording, in)[0].value));
}

TEST(ElmLayerScan, measuring_updates_changes_no_other_bit) {
    const ElmLayerCase is = small(5, 8, 11);
    Stream stream{Device{}};
    Context context{stream};
    const std::vector<Var> in = tensors(stream, scan_case("", is), DType::f32);
    const std::vector<Var> measured = run(is, context, in),
                           plain = run(is, context, in, Steps::kept, false);
    EXPECT_EQ(values_of(measured[0].value), values_of(plain[0].value));
    EXPECT_EQ(values_of(measured[1].value), values_of(plain[1].value));
    EXPECT_EQ(plain[2].value.shape(), (Shape{0, 11}));
}

TEST(ElmLayerScan, names_the_argument_that_does_not_fit) {
    const ElmLayerCase is = small(2, 3, 4);
    Stream stream{Device{}};
    Context context{stream};
    const std::vector<Var> good = tensors(stream, scan_case("", is), DType::f32);
    const auto message = [&](std::size_t argument, const Shape& shape) -> std::string {
        std::vector<Var> in = good;
        in[argument] = {Tensor::zeros(stream, shape, DType::f32)};
        try {
            run(is, context, in);
        } catch (const Error& error) {
            return error.message();
        }
        return "no error";
    };
    EXPECT_NE(message(0, {2, 3, 11}).find("branch input (batch, time, branches neurons)"),
              std::string::npos);
    EXPECT_NE(message(1, {5, 4}).find("parameters (rows, neurons)"), std::string::npos);
    EXPECT_NE(message(2, {1}).find("synaptic weights (synapses)"), std::string::npos);
    EXPECT_NE(message(3, {2, 5}).find("state (batch, rows neurons)"), std::string::npos);
}

TEST(Synapses, must_rise_and_lie_within_the_layer) {
    Stream stream{Device{}};
    const auto expect_error = [&](const std::vector<std::int32_t>& source,
                                  const std::vector<std::int32_t>& row, const char* part) {
        try {
            make_synapses(stream, 3, 4, source, row);
            ADD_FAILURE() << "expected: " << part;
        } catch (const Error& error) {
            EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
        }
    };
    expect_error({0, 3}, {0, 0}, "synapse 1 has the source 3, expected 0 to 2");
    expect_error({0, 1}, {2, 1}, "synapse 1 has the row 1, expected rising ones from 0 to 3");
    expect_error({0, 1}, {2, 4}, "synapse 1 has the row 4");
    expect_error({0}, {}, "1 sources and 0 rows");
}

}  // namespace
}  // namespace elm::test
