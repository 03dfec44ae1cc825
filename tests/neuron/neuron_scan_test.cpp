#include "neuron/point/neuron_scan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <type_traits>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "neuron/point/alif.h"
#include "tests/reference/neuron_scan_reference.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

struct Size {
    std::int64_t batch, time, neurons;
};

struct Kind {
    bool to_value = false;  // reset, instead of by subtraction
    bool adapts = false;
    SpikeRule rule = {};
    bool differentiable = true;
};

/// Inputs in the order in which reference::NeuronScanInputs has them; those without meaning left
/// out.
std::vector<InputSpec> specs_of(const Size& n, const Kind& kind) {
    const Shape neurons{n.neurons};
    std::vector<InputSpec> specs = {
        {.name = "current", .shape = {n.batch, n.time, n.neurons}, .low = -0.3, .high = 0.9},
        {.name = "decay", .shape = neurons, .low = 0.7, .high = 0.95},
        {.name = "threshold", .shape = neurons, .low = 0.8, .high = 1.2},
        {.name = "resting", .shape = neurons, .low = -0.2, .high = 0.2}};
    if (kind.to_value) {
        specs.push_back({.name = "reset", .shape = neurons, .low = -0.5, .high = 0});
    }
    if (kind.adapts) {
        specs.push_back({.name = "adaptation_decay", .shape = neurons, .low = 0.7, .high = 0.95});
        specs.push_back({.name = "adaptation_strength", .shape = neurons, .low = 0.1, .high = 0.5});
    }
    for (InputSpec& spec : specs) spec.differentiable = kind.differentiable;
    return specs;
}

template <class Neuron>
NeuronTraces run(Context& context, std::span<const Var> in, const Kind& kind, Tensor* state) {
    typename Neuron::template Coefficients<Var> coefficients{};
    coefficients.decay = in[1];
    coefficients.threshold = in[2];
    coefficients.resting = in[3];
    if (kind.to_value) coefficients.reset = in[4];
    if constexpr (std::is_same_v<Neuron, Alif>) {
        coefficients.adaptation_decay = in[in.size() - 2];
        coefficients.adaptation_strength = in[in.size() - 1];
    }
    SpikeRule rule = kind.rule;
    rule.reset = kind.to_value ? ResetKind::to_value : ResetKind::by_subtraction;
    return neuron_scan<Neuron>(context, in[0], coefficients, rule, state);
}
NeuronTraces run(Context& context, std::span<const Var> in, const Kind& kind,
                 Tensor* state = nullptr) {
    return kind.adapts ? run<Alif>(context, in, kind, state) : run<Lif>(context, in, kind, state);
}

/// The reference along one direction; an empty direction is zero.
reference::NeuronScanOutputs naive(const Arrays& in, const Arrays& direction, const Size& n,
                                   const Kind& kind) {
    std::vector<std::vector<reference::Dual>> dual;
    for (std::size_t i = 0; i < in.size(); ++i) {
        dual.emplace_back();
        for (std::size_t k = 0; k < in[i].size(); ++k) {
            dual[i].push_back({in[i][k], direction.empty() ? 0 : direction[i][k]});
        }
    }
    reference::NeuronScanInputs inputs{dual[0], dual[1], dual[2], dual[3], {}, {}, {}};
    if (kind.to_value) inputs.reset = dual[4];
    if (kind.adapts) {
        inputs.adaptation_decay = dual[dual.size() - 2];
        inputs.adaptation_strength = dual[dual.size() - 1];
    }
    const auto size = [](std::int64_t count) { return static_cast<std::size_t>(count); };
    const SpikeSurrogate surrogate = kind.rule.surrogate;
    return reference::neuron_scan(
        inputs, {size(n.batch), size(n.time), size(n.neurons)},
        {!kind.to_value, kind.adapts, kind.rule.smooth, kind.rule.detach_reset,
         kind.rule.refractory_steps, [=](double x) { return surrogate.smooth_step(x); },
         [=](double x) { return surrogate.derivative(x); }});
}

std::vector<double> values_of_dual(const std::vector<reference::Dual>& numbers) {
    std::vector<double> values;
    for (const auto& number : numbers) values.push_back(number.value);
    return values;
}

OpCase scan_case(const std::string& name, const Size& n, const Kind& kind) {
    return {.name = name,
            .inputs = specs_of(n, kind),
            .run =
                [=](Context& context, std::span<const Var> in) {
                    const NeuronTraces traces = run(context, in, kind);
                    return std::vector<Var>{traces.voltage, traces.spikes, traces.distance};
                },
            .reference =
                [=](const Arrays& in) {
                    const auto out = naive(in, {}, n, kind);
                    return Arrays{values_of_dual(out.voltage), values_of_dual(out.spikes),
                                  values_of_dual(out.distance)};
                },
            .longest_sum = n.batch * n.time + 1};
}

