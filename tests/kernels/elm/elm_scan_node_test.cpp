#include "kernels/ops/elm/scan_node.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/elm_scan_case.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

std::vector<OpCase> cases() {
    const ElmScanSizes one{.batch = 1,
                           .time = 1,
                           .n_input = 1,
                           .n_branch = 1,
                           .n_per_branch = 1,
                           .n_memory = 1,
                           .n_hidden = 1,
                           .n_output = 1};
    return {
        scan_case("one_unit", one),
        scan_case("dense_relu", {}),
        scan_case("dense_silu", {.hidden_unit = HiddenUnit::silu}),
        scan_case("dense_relu2", {.hidden_unit = HiddenUnit::relu2}),
        scan_case("spikes_relu", {.spikes = true}),
        scan_case("spikes_silu_many_steps",
                  {.time = 33, .hidden_unit = HiddenUnit::silu, .spikes = true}),
        scan_case("spikes_relu2_many_steps",
                  {.time = 33, .hidden_unit = HiddenUnit::relu2, .spikes = true}),
        scan_case("no_hidden_layer", {.hidden_layers = 0}),
        scan_case("two_hidden_layers_relu", {.hidden_layers = 2, .spikes = true}),
        scan_case("two_hidden_layers_silu",
                  {.batch = 7, .hidden_layers = 2, .hidden_unit = HiddenUnit::silu}),
        scan_case("two_hidden_layers_relu2",
                  {.batch = 7, .hidden_layers = 2, .hidden_unit = HiddenUnit::relu2}),
        scan_case("synapses_relu_dense", {.per_synapse = true}),
        scan_case("synapses_silu_spikes", {.batch = 7,
                                           .time = 3,
                                           .per_synapse = true,
                                           .hidden_unit = HiddenUnit::silu,
                                           .spikes = true}),
        scan_case("segments",
                  {.batch = 3, .time = 11, .hidden_unit = HiddenUnit::silu, .segment_steps = 4}),
        scan_case("segments_relu2",
                  {.batch = 3, .time = 11, .hidden_unit = HiddenUnit::relu2, .segment_steps = 4}),
        scan_case("segments_of_spikes", {.time = 9, .spikes = true, .segment_steps = 2}),
        scan_case("segments_of_synapses", {.time = 7,
                                           .per_synapse = true,
                                           .hidden_unit = HiddenUnit::silu,
                                           .spikes = true,
                                           .segment_steps = 3}),
        scan_case("segments_of_dense_synapses",
                  {.time = 7, .per_synapse = true, .segment_steps = 3}),
        // Enough inputs for rows of spikes in place of traces.
        scan_case("spike_rows_relu", {.time = 9, .n_input = 24, .spikes = true, .alike = true}),
        scan_case("spike_rows_silu", {.batch = 7,
                                      .time = 35,
                                      .n_input = 24,
                                      .hidden_unit = HiddenUnit::silu,
                                      .spikes = true,
                                      .alike = true}),
        scan_case("spike_rows_relu2", {.batch = 7,
                                       .time = 35,
                                       .n_input = 24,
                                       .hidden_unit = HiddenUnit::relu2,
                                       .spikes = true,
                                       .alike = true}),
        scan_case("segments_of_spike_rows",
                  {.time = 70, .n_input = 24, .spikes = true, .alike = true, .segment_steps = 32}),
        scan_case("many_samples", {.batch = 33, .time = 2, .hidden_unit = HiddenUnit::silu}),
        scan_case("many_samples_relu2", {.batch = 33, .time = 2, .hidden_unit = HiddenUnit::relu2}),
        scan_case("wide", {.time = 3, .n_memory = 33, .n_hidden = 70, .n_output = 5}),
        scan_case("one_step_of_many", {.batch = 7, .time = 1, .spikes = true}),
        scan_case("no_samples", {.batch = 0}),
        scan_case("no_steps", {.time = 0}),
    };
}

ELM_OP_CASES(elm_scan, cases());

/// Weights that shared memory holds only in part: 90 x 180 both ways take 264 KB in float64.
TEST(ElmScanNode, weights_beyond_shared_memory_agree_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    const OpCase op = scan_case(
        "large",
        {.batch = 2, .time = 2, .n_memory = 90, .n_hidden = 180, .hidden_unit = HiddenUnit::silu});
    for (const Device device : cuda_devices()) EXPECT_EQ(check_device(op, device), "");
}

