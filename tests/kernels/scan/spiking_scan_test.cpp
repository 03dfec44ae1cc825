#include "kernels/ops/spiking/spiking_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/scan/recurrent/recurrent_tile.h"
#include "tests/kernels/scan/spiking_scan_run.h"
#include "tests/reference/spiking_scan_reference.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

struct Size {
    std::int64_t batch, time, units;
};

/// Inputs in the order of reference::SpikingScanInputs; those without meaning left out. Currents
/// are such that units spike in about a third of the steps.
std::vector<InputSpec> specs_of(const Size& n, SpikingAdaptation adaptation, bool differentiable) {
    const double bound = 1 / std::sqrt(static_cast<double>(std::max<std::int64_t>(n.units, 1)));
    const Shape units{n.units};
    std::vector<InputSpec> specs = {
        {.name = "projected", .shape = {n.batch, n.time, n.units}, .low = -1, .high = 5},
        {.name = "weight", .shape = {n.units, n.units}, .low = -2 * bound, .high = 2 * bound},
        {.name = "state",
         .shape = {n.batch, spiking_state_rows(adaptation), n.units},
         .low = 0,
         .high = 0.5},
        {.name = "decay", .shape = units, .low = 0.6, .high = 0.9},
        {.name = "threshold", .shape = units, .low = 0.8, .high = 1.2},
        {.name = "adaptation_decay", .shape = units, .low = 0.7, .high = 0.95},
        {.name = "jump", .shape = units, .low = 0.05, .high = 0.3},
        {.name = "coupling", .shape = units, .low = -0.03, .high = 0.2}};
    specs.resize(static_cast<std::size_t>(3 + spiking_coefficient_count(adaptation)));
    for (InputSpec& spec : specs) spec.differentiable = differentiable;
    return specs;
}

/// The reference along one direction; an empty direction is zero.
reference::SpikingScanOutputs naive(const Arrays& in, const Arrays& direction, const Size& n,
                                    const SpikingRule& rule) {
    std::vector<std::vector<reference::Dual>> dual(8);
    for (std::size_t i = 0; i < in.size(); ++i) {
        for (std::size_t k = 0; k < in[i].size(); ++k) {
            dual[i].push_back({in[i][k], direction.empty() ? 0 : direction[i][k]});
        }
    }
    const auto size = [](std::int64_t count) { return static_cast<std::size_t>(count); };
    const SpikeSurrogate surrogate = rule.surrogate;
    return reference::spiking_scan(
        {dual[0], dual[1], dual[2], dual[3], dual[4], dual[5], dual[6], dual[7]},
        {size(n.batch), size(n.time), size(n.units)},
        {rule.adaptation == SpikingAdaptation::threshold,
         rule.adaptation == SpikingAdaptation::current, rule.reset_to_zero, rule.detach_reset,
         rule.smooth, [=](double x) { return surrogate.smooth_step(x); },
         [=](double x) { return surrogate.derivative(x); }});
}

std::vector<double> values_of_dual(const std::vector<reference::Dual>& numbers) {
    std::vector<double> values;
    for (const auto& number : numbers) values.push_back(number.value);
    return values;
}

OpCase scan_case(const std::string& name, const Size& n, const SpikingRule& rule,
                 bool differentiable) {
    return {.name = name,
            .inputs = specs_of(n, rule.adaptation, differentiable),
            .run =
                [=](Context& context, std::span<const Var> in) {
                    const SpikingTraces traces = run_spiking_scan(context, in, rule);
                    return std::vector<Var>{traces.spikes, traces.state};
                },
            .reference =
                [=](const Arrays& in) {
                    const auto out = naive(in, {}, n, rule);
                    return Arrays{values_of_dual(out.spikes), values_of_dual(out.state)};
                },
            .longest_sum = n.batch * n.time + 2 * n.units + 1};
}

/// Smooth spikes: the gradient is that of what is computed.
OpCase smooth(const std::string& name, const Size& n, SpikingAdaptation adaptation,
              SurrogateKind kind, bool to_zero = false) {
    return scan_case(name, n,
                     {.adaptation = adaptation,
                      .surrogate = {kind, 0.8, 0.5},
                      .reset_to_zero = to_zero,
                      .smooth = true},
                     true);
}
OpCase spiking(const std::string& name, const Size& n, SpikingAdaptation adaptation,
               bool to_zero = false) {
    return scan_case(name, n, {.adaptation = adaptation, .reset_to_zero = to_zero}, false);
}

