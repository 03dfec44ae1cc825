// SONATA networks: what they do, against other programs; what is read, written and refused.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "kernels/io/hdf5_file.h"
#include "network/description/network_file.h"
#include "network/interchange/sonata/sonata_network.h"
#include "network/interchange/sonata/sonata_types.h"
#include "network/interchange/sonata/sonata_writer.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "tests/network/golden_cases.h"
#include "tests/support/compare.h"
#include "tests/support/error_message.h"
#include "tests/support/random_elm.h"
#include "tests/support/temporary_directory.h"

namespace elm::test {
namespace {

namespace fs = std::filesystem;
using network::NetworkDescription;
using network::SonataNetwork;
using network::SpikeRecord;

const std::string own_folder = std::string(ELM_GOLDEN_DIR) + "/sonata";
const std::string their_folder = std::string(ELM_DATA_DIR) + "/sonata";

SpikeRecord run(const NetworkDescription& network) {
    const auto engine = network::make_time_stepped_engine(network, DType::f64);
    engine->advance(std::llround(network.duration_ms / network.time_step_ms));
    return engine->spikes();
}

/// Gives the spikes of the old layout to the only input.
void give_spikes(SonataNetwork& sonata) {
    ASSERT_EQ(sonata.inputs.size(), 1u);
    const Hdf5File file = Hdf5File::open(sonata.inputs[0].file);
    for (network::Population& population : sonata.network.populations) {
        if (population.name != sonata.inputs[0].population) continue;
        population.spike_times = file.read<double>("/spikes/timestamps");
        population.spike_neurons = file.read<std::int64_t>("/spikes/gids");
    }
}

void expect_spikes(const NetworkDescription& network, const SpikeRecord& spikes,
                   const std::string& path) {
    const Hdf5File file = Hdf5File::open(path);
    for (const std::string& name : file.links("/spikes")) {
        for (std::size_t p = 0; p < network.populations.size(); ++p) {
            if (network.populations[p].name != name) continue;
            const std::string group = "/spikes/" + name;
            const auto times = file.read<double>(group + "/timestamps");
            const auto ids = file.read<std::int64_t>(group + "/node_ids");
            EXPECT_GT(times.size(), 10u);
            EXPECT_EQ(difference_above(spikes[p].times_ms, times, 1e-9), "") << name;
            EXPECT_EQ(std::vector<std::int64_t>(spikes[p].neurons.begin(), spikes[p].neurons.end()),
                      ids)
                << name;
        }
    }
}

TEST(Sonata, a_network_has_the_spikes_of_a_plain_loop) {
    SonataNetwork sonata = network::load_sonata(own_folder + "/simulation_config.json");
    EXPECT_EQ(sonata.network.time_step_ms, 0.1);
    EXPECT_EQ(sonata.network.duration_ms, 200);
    ASSERT_EQ(sonata.network.populations.size(), 3u);
    EXPECT_EQ(sonata.network.connections.size(), 3u);
    give_spikes(sonata);
    expect_spikes(sonata.network, run(sonata.network), own_folder + "/expected.h5");
}

TEST(Sonata, a_circuit_alone_is_a_network_without_input) {
    const SonataNetwork sonata = network::load_sonata(own_folder + "/circuit_config.json");
    EXPECT_TRUE(sonata.inputs.empty());
    EXPECT_EQ(sonata.network.populations[2].model, "spikes");
    EXPECT_EQ(sonata.network.duration_ms, 1000);
}

TEST(Sonata, the_network_of_nest_has_every_spike_of_it) {
    if (!fs::exists(their_folder)) GTEST_SKIP() << their_folder << " is not there";
    const SonataNetwork sonata = network::load_sonata(their_folder + "/simulation_config.json");
    const SpikeRecord spikes = run(sonata.network);
    EXPECT_EQ(spikes[0].size(), 1420);
    expect_spikes(sonata.network, spikes, their_folder + "/output/spikes.h5");
}

// --- broken files

/// A copy of a SONATA folder of which one file is another.
class BrokenSonata : public ::testing::Test {
protected:
    std::string message_with(const std::string& folder, const std::string& file,
                             const std::string& instead) {
        const fs::path copy = folder_ / "copy";
        fs::copy(folder, copy, fs::copy_options::recursive);
        fs::copy_file(instead, copy / file, fs::copy_options::overwrite_existing);
        return message_of(
            [&] { network::load_sonata((copy / "simulation_config.json").string()); });
    }
    std::string message_with_text(const std::string& file, const std::string& text) {
        std::ofstream(folder_ / "text") << text;
        return message_with(own_folder, file, folder_ / "text");
    }
    TemporaryDirectory folder_;
};

struct BrokenCase {
    const char* broken;
    const char* file;
    const char* reason;
};
void PrintTo(const BrokenCase& c, std::ostream* out) { *out << c.broken; }

class TheirBrokenSonata : public BrokenSonata, public ::testing::WithParamInterface<BrokenCase> {};

TEST_P(TheirBrokenSonata, is_refused_with_the_place) {
    if (!fs::exists(their_folder)) GTEST_SKIP() << their_folder << " is not there";
    const BrokenCase& c = GetParam();
    const std::string message = message_with(their_folder, std::string("network/") + c.file,
                                             their_folder + "/broken/" + c.broken + ".h5");
    EXPECT_NE(message.find(c.reason), std::string::npos) << message;
    EXPECT_NE(message.find(c.file), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(
    Golden, TheirBrokenSonata,
    ::testing::Values(
        BrokenCase{"edges_dangling_target", "cortex_edges.h5",
                   "/edges/cortex_to_cortex/target_node_id[17] is 155, expected 0 to 149, the "
                   "nodes of cortex."},
        BrokenCase{"edges_unknown_population", "cortex_edges.h5",
                   "/edges/cortex_to_cortex/target_node_id: node_population is thalamus, and there "
                   "is no such population. There are cortex."},
        BrokenCase{"edges_length_mismatch", "cortex_edges.h5",
                   "/edges/cortex_to_cortex/0/delay: has 2547 rows, and element 2547 of the "
                   "population has row 2547."},
        BrokenCase{"nodes_without_magic", "cortex_nodes.h5",
                   "the attribute magic of / is not there, expected 2682."},
        BrokenCase{"nodes_nan_state", "cortex_nodes.h5",
                   "/nodes/cortex/0/dynamics_params/V_m: row 3 is nan, expected a finite "
                   "number."}),
    [](const auto& instance) { return std::string(instance.param.broken); });

TEST(TheirSonata, an_example_without_all_its_files_is_refused_by_the_first_that_lacks) {
    const std::string path = their_folder + "/public_intfire/circuit_config.json";
    if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
    const std::string message = message_of([&] { network::load_sonata(path); });
    EXPECT_NE(message.find("networks.nodes[1].nodes_file: "), std::string::npos) << message;
    EXPECT_NE(message.find("lgn_nodes.h5 is not there"), std::string::npos) << message;
}

TEST(TheirSonata, neurons_of_other_simulators_are_refused_by_name) {
    const std::string example = their_folder + "/public_intfire";
    if (!fs::exists(example)) GTEST_SKIP() << example << " is not there";
    const TemporaryDirectory folder;
    std::ofstream(folder / "circuit.json")
        << R"({"networks": {"nodes": [{"nodes_file": ")" << example
        << R"(/network/v1_nodes.h5", "node_types_file": ")" << example
        << R"(/network/v1_node_types.csv"}]}})";
    const std::string message = message_of([&] { network::load_sonata(folder / "circuit.json"); });
    EXPECT_NE(message.find("v1_node_types.csv:2: model_template is nrn:IntFire1, which is not "
                           "known. Known are nest:iaf_psc_exp,"),
              std::string::npos)
        << message;
}

