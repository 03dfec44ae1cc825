// NIR graphs: what they give, against other programs; what is read, written and refused.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "kernels/core/support/parallel.h"
#include "kernels/io/hdf5_file.h"
#include "network/interchange/nir/nir_engine.h"
#include "network/interchange/nir/nir_file.h"
#include "network/interchange/nir/nir_shapes.h"
#include "tests/network/golden_cases.h"
#include "tests/support/compare.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm::test {
namespace {

using network::NirEngine;
using network::NirGraph;
using network::NirGrid;
using network::NirKind;
using network::NirNode;
using network::NirRule;
using network::NirSample;
using network::NirSignal;

/// All elements behind the first axis are one.
NirSignal signal_in(const Hdf5File& file, const std::string& dataset) {
    const auto shape = file.shape(dataset);
    const std::int64_t size = network::elements_of(shape) / shape[0];
    return {shape[0], size, file.read<double>(dataset)};
}

std::vector<double> output_called(const NirEngine& engine, const NirSample& sample,
                                  const std::string& name) {
    for (std::size_t k = 0; k < sample.size(); ++k) {
        if (engine.outputs()[k].name == name) return sample[k].values;
    }
    return {};
}

// --- graphs of this repository

class OwnNirGraphs : public ::testing::TestWithParam<const char*> {
protected:
    const std::string path_ = std::string(ELM_GOLDEN_DIR) + "/nir/" + GetParam() + ".nir";
};

TEST_P(OwnNirGraphs, give_what_plain_loops_give) {
    const Hdf5File file = Hdf5File::open(path_);
    const NirGraph graph = network::load_nir(path_);
    const double step = file.number_attribute("/expected", "dt_s");
    const NirSample input{signal_in(file, "/expected/input")};
    for (const NirRule rule : {NirRule::euler, NirRule::exact}) {
        const std::string group =
            std::string("/expected/") + (rule == NirRule::euler ? "euler" : "exact");
        for (const DType precision : {DType::f64, DType::f32}) {
            const NirEngine engine(graph, {step, rule}, precision);
            const NirSample output = engine.run({input})[0];
            for (const std::string& name : file.links(group)) {
                // Sums of at most 32 terms, through at most 60 steps; f64 spikes are the same.
                const std::vector<double> ours = output_called(engine, output, name);
                const auto expected = file.read<double>(fmt::format("{}/{}", group, name));
                if (precision == DType::f64) {
                    EXPECT_EQ(difference_above(ours, expected, 1e-12), "") << name;
                } else if (std::string(GetParam()) == "line") {
                    EXPECT_EQ(difference_above(ours, expected, 2e-5), "") << name;
                }
            }
        }
    }
}

TEST_P(OwnNirGraphs, are_written_and_read_again) {
    const NirGraph graph = network::load_nir(path_);
    const TemporaryDirectory folder;
    OutputFile output(folder / "again.nir", false);
    if (std::string(GetParam()) == "recurrent") {
        EXPECT_EQ(message_of([&] { network::write_nir(output, graph); }),
                  "node rnn.input cannot be written: it is the border of an inner graph.");
        return;
    }
    network::write_nir(output, graph);
    output.commit();
    const NirGraph again = network::load_nir(folder / "again.nir");
    ASSERT_EQ(again.nodes.size(), graph.nodes.size());
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const NirNode &ours = again.nodes[i], &theirs = graph.nodes[i];
        EXPECT_EQ(ours.name, theirs.name);
        EXPECT_EQ(ours.kind, theirs.kind);
        EXPECT_EQ(ours.padding, theirs.padding);
        ASSERT_EQ(ours.arrays.size(), theirs.arrays.size());
        for (const auto& entry : theirs.arrays) {
            EXPECT_EQ(ours.array(entry.first).shape, entry.second.shape);
            EXPECT_EQ(ours.array(entry.first).values, entry.second.values);
            EXPECT_EQ(ours.array(entry.first).is_f32, entry.second.is_f32);
        }
    }
    ASSERT_EQ(again.edges.size(), graph.edges.size());
    for (std::size_t i = 0; i < graph.edges.size(); ++i) {
        EXPECT_EQ(again.edges[i].from, graph.edges[i].from);
        EXPECT_EQ(again.edges[i].to, graph.edges[i].to);
    }
}

