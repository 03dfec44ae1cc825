// Backpropagation through the ELM against gradients made by other programs (tests/golden and, where
// the data folder is, the authors' PyTorch modules) and against central differences.

#include "neuron/elm/elm_gradient.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "kernels/core/support/parallel.h"
#include "kernels/io/hdf5_file.h"
#include "neuron/elm/elm_model_file.h"
#include "neuron/elm/elm_neuron.h"
#include "tests/support/compare.h"
#include "tests/support/random_elm.h"

namespace elm {
namespace {

using test::values_of;

/// Loss = sum of y * weight: the gradient of the output is `weight` whatever y is.
ElmLoss weighted_sum(const std::vector<double>& weight) {
    return {[&weight](const Tensor& output, const Tensor& gradient, std::int64_t first,
                      std::int64_t count) {
        visit_real(output.dtype(), [&]<class Real>(Real) {
            const auto to = view<Real, 3>(gradient);
            const std::int64_t row = to.extent[1] * to.extent[2];
            for (std::int64_t i = first * row; i < (first + count) * row; ++i) {
                to.data[i] = static_cast<Real>(weight[static_cast<std::size_t>(i)]);
            }
        });
    }};
}

/// Longest sum of a gradient: over all steps and samples of the widest layer's row.
std::int64_t longest_sum(const ElmOptions& options, std::int64_t batch, std::int64_t n_steps) {
    return batch * n_steps * (options.branches() + options.n_memory + options.hidden());
}

void check_case(const Hdf5File& file, const std::string& name, DType precision) {
    SCOPED_TRACE(name + " in " + std::string(name_of(precision)));
    const ElmModel model = read_state_dict(file, name, name + "/parameters");
    const auto shape = file.shape(name + "/input");
    const auto values = file.read<double>(name + "/input");
    const auto weight = file.read<double>(name + "/grad_output");
    Stream host{Device{}};
    const Tensor input =
        Tensor::from(host, {shape[0], shape[1], shape[2]}, std::span<const double>(values))
            .cast(host, precision);
    using Kept = std::pair<std::int64_t, bool>;
    for (const auto& [segment_steps, keep_updates] :
         {Kept{0, false}, Kept{32, false}, Kept{32, true}}) {
        const ElmGradient gradient = elm_gradient(model, input, weighted_sum(weight),
                                                  {.precision = precision,
                                                   .input_gradient = true,
                                                   .segment_steps = segment_steps,
                                                   .keep_updates = keep_updates});
        const test::Tolerance tolerance{.terms = longest_sum(model.options, shape[0], shape[1])};
        EXPECT_EQ(test::difference(values_of(gradient.output), file.read<double>(name + "/output"),
                                   precision, tolerance),
                  "");
        EXPECT_EQ(test::difference(values_of(gradient.input),
                                   file.read<double>(name + "/grad_input"), precision, tolerance),
                  "");
        for (const NamedArray& array : gradient.parameters) {
            SCOPED_TRACE(array.name);
            EXPECT_EQ(
                test::difference(array.values, file.read<double>(name + "/gradients/" + array.name),
                                 precision, tolerance),
                "");
        }
        EXPECT_EQ(gradient.parameters.size(), file.links(name + "/gradients").size());
    }
}

void check_file(const std::string& path) {
    const Hdf5File file = Hdf5File::open(path);
    int n_cases = 0;
    for (const std::string& name : file.links("/")) {
        if (!file.has(name + "/gradients")) continue;
        check_case(file, name, DType::f64);
        check_case(file, name, DType::f32);
        ++n_cases;
    }
    EXPECT_GE(n_cases, 6);
}

TEST(ElmGradientGolden, agrees_with_the_small_golden_file) {
    check_file(ELM_GOLDEN_DIR "/elm_small.h5");
}

TEST(ElmGradientGolden, agrees_with_the_authors_modules) {
    const char* const folder = std::getenv("ELM_DATA_DIR");
    const std::string path =
        std::string(folder != nullptr ? folder : ELM_DATA_DIR) + "/elm_golden.h5";
    if (!std::filesystem::exists(path)) {
        GTEST_SKIP() << "there is no " << path << "; set ELM_DATA_DIR";
    }
    check_file(path);
}

test::RandomElm spiking(HiddenUnit activation, std::int64_t layers, bool unequal = false) {
    test::RandomElm elm;
    elm.options.version = ElmVersion::v1;
    elm.options.n_input = 24;
    elm.options.n_output = 2;
    elm.options.n_memory = 7;
    elm.options.n_branch = 4;
    elm.options.n_synapse_per_branch = 9;
    elm.options.routing = SynapseRouting::neuronio;
    elm.options.activation = activation;
    elm.options.mlp_layers = layers;
    elm.options.learn_memory_tau = true;
    elm.unequal_tau = unequal;
    return elm;
}

std::vector<double> loss_weights(std::size_t n) {
    std::vector<double> weight(n);
    for (std::size_t i = 0; i < n; ++i) weight[i] = std::sin(0.7 * static_cast<double>(i) + 0.3);
    return weight;
}

/// Directional derivative along a random direction of all parameters, by central differences.
/// `Input`: spikes, or dense values.
template <class Input>
void agrees_with_differences(const test::RandomElm& spec, const Input& input) {
    ElmModel model = test::make_random_elm(spec);
    Stream host{Device{}};
    const auto weight =
        loss_weights(std::size_t{5} * 40 * static_cast<std::size_t>(spec.options.n_output));
    const auto loss = [&](const ElmModel& at) {
        const ElmNeuron neuron(host, at, DType::f64);
        ElmState state = neuron.initial_state(host, 5);
        const auto output = values_of(neuron.run(host, input, state).output);
        double sum = 0;
        for (std::size_t i = 0; i < output.size(); ++i) sum += output[i] * weight[i];
        return sum;
    };
    const ElmGradient gradient =
        elm_gradient(model, input, weighted_sum(weight), {.precision = DType::f64});
    std::mt19937 generator(5);
    std::normal_distribution<double> normal;
    for (const NamedArray& array : gradient.parameters) {
        SCOPED_TRACE(array.name);
        ElmModel above = model, below = model;
        double expected = 0;
        const double step = 1e-6;
        const auto index =
            static_cast<std::size_t>(&model.at(array.name) - model.parameters.data());
        double size = 0;
        for (std::size_t i = 0; i < array.values.size(); ++i) {
            const double direction = normal(generator);
            above.parameters[index].values[i] += step * direction;
            below.parameters[index].values[i] -= step * direction;
            expected += direction * array.values[i];
            size += std::abs(direction * array.values[i]);
        }
        const double measured = (loss(above) - loss(below)) / (2 * step);
        // Truncation is of order step^2, rounding of epsilon |loss| / step.
        EXPECT_NEAR(measured, expected, 1e-6 * size + 1e-8);
    }
}

void agrees_with_differences(const test::RandomElm& spec) {
    agrees_with_differences(spec, test::random_spikes(5, 40, 24, 0.1, 11));
}

TEST(ElmGradient, agrees_with_differences_for_relu) {
    agrees_with_differences(spiking(HiddenUnit::relu, 1));
}
TEST(ElmGradient, agrees_with_differences_for_relu2) {
    for (const std::int64_t layers : {1, 2}) {
        agrees_with_differences(spiking(HiddenUnit::relu2, layers));
    }
}
TEST(ElmGradient, agrees_with_differences_for_silu_and_two_hidden_layers) {
    agrees_with_differences(spiking(HiddenUnit::silu, 2));
}
TEST(ElmGradient, agrees_with_differences_without_a_hidden_layer) {
    agrees_with_differences(spiking(HiddenUnit::silu, 0));
}
TEST(ElmGradient, agrees_with_differences_for_traces_per_synapse) {
    agrees_with_differences(spiking(HiddenUnit::silu, 1, true));
}

TEST(ElmGradient, agrees_with_differences_for_more_outputs_than_units) {
    test::RandomElm wide = spiking(HiddenUnit::relu, 1);
    wide.options.n_output = 67;
    agrees_with_differences(wide);
}

/// Values of both signs in every channel and step.
TEST(ElmGradient, agrees_with_differences_for_dense_input) {
    Stream host{Device{}};
    const Tensor input = Tensor::from(
        host, {5, 40, 24}, std::span<const double>(loss_weights(std::size_t{5} * 40 * 24)));
    for (const bool unequal : {false, true}) {
        agrees_with_differences(spiking(HiddenUnit::silu, 1, unequal), input);
    }
    agrees_with_differences(spiking(HiddenUnit::relu, 1), input);
    // So few branches that rows take the place of traces.
    test::RandomElm few = spiking(HiddenUnit::relu, 1);
    few.options.n_memory = 3;
    few.options.n_branch = 24;
    few.options.n_synapse_per_branch = 1;
    agrees_with_differences(few, input);
}

void expect_same_bits(const ElmGradient& a, const ElmGradient& b) {
    EXPECT_EQ(values_of(a.output), values_of(b.output));
    ASSERT_EQ(a.parameters.size(), b.parameters.size());
    for (std::size_t i = 0; i < a.parameters.size(); ++i) {
        EXPECT_EQ(a.parameters[i].values, b.parameters[i].values) << a.parameters[i].name;
    }
}

TEST(ElmGradient, gives_the_same_bits_for_any_number_of_threads_and_segments) {
    const ElmModel model = test::make_random_elm(spiking(HiddenUnit::relu, 1));
    const SpikeTrain spikes = test::random_spikes(23, 150, 24, 0.1, 3);
    const auto weight = loss_weights(23 * 150 * 2);
    const int threads_before = thread_count();
    const auto run = [&](int threads, std::int64_t segment_steps) {
        set_thread_count(threads);
        return elm_gradient(model, spikes, weighted_sum(weight), {.segment_steps = segment_steps});
    };
    const ElmGradient expected = run(1, 0);
    for (const int threads : {2, 4}) expect_same_bits(run(threads, 0), expected);
    for (const std::int64_t steps : {1, 33, 64, 1000}) expect_same_bits(run(2, steps), expected);
    set_thread_count(threads_before);
}

TEST(ElmGradient, gives_the_same_bits_where_only_hidden_units_are_computed_again) {
    for (const HiddenUnit unit : {HiddenUnit::relu, HiddenUnit::relu2, HiddenUnit::silu}) {
        for (const std::int64_t layers : {0, 1, 2}) {
            SCOPED_TRACE(layers);
            const ElmModel model = test::make_random_elm(spiking(unit, layers));
            const SpikeTrain spikes = test::random_spikes(7, 150, 24, 0.1, 3);
            const auto weight = loss_weights(7 * 150 * 2);
            const auto run = [&](std::int64_t segment_steps) {
                return elm_gradient(model, spikes, weighted_sum(weight),
                                    {.segment_steps = segment_steps, .keep_updates = true});
            };
            const ElmGradient expected = elm_gradient(model, spikes, weighted_sum(weight));
            for (const std::int64_t steps : {0, 1, 33, 64, 1000}) {
                expect_same_bits(run(steps), expected);
            }
        }
    }
}

TEST(ElmGradient, leaves_nothing_behind_for_the_next_model) {
    const SpikeTrain spikes = test::random_spikes(5, 70, 24, 0.1, 3);
    const auto weight = loss_weights(5 * 70 * 2);
    const auto run = [&](HiddenUnit activation, std::int64_t layers) {
        return elm_gradient(test::make_random_elm(spiking(activation, layers)), spikes,
                            weighted_sum(weight));
    };
    const ElmGradient expected = run(HiddenUnit::silu, 1);
    run(HiddenUnit::relu, 2);
    expect_same_bits(run(HiddenUnit::silu, 1), expected);
    run(HiddenUnit::relu2, 2);
    expect_same_bits(run(HiddenUnit::silu, 1), expected);
}

TEST(ElmGradient, gives_the_outputs_of_a_forward_run_of_dense_input) {
    const test::RandomElm spec = spiking(HiddenUnit::silu, 1);
    const ElmModel model = test::make_random_elm(spec);
    Stream host{Device{}};
    const Tensor input = to_dense(host, test::random_spikes(6, 70, 24, 0.1, 3), DType::f32);
    const auto weight = loss_weights(6 * 70 * 2);
    const ElmNeuron neuron(host, model, DType::f32);
    ElmState state = neuron.initial_state(host, 6);
    EXPECT_EQ(values_of(elm_gradient(model, input, weighted_sum(weight)).output),
              values_of(neuron.run(host, input, state).output));
}

}  // namespace
}  // namespace elm