std::vector<OpCase> cases() {
    using enum SpikingAdaptation;
    return {smooth("one", {1, 1, 1}, current, SurrogateKind::gaussian),
            smooth("smooth_lif", {3, 17, 7}, none, SurrogateKind::gaussian),
            smooth("smooth_lif_to_zero", {3, 17, 7}, none, SurrogateKind::arctan, true),
            smooth("smooth_alif", {3, 17, 7}, threshold, SurrogateKind::logistic),
            smooth("smooth_alif_to_zero", {2, 9, 5}, threshold, SurrogateKind::gaussian, true),
            smooth("smooth_adlif", {3, 17, 7}, current, SurrogateKind::logistic),
            smooth("smooth_adlif_to_zero", {2, 9, 5}, current, SurrogateKind::arctan, true),
            smooth("many_steps", {1, 129, 3}, current, SurrogateKind::gaussian),
            smooth("many_samples", {33, 3, 3}, threshold, SurrogateKind::gaussian),
            smooth("thirty_three_units", {3, 5, 33}, current, SurrogateKind::gaussian),
            spiking("lif", {3, 33, 7}, none),
            spiking("lif_to_zero", {3, 33, 33}, none, true),
            spiking("alif", {3, 33, 7}, threshold),
            spiking("adlif", {3, 33, 7}, current),
            spiking("adlif_to_zero", {2, 17, 130}, current, true),
            smooth("no_samples", {0, 5, 3}, current, SurrogateKind::gaussian),
            smooth("no_steps", {2, 0, 3}, threshold, SurrogateKind::gaussian),
            smooth("no_units", {2, 5, 0}, none, SurrogateKind::gaussian)};
}

ELM_OP_CASES(spiking_scan, cases());

/// Rules whose gradient is no derivative of what they compute: spikes are steps.
std::vector<SpikingRule> spiking_rules() {
    using enum SpikingAdaptation;
    std::vector<SpikingRule> rules;
    std::size_t next = 0;
    for (const SpikingAdaptation adaptation : {none, threshold, current}) {
        for (const bool to_zero : {false, true}) {
            for (const bool detach : {false, true}) {
                const SurrogateKind kind = all_surrogates[next++ % std::size(all_surrogates)];
                rules.push_back({.adaptation = adaptation,
                                 .surrogate = {kind, 0.5, 0.7},
                                 .reset_to_zero = to_zero,
                                 .detach_reset = detach});
            }
        }
    }
    return rules;
}

constexpr Size small{2, 13, 4};

/// Gradients of all inputs of the small case for `weights` of its outputs, by naive loops.
Arrays naive_gradients(const Arrays& in, const Arrays& weights, const SpikingRule& rule) {
    Arrays gradients;
    for (std::size_t i = 0; i < in.size(); ++i) {
        gradients.emplace_back();
        for (std::size_t k = 0; k < in[i].size(); ++k) {
            Arrays direction;
            for (const auto& values : in) direction.emplace_back(values.size(), 0.0);
            direction[i][k] = 1;
            const auto out = naive(in, direction, small, rule);
            double sum = 0;
            for (std::size_t at = 0; at < out.spikes.size(); ++at) {
                sum += weights[0][at] * out.spikes[at].change;
            }
            for (std::size_t at = 0; at < out.state.size(); ++at) {
                sum += weights[1][at] * out.state[at].change;
            }
            gradients[i].push_back(sum);
        }
    }
    return gradients;
}

TEST(SpikingScan, gradient_is_that_of_naive_loops_with_the_same_surrogate) {
    for (const SpikingRule& rule : spiking_rules()) {
        const OpCase op = scan_case("", small, rule, true);
        const OpRun run = run_case(op, {}, DType::f64);
        double spikes = 0;
        for (const double spike : run.outputs[0]) spikes += spike;
        EXPECT_GT(spikes, 10);
        EXPECT_LT(spikes, 70);  // of 104 that there could be
        const Arrays expected =
            naive_gradients(inputs_of(op), output_gradients_of(run.outputs), rule);
        for (std::size_t i = 0; i < expected.size(); ++i) {
            EXPECT_EQ(difference(run.gradients[i], expected[i], DType::f64,
                                 {.condition = 64, .terms = op.longest_sum}),
                      "")
                << op.inputs[i].name << ", adaptation " << static_cast<int>(rule.adaptation)
                << ", to zero " << rule.reset_to_zero << ", detached " << rule.detach_reset;
        }
    }
}

TEST(SpikingScan, cuda_gradient_of_spikes_agrees_with_the_cpu) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) {
        for (const SpikingRule& rule : spiking_rules()) {
            EXPECT_EQ(check_device(scan_case("", small, rule, true), device), "");
        }
    }
}

// Weights that do not fit into the shared memory of a block are read through the cache.
TEST(SpikingScan, cuda_takes_weights_of_any_size) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) {
        EXPECT_EQ(check_device(
                      smooth("", {2, 2, 250}, SpikingAdaptation::current, SurrogateKind::gaussian),
                      device),
                  "");
    }
}

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

void expect_chunks_give_the_bits_of_the_whole(Device device, const SpikingRule& rule) {
    Stream stream{device};
    Context context{stream};
    std::vector<Var> in = tensors(stream, scan_case("", {5, 12, 19}, rule, false), DType::f32);
    const SpikingTraces whole = run_spiking_scan(context, in, rule);
    const Tensor projected = in[0].value;
    for (const auto& [begin, end] : {std::pair{0, 5}, {5, 6}, {6, 12}}) {
        in[0] = {steps_of(stream, projected, begin, end)};
        const SpikingTraces chunk = run_spiking_scan(context, in, rule);
        EXPECT_EQ(values_of(chunk.spikes.value),
                  values_of(steps_of(stream, whole.spikes.value, begin, end)));
        in[2] = chunk.state;
    }
    EXPECT_EQ(values_of(in[2].value), values_of(whole.state.value));
}