INSTANTIATE_TEST_SUITE_P(Golden, OwnNirGraphs,
                         ::testing::Values("dense", "image", "line", "recurrent", "scalars"),
                         [](const auto& instance) { return std::string(instance.param); });

TEST(NirEngine, samples_do_not_depend_on_threads_or_each_other) {
    const std::string path = std::string(ELM_GOLDEN_DIR) + "/nir/recurrent.nir";
    const NirSample input{signal_in(Hdf5File::open(path), "/expected/input")};
    NirSample other = input;
    std::reverse(other[0].values.begin(), other[0].values.end());
    const NirEngine engine(network::load_nir(path), {}, DType::f32);
    set_thread_count(1);
    const auto one = engine.run({input, other, input});
    set_thread_count(4);
    const auto four = engine.run({input, other, input});
    set_thread_count(0);
    for (std::size_t k = 0; k < one.size(); ++k) {
        for (std::size_t i = 0; i < one[k].size(); ++i) {
            EXPECT_EQ(one[k][i].values, four[k][i].values);
        }
    }
    EXPECT_EQ(one[0][0].values, one[2][0].values);
    EXPECT_NE(one[0][0].values, one[1][0].values);
}

// --- graphs made here

NirNode node(const std::string& name, NirKind kind,
             const std::map<std::string, std::vector<double>>& arrays) {
    NirNode made{.name = name, .kind = kind, .place = name};
    for (const auto& entry : arrays) {
        network::NirArray array{{std::ssize(entry.second)}, entry.second, false};
        if (entry.first == "weight") array.shape = {1, std::ssize(entry.second)};
        made.arrays[entry.first] = array;
    }
    return made;
}

NirGraph chain(std::vector<NirNode> between) {
    NirGraph graph;
    graph.nodes.push_back(node("in", NirKind::input, {{"shape", {1}}}));
    for (NirNode& one : between) graph.nodes.push_back(std::move(one));
    graph.nodes.push_back(node("out", NirKind::output, {{"shape", {1}}}));
    for (std::size_t i = 0; i + 1 < graph.nodes.size(); ++i) graph.edges.push_back({i, i + 1});
    return graph;
}

std::vector<double> run(const NirGraph& graph, std::vector<double> input, NirGrid grid = {}) {
    const NirEngine engine(graph, grid, DType::f64);
    return engine.run({{{std::ssize(input), 1, std::move(input)}}})[0][0].values;
}

TEST(NirEngine, a_leaky_integrator_follows_its_closed_form) {
    const double tau = 0.02, r = 2, leak = -0.5, x = 1.5, h = 0.001;
    const NirGraph graph = chain(
        {node("li", NirKind::leaky_integrator, {{"tau", {tau}}, {"r", {r}}, {"v_leak", {leak}}})});
    const std::vector<double> v = run(graph, std::vector<double>(100, x), {h, NirRule::exact});
    std::vector<double> closed;
    for (int k = 1; k <= 100; ++k) closed.push_back(leak + r * x * -std::expm1(-k * h / tau));
    EXPECT_EQ(difference_above(v, closed, 100 * 8 * epsilon_of(DType::f64) * 3), "");
}

TEST(NirEngine, a_spike_needs_more_than_the_threshold) {
    const NirGraph graph = chain({node("if", NirKind::integrate_and_fire,
                                       {{"r", {1}}, {"v_threshold", {1}}, {"v_reset", {0.5}}})});
    EXPECT_EQ(run(graph, {0.5, 0.5, 0.25, 0.25, 0.5}, {1, NirRule::euler}),
              (std::vector<double>{0, 0, 1, 0, 1}));
}

TEST(NirEngine, a_delay_hands_on_what_came_before_and_nothing_at_first) {
    const NirGraph graph = chain({node("delay", NirKind::delay, {{"delay", {0.003}}})});
    EXPECT_EQ(run(graph, {1, 2, 3, 4, 5}), (std::vector<double>{0, 0, 0, 1, 2}));
}

TEST(NirEngine, a_cycle_of_a_neuron_takes_one_step) {
    NirGraph graph = chain({node("i", NirKind::integrator, {{"r", {1}}}),
                            node("w", NirKind::scale, {{"scale", {2}}})});
    graph.edges = {{0, 1}, {1, 2}, {2, 1}, {1, 3}};
    // v[t] = v[t-1] + x + 2 v[t-1]
    EXPECT_EQ(run(graph, {1, 0, 0, 0}, {1, NirRule::euler}), (std::vector<double>{1, 3, 9, 27}));
}

