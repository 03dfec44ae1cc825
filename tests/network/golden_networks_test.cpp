// Small recurrent networks, connection by connection, against NEST: every spike.

#include <cmath>

#include "network/time_stepped/time_stepped_engine.h"
#include "tests/network/golden_cases.h"
#include "tests/support/compare.h"

namespace elm::test {
namespace {

struct NetworkCase {
    const char* name;
    const char* neuron;
    const std::vector<ParameterName>* parameters;
    double weight_unit;
    double tolerance;  // mV
};
void PrintTo(const NetworkCase& c, std::ostream* out) { *out << c.name; }

class GoldenNetworks : public ::testing::TestWithParam<NetworkCase> {};

TEST_P(GoldenNetworks, has_every_spike_of_nest) {
    ELM_SKIP_WITHOUT_GOLDEN_NETWORKS();
    const NetworkCase& c = GetParam();
    const Hdf5File file = Hdf5File::open(golden_networks);
    const std::string group = std::string("/network/") + c.name + "/nest";
    network::NetworkDescription network =
        golden_network(file, c.name, c.neuron, *c.parameters, c.weight_unit);
    network.traces.push_back(
        {.population = 0, .states = {"membrane_potential"}, .neurons = {0, 1, 2, 3}});
    const auto engine = network::make_time_stepped_engine(network, DType::f64);
    engine->advance(std::llround(network.duration_ms / network.time_step_ms));
    const auto times = file.read<double>(group + "/spike_time");
    const auto neurons = file.read<std::int32_t>(group + "/spike_neuron");
    const auto& spikes = engine->spikes()[0];
    EXPECT_GT(times.size(), 100u);
    EXPECT_EQ(difference_above(spikes.times_ms, times, 1e-9), "");
    EXPECT_EQ(std::vector<std::int32_t>(spikes.neurons.begin(), spikes.neurons.end()), neurons);

    const auto voltage = file.read<double>(group + "/V_first_neurons");
    const std::int64_t steps = std::ssize(voltage) / 4;
    std::vector<double> ours;
    for (std::int64_t neuron = 0; neuron < 4; ++neuron) {
        for (std::int64_t step = 0; step < steps; ++step) {
            ours.push_back(engine->traces()[0].at(step, 0, neuron));
        }
    }
    if (std::string(c.neuron) == "lif") {
        // Its trace shows the potential that crossed the threshold, that of NEST the reset.
        for (std::size_t i = 0; i < times.size(); ++i) {
            const std::int64_t step = std::llround(times[i] / network.time_step_ms) - 1;
            if (neurons[i] < 4 && step < steps) {
                ours[static_cast<std::size_t>(neurons[i] * steps + step)] =
                    file.number_attribute(std::string("/network/") + c.name, "p_V_reset");
            }
        }
    }
    EXPECT_EQ(difference_above(ours, voltage, c.tolerance), "");
}

INSTANTIATE_TEST_SUITE_P(Nest, GoldenNetworks,
                         ::testing::Values(NetworkCase{"current_exp", "lif_exponential",
                                                       &current_based, per_thousand, 1e-10},
                                           NetworkCase{"current_exp_small", "lif_exponential",
                                                       &current_based, per_thousand, 1e-10},
                                           NetworkCase{"delta", "lif", &delta_based, 1, 1e-10},
                                           NetworkCase{"conductance_exp", "lif_conductance",
                                                       &conductance_based, per_thousand, 1e-6}),
                         [](const auto& instance) { return std::string(instance.param.name); });

/// Brian2 stamps a spike with the beginning of its step.
class Brian2Networks : public ::testing::TestWithParam<std::pair<NetworkCase, const char*>> {};

TEST_P(Brian2Networks, have_the_same_spikes) {
    ELM_SKIP_WITHOUT_GOLDEN_NETWORKS();
    const auto& [c, group_name] = GetParam();
    const Hdf5File file = Hdf5File::open(golden_networks);
    const std::string group = std::string("/network/") + c.name + "/" + group_name;
    const network::NetworkDescription network =
        golden_network(file, c.name, c.neuron, *c.parameters, c.weight_unit);
    const auto engine = network::make_time_stepped_engine(network, DType::f64);
    engine->advance(std::llround(network.duration_ms / network.time_step_ms));
    std::vector<double> times;
    for (const double time : file.read<double>(group + "/spike_time")) {
        times.push_back(time + network.time_step_ms);
    }
    const auto& spikes = engine->spikes()[0];
    EXPECT_EQ(difference_above(spikes.times_ms, times, 1e-9), "");
    EXPECT_EQ(std::vector<std::int32_t>(spikes.neurons.begin(), spikes.neurons.end()),
              file.read<std::int32_t>(group + "/spike_neuron"));
}

INSTANTIATE_TEST_SUITE_P(
    Brian2, Brian2Networks,
    ::testing::Values(std::pair{NetworkCase{"current_exp", "lif_exponential", &current_based,
                                            per_thousand, 0},
                                "brian2"},
                      std::pair{NetworkCase{"current_exp_small", "lif_exponential", &current_based,
                                            per_thousand, 0},
                                "brian2"},
                      std::pair{NetworkCase{"conductance_exp", "lif_conductance",
                                            &conductance_based, per_thousand, 0},
                                "brian2_rk4"}),
    [](const auto& instance) { return std::string(instance.param.first.name); });

}  // namespace
}  // namespace elm::test
