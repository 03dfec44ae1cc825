// The same things have the same colours in the pictures of all commands.

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "baselines/fitted_model.h"
#include "neuron/cable/cell/cell_file.h"
#include "tasks/neuronio/neuronio_plot.h"
#include "tasks/simulation/cell_recording.h"
#include "tasks/simulation/simulation_plot.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/neuronio/neuronio_files.h"

namespace elm {
namespace {

/// Colours of the curves of a figure by their names.
std::map<std::string, std::string> colours_of(const Figure& figure) {
    std::map<std::string, std::string> colours;
    for (const Panel& panel : figure.panels) {
        for (const Curve& curve : panel.curves) colours.emplace(curve.title, curve.colour);
    }
    return colours;
}

class Pictures : public testing::Test {
protected:
    /// A model of the cell in neuronio(), beside its ground truth.
    Figure simulation() const {
        const FittedModel model =
            make_model({.model = "elm",
                        .options = {{"num_branch", std::int64_t{2}},
                                    {"num_synapse_per_branch", std::int64_t{4}},
                                    {"input_to_synapse_routing", std::string("neuronio_routing")}},
                        .shape = {8, 2}});
        return SimulationPlot(model, "model", "sim_00000", 0, 60, {.neuronio_path = path_})
            .figure();
    }
    Figure neuronio() const { return neuronio_figure(path_, neuronio_statistics(path_)); }

    /// The built-in layer-5 cell, with one event of each kind.
    static Figure cell(const std::vector<std::string>& probed) {
        const cable::Cell cell = cable::load_cell("l5pc", std::nullopt);
        std::vector<CellProbe> probes;
        for (const std::string& text : probed) probes.push_back(parse_cell_probe(cell, text));
        const CellRecorder recorder(cell, probes, 0.025, 4);
        CellSample sample(recorder, "sample", 10);
        sample.keep_traces();
        const auto synapses = static_cast<int>(2 * cell.site_segments.size());
        cable::Trial trial;
        trial.events = {{1, 0}, {2, synapses - 1}};
        return sample.figure(trial);
    }

    test::TemporaryDirectory folder_;
    const std::string path_ = test::RandomNeuronIo{}.write(folder_ / "data.h5");
};

TEST_F(Pictures, excitation_and_inhibition_have_one_colour_each) {
    for (const Figure& figure : {simulation(), neuronio(), cell({"voltage:soma"})}) {
        const auto colours = colours_of(figure);
        EXPECT_EQ(colours.at("excitatory"), colour::excitation) << figure.title;
        EXPECT_EQ(colours.at("inhibitory"), colour::inhibition) << figure.title;
    }
}

TEST_F(Pictures, the_soma_of_the_cell_is_what_a_model_is_compared_with) {
    const auto compared = colours_of(simulation());
    EXPECT_EQ(compared.at("spikes of the cell"), colour::target);
    EXPECT_EQ(compared.at("model"), colour::prediction);
    EXPECT_EQ(colours_of(neuronio()).at("soma"), colour::target);
    EXPECT_EQ(colours_of(cell({"voltage:soma"})).at("voltage:soma"), colour::target);
}

TEST_F(Pictures, a_place_has_one_colour_in_all_panels) {
    const auto colours =
        colours_of(cell({"voltage:nexus", "calcium:nexus", "calcium:soma", "voltage:dend[3]"}));
    EXPECT_EQ(colours.at("voltage:nexus"), colours.at("calcium:nexus"));
    EXPECT_EQ(colours.at("calcium:soma"), colour::target);
    EXPECT_NE(colours.at("voltage:dend[3]"), colours.at("voltage:nexus"));
    EXPECT_NE(colours.at("voltage:dend[3]"), colour::target);
}

TEST_F(Pictures, several_curves_of_a_place_in_a_panel_differ) {
    const auto colours = colours_of(cell({"current.Ih:soma", "current.NaTa_t:soma"}));
    EXPECT_NE(colours.at("current.Ih:soma"), colours.at("current.NaTa_t:soma"));
}

}  // namespace
}  // namespace elm