Kind smooth(SurrogateKind kind, bool to_value, bool adapts) {
    return {to_value, adapts, {.surrogate = {kind, 0.8, 0.5}, .smooth = true}};
}
Kind spiking(bool to_value, bool adapts, std::int32_t refractory_steps) {
    return {to_value, adapts, {.refractory_steps = refractory_steps}, false};
}

std::vector<OpCase> cases() {
    return {
        scan_case("one", {1, 1, 1}, smooth(SurrogateKind::gaussian, false, true)),
        scan_case("smooth_lif", {3, 33, 7}, smooth(SurrogateKind::fast_sigmoid, false, false)),
        scan_case("smooth_lif_to_value", {3, 33, 7}, smooth(SurrogateKind::arctan, true, false)),
        scan_case("smooth_alif", {3, 33, 7}, smooth(SurrogateKind::gaussian, false, true)),
        scan_case("smooth_alif_to_value", {2, 17, 5}, smooth(SurrogateKind::triangle, true, true)),
        scan_case("many_steps", {1, 257, 3}, smooth(SurrogateKind::gaussian, false, true)),
        scan_case("many_neurons", {1, 2, 257}, smooth(SurrogateKind::gaussian, true, true)),
        scan_case("lif", {3, 33, 7}, spiking(false, false, 0)),
        scan_case("lif_to_value", {3, 33, 7}, spiking(true, false, 0)),
        scan_case("alif", {3, 33, 7}, spiking(false, true, 0)),
        scan_case("refractory", {3, 33, 7}, spiking(false, true, 3)),
        scan_case("refractory_to_value", {3, 33, 7}, spiking(true, false, 2)),
        scan_case("no_samples", {0, 7, 3}, smooth(SurrogateKind::gaussian, false, true)),
        scan_case("no_steps", {2, 0, 3}, smooth(SurrogateKind::gaussian, false, true)),
        scan_case("no_neurons", {2, 7, 0}, smooth(SurrogateKind::gaussian, true, true))};
}

ELM_OP_CASES(neuron_scan, cases());

/// Kinds whose gradient is no derivative of what they compute: spikes are steps.
std::vector<Kind> spiking_kinds() {
    std::vector<Kind> kinds;
    for (const bool to_value : {false, true}) {
        for (const bool adapts : {false, true}) {
            for (const std::int32_t refractory : {0, 2}) {
                for (const bool detach : {false, true}) {
                    const SpikeRule rule{.surrogate = {SurrogateKind::fast_sigmoid, 0.5, 0.7},
                                         .refractory_steps = refractory,
                                         .detach_reset = detach};
                    kinds.push_back({to_value, adapts, rule});
                }
            }
        }
    }
    return kinds;
}

constexpr Size small{2, 19, 3};

TEST(NeuronScan, gradient_is_that_of_naive_loops_with_the_same_surrogate) {
    for (const Kind& kind : spiking_kinds()) {
        const OpCase op = scan_case("", small, kind);
        const OpRun run = run_case(op, {}, DType::f64);
        const Arrays in = inputs_of(op), weights = output_gradients_of(run.outputs);
        double spikes = 0;
        for (const double spike : run.outputs[1]) spikes += spike;
        EXPECT_GT(spikes, 12);
        Arrays expected;
        for (std::size_t i = 0; i < in.size(); ++i) {
            expected.emplace_back();
            for (std::size_t k = 0; k < in[i].size(); ++k) {
                Arrays direction;
                for (const auto& values : in) direction.emplace_back(values.size(), 0.0);
                direction[i][k] = 1;
                const auto out = naive(in, direction, small, kind);
                double sum = 0;
                for (std::size_t at = 0; at < weights[0].size(); ++at) {
                    sum += weights[0][at] * out.voltage[at].change +
                           weights[1][at] * out.spikes[at].change +
                           weights[2][at] * out.distance[at].change;
                }
                expected[i].push_back(sum);
            }
            EXPECT_EQ(difference(run.gradients[i], expected[i], DType::f64,
                                 {.condition = 64, .terms = small.batch * small.time}),
                      "")
                << op.inputs[i].name << ", reset to a value " << kind.to_value << ", adapts "
                << kind.adapts << ", refractory " << kind.rule.refractory_steps << ", detached "
                << kind.rule.detach_reset;
        }
    }
}

