// Depression and facilitation against NEST, in both engines.

#include "network/plasticity/short_term.h"

#include <cmath>

#include "network/event_driven/event_driven_engine.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "tests/network/golden_cases.h"
#include "tests/support/compare.h"

namespace elm::test {
namespace {

using network::Distribution;
using network::NetworkDescription;
using network::ShortTermPlasticity;

class ShortTerm : public ::testing::TestWithParam<const char*> {
protected:
    static ShortTermPlasticity rule(const Hdf5File& file, const std::string& group) {
        const bool has_three = file.attributes(group).contains("p_tau_psc");
        return {file.number_attribute(group, "p_U"), file.number_attribute(group, "p_tau_rec"),
                file.number_attribute(group, "p_tau_fac"),
                has_three ? file.number_attribute(group, "p_tau_psc") : 0};
    }
};

TEST_P(ShortTerm, transmits_the_amplitudes_of_nest) {
    ELM_SKIP_WITHOUT_GOLDEN_NETWORKS();
    const Hdf5File file = Hdf5File::open(golden_networks);
    const std::string group = std::string("/short_term/") + GetParam();
    const auto times = file.read<double>(group + "/pre");
    const auto expected = file.read<double>(group + "/amplitude");
    NetworkDescription network;
    network.populations = {{.name = "source",
                            .size = 1,
                            .model = "spikes",
                            .spike_times = times,
                            .spike_neurons = std::vector<std::int64_t>(times.size(), 0)},
                           {.name = "cell", .size = 1, .model = "lif_exponential"}};
    network.populations[0].short_term = rule(file, group);
    network.populations[1].parameters["tau_excitatory"] =
        Distribution::constant(file.number_attribute(group, "tau_syn_ms"));
    network.populations[1].parameters["threshold"] = Distribution::constant(1000);
    network::Connection connection{.from = 0, .to = 1};
    connection.weight =
        Distribution::constant(per_thousand * file.number_attribute(group, "weight"));
    connection.delay_ms = Distribution::constant(file.number_attribute(group, "delay_ms"));
    network.connections = {connection};
    network.traces = {{.population = 1, .states = {"excitatory_current"}, .neurons = {0}}};
    const auto engine = make_time_stepped_engine(network, DType::f64);
    engine->advance(std::llround(times.back() / 0.1) + 100);
    const auto& current = engine->traces()[0].values;
    const double decay = std::exp(-0.1 / file.number_attribute(group, "tau_syn_ms"));
    std::vector<double> found;
    for (const double time : times) {
        const auto step = static_cast<std::size_t>(std::llround((time + 1.5) / 0.1)) - 1;
        found.push_back((current[step] - decay * current[step - 1]) / per_thousand);
    }
    EXPECT_GT(expected.size(), 40u);
    EXPECT_EQ(difference_above(found, expected, 1e-9), "");
}

/// The state alone, at the exact times.
TEST_P(ShortTerm, does_not_depend_on_a_grid) {
    ELM_SKIP_WITHOUT_GOLDEN_NETWORKS();
    const Hdf5File file = Hdf5File::open(golden_networks);
    const std::string group = std::string("/short_term/") + GetParam();
    network::Population population{.name = "p", .size = 3, .model = "lif"};
    population.short_term = rule(file, group);
    network::ShortTermState state(population);
    std::vector<double> found;
    for (const double time : file.read<double>(group + "/pre")) {
        state.release(0, time + 0.25);  // a neighbour with spikes of its own
        found.push_back(file.number_attribute(group, "weight") * state.release(2, time));
    }
    EXPECT_EQ(difference_above(found, file.read<double>(group + "/amplitude"), 1e-10), "");
}
INSTANTIATE_TEST_SUITE_P(Nest, ShortTerm,
                         ::testing::Values("tsodyks2_depressing", "tsodyks2_facilitating",
                                           "tsodyks_depressing", "tsodyks_facilitating"),
                         [](const auto& instance) { return std::string(instance.param); });

/// A depressing synapse whose third spike no longer brings the neuron to threshold, in both
/// engines.
TEST(ShortTermEngines, both_depress) {
    NetworkDescription network;
    network.time_step_ms = 0.125;
    network.populations = {{.name = "source",
                            .size = 1,
                            .model = "spikes",
                            .spike_times = {10, 20, 30, 40},
                            .spike_neurons = {0, 0, 0, 0}},
                           {.name = "cell", .size = 1, .model = "lif"}};
    network.populations[0].short_term = {0.5, 800, 0};
    network::Connection connection{.from = 0, .to = 1};
    connection.weight = Distribution::constant(32);  // 16, 8.1, ... mV; 15 to the threshold
    connection.delay_ms = Distribution::constant(1);
    network.connections = {connection};
    for (const auto& engine :
         {make_time_stepped_engine(network, DType::f64), make_event_driven_engine(network)}) {
        engine->advance(800);
        EXPECT_EQ(engine->spikes()[1].times_ms, std::vector<double>{11});
    }
    network.populations[0].short_term.reset();
    for (const auto& engine :
         {make_time_stepped_engine(network, DType::f64), make_event_driven_engine(network)}) {
        engine->advance(800);
        EXPECT_EQ(engine->spikes()[1].times_ms, (std::vector<double>{11, 21, 31, 41}));
    }
}

}  // namespace
}  // namespace elm::test