/// Batches that take 1, 2, 4 and 8 samples a block on the emulated device, the last block partly
/// empty.
TEST(ElmScanNode, any_number_of_samples_a_block_agrees_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const std::int64_t batch : {1, 3, 5, 9, 17}) {
        const OpCase op = scan_case("batch", {.batch = batch,
                                              .time = 2,
                                              .n_memory = 3,
                                              .n_hidden = 4,
                                              .hidden_unit = HiddenUnit::silu,
                                              .spikes = true});
        for (const Device device : cuda_devices()) {
            EXPECT_EQ(check_device(op, device), "") << batch;
        }
    }
}

struct Prepared {
    ElmStructure structure;
    SpikeTrain spikes;
    std::vector<Var> parameters;
    std::int64_t hidden_layers = 1;

    ElmScanVars vars() const { return vars_of(parameters, hidden_layers); }
};

Prepared prepare(Stream& stream, const ElmScanSizes& sizes, DType dtype = DType::f32) {
    Prepared prepared{structure_of(sizes), spikes_of(sizes), {}, sizes.hidden_layers};
    const OpCase op = scan_case("prepared", sizes);
    const Arrays values = inputs_of(op);
    for (std::size_t i = 0; i < values.size(); ++i) {
        prepared.parameters.push_back({tensor_of(stream, op.inputs[i].shape, dtype, values[i])});
    }
    return prepared;
}

void chunks_go_on_with_the_same_bits(Device device) {
    for (const bool per_synapse : {false, true}) {
        Stream stream{device};
        Context context{stream};
        const ElmScanSizes sizes{
            .batch = 3, .time = 12, .per_synapse = per_synapse, .spikes = true};
        const Prepared it = prepare(stream, sizes);
        ElmScanState whole_state, state;
        const auto whole =
            values_of(elm_scan(context, it.structure, it.vars(), it.spikes, &whole_state).value);
        const auto check = [&](std::int64_t begin, std::int64_t n) {
            const SpikeTrain chunk = slice_steps(it.spikes, begin, n);
            const auto part =
                values_of(elm_scan(context, it.structure, it.vars(), chunk, &state).value);
            for (std::int64_t sample = 0; sample < 3; ++sample) {
                for (std::int64_t i = 0; i < n * 2; ++i) {
                    EXPECT_EQ(part[static_cast<std::size_t>(sample * n * 2 + i)],
                              whole[static_cast<std::size_t>((sample * 12 + begin) * 2 + i)]);
                }
            }
        };
        check(0, 5);
        check(5, 7);
        EXPECT_EQ(values_of(state.memory), values_of(whole_state.memory));
        EXPECT_EQ(values_of(state.trace), values_of(whole_state.trace));
    }
}
TEST(ElmScanNode, chunks_go_on_with_the_same_bits) { chunks_go_on_with_the_same_bits({}); }
TEST(ElmScanNode, chunks_go_on_with_the_same_bits_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) chunks_go_on_with_the_same_bits(device);
}