TEST_F(BrokenSonata, tables_and_configurations_are_refused_with_their_place) {
    EXPECT_NE(message_with_text("network/static_types.csv", "edge_type_id a\n4 x y\n")
                  .find("static_types.csv:2: has 3 fields, expected 2."),
              std::string::npos);
}
TEST_F(BrokenSonata, synapses_that_are_not_static_are_refused) {
    EXPECT_NE(message_with_text("network/static_types.csv",
                                "edge_type_id model_template\n4 stdp_synapse\n")
                  .find("static_types.csv:2: model_template is stdp_synapse, expected "
                        "static_synapse."),
              std::string::npos);
}
TEST_F(BrokenSonata, parameters_that_a_neuron_has_not_are_refused) {
    const std::string message =
        message_with_text("models/fast.json", R"({"tau_m": 8, "V_thr": -50})");
    EXPECT_NE(message.find("neuron_types.csv:3: nest:iaf_psc_delta has no V_thr. Did you mean "
                           "V_th?"),
              std::string::npos)
        << message;
}
TEST_F(BrokenSonata, weights_that_nothing_says_are_refused) {
    const std::string message =
        message_with_text("network/input_to_cells_types.csv", "edge_type_id delay\n0 1.0\n1 2.5\n");
    EXPECT_NE(message.find("/edges/input_to_cells: edge 0 has no syn_weight, neither in its group "
                           "nor in "),
              std::string::npos)
        << message;
}
TEST_F(BrokenSonata, a_manifest_in_a_circle_is_refused) {
    const std::string message = message_with_text(
        "simulation_config.json",
        R"({"manifest": {"$A": "$B/x", "$B": "$A/y"}, "network": "$A/circuit_config.json"})");
    EXPECT_NE(message.find("simulation_config.json: network: "), std::string::npos) << message;
    EXPECT_NE(message.find("the manifest goes in a circle."), std::string::npos) << message;
}
TEST_F(BrokenSonata, a_name_of_the_manifest_may_stand_several_times) {
    EXPECT_EQ(message_with_text("simulation_config.json",
                                R"({"manifest": {"$A": ".", "$B": "$A/$A/$A"},
                                    "network": "$B/$A/${B}/$A/$A/$A/circuit_config.json"})"),
              "no error");
}
TEST_F(BrokenSonata, a_manifest_that_grows_without_end_is_refused) {
    std::string manifest;
    for (int k = 10; k < 70; ++k)
        manifest += fmt::format(R"("$N{}": "$N{}$N{}", )", k, k + 1, k + 1);
    const std::string message =
        message_with_text("simulation_config.json",
                          R"({"manifest": {)" + manifest + R"("$N70": "x"}, "network": "$N10"})");
    EXPECT_NE(message.find("network: is longer than the 4096 letters of a path."),
              std::string::npos)
        << message;
}
TEST_F(BrokenSonata, json_that_is_none_is_refused) {
    const std::string message = message_with_text("circuit_config.json", "{\"networks\": ]");
    EXPECT_NE(message.find("circuit_config.json: "), std::string::npos) << message;
    EXPECT_NE(message.find("parse error"), std::string::npos) << message;
}

