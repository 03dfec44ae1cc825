// Networks that are written as SONATA: what is read again, and what is not written.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "kernels/io/hdf5_file.h"
#include "network/description/network_file.h"
#include "network/interchange/sonata/sonata_network.h"
#include "network/interchange/sonata/sonata_writer.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "tests/support/error_message.h"
#include "tests/support/random_elm.h"
#include "tests/support/temporary_directory.h"

namespace elm::test {
namespace {

namespace fs = std::filesystem;
using network::NetworkDescription;
using network::SonataNetwork;
using network::SpikeRecord;

SpikeRecord run(const NetworkDescription& network) {
    const auto engine = network::make_time_stepped_engine(network, DType::f64);
    engine->advance(std::llround(network.duration_ms / network.time_step_ms));
    return engine->spikes();
}

const std::string varied = R"(
[network]
duration = 150
seed = 5

[population.cells]
size = 60
neuron = "lif_exponential"
tau_excitatory = 3
tau_inhibitory = 6
membrane_capacitance = "200 pF"
constant_current = { uniform = [0.25, 0.4] }
threshold = { normal = [-50, 1], lowest = -54 }
initial = { membrane_potential = { uniform = [-65, -50] } }

[population.traub]
size = 10
neuron = "hh_traub"
constant_current = 0.3

[population.coupled]
size = 20
neuron = "lif_conductance"
initial = { membrane_potential = { uniform = [-60, -50] } }

[population.noise]
size = 20
neuron = "poisson"
rate_hz = 80

[population.given]
size = 3
neuron = "spikes"
spike_times_ms = [5, 2.5, 40, 41, 99]
spike_neurons = [0, 2, 1, 1, 0]

[[connection]]
from = "cells"
to = ["cells", "coupled"]
rule = "fixed-in-degree"
degree = 10
weight = { normal = [0.03, 0.01] }
delay = { normal = [1.5, 0.5], lowest = 0.1 }

[[connection]]
from = "noise"
to = ["cells", "traub", "coupled"]
rule = "fixed-out-degree"
degree = 15
weight = 0.04
delay = 1

[[connection]]
from = "given"
to = "cells"
rule = "all-to-all"
input = "inhibitory"
weight = -0.3
delay = 0.7

[[connection]]
from = "cells"
to = "cells"
rule = "fixed-probability"
probability = 0.1
allow_autapses = false
weight = -0.02
delay = { uniform = [0.3, 4] }
)";

TEST(Sonata, a_written_network_is_read_as_what_it_was) {
    NetworkDescription network = network::parse_network(varied, "varied.toml");
    // Poisson trains follow from the number of their population, which is kept.
    const TemporaryDirectory folder;
    network::write_sonata(folder / "out", network, false);
    SonataNetwork again = network::load_sonata(folder / "out/simulation_config.json");
    ASSERT_EQ(again.network.populations.size(), network.populations.size());
    ASSERT_EQ(again.network.connections.size(), network.connections.size());
    for (std::size_t p = 0; p < network.populations.size(); ++p) {
        EXPECT_EQ(again.network.populations[p].name, network.populations[p].name);
        EXPECT_EQ(again.network.populations[p].size, network.populations[p].size);
        EXPECT_EQ(again.network.populations[p].model, network.populations[p].model);
    }
    ASSERT_EQ(again.inputs.size(), 1u);
    const Hdf5File given = Hdf5File::open(again.inputs[0].file);
    again.network.populations[4].spike_times = given.read<double>("/spikes/given/timestamps");
    again.network.populations[4].spike_neurons = given.read<std::int64_t>("/spikes/given/node_ids");
    EXPECT_EQ(again.network.populations[4].spike_times, (std::vector<double>{2.5, 5, 40, 41, 99}));
    again.network.seed = network.seed;
    const SpikeRecord before = run(network), after = run(again.network);
    for (std::size_t p = 0; p < before.size(); ++p) {
        EXPECT_GT(before[p].size(), 4) << network.populations[p].name;
        EXPECT_EQ(before[p].times_ms, after[p].times_ms) << network.populations[p].name;
        EXPECT_EQ(before[p].neurons, after[p].neurons) << network.populations[p].name;
    }
}

TEST(Sonata, both_indices_name_every_edge_of_a_node) {
    const NetworkDescription network = network::parse_network(varied, "varied.toml");
    const TemporaryDirectory folder;
    network::write_sonata(folder / "out", network, false);
    const Hdf5File file = Hdf5File::open(folder / "out/network/noise_to_cells_edges.h5");
    const std::string group = "/edges/noise_to_cells";
    for (const char* const end : {"source", "target"}) {
        const auto ids = file.read<std::int64_t>(group + "/" + end + "_node_id");
        const std::string index =
            group + "/indices/" + (end[0] == 's' ? "source_to_target" : "target_to_source");
        const auto nodes = file.read<std::int64_t>(index + "/node_id_to_ranges");
        const auto ranges = file.read<std::int64_t>(index + "/range_to_edge_id");
        std::vector<std::int64_t> found(ids.size(), -1);
        for (std::size_t node = 0; 2 * node < nodes.size(); ++node) {
            for (std::int64_t r = nodes[2 * node]; r < nodes[2 * node + 1]; ++r) {
                const auto at = static_cast<std::size_t>(2 * r);
                for (std::int64_t e = ranges[at]; e < ranges[at + 1]; ++e) {
                    found[static_cast<std::size_t>(e)] = static_cast<std::int64_t>(node);
                }
            }
        }
        EXPECT_EQ(found, ids);
    }
}

TEST(Sonata, what_it_has_no_word_for_is_refused_with_its_place) {
    const std::string text = std::string(varied) + R"(
[[poisson]]
to = "cells"
rate_hz = 100
weight = 0.1
)";
    const TemporaryDirectory folder;
    const std::string message = message_of([&] {
        network::write_sonata(folder / "out", network::parse_network(text, "net.toml"), false);
    });
    EXPECT_TRUE(message.starts_with("net.toml:70:")) << message;
    EXPECT_TRUE(
        message.ends_with("SONATA has no word for Poisson inputs: make them a population of "
                          "the neuron poisson."))
        << message;
    const NetworkDescription network = network::parse_network(varied, "varied.toml");
    network::write_sonata(folder / "out", network, false);
    EXPECT_NE(message_of([&] {
                  network::write_sonata(folder / "out", network, false);
              }).find("cells_nodes.h5"),
              std::string::npos);
    EXPECT_EQ(message_of([&] { network::write_sonata(folder / "out", network, true); }),
              "no error");
}

