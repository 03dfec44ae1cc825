#include "neuron/elm/elm_module.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "neuron/elm/elm_neuron.h"
#include "neuron/elm/elm_scan_model.h"
#include "tests/support/compare.h"
#include "tests/support/error_message.h"

namespace elm {
namespace {

ElmOptions options(ElmVersion version, std::int64_t n_memory = 5) {
    ElmOptions result;
    result.version = version;
    result.n_input = 12;
    result.n_output = 2;
    result.n_memory = n_memory;
    result.n_branch = 3;
    result.n_synapse_per_branch = 6;
    result.routing = SynapseRouting::random;
    result.memory_tau_min_ms = 2;
    result.memory_tau_max_ms = 162;
    result.learn_memory_tau = true;
    return result;
}

SpikeTrain spikes(std::int64_t n_steps) {
    std::vector<SpikeEvent> events;
    for (std::int64_t step = 0; step < n_steps; ++step) {
        events.push_back({step, static_cast<std::int32_t>(step * 5 % 12)});
        if (step % 3 == 0) events.push_back({step, static_cast<std::int32_t>(step * 7 % 12)});
    }
    return make_spike_train(events, n_steps, 12);
}

TEST(ElmModule, time_constants_are_spread_evenly_in_their_logarithm) {
    for (const ElmVersion version : {ElmVersion::v1, ElmVersion::v2}) {
        const ElmModel model = make_elm_model(options(version), 1);
        const std::vector<double>& proto = model.at("_proto_tau_m").values;
        ASSERT_EQ(proto.size(), 5u);
        // From a little above the shortest to a little below the longest, a factor of 3 each.
        const double first = 2 + 1e-6, last = 162 - 1e-6;
        for (std::size_t m = 0; m < proto.size(); ++m) {
            const double expected = first * std::pow(last / first, static_cast<double>(m) / 4);
            EXPECT_NEAR(memory_tau(model.options, proto[m]).value_ms, expected, 1e-12 * last) << m;
        }
        const ElmModel one = make_elm_model(options(version, 1), 1);
        EXPECT_NEAR(memory_tau(one.options, one.at("_proto_tau_m").values[0]).value_ms, 2, 2e-6);
    }
}

TEST(ElmModule, first_values_are_those_of_linear_layers) {
    const ElmModel model = make_elm_model(options(ElmVersion::v2), 1);
    const auto within = [&](const char* name, double bound) {
        double largest = 0;
        for (const double value : model.at(name).values) {
            EXPECT_LE(std::abs(value), bound) << name;
            largest = std::max(largest, std::abs(value));
        }
        EXPECT_GT(largest, 0) << name;
    };
    within("mlp.network.0.weight", 1 / std::sqrt(8.0));  // 3 branches and 5 memory units
    within("mlp.network.0.bias", 1 / std::sqrt(8.0));
    within("mlp.network.2.weight", 1 / std::sqrt(10.0));
    within("mlp.network.2.bias", 1 / std::sqrt(10.0));
    within("w_y.weight", 1 / std::sqrt(5.0));
    within("w_y.bias", 1 / std::sqrt(5.0));
    for (const double value : model.at("_proto_w_s").values) EXPECT_EQ(value, 0.5);
    for (const double value : model.at("tau_b").values) EXPECT_EQ(value, 5);
    EXPECT_EQ(make_elm_model(options(ElmVersion::v2), 1).at("w_y.weight").values,
              model.at("w_y.weight").values);
    EXPECT_NE(make_elm_model(options(ElmVersion::v2), 2).at("w_y.weight").values,
              model.at("w_y.weight").values);
}

TEST(ElmModule, synaptic_weights_begin_where_the_options_say) {
    for (const ElmVersion version : {ElmVersion::v1, ElmVersion::v2}) {
        ElmOptions small = options(version);
        small.first_synaptic_weight = 0.05;
        const ElmModel model = make_elm_model(small, 1);
        const std::vector<double>& weights = model.at("_proto_w_s").values;
        ASSERT_EQ(weights.size(), 18u);
        for (const double weight : weights) EXPECT_EQ(weight, 0.05F);
        // Nothing else begins elsewhere.
        const ElmModel usual = make_elm_model(options(version), 1);
        for (const NamedArray& array : usual.parameters) {
            if (array.name == "_proto_w_s") continue;
            EXPECT_EQ(model.at(array.name).values, array.values) << array.name;
        }
    }
}

TEST(ElmModule, refuses_synaptic_weights_that_cannot_begin) {
    for (const double weight : {0.0, -0.5, std::numeric_limits<double>::quiet_NaN(),
                                std::numeric_limits<double>::infinity(), 1e-60, 1e60}) {
        ElmOptions wrong = options(ElmVersion::v2);
        wrong.first_synaptic_weight = weight;
        const std::string message = test::message_of([&] { make_elm_model(wrong, 1); });
        EXPECT_NE(message.find("w_s_value must be positive"), std::string::npos) << message;
    }
}

TEST(ElmModule, refuses_sizes_that_the_tensor_cores_do_not_take) {
    ElmOptions options;
    options.n_memory = 200;
    const ElmModel model = make_elm_model(options, 1);
    EXPECT_NO_THROW(ElmModule{model});
    for (const ElmArithmetic arithmetic : {ElmArithmetic::tf32, ElmArithmetic::bf16}) {
        try {
            const ElmModule module(model, arithmetic);
            FAIL() << name_of(arithmetic);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            EXPECT_NE(error.message().find("200 memory units"), std::string::npos)
                << error.message();
        }
    }
}

TEST(ElmModule, gives_back_the_model_that_it_began_with) {
    Stream stream{Device{}};
    const ElmModel start = make_elm_model(options(ElmVersion::v1), 3);
    ElmModule module(start);
    allocate_parameters(stream, module, DType::f64, {});
    const ElmModel now = module.model();
    for (const NamedArray& array : start.parameters) {
        EXPECT_EQ(now.at(array.name).values, array.values) << array.name;
    }
    EXPECT_EQ(trainable_count(module), start.parameter_count());
}

TEST(ElmModule, runs_as_the_neuron_does_whole_and_in_chunks) {
    Stream stream{Device{}};
    for (const ElmVersion version : {ElmVersion::v1, ElmVersion::v2}) {
        const ElmModel model = make_elm_model(options(version), 4);
        const ElmNeuron neuron(stream, model, DType::f64);
        ElmState neuron_state = neuron.initial_state(stream, 1);
        const SpikeTrain train = spikes(40);
        const Tensor expected = neuron.run(stream, train, neuron_state).output;

        ElmModule module(model);
        allocate_parameters(stream, module, DType::f64, {});
        Context context{.stream = stream};
        const Tensor whole = module.forward(context, {.spikes = &train}).value;
        SequenceState state;
        std::vector<double> pieces;
        for (const auto& [begin, count] : {std::pair{0, 13}, {13, 1}, {14, 26}}) {
            const SpikeTrain part = slice_steps(train, begin, count);
            const Tensor output = module.forward(context, {.spikes = &part}, &state).value;
            const auto values = output.host<double>();
            pieces.insert(pieces.end(), values.begin(), values.end());
        }
        const auto reference = expected.host<double>(), once = whole.host<double>();
        ASSERT_EQ(pieces.size(), reference.size());
        for (std::size_t k = 0; k < pieces.size(); ++k) {
            // Values of order 1; some dozen roundings a step, forgotten by the leak.
            ASSERT_NEAR(once[k], reference[k], 1e-14) << k;
            ASSERT_NEAR(pieces[k], reference[k], 1e-14) << k;
        }
    }
}

}  // namespace
}  // namespace elm