// --- there and back

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
        .name = "drawn", .model = std::make_shared<const ElmModel>(make_model({}))};
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

TEST(SonataTypes, columns_stand_once_and_numbers_are_finite) {
    const TemporaryDirectory folder;
    std::ofstream(folder / "t.csv") << "edge_type_id delay delay\n1 2 3\n";
    EXPECT_NE(message_of([&] {
                  network::SonataTypes(folder / "t.csv", "edge_type_id");
              }).find("t.csv:1: the column delay stands twice."),
              std::string::npos);
    std::ofstream(folder / "t.csv") << "edge_type_id delay\n1 inf\n";
    const network::SonataTypes types(folder / "t.csv", "edge_type_id");
    EXPECT_NE(message_of([&] {
                  types.number(1, "delay");
              }).find("t.csv:2: delay is inf, expected a finite number."),
              std::string::npos);
}

TEST(SonataTypes, fields_may_be_quoted_and_missing) {
    const TemporaryDirectory folder;
    std::ofstream(folder / "t.csv")
        << "edge_type_id name  delay\r\n7 \"two words\" NULL\r\n\r\n 8 x\t1.5\n";
    const network::SonataTypes types(folder / "t.csv", "edge_type_id");
    EXPECT_EQ(types.text(7, "name"), "two words");
    EXPECT_EQ(types.number(7, "delay"), std::nullopt);
    EXPECT_EQ(types.number(8, "delay"), 1.5);
    EXPECT_FALSE(types.has(9));
    EXPECT_NE(message_of([&] { types.number(8, "name"); }).find("t.csv:4: name is x, expected a"),
              std::string::npos);
}

}  // namespace
}  // namespace elm::test