TEST(Sonata, names_that_its_files_cannot_have_are_refused_with_their_place) {
    const TemporaryDirectory folder;
    const auto message = [&](const std::string& name) {
        NetworkDescription network;
        network.populations = {{.name = name, .size = 1, .model = "lif", .place = "net.toml:1"}};
        return message_of([&] { network::write_sonata(folder / "out", network, false); });
    };
    EXPECT_EQ(message("a$b"),
              "net.toml:1: SONATA has no word for a population with $ in its name: a$b.");
    EXPECT_EQ(message("a\"b"),
              "net.toml:1: SONATA has no word for a population with \" in its name: a\"b.");
    EXPECT_EQ(
        message("a\nb"),
        "net.toml:1: SONATA has no word for a population with a line break in its name: a b.");
    EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST(Sonata, elm_neurons_are_refused_before_anything_is_written) {
    const TemporaryDirectory folder;
    NetworkDescription network;
    network.time_step_ms = 1;
    network.populations = {{.name = "cells", .size = 2, .model = "elm", .place = "net.toml:7"}};
    network.populations[0].elm = network::ElmNode{
        .name = "drawn", .model = std::make_shared<const ElmModel>(make_random_elm({}))};
    EXPECT_EQ(message_of([&] { network::write_sonata(folder / "out", network, false); }),
              "net.toml:7: SONATA has no word for neurons of the model elm.");
    EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST(Sonata, nothing_is_written_where_one_file_is_there) {
    const TemporaryDirectory folder;
    fs::create_directories(folder / "out/inputs");
    std::ofstream(folder / "out/inputs/given_spikes.h5") << "mine";
    const NetworkDescription network = network::parse_network(varied, "varied.toml");
    const std::string message =
        message_of([&] { network::write_sonata(folder / "out", network, false); });
    EXPECT_NE(message.find("given_spikes.h5 exists."), std::string::npos) << message;
    int files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder / "out")) {
        files += entry.is_regular_file() ? 1 : 0;
    }
    EXPECT_EQ(files, 1);
}

}  // namespace
}  // namespace elm::test