TEST(NeuronScan, cuda_gradient_of_spikes_agrees_with_the_cpu) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) {
        for (const Kind& kind : spiking_kinds()) {
            EXPECT_EQ(check_device(scan_case("", small, kind), device), "");
        }
    }
}

/// Spikes and voltages of one neuron for a constant input, in float64.
struct Response {
    std::vector<double> voltage, spikes, distance;
};

Response respond(double input, std::int64_t steps, const std::vector<double>& parameters,
                 const Kind& kind) {
    Stream stream{Device{}};
    Context context{stream};
    std::vector<Var> in{{tensor_of(stream, {1, steps, 1}, DType::f64,
                                   std::vector<double>(static_cast<std::size_t>(steps), input))}};
    for (const double parameter : parameters) {
        in.push_back({tensor_of(stream, {1}, DType::f64, {parameter})});
    }
    const NeuronTraces traces = run(context, in, kind);
    return {values_of(traces.voltage.value), values_of(traces.spikes.value),
            values_of(traces.distance.value)};
}

std::vector<std::int64_t> spike_steps(const Response& response) {
    std::vector<std::int64_t> steps;
    for (std::size_t t = 0; t < response.spikes.size(); ++t) {
        if (response.spikes[t] != 0) steps.push_back(static_cast<std::int64_t>(t));
    }
    return steps;
}

TEST(NeuronScan, a_membrane_charges_as_the_exact_solution) {
    const double tau = 20, decay = std::exp(-1 / tau), rest = -70, input = 0.5;
    const Response response = respond(input, 200, {decay, 100, rest}, {});
    std::vector<double> expected;
    for (int t = 0; t < 200; ++t) {
        expected.push_back(rest + input * (1 - std::exp(-(t + 1) / tau)) / (1 - decay));
    }
    EXPECT_CLOSE(response.voltage, expected, {.terms = 200});
    EXPECT_TRUE(spike_steps(response).empty());
}

TEST(NeuronScan, intervals_are_those_of_the_closed_form) {
    // From V_r = E the threshold is reached after n steps, the first with I (1 - alpha^n) / (1 -
    // alpha) >= theta - E; then the refractory steps follow.
    const double decay = std::exp(-1.0 / 20), input = 1, threshold = 15;
    const double whole = threshold * (1 - decay) / input;
    const auto charging = static_cast<std::int64_t>(std::ceil(std::log1p(-whole) / -0.05 - 1e-9));
    for (const std::int32_t refractory : {0, 3}) {
        const Response response = respond(input, 400, {decay, threshold - 70, -70, -70},
                                          {true, false, {.refractory_steps = refractory}});
        const auto steps = spike_steps(response);
        ASSERT_GE(steps.size(), 5u);
        EXPECT_EQ(steps[0], charging - 1);
        for (std::size_t i = 1; i < steps.size(); ++i) {
            EXPECT_EQ(steps[i] - steps[i - 1], charging + refractory);
        }
    }
}

TEST(NeuronScan, a_neuron_without_leak_spikes_at_the_rate_of_its_input) {
    // Reset by subtraction loses nothing: after t steps, floor(t I / theta) spikes.
    const Response response = respond(0.3125, 160, {1, 1, 0}, {});
    EXPECT_EQ(spike_steps(response).size(), 50u);
}

TEST(NeuronScan, a_threshold_rises_with_a_spike_and_decays) {
    const double rho = 0.9, beta = 5;
    const Response response = respond(1, 40, {0.5, 1.5, 0, rho, beta}, {false, true});
    const auto steps = spike_steps(response);
    ASSERT_EQ(steps.front(), 1);  // 1, 1.5
    for (std::size_t t = 2; static_cast<std::int64_t>(t) <= steps[1]; ++t) {
        const double expected = 1.5 + beta * std::pow(rho, static_cast<double>(t) - 2);
        EXPECT_NEAR(response.voltage[t] - response.distance[t], expected, 1e-12);
    }
    EXPECT_GT(steps[1] - steps[0], 10);
}

TEST(NeuronScan, bits_do_not_depend_on_the_number_of_threads) {
    const OpCase op = scan_case("", {8, 40, 65}, {false, true});
    const int before = thread_count();
    std::vector<OpRun> runs;
    for (const int threads : {1, 2, 4}) {
        set_thread_count(threads);
        runs.push_back(run_case(op, {}, DType::f32));
    }
    set_thread_count(before);
    for (const OpRun& run : runs) {
        EXPECT_EQ(run.outputs, runs[0].outputs);
        EXPECT_EQ(run.gradients, runs[0].gradients);
    }
}

