// Networks in TOML: what is read, and what is said about what cannot be read.

#include "network/description/network_file.h"

#include <gtest/gtest.h>

#include <cmath>

#include "network/description/quantity.h"
#include "tests/support/error_message.h"

namespace elm::test {
namespace {

using network::parse_network;
using network::parse_quantity;

const std::string good = R"(
[network]
time_step = "100 us"
duration = "0.5 s"
seed = 7

[population.pyramidal]
size = 80
neuron = "lif_exponential"
tau_m = 20
membrane_capacitance = "250 pF"
threshold = { normal = [-50, 1], lowest = -52 }
initial = { membrane_potential = { uniform = [-60, -51] } }

[population.basket]
size = 20
neuron = "lif_exponential"

[population.noise]
size = 10
neuron = "poisson"
rate_hz = 8

[[connection]]
from = "pyramidal"
to = ["pyramidal", "basket"]
rule = "fixed-probability"
probability = 0.1
weight = { normal = ["87.8 pA", "8.78 pA"], lowest = 0 }
delay = "1.5 ms"

[[connection]]
from = "basket"
to = "pyramidal"
rule = "fixed-in-degree"
degree = 5
weight = -0.4
delay = { normal = [0.8, 0.4], lowest = 0.05 }

[[poisson]]
to = "pyramidal"
rate_hz = "2 kHz"
weight = "50 pA"
start = 100

[[current]]
to = "basket"
amplitude = "300 pA"

[[trace]]
of = "basket"
neurons = [0, 3]
)";

TEST(NetworkFile, reads_quantities_in_units_and_without) {
    const auto network = parse_network(good, "good.toml");
    EXPECT_EQ(network.name, "good");
    EXPECT_DOUBLE_EQ(network.time_step_ms, 0.1);
    EXPECT_DOUBLE_EQ(network.duration_ms, 500);
    EXPECT_EQ(network.seed, 7u);
    ASSERT_EQ(network.populations.size(), 3u);
    EXPECT_EQ(network.populations[1].name, "basket");
    EXPECT_EQ(network.n_neurons(), 100);
    const auto& parameters = network.populations[0].parameters;
    EXPECT_DOUBLE_EQ(parameters.at("membrane_capacitance").first, 0.25);
    EXPECT_EQ(parameters.at("threshold").lowest, -52);
    ASSERT_EQ(network.connections.size(), 3u);
    EXPECT_EQ(network.connections[1].to, 1u);
    EXPECT_DOUBLE_EQ(network.connections[1].weight.first, 0.0878);
    EXPECT_DOUBLE_EQ(network.connections[1].weight.second, 0.00878);
    EXPECT_EQ(network.connections[2].degree, 5);
    EXPECT_DOUBLE_EQ(network.poisson[0].rate_hz, 2000);
    EXPECT_DOUBLE_EQ(network.currents[0].amplitude, 0.3);
    EXPECT_EQ(network.traces[0].states, std::vector<std::string>{"membrane_potential"});
}

TEST(Quantity, converts_units_of_the_same_kind) {
    EXPECT_EQ(parse_quantity("1.5", "ms"), 1.5);
    EXPECT_EQ(parse_quantity("87.8 pA", "nA"), 87.8 / 1000);
    EXPECT_EQ(parse_quantity("2kHz", "Hz"), 2000);
    EXPECT_EQ(parse_quantity("-65 mV", "mV"), -65);
    EXPECT_EQ(parse_quantity("6 nS", "uS"), 0.006);
    EXPECT_EQ(parse_quantity("3 \xC2\xB5S", "nS"), 3000);
    EXPECT_EQ(message_of([] { parse_quantity("5 pF", "nA"); }),
              "\"5 pF\": pF is no unit of this quantity, expected nA.");
    EXPECT_NE(message_of([] { parse_quantity("much", "nA"); }).find("expected a number"),
              std::string::npos);
    EXPECT_NE(message_of([] { parse_quantity("nan", "nA"); }).find("expected a number"),
              std::string::npos);
}

struct Mistake {
    const char* what;
    const char* replaced;
    const char* by;
    const char* message;
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.what; }

class NetworkMistakes : public ::testing::TestWithParam<Mistake> {};

TEST_P(NetworkMistakes, are_named_with_their_place) {
    std::string text = good;
    const std::size_t at = text.find(GetParam().replaced);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, std::string(GetParam().replaced).size(), GetParam().by);
    const std::string message = message_of([&] { parse_network(text, "bad.toml"); });
    EXPECT_NE(message.find(GetParam().message), std::string::npos) << message;
    EXPECT_EQ(message.find("bad.toml:"), 0u) << message;
}