/// Gradients of a window that starts from a state: against differences of the loss, the state held.
void gradients_from_a_state(Device device) {
    Stream stream{device};
    const ElmScanSizes sizes{
        .batch = 2, .time = 5, .hidden_unit = HiddenUnit::silu, .spikes = true};
    const Prepared it = prepare(stream, sizes, DType::f64);
    const Tensor memory = tensor_of(stream, {2, 7}, DType::f64, random_values(14, -1, 1, {3, 0}));
    const Tensor trace = tensor_of(stream, {2, 3}, DType::f64, random_values(6, 0, 1, {3, 1}));
    const auto weight = random_values(2 * 5 * 2, -1, 1, {3, 2});
    const auto loss = [&](const std::vector<Var>& parameters) {
        Context context{stream};
        ElmScanState state{memory, trace};
        const auto output = values_of(
            elm_scan(context, it.structure, vars_of(parameters, 1), it.spikes, &state).value);
        double sum = 0;
        for (std::size_t i = 0; i < output.size(); ++i) sum += output[i] * weight[i];
        return sum;
    };
    Tape tape;
    Context context{stream, &tape};
    std::vector<Var> leaves;
    std::vector<Tensor> gradients;
    for (const Var& parameter : it.parameters) {
        gradients.push_back(Tensor::zeros(stream, parameter.value.shape(), DType::f64));
        leaves.push_back(tape.leaf({parameter.value, gradients.back()}));
    }
    ElmScanState state{memory, trace};
    const Var output = elm_scan(context, it.structure, vars_of(leaves, 1), it.spikes, &state);
    const Tensor output_gradient = tensor_of(stream, output.value.shape(), DType::f64, weight);
    tape.backward(stream, std::vector<Var>{output}, std::vector<Tensor>{output_gradient});
    for (std::size_t i = 0; i < gradients.size(); ++i) {
        const auto gradient = values_of(gradients[i]);
        const auto values = values_of(it.parameters[i].value);
        const auto direction =
            random_values(static_cast<std::int64_t>(values.size()), -1, 1, {4, i});
        std::vector<Var> above = it.parameters, below = it.parameters;
        std::vector<double> high = values, low = values;
        double expected = 0, size = 0;
        constexpr double step = 1e-6;
        for (std::size_t k = 0; k < values.size(); ++k) {
            high[k] += step * direction[k];
            low[k] -= step * direction[k];
            expected += direction[k] * gradient[k];
            size += std::abs(direction[k] * gradient[k]);
        }
        above[i] = {tensor_of(stream, it.parameters[i].value.shape(), DType::f64, high)};
        below[i] = {tensor_of(stream, it.parameters[i].value.shape(), DType::f64, low)};
        EXPECT_NEAR((loss(above) - loss(below)) / (2 * step), expected, 1e-6 * size + 1e-8) << i;
    }
}
TEST(ElmScanNode, gradients_from_a_state_agree_with_differences) { gradients_from_a_state({}); }
TEST(ElmScanNode, gradients_from_a_state_agree_with_differences_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) gradients_from_a_state(device);
}

/// Gradients of the parameters of `it` after `outputs` windows of its spikes, each from the state
/// that the one before left, all forward before the first goes back.
struct Windows {
    std::vector<std::vector<double>> outputs, gradients;
};
Windows run_windows(const Prepared& it, std::int64_t n_windows, ElmScanCache* cache) {
    Stream stream{Device{}};
    Tape tape;
    Context context{stream, &tape};
    std::vector<Var> leaves;
    std::vector<Tensor> gradients;
    for (const Var& parameter : it.parameters) {
        gradients.push_back(
            Tensor::zeros(stream, parameter.value.shape(), parameter.value.dtype()));
        leaves.push_back(tape.leaf({parameter.value, gradients.back()}));
    }
    const std::int64_t n_steps = it.spikes.n_steps / n_windows;
    std::vector<SpikeTrain> trains;
    for (std::int64_t w = 0; w < n_windows; ++w) {
        trains.push_back(slice_steps(it.spikes, w * n_steps, n_steps));
    }
    Windows result;
    std::vector<Var> outputs;
    std::vector<Tensor> output_gradients;
    ElmScanState state;
    for (const SpikeTrain& train : trains) {
        outputs.push_back(elm_scan(context, it.structure, vars_of(leaves, it.hidden_layers), train,
                                   n_windows > 1 ? &state : nullptr, cache));
        result.outputs.push_back(values_of(outputs.back().value));
        output_gradients.push_back(outputs.back().value);  // of sum y^2 / 2
    }
    tape.backward(stream, outputs, output_gradients);
    for (const Tensor& gradient : gradients) result.gradients.push_back(values_of(gradient));
    return result;
}