/// Steps [begin, end) of a (batch, time, neurons) trace.
std::vector<double> steps_of(const std::vector<double>& trace, const Size& n, std::int64_t begin,
                             std::int64_t end) {
    std::vector<double> part;
    for (std::int64_t b = 0; b < n.batch; ++b) {
        const auto sample = trace.begin() + b * n.time * n.neurons;
        part.insert(part.end(), sample + begin * n.neurons, sample + end * n.neurons);
    }
    return part;
}

/// Runs the case over its second part alone, from the state after the first `cut` steps.
OpRun second_part(const OpCase& op, const Kind& kind, const Arrays& weights, std::int64_t cut,
                  Device device, DType dtype) {
    Stream stream(device);
    const Arrays in = inputs_of(op);
    const auto part = [&](const std::vector<double>& all, std::int64_t begin, std::int64_t end) {
        return tensor_of(stream, {small.batch, end - begin, small.neurons}, dtype,
                         steps_of(all, small, begin, end));
    };
    Tape tape;
    std::vector<Parameter> leaves;
    for (std::size_t i = 0; i < in.size(); ++i) {
        const Tensor value = i == 0 ? part(in[0], cut, small.time)
                                    : tensor_of(stream, {small.neurons}, dtype, in[i]);
        leaves.push_back({value, Tensor::zeros(stream, value.shape(), dtype)});
    }
    std::vector<Var> plain{{part(in[0], 0, cut)}}, recorded;
    for (std::size_t i = 1; i < in.size(); ++i) plain.push_back({leaves[i].value});
    for (const Parameter& leaf : leaves) recorded.push_back(tape.leaf(leaf));
    Context before{stream}, context{stream, &tape};
    Tensor state;
    run(before, plain, kind, &state);
    const NeuronTraces traces = run(context, recorded, kind, &state);
    const std::vector<Var> outputs{traces.voltage, traces.spikes, traces.distance};
    std::vector<Tensor> gradients;
    for (const auto& all : weights) gradients.push_back(part(all, cut, small.time));
    tape.backward(stream, outputs, gradients);
    OpRun result;
    for (const Var& output : outputs) result.outputs.push_back(values_of(output.value));
    for (const Parameter& leaf : leaves) result.gradients.push_back(values_of(leaf.gradient));
    return result;
}

/// The second part of a run has the outputs of the whole run, and the gradient that its input has
/// there. (That of the parameters differs, for the state is a constant here.)
void expect_that_it_goes_on(const Kind& kind, std::int64_t cut, Device device, DType dtype) {
    const OpCase op = scan_case("", small, kind);
    const Arrays in = inputs_of(op);
    const auto whole = naive(in, {}, small, kind);
    const Arrays expected{values_of_dual(whole.voltage), values_of_dual(whole.spikes),
                          values_of_dual(whole.distance)};
    const Arrays weights = output_gradients_of(expected);
    const OpRun found = second_part(op, kind, weights, cut, device, dtype);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(difference(found.outputs[i], steps_of(expected[i], small, cut, small.time), dtype,
                             {.condition = 16, .terms = small.time}),
                  "");
    }
    std::vector<double> input_gradient;
    for (std::size_t at = 0; at < in[0].size(); ++at) {
        const auto step = static_cast<std::int64_t>(at) / small.neurons % small.time;
        if (step < cut) continue;
        Arrays direction;
        for (const auto& values : in) direction.emplace_back(values.size(), 0.0);
        direction[0][at] = 1;
        const auto changed = naive(in, direction, small, kind);
        double sum = 0;
        for (std::size_t k = 0; k < weights[0].size(); ++k) {
            sum += weights[0][k] * changed.voltage[k].change +
                   weights[1][k] * changed.spikes[k].change +
                   weights[2][k] * changed.distance[k].change;
        }
        input_gradient.push_back(sum);
    }
    EXPECT_EQ(difference(found.gradients[0], input_gradient, dtype,
                         {.condition = 64, .terms = small.time}),
              "");
}

TEST(NeuronScan, goes_on_from_the_state_of_the_last_piece) {
    for (const Kind& kind : spiking_kinds()) {
        for (const std::int64_t cut : {1, 8, 18, 19}) {
            expect_that_it_goes_on(kind, cut, {}, DType::f64);
        }
    }
}

TEST(NeuronScan, goes_on_from_the_state_of_the_last_piece_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) {
        for (const Kind& kind : spiking_kinds())
            expect_that_it_goes_on(kind, 8, device, DType::f64);
    }
}

