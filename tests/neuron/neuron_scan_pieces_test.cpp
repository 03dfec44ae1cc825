// Scans that go on from the state of a piece before.

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/neuron/neuron_scan_case.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

using namespace neuron_scan_case;

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

TEST(NeuronScanPieces, goes_on_from_the_state_of_the_last_piece) {
    for (const Kind& kind : spiking_kinds()) {
        for (const std::int64_t cut : {1, 8, 18, 19}) {
            expect_that_it_goes_on(kind, cut, {}, DType::f64);
        }
    }
}

TEST(NeuronScanPieces, goes_on_from_the_state_of_the_last_piece_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) {
        for (const Kind& kind : spiking_kinds())
            expect_that_it_goes_on(kind, 8, device, DType::f64);
    }
}

/// Gradients of the parameters of a scan that goes on, against central differences with smooth
/// spikes: the state is a constant.
TEST(NeuronScanPieces, gradient_of_a_piece_takes_the_state_as_a_constant) {
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

}  // namespace
}  // namespace elm::test