INSTANTIATE_TEST_SUITE_P(
    Of, NetworkMistakes,
    ::testing::Values(
        Mistake{"model", "\"lif_exponential\"", "\"lif_exponental\"",
                "9:1: population.pyramidal.neuron: there is no neuron lif_exponental. Did you mean "
                "lif_exponential?"},
        Mistake{"parameter", "tau_m = 20", "tau_n = 20", "Did you mean tau_m?"},
        Mistake{"range", "tau_m = 20", "tau_m = -20",
                "tau_m: -20 ms, expected 0.001 to 1000000 ms"},
        Mistake{"unit", "\"250 pF\"", "\"250 pA\"", "pA is no unit of this quantity, expected nF"},
        Mistake{"population", "to = \"pyramidal\"", "to = \"piramidal\"",
                "there is no population piramidal. Did you mean pyramidal?"},
        Mistake{"rule", "\"fixed-in-degree\"", "\"fixed-indegree\"",
                "Did you mean fixed-in-degree?"},
        Mistake{"key_of_another_rule", "degree = 5", "probability = 0.5",
                "there is no such key here"},
        Mistake{"delay_below_a_step", "delay = \"1.5 ms\"", "delay = 0.04",
                "delay: 0.04 ms, expected at least one step of 0.1 ms"},
        Mistake{"probability", "probability = 0.1", "probability = 1.5", "expected 0 to 1"},
        Mistake{"degree", "degree = 5", "degree = 5.5", "expected a whole number"},
        Mistake{"too_many_without_multapses", "degree = 5", "degree = 21\nallow_multapses = false",
                "degree: 21 of 20 neurons without multapses"},
        Mistake{"state", "initial = { membrane_potential", "initial = { membrane_potental",
                "Did you mean membrane_potential?"},
        Mistake{"size", "size = 80", "size = 0", "size: 0, expected a whole number from 1"},
        Mistake{"target_is_a_source", "to = \"basket\"", "to = \"noise\"",
                "noise is a source of spikes: nothing can act on it"},
        Mistake{"trace", "neurons = [0, 3]", "neurons = [0, 20]", "neuron 20, expected 0 to 19"},
        Mistake{"list_length", "tau_m = 20", "tau_m = [20, 21]",
                "tau_m: a list of 2 values, expected 80"},
        Mistake{"empty_cut", "lowest = -52", "lowest = -40", "nothing of normal -50 +- 1"},
        Mistake{"short_term", "tau_m = 20", "short_term = { release = 2 }",
                "short_term: release 2, expected above 0 and at most 1"},
        Mistake{"short_term_key", "tau_m = 20", "short_term = { relase = 0.5 }",
                "Did you mean release?"},
        Mistake{"stdp_needs_positive_weights", "degree = 5",
                "degree = 5\nstdp = { largest_weight = 1 }", "stdp: expected one delay"},
        Mistake{"reset_above_threshold", "tau_m = 20", "reset_potential = [1]",
                "reset_potential: a list of 1 values"}),
    [](const auto& instance) { return std::string(instance.param.what); });

}  // namespace
}  // namespace elm::test