TEST(NirEngine, cycles_without_a_neuron_or_delay_are_refused_wherever_they_hide) {
    // in -> a -> n -> b -> a, and a -> b beside it: the cycle a, b has no neuron.
    NirGraph graph = chain({node("a", NirKind::scale, {{"scale", {1}}}),
                            node("n", NirKind::integrator, {{"r", {1}}}),
                            node("b", NirKind::scale, {{"scale", {1}}})});
    graph.edges = {{0, 1}, {1, 2}, {2, 3}, {3, 1}, {3, 4}};
    EXPECT_EQ(message_of([&] { NirEngine(graph, {}, DType::f64); }), "no error");
    graph.edges.push_back({1, 3});
    EXPECT_EQ(message_of([&] { NirEngine(graph, {}, DType::f64); }),
              "a: the cycle a -> b -> a has neither a neuron nor a Delay of a step: there is no "
              "order to evaluate it in.");
    graph.nodes[3] = node("b", NirKind::delay, {{"delay", {0.001}}});
    EXPECT_EQ(message_of([&] { NirEngine(graph, {}, DType::f64); }), "no error");
}

TEST(NirEngine, spikes_stay_spikes_behind_delays) {
    const NirNode spiking = node("if", NirKind::integrate_and_fire,
                                 {{"r", {1}}, {"v_threshold", {1}}, {"v_reset", {0}}});
    const NirNode one = node("one", NirKind::delay, {{"delay", {0.001}}});
    const NirNode other = node("other", NirKind::delay, {{"delay", {0.002}}});
    EXPECT_TRUE(NirEngine(chain({spiking, one, other}), {}, DType::f64).outputs()[0].has_spikes);
    EXPECT_FALSE(NirEngine(chain({one, other}), {}, DType::f64).outputs()[0].has_spikes);
}

TEST(NirEngine, signals_that_no_memory_holds_are_refused) {
    const NirEngine engine(chain({}), {}, DType::f64);
    EXPECT_EQ(message_of([&] { engine.require_memory(1000, 1, true); }), "no error");
    EXPECT_TRUE(message_of([&] { engine.require_memory(1e15, 1, true); })
                    .starts_with("1e+15 steps of the signals and states of 1 samples need 1.6e+07 "
                                 "GB, and "));
}

TEST(NirEngine, what_overshoots_and_what_grows_is_refused) {
    const auto li = [](double tau) {
        return chain(
            {node("li", NirKind::leaky_integrator, {{"tau", {tau}}, {"r", {1}}, {"v_leak", {0}}})});
    };
    EXPECT_NE(message_of([&] {
                  NirEngine(li(0.0005), {}, DType::f64);
              }).find("li: tau is 0.0005 s, shorter than the step of 0.001 s"),
              std::string::npos);
    EXPECT_EQ(message_of([&] {
                  NirEngine(li(0.0005), {1e-3, NirRule::exact}, DType::f64);
              }),
              "no error");
    NirGraph graph = chain({node("i", NirKind::integrator, {{"r", {1e200}}}),
                            node("s", NirKind::scale, {{"scale", {1e200}}})});
    EXPECT_NE(message_of([&] { run(graph, {1}); }).find("Output out, element 0: inf in step 0"),
              std::string::npos);
}

// --- files of other programs

const std::string nir_folder = std::string(ELM_DATA_DIR) + "/nir/";

struct TheirGraph {
    const char* name;
    const char* output;
    NirRule rule = NirRule::euler;
    double tolerance = 1e-12;
};
void PrintTo(const TheirGraph& graph, std::ostream* out) { *out << graph.name; }

class TheirNirGraphs : public ::testing::TestWithParam<TheirGraph> {};

TEST_P(TheirNirGraphs, give_what_is_expected) {
    ELM_SKIP_WITHOUT_GOLDEN_NETWORKS();
    const TheirGraph& c = GetParam();
    const Hdf5File golden = Hdf5File::open(golden_networks);
    const std::string group = std::string("/nir/") + c.name;
    const NirGrid grid{golden.number_attribute(group, "dt_s"), c.rule};
    const NirGraph graph = network::load_nir(nir_folder + c.name + ".nir");
    const NirEngine engine(graph, grid, DType::f64);
    const NirSample output = engine.run({{signal_in(golden, group + "/input")}})[0];
    const auto expected = golden.read<double>(group + "/" + c.output);
    double largest = 0;
    for (const double value : expected) largest = std::max(largest, std::abs(value));
    EXPECT_GT(largest, 0);
    EXPECT_EQ(difference_above(output[0].values, expected, c.tolerance * std::max(1.0, largest)),
              "");
}

