// A gradient pass that keeps its memory against one that starts afresh. That the gradients are
// right is for elm_gradient_test.cpp, which takes them from the same pass.

#include "neuron/elm/elm_gradient_pass.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "kernels/core/support/error.h"
#include "kernels/ops/elm/cpu/gradient/gradient_sums.h"
#include "neuron/elm/elm_gradient.h"
#include "neuron/elm/elm_module.h"
#include "neuron/elm/elm_scan_model.h"
#include "tests/support/compare.h"
#include "tests/support/random_elm.h"

namespace elm {
namespace {

test::RandomElm small(SynapseRouting routing = SynapseRouting::random, bool unequal = false) {
    test::RandomElm elm;
    elm.options.version = ElmVersion::v1;
    elm.options.n_input = 24;
    elm.options.n_output = 2;
    elm.options.n_memory = 21;  // more than one vector, and a rest
    elm.options.n_branch = 18;
    elm.options.n_synapse_per_branch = 9;  // of 24 inputs: some branches take one twice
    elm.options.routing = routing;
    elm.options.activation = HiddenUnit::silu;
    elm.options.learn_memory_tau = true;
    elm.unequal_tau = unequal;
    return elm;
}

/// Trainable arrays of a model as a trainer holds them, and their gradients.
struct Arrays {
    std::vector<Tensor> parameters, gradients;
};

Arrays arrays_of(const ElmModel& model, DType type, double gradient = 0) {
    Stream host{Device{}};
    Arrays arrays;
    for (const NamedArray& array : model.parameters) {
        if (!is_trainable(model.options, array.name)) continue;
        const Shape shape{std::span<const std::int64_t>(array.shape)};
        const auto tensor = [&](const std::vector<double>& values) {
            return Tensor::from(host, shape, std::span<const double>(values)).cast(host, type);
        };
        arrays.parameters.push_back(tensor(array.values));
        arrays.gradients.push_back(tensor(std::vector<double>(array.values.size(), gradient)));
    }
    return arrays;
}

ElmGradientPass::Outputs outputs_for(const ElmModel& model, std::int64_t batch,
                                     std::int64_t n_steps, DType type) {
    Stream host{Device{}};
    const Shape shape{batch, n_steps, model.options.n_output};
    return {Tensor::zeros(host, shape, type), Tensor::zeros(host, shape, type), {}};
}

/// dL/dy = y: of L = sum y^2 / 2.
ElmGradientPass::Loss squares(const ElmGradientPass::Outputs& outputs) {
    return [&outputs](std::int64_t first, std::int64_t count) {
        visit_real(outputs.output.dtype(), [&]<class Real>(Real) {
            const auto from = outputs.output.host<Real>();
            const auto to = outputs.output_gradient.host<Real>();
            const auto row = static_cast<std::int64_t>(from.size()) / outputs.output.shape()[0];
            std::copy_n(from.begin() + first * row, count * row, to.begin() + first * row);
        });
    };
}

const ElmLoss squares_of_outputs{
    [](const Tensor& output, const Tensor& gradient, std::int64_t first, std::int64_t count) {
        const ElmGradientPass::Outputs outputs{output, gradient, {}};
        squares(outputs)(first, count);
    }};

template <class Real>
void expect_same_weights(const ElmGradientWeights<Real>& a, const ElmGradientWeights<Real>& b) {
    const auto layer = [](const lanes::PackedLayer<Real>& x, const lanes::PackedLayer<Real>& y) {
        const auto n = static_cast<std::size_t>(x.padded_units() * (x.n_in() + 1));
        ASSERT_EQ(x.padded_units() * (x.n_in() + 1), y.padded_units() * (y.n_in() + 1));
        for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(x.bias_by_unit()[i], y.bias_by_unit()[i]);
    };
    for (std::size_t l = 0; l < a.to_input.size(); ++l) {
        layer(a.to_input[l], b.to_input[l]);
        layer(a.forward->layers[l], b.forward->layers[l]);
    }
    layer(a.to_branches, b.to_branches);
    layer(a.forward->readout, b.forward->readout);
    EXPECT_EQ(a.readout, b.readout);
    EXPECT_EQ(a.forward->branch_table, b.forward->branch_table);
    EXPECT_EQ(a.forward->targets.weight, b.forward->targets.weight);
    EXPECT_EQ(a.forward->memory_decay, b.forward->memory_decay);
    EXPECT_EQ(a.forward->memory_gain, b.forward->memory_gain);
}

/// A packed model that gets the parameters of another is packed as that one is.
template <class Real>
void repacks(const test::RandomElm& spec) {
    ElmModel other = test::make_random_elm(spec);
    for (NamedArray& array : other.parameters) {
        if (!is_trainable(other.options, array.name)) continue;
        for (double& value : array.values) value = static_cast<float>(0.7 * value + 0.01);
    }
    const ElmScanModel first = scan_model(test::make_random_elm(spec)), second = scan_model(other);
    const auto weights = pack_elm_gradient<Real>(first);
    const auto values = second.parameters.map([](const std::vector<double>& from) {
        return std::vector<Real>(from.begin(), from.end());
    });
    const ElmParameters<const Real*> parameters =
        values.map([](const std::vector<Real>& array) { return array.data(); });
    repack_elm_gradient(*weights, parameters);
    expect_same_weights(*weights, *pack_elm_gradient<Real>(second));
    // The forward kernels pack the same tables from the model by themselves.
    Stream host{Device{}};
    const auto forward = pack_elm_scan<Real>(host, second, SpikeTable::never);
    EXPECT_EQ(weights->forward->branch_table, forward->branch_table);
    EXPECT_EQ(weights->forward->targets.weight, forward->targets.weight);
}

TEST(ElmGradientPass, repacks_to_the_same_bits) {
    for (const SynapseRouting routing : {SynapseRouting::random, SynapseRouting::neuronio}) {
        repacks<float>(small(routing));
        repacks<double>(small(routing));
    }
    repacks<float>(small(SynapseRouting::neuronio, true));
}

TEST(ElmGradientPass, repacks_a_model_that_both_threads_share) {
    test::RandomElm spec = small(SynapseRouting::neuronio);
    spec.options.n_memory = 101;
    repacks<float>(spec);
}

/// The same pass with one model, another, and the first again, against fresh ones.
void agrees_with_fresh_passes(const test::RandomElm& spec, DType type) {
    const SpikeTrain spikes = test::random_spikes(11, 70, 24, 0.1, 3);
    std::vector<ElmModel> models;
    for (const unsigned seed : {1U, 2U, 1U}) {
        models.push_back(test::make_random_elm(spec));
        if (spec.options.routing == SynapseRouting::random && seed == 2) continue;
        for (NamedArray& array : models.back().parameters) {
            if (!is_trainable(spec.options, array.name)) continue;
            for (double& value : array.values) value = static_cast<float>(value / seed);
        }
    }
    ElmModel structure = models.front();
    for (NamedArray& array : structure.parameters) {
        if (is_trainable(structure.options, array.name)) array.values.clear();
    }
    ElmGradientPass pass(structure, type);
    for (const ElmModel& model : models) {
        const Arrays arrays = arrays_of(model, type);
        const auto outputs = outputs_for(model, 11, 70, type);
        pass.run(arrays.parameters, arrays.gradients, spikes, outputs, squares(outputs));
        const ElmGradient expected =
            elm_gradient(model, spikes, squares_of_outputs, {.precision = type});
        EXPECT_EQ(test::values_of(outputs.output), test::values_of(expected.output));
        ASSERT_EQ(arrays.gradients.size(), expected.parameters.size());
        for (std::size_t i = 0; i < arrays.gradients.size(); ++i) {
            EXPECT_EQ(pass.names()[i], expected.parameters[i].name);
            EXPECT_EQ(test::values_of(arrays.gradients[i]), expected.parameters[i].values)
                << pass.names()[i];
        }
    }
}

TEST(ElmGradientPass, keeps_nothing_of_the_pass_before) {
    agrees_with_fresh_passes(small(), DType::f32);
    agrees_with_fresh_passes(small(SynapseRouting::neuronio, true), DType::f64);
}

TEST(ElmGradientPass, adds_to_the_gradients_that_are_there) {
    const ElmModel model = test::make_random_elm(small());
    const SpikeTrain spikes = test::random_spikes(4, 40, 24, 0.1, 3);
    const auto run = [&](double before) {
        const Arrays arrays = arrays_of(model, DType::f64, before);
        const auto outputs = outputs_for(model, 4, 40, DType::f64);
        ElmGradientPass pass(model, DType::f64);
        pass.run(arrays.parameters, arrays.gradients, spikes, outputs, squares(outputs));
        return arrays.gradients;
    };
    const auto from_zero = run(0), from_two = run(2);
    for (std::size_t i = 0; i < from_zero.size(); ++i) {
        auto expected = test::values_of(from_zero[i]);
        for (double& value : expected) value += 2;
        EXPECT_EQ(test::values_of(from_two[i]), expected);
    }
}

TEST(ElmGradientPass, gives_nothing_to_a_synapse_behind_the_rectifier) {
    const ElmModel model = test::make_random_elm(small(SynapseRouting::neuronio));
    const Arrays arrays = arrays_of(model, DType::f32);
    const auto outputs = outputs_for(model, 4, 40, DType::f32);
    ElmGradientPass pass(model, DType::f32);
    pass.run(arrays.parameters, arrays.gradients, test::random_spikes(4, 40, 24, 0.3, 3), outputs,
             squares(outputs));
    const auto proto = test::values_of(arrays.parameters[0]);
    const auto gradient = test::values_of(arrays.gradients[0]);
    int behind = 0, before = 0;
    for (std::size_t s = 0; s < proto.size(); ++s) {
        behind += proto[s] <= 0;
        before += proto[s] > 0 && gradient[s] != 0;
        EXPECT_TRUE(proto[s] > 0 || gradient[s] == 0);
    }
    EXPECT_GT(behind, 10);
    EXPECT_GT(before, 10);
}

TEST(ElmGradientPass, takes_the_windows_of_a_module) {
    ElmModule module(make_elm_model(small(SynapseRouting::neuronio).options, 3));
    Stream host{Device{}};
    allocate_parameters(host, module, DType::f32, RandomKey{1});
    ElmGradientPass pass(module.structure(), DType::f32);
    std::vector<Tensor> parameters, gradients;
    for (const NamedParameter& entry : module.trainable()) {
        parameters.push_back(entry.parameter->value);
        gradients.push_back(entry.parameter->gradient);
    }
    const SpikeTrain spikes = test::random_spikes(8, 50, 24, 0.1, 3);
    const auto outputs = outputs_for(module.structure(), 8, 50, DType::f32);
    pass.run(parameters, gradients, spikes, outputs, squares(outputs));
    const ElmGradient expected = elm_gradient(module.model(), spikes, squares_of_outputs);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
        EXPECT_EQ(test::values_of(gradients[i]), expected.parameters[i].values);
    }
}

/// Gradients of L = sum y^2 / 2 through the tape and by the fused pass.
void agrees_with_the_tape(const test::RandomElm& spec, DType type, bool dense, bool same_bits) {
    ElmModel model = test::make_random_elm(spec);
    for (NamedArray& array : model.parameters) {
        for (double& value : array.values) value = static_cast<float>(value);
    }
    const std::int64_t batch = 7, n_steps = 50;
    const SpikeTrain spikes = test::random_spikes(batch, n_steps, spec.options.n_input, 0.1, 3);
    Stream host{Device{}};
    const Tensor input = to_dense(host, spikes, type);
    const Arrays arrays = arrays_of(model, type);
    const auto outputs = outputs_for(model, batch, n_steps, type);
    ElmGradientPass pass(model, type);
    if (dense) {
        pass.run(arrays.parameters, arrays.gradients, input, outputs, squares(outputs));
    } else {
        pass.run(arrays.parameters, arrays.gradients, spikes, outputs, squares(outputs));
    }
    ElmModule module(model);
    allocate_parameters(host, module, type, RandomKey{1});
    for (int round = 0; round < 2; ++round) {  // with fresh weights, then with kept ones
        Tape tape;
        Context context{host, &tape};
        const Var output = dense ? module.forward(context, {.dense = Var{input}})
                                 : module.forward(context, {.spikes = &spikes});
        tape.backward(host, std::vector<Var>{output}, std::vector<Tensor>{output.value});
        const auto compare = [&](const Tensor& result, const Tensor& expected,
                                 const std::string& what) {
            // Through the time constants go two products, whose sum a compiler may fuse with one.
            const bool rounds = what == "_proto_tau_m";
            if (same_bits && !rounds) {
                EXPECT_EQ(test::values_of(result), test::values_of(expected)) << what;
                return;
            }
            test::Tolerance tolerance;
            if (!same_bits) {
                tolerance.terms =
                    batch * n_steps * (spec.options.branches() + 3 * spec.options.n_memory);
            }
            EXPECT_EQ(test::difference(test::values_of(result), test::values_of(expected), type,
                                       tolerance),
                      "")
                << what;
        };
        compare(output.value, outputs.output, "output");
        const auto trainable = module.trainable();
        ASSERT_EQ(trainable.size(), arrays.gradients.size());
        for (std::size_t i = 0; i < trainable.size(); ++i) {
            compare(trainable[i].parameter->gradient, arrays.gradients[i], trainable[i].name);
            trainable[i].parameter->gradient.clear(host);
        }
    }
}

TEST(ElmGradientPass, agrees_with_the_tape) {
    for (const ElmVersion version : {ElmVersion::v1, ElmVersion::v2}) {
        for (const DType type : {DType::f32, DType::f64}) {
            for (const bool dense : {false, true}) {
                test::RandomElm spec = small(SynapseRouting::neuronio);
                spec.options.version = version;
                agrees_with_the_tape(spec, type, dense, true);
                spec.options.n_input = 160;  // the pass takes rows of spikes, the tape for spikes
                agrees_with_the_tape(spec, type, dense, !dense);
            }
        }
    }
    agrees_with_the_tape(small(SynapseRouting::neuronio, true), DType::f32, false, true);
}

template <class Call>
void expect_error(const Call& call, const std::string& part) {
    try {
        call();
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
}

TEST(ElmGradientPass, names_what_does_not_fit) {
    const ElmModel model = test::make_random_elm(small());
    const SpikeTrain spikes = test::random_spikes(2, 10, 24, 0.1, 3);
    Stream host{Device{}};
    ElmGradientPass pass(model, DType::f32);
    const Arrays arrays = arrays_of(model, DType::f32);
    const auto outputs = outputs_for(model, 2, 10, DType::f32);
    const auto run = [&](const Arrays& with, const SpikeTrain& train,
                         const ElmGradientPass::Outputs& to, std::int64_t segment_steps = 0) {
        pass.run(with.parameters, with.gradients, train, to, squares(to), segment_steps);
    };
    Arrays few = arrays;
    few.gradients.pop_back();
    expect_error([&] { run(few, spikes, outputs); }, "gradients for 8 trainable arrays");
    Arrays wrong = arrays;
    wrong.parameters[2] = Tensor::zeros(host, {3, 4}, DType::f32);
    expect_error([&] { run(wrong, spikes, outputs); }, "parameters of mlp.network.0.weight");
    Arrays undefined = arrays;
    undefined.parameters[1] = {};
    expect_error([&] { run(undefined, spikes, outputs); }, "parameters of _proto_tau_m");
    expect_error([&] { run(arrays_of(model, DType::f64), spikes, outputs); }, "f32");
    expect_error([&] { run(arrays, spikes, outputs_for(model, 3, 10, DType::f32)); },
                 "the output must be (2, 10, 2)");
    expect_error([&] { run(arrays, test::random_spikes(2, 10, 23, 0.1, 3), outputs); }, "23 units");
    expect_error([&] { run(arrays, spikes, outputs, -1); }, "segment_steps");
    const Tensor input = Tensor::zeros(host, {2, 10, 24}, DType::f64);
    expect_error(
        [&] { pass.run(arrays.parameters, arrays.gradients, input, outputs, squares(outputs)); },
        "the input must be");
}

}  // namespace
}  // namespace elm
