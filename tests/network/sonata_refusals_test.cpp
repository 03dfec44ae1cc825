// SONATA networks that are broken: each is refused, with the place of the mistake.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "kernels/io/hdf5_file.h"
#include "network/interchange/sonata/sonata_network.h"
#include "network/interchange/sonata/sonata_types.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm::test {
namespace {

namespace fs = std::filesystem;

const std::string own_folder = std::string(ELM_GOLDEN_DIR) + "/sonata";
const std::string their_folder = std::string(ELM_DATA_DIR) + "/sonata";

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
    // The place is counted by hand: the bracket is the sixth letter of the second line.
    const std::string message = message_with_text("circuit_config.json", "{\"networks\"\n   : ]");
    EXPECT_NE(message.find("circuit_config.json:2:6: no JSON from here on: unexpected ']'"),
              std::string::npos)
        << message;
    EXPECT_EQ(message.find("exception"), std::string::npos) << message;
}
TEST_F(BrokenSonata, keys_of_the_run_that_are_not_known_are_named) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(message_with_text("simulation_config.json",
                                R"({"network": "circuit_config.json",
                                    "run": {"tstop": 100, "dtt": 0.5, "dL": 20}})"),
              "no error");
    const std::string err = testing::internal::GetCapturedStderr();
    EXPECT_NE(err.find("run: the key dtt is not known and counts for nothing. Did you mean dt? "
                       "Steps are of 0.1 ms.\n"),
              std::string::npos)
        << err;
    EXPECT_EQ(err.find("dL"), std::string::npos) << err;
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