TEST(ElmScanNode, a_cache_changes_no_bit) {
    for (const DType dtype : {DType::f32, DType::f64}) {
        ElmScanCache cache;
        Stream stream{Device{}};
        const Prepared it = prepare(stream,
                                    {.batch = 7,
                                     .time = 40,
                                     .n_input = 24,
                                     .hidden_unit = HiddenUnit::silu,
                                     .spikes = true,
                                     .alike = true},
                                    dtype);
        Prepared other = it;
        for (Var& parameter : other.parameters) {
            auto values = values_of(parameter.value);
            for (double& value : values) value *= 0.9;
            parameter = {tensor_of(stream, parameter.value.shape(), dtype, values)};
        }
        for (const Prepared* now : std::vector<const Prepared*>{&it, &other, &it}) {
            for (const std::int64_t n_windows : {1, 4}) {
                const Windows expected = run_windows(*now, n_windows, nullptr);
                const Windows with = run_windows(*now, n_windows, &cache);
                EXPECT_EQ(with.outputs, expected.outputs);
                EXPECT_EQ(with.gradients, expected.gradients);
            }
        }
    }
}

TEST(ElmScanNode, steps_that_are_repeated_give_the_same_bits) {
    Stream stream{Device{}};
    for (const std::int64_t segment_steps : {0, 32}) {
        Prepared it = prepare(stream, {.batch = 7,
                                       .time = 80,
                                       .hidden_unit = HiddenUnit::silu,
                                       .spikes = true,
                                       .segment_steps = segment_steps});
        const Windows kept = run_windows(it, 2, nullptr);
        it.structure.most_kept_bytes = 0;
        ElmScanCache cache;
        for (int round = 0; round < 2; ++round) {
            const Windows repeated = run_windows(it, 2, &cache);
            EXPECT_EQ(repeated.outputs, kept.outputs);
            EXPECT_EQ(repeated.gradients, kept.gradients);
        }
    }
}

/// The next pass comes with other parameters before this one has gone back.
TEST(ElmScanNode, a_pass_keeps_its_parameters_until_it_has_gone_back) {
    Stream stream{Device{}};
    const Prepared it = prepare(stream, {.batch = 5, .time = 12, .spikes = true});
    ElmScanCache cache;
    Tape first, second;
    Context context{stream, &first};
    std::vector<Var> leaves;
    std::vector<Tensor> gradients;
    for (const Var& parameter : it.parameters) {
        gradients.push_back(Tensor::zeros(stream, parameter.value.shape(), DType::f32));
        leaves.push_back(first.leaf({parameter.value, gradients.back()}));
    }
    const Var output =
        elm_scan(context, it.structure, vars_of(leaves, 1), it.spikes, nullptr, &cache);
    const Tensor output_gradient = output.value.to(stream);
    Context other{stream, &second};
    std::vector<Var> changed;
    for (const Var& parameter : it.parameters) {
        auto values = values_of(parameter.value);
        for (double& value : values) value *= 0.5;
        const Tensor half = tensor_of(stream, parameter.value.shape(), DType::f32, values);
        changed.push_back(second.leaf({half, half.to(stream)}));
    }
    elm_scan(other, it.structure, vars_of(changed, 1), it.spikes, nullptr, &cache);
    first.backward(stream, std::vector<Var>{output}, std::vector<Tensor>{output_gradient});
    const Windows expected = run_windows(it, 1, nullptr);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
        EXPECT_EQ(values_of(gradients[i]), expected.gradients[i]) << i;
    }
}

TEST(ElmScanNode, gives_the_same_bits_for_any_number_of_threads) {
    const OpCase op = scan_case(
        "threads", {.batch = 23, .time = 20, .hidden_unit = HiddenUnit::silu, .spikes = true});
    const int before = thread_count();
    set_thread_count(1);
    const OpRun expected = run_case(op, {}, DType::f32);
    for (const int threads : {2, 4}) {
        set_thread_count(threads);
        const OpRun run = run_case(op, {}, DType::f32);
        EXPECT_EQ(run.outputs, expected.outputs);
        EXPECT_EQ(run.gradients, expected.gradients);
    }
    set_thread_count(before);
}

TEST(ElmScanNode, records_nothing_where_no_gradient_is_wanted) {
    Stream stream{Device{}};
    Tape tape;
    Context context{stream, &tape};
    const Prepared it = prepare(stream, {.spikes = true});
    elm_scan(context, it.structure, it.vars(), it.spikes);
    EXPECT_EQ(tape.size(), 0u);
}

// --- mistakes ----------------------------------------------------------------------------------