TEST(SpikingScan, carries_state_across_chunks) {
    for (const SpikingRule& rule : spiking_rules()) {
        expect_chunks_give_the_bits_of_the_whole({}, rule);
    }
}

TEST(SpikingScan, cuda_carries_state_across_chunks) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) {
        for (const SpikingRule& rule : spiking_rules()) {
            expect_chunks_give_the_bits_of_the_whole(device, rule);
        }
    }
}

TEST(SpikingScan, gives_the_same_bits_for_any_number_of_threads_and_samples) {
    const int before = thread_count();
    for (const SpikingRule& rule : spiking_rules()) {
        const OpCase op = scan_case("", {13, 9, 21}, rule, true);
        set_thread_count(1);
        const OpRun one = run_case(op, {}, DType::f32);
        for (const int threads : {2, 3, 13}) {
            set_thread_count(threads);
            const OpRun other = run_case(op, {}, DType::f32);
            EXPECT_EQ(other.outputs, one.outputs) << threads;
            EXPECT_EQ(other.gradients, one.gradients) << threads;
        }
    }
    set_thread_count(before);
}

TEST(SpikingScan, a_product_with_listed_inputs_is_the_dense_one) {
    constexpr std::int64_t inner = 37;
    const std::int64_t columns = 9 * lanes::native<float>;  // eight panels at once, and one alone
    const std::vector<double> numbers = random_values(inner * columns, -1, 1, {1});
    const RecurrentPanels<float> panels(inner, columns, [&](std::int64_t k, std::int64_t column) {
        return static_cast<float>(numbers[static_cast<std::size_t>(k * columns + column)]);
    });
    std::vector<float> input(inner, 0.0F);
    const std::vector<std::int32_t> listed{0, 3, 4, 17, 36};
    for (const std::int32_t k : listed) input[static_cast<std::size_t>(k)] = 1.0F;
    std::vector<float> dense(static_cast<std::size_t>(columns), 0.25F), sparse = dense;
    panels.multiply_add(1, input.data(), dense.data(), columns);
    panels.multiply_add_listed(listed.data(), std::ssize(listed), input.data(), sparse.data());
    EXPECT_EQ(sparse, dense);
    EXPECT_NE(dense.front(), 0.25F);
    EXPECT_NE(dense.back(), 0.25F);
}

TEST(SpikingScan, the_same_numbers_come_with_a_tape_and_without) {
    for (const SpikingRule& rule : spiking_rules()) {
        const OpCase op = scan_case("", small, rule, true);
        EXPECT_EQ(evaluate(op, inputs_of(op)), run_case(op, {}, DType::f64).outputs);
    }
}

TEST(SpikingScan, names_what_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f32)};
    };
    const Var one = zeros({5});
    const auto message = [&](const Shape& projected, const Shape& weight, const Shape& state,
                             const SpikingCoefficients& coefficients,
                             const SpikingRule& rule) -> std::string {
        try {
            spiking_scan(context, zeros(projected), zeros(weight), coefficients, rule,
                         zeros(state));
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            return error.message();
        }
        return "no error";
    };
    const Shape projected{2, 3, 5}, weight{5, 5}, state{2, 2, 5};
    const SpikingCoefficients lif{one, one, {}, {}, {}};
    const SpikingRule adlif{.adaptation = SpikingAdaptation::current};
    EXPECT_EQ(message(projected, weight, state, lif, {}), "no error");
    EXPECT_EQ(message(projected, {5, 4}, state, lif, {}),
              "spiking_scan: weight (units, units) has shape (5, 4), expected (5, 5)");
    EXPECT_EQ(message(projected, weight, {2, 3, 5}, lif, {}),
              "spiking_scan: state (batch, 2, units) has shape (2, 3, 5), expected (2, 2, 5)");
    EXPECT_EQ(message(projected, weight, state, {one, zeros({4}), {}, {}, {}}, {}),
              "spiking_scan: threshold (units) has shape (4), expected (5)");
    EXPECT_EQ(message(projected, weight, state, {one, one, one, {}, {}}, {}),
              "spiking_scan: adaptation_decay has no meaning for these units; leave it out");
    EXPECT_EQ(message(projected, weight, {2, 3, 5}, {one, one, one, one, {}}, adlif),
              "spiking_scan: coupling (units) is missing");
    EXPECT_NE(message(projected, weight, state, lif, {.surrogate = {SurrogateKind::triangle, 0}})
                  .find("a surrogate of width 0"),
              std::string::npos);
    EXPECT_NE(message({3, 5}, weight, state, lif, {}), "no error");
}

}  // namespace
}  // namespace elm::test