/// Gradients of the parameters of a scan that goes on, against central differences with smooth
/// spikes: the state is a constant.
TEST(NeuronScan, gradient_of_a_piece_takes_the_state_as_a_constant) {
    for (const bool to_value : {false, true}) {
        for (const bool adapts : {false, true}) {
            const Kind kind = smooth(SurrogateKind::gaussian, to_value, adapts);
            OpCase op = scan_case("piece", {2, 9, 3}, kind);
            Stream stream{Device{}};
            const std::int64_t states = adapts ? neuron_scan_states<Alif> : neuron_scan_states<Lif>;
            const Tensor start = tensor_of(stream, {2, 3, states}, DType::f64,
                                           random_values(6 * states, 0.1, 0.9, {4}));
            op.run = [=](Context& context, std::span<const Var> in) {
                Tensor state = start;
                const NeuronTraces traces = run(context, in, kind, &state);
                return std::vector<Var>{traces.voltage, traces.spikes, traces.distance};
            };
            EXPECT_EQ(check_gradient(op), "") << to_value << adapts;
        }
    }
}

TEST(NeuronScan, a_neuron_has_the_same_bits_alone_as_among_others) {
    constexpr Size many{2, 60, 37};
    for (Kind kind : spiking_kinds()) {
        for (const SurrogateKind surrogate : {SurrogateKind::fast_sigmoid, SurrogateKind::triangle,
                                              SurrogateKind::arctan, SurrogateKind::gaussian}) {
            kind.rule.surrogate.kind = surrogate;
            const OpCase together = scan_case("", many, kind);
            const OpRun expected = run_case(together, {}, DType::f32);
            const Arrays values = inputs_of(together);
            for (const std::int64_t neuron : {0, 15, 36}) {
                const auto of_neuron = [&](const std::vector<double>& all) {
                    std::vector<double> own;
                    for (auto i = static_cast<std::size_t>(neuron); i < all.size(); i += 37) {
                        own.push_back(all[i]);
                    }
                    return own;
                };
                OpCase alone = scan_case("", {2, 60, 1}, kind);
                for (std::size_t i = 0; i < values.size(); ++i) {
                    alone.inputs[i].values = of_neuron(values[i]);
                }
                const OpRun run = run_case(alone, {}, DType::f32);
                for (std::size_t i = 0; i < run.outputs.size(); ++i) {
                    EXPECT_EQ(run.outputs[i], of_neuron(expected.outputs[i]));
                }
            }
        }
    }
}

TEST(NeuronScan, names_what_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f32)};
    };
    const Var current = zeros({2, 5, 3}), one = zeros({3});
    const Lif::Coefficients<Var> lif{one, one, one, {}};
    const auto message = [&](const Var& input, const Lif::Coefficients<Var>& coefficients,
                             const SpikeRule& rule) -> std::string {
        try {
            neuron_scan<Lif>(context, input, coefficients, rule);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            return error.message();
        }
        return "";
    };
    EXPECT_EQ(message(current, lif, {}), "");
    EXPECT_NE(message(zeros({5, 3}), lif, {}), "");
    EXPECT_EQ(message(current, {one, zeros({4}), one, {}}, {}),
              "neuron_scan: threshold (neurons) has shape (4), expected (3)");
    EXPECT_EQ(message(current, {one, one, {}, {}}, {}),
              "neuron_scan: resting (neurons) is missing");
    EXPECT_EQ(message(current, {one, one, one, one}, {}),
              "neuron_scan: reset has no meaning with reset by subtraction; leave it out");
    EXPECT_EQ(message(current, lif, {.reset = ResetKind::to_value}),
              "neuron_scan: reset (neurons) is missing");
    EXPECT_NE(message(current, lif, {.refractory_steps = -1}), "");
    EXPECT_NE(message(current, lif, {.refractory_steps = 1, .smooth = true}), "");
    EXPECT_NE(message(current, lif, {.surrogate = {SurrogateKind::triangle, 0}}), "");
    Tensor state = Tensor::zeros(stream, {2, 4, neuron_scan_states<Lif>}, DType::f32);
    EXPECT_THROW(neuron_scan<Lif>(context, current, lif, {}, &state), Error);
}

TEST(NeuronScan, slots_are_filled_on_the_devices_of_this_build) {
    const auto& forward = neuron_scan_kernel<Lif, float>;
    const auto& backward = neuron_scan_backward_kernel<Alif, double>;
    EXPECT_NE(forward.cpu, nullptr);
    EXPECT_NE(backward.cpu, nullptr);
#if defined(ELM_WITH_CUDA)
    EXPECT_NE(forward.cuda, nullptr);
    EXPECT_NE(backward.cuda, nullptr);
#endif
}

}  // namespace
}  // namespace elm::test
