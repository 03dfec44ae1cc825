#include "neuron/point/neuron_scan.h"

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/neuron/neuron_scan_case.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

using namespace neuron_scan_case;

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