void expect_refused(const std::function<void(Prepared&)>& spoil, const std::string& words) {
    Stream stream{Device{}};
    Context context{stream};
    Prepared it = prepare(stream, {.spikes = true});
    spoil(it);
    try {
        elm_scan(context, it.structure, it.vars(), it.spikes);
        FAIL() << "no error with: " << words;
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        EXPECT_NE(error.message().find(words), std::string::npos) << error.message();
    }
}

Var zeros(const Shape& shape, DType dtype = DType::f32) {
    Stream stream{Device{}};
    return {Tensor::zeros(stream, shape, dtype)};
}

TEST(ElmScanNode, refuses_what_does_not_fit) {
    expect_refused([](Prepared& it) { it.structure.trace_decay.pop_back(); },
                   "trace_decay (one per branch) has 2 values, expected 3");
    expect_refused([](Prepared& it) { it.structure.input_of_synapse.push_back(0); },
                   "input_of_synapse (branches * synapses a branch) has 13 values, expected 12");
    expect_refused([](Prepared& it) { it.structure.input_of_synapse[3] = 5; },
                   "a synapse is routed from input 5, expected one of 0 to 4");
    expect_refused([](Prepared& it) { it.structure.input_sign.clear(); },
                   "input_sign (inputs) has 0 values, expected 5");
    expect_refused([](Prepared& it) { it.structure.input_sign[1] = 0.5; },
                   "input_sign holds 0.5, expected +1 or -1");
    expect_refused([](Prepared& it) { it.structure.n_branch = 0; }, "0 branches");
    expect_refused([](Prepared& it) { it.structure.hidden_unit = Activation::tanh; },
                   "hidden units of an ELM are relu, relu2 or silu");
    expect_refused([](Prepared& it) { it.spikes.n_units = 4; },
                   "spikes are of 4 units, expected 5");
    expect_refused([](Prepared& it) { it.parameters[0] = zeros({11}); }, "synapse_weight");
    expect_refused([](Prepared& it) { it.parameters[1] = zeros({0}); },
                   "memory_decay has no values");
    expect_refused([](Prepared& it) { it.parameters[2] = zeros({6}); }, "memory_gain (d_m)");
    expect_refused([](Prepared& it) { it.parameters[2] = zeros({7}, DType::f64); },
                   "memory_gain (d_m) is of type f64, expected f32");
    expect_refused([](Prepared& it) { it.parameters[3] = zeros({9, 9}); }, "weight of layer 0");
    expect_refused([](Prepared& it) { it.parameters[6] = zeros({6}); }, "bias of layer 1");
    expect_refused([](Prepared& it) { it.parameters[7] = zeros({2, 6}); }, "readout weight");
    expect_refused([](Prepared& it) { it.parameters[8] = zeros({3}); }, "readout bias");
}

TEST(ElmScanNode, refuses_an_input_or_a_state_that_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const Prepared it = prepare(stream, {.spikes = true});
    const auto message = [&](const auto& call) {
        try {
            call();
        } catch (const Error& error) {
            return error.message();
        }
        return std::string("no error");
    };
    EXPECT_NE(message([&] {
                  elm_scan(context, it.structure, it.vars(), zeros({2, 6, 4}));
              }).find("input (batch, time, inputs)"),
              std::string::npos);
    EXPECT_NE(message([&] {
                  elm_scan(context, it.structure, it.vars(), zeros({2, 6}));
              }).find("input (batch, time, inputs)"),
              std::string::npos);
    ElmScanState state{zeros({2, 6}).value, {}};
    EXPECT_NE(message([&] {
                  elm_scan(context, it.structure, it.vars(), it.spikes, &state);
              }).find("memory of the state"),
              std::string::npos);
    state = {{}, zeros({2, 4}).value};
    EXPECT_NE(message([&] {
                  elm_scan(context, it.structure, it.vars(), it.spikes, &state);
              }).find("traces of the state"),
              std::string::npos);
}

TEST(ElmScanNode, refuses_parameters_of_another_device_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    Stream stream{cuda_devices().front()}, host{Device{}};
    Context context{stream};
    const Prepared it = prepare(host, {.spikes = true});
    try {
        elm_scan(context, it.structure, it.vars(), it.spikes);
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_NE(error.message().find("memory_decay (d_m) is on cpu"), std::string::npos)
            << error.message();
    }
}

}  // namespace
}  // namespace elm::test