INSTANTIATE_TEST_SUITE_P(
    Golden, TheirNirGraphs,
    ::testing::Values(
        TheirGraph{"01_affine", "output"}, TheirGraph{"02_linear_scale", "output"},
        TheirGraph{"03_conv1d_groups_dilation", "output"},
        TheirGraph{"04_conv2d_rectangular", "output"},
        TheirGraph{"05_conv2d_same_string", "output"}, TheirGraph{"06_pool_flatten", "output"},
        TheirGraph{"07_li", "output_euler"}, TheirGraph{"07_li", "output_exact", NirRule::exact},
        TheirGraph{"08_i", "output"}, TheirGraph{"09_if", "output"},
        TheirGraph{"10_lif", "output_euler"}, TheirGraph{"10_lif", "output_exact", NirRule::exact},
        TheirGraph{"11_cubali", "output_euler"}, TheirGraph{"12_cubalif", "output_euler"},
        TheirGraph{"13_delay_scale_threshold", "output"},
        TheirGraph{"14_recurrent_flat_delay", "output_euler"},
        TheirGraph{"15_recurrent_flat_no_delay", "output_euler"},
        TheirGraph{"16_subgraph_recurrent_delays", "output_euler"},
        TheirGraph{"17_branches_sum", "output"}, TheirGraph{"18_conv_snn", "output_euler"},
        TheirGraph{"19_scalar_parameters", "output_euler"},
        TheirGraph{"20_snntorch_export", "output_euler"}),
    [](const auto& instance) {
        return std::string(instance.param.name) + "_" + instance.param.output;
    });

struct BrokenGraph {
    const char* name;
    const char* reason;
};
void PrintTo(const BrokenGraph& graph, std::ostream* out) { *out << graph.name; }

class BrokenNirGraphs : public ::testing::TestWithParam<BrokenGraph> {};

TEST_P(BrokenNirGraphs, are_refused_with_the_reason) {
    const std::string path = nir_folder + "broken_" + GetParam().name + ".nir";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
    const std::string message =
        message_of([&] { NirEngine(network::load_nir(path), {}, DType::f64); });
    EXPECT_NE(message.find(GetParam().reason), std::string::npos) << message;
    EXPECT_NE(message.find(path), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(
    Golden, BrokenNirGraphs,
    ::testing::Values(
        BrokenGraph{"cycle_without_state",
                    "the cycle affine -> affine2 -> affine has neither a neuron nor a Delay"},
        BrokenGraph{"data_without_dt", "is a recording, expected a graph"},
        BrokenGraph{"delay_off_grid",
                    "/node/nodes/delay: a delay of 0.0031 s is no whole number "
                    "of steps of 0.001 s"},
        BrokenGraph{"missing_edge_target",
                    "/node/edges: edge 1 from lif to nowhere: there is no node nowhere"},
        BrokenGraph{"missing_parameter",
                    "/node/nodes/cubalif: a node of the type CubaLIF must have tau_mem"},
        BrokenGraph{"missing_type", "/node/nodes/lif: has no type"},
        BrokenGraph{"nan_parameter", "/node/nodes/lif: tau[1] is nan"},
        BrokenGraph{"negative_delay", "/node/nodes/delay: delay is -0.003 s"},
        BrokenGraph{"negative_tau", "/node/nodes/lif: tau is -0.01 s"},
        BrokenGraph{"no_output", "/node: has no Output node"},
        BrokenGraph{"parameter_shape", "/node/nodes/lif: r has the shape (4) and tau (3)"},
        BrokenGraph{"truncated", "truncated"},
        BrokenGraph{
            "unknown_node",
            "/node/nodes/lif: is of the type LIFPlus, which is not known. Known are Input, "},
        BrokenGraph{"wrong_shape",
                    "/node/nodes/affine: input gives it the shape (3), expected "
                    "(5)"}),
    [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace elm::test
