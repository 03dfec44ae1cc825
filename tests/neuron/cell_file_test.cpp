// Cell files: what they may say, how they fail, and the built-in layer-5 cell against the numbers
// of NEURON's import of the same cell.

#include "neuron/cable/cell/cell_file.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "tests/support/compare.h"
#include "tests/support/temporary_directory.h"

namespace elm::cable {
namespace {

const std::string& l5pc_text() { return builtin_cells().front().text; }

/// A soma, a basal section of three segments and an apical one of five.
Compartments small_tree() {
    Compartments tree;
    tree.sections = {{"soma[0]", Region::soma, -1, 1, 20, 0, 0, 1},
                     {"dend[0]", Region::basal, 0, 0.5, 90, 0, 1, 3},
                     {"apic[0]", Region::apical, 0, 0.5, 200, 0, 4, 5},
                     {"apic[1]", Region::apical, 2, 1, 40, 200, 9, 1},
                     {"apic[2]", Region::apical, 2, 1, 100, 200, 10, 1}};
    for (int section = 0; section < 5; ++section) {
        const SectionCut& cut = tree.sections[static_cast<std::size_t>(section)];
        for (int k = 0; k < cut.segment_count; ++k) {
            const double x = (k + 0.5) / cut.segment_count;
            tree.segments.push_back({section, 0, cut.region, x, cut.length_um / cut.segment_count,
                                     1, 100, cut.start_distance_um + x * cut.length_um});
        }
    }
    return tree;
}

/// The text of the built-in cell with `from` replaced by `to`.
std::string changed(const std::string& from, const std::string& to) {
    std::string text = l5pc_text();
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

void expect_failure(const std::string& text, const std::string& place, const std::string& part) {
    try {
        build_cell(parse_cell(text, "my.toml"), small_tree());
        FAIL() << "no error, expected: " << part;
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        EXPECT_NE(error.message().find(place), std::string::npos) << error.message();
        EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
    }
}

/// "my.toml:LINE:COLUMN: " of the last line of the built-in cell that starts with `key`, after
/// `section` began.
std::string place_of(const std::string& text, const std::string& section, const std::string& key) {
    const std::size_t at = text.find("\n" + key, text.find(section)) + 1;
    return "my.toml:" +
           std::to_string(
               1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')) +
           ":1: ";
}

TEST(CellFile, numbers_stand_in_their_regions) {
    const Cell cell = build_cell(parse_cell(l5pc_text(), "l5pc"), small_tree());
    EXPECT_EQ(cell.name, "l5pc");
    EXPECT_EQ(cell.capacitance_uF_cm2, (std::vector<double>{1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}));
    EXPECT_EQ(cell.leak_S_cm2[0], 3e-5);
    EXPECT_EQ(cell.calcium_decay_ms[4], 35.725651);
    EXPECT_TRUE(std::isnan(cell.sodium_mV[1]));
    EXPECT_EQ(cell.site_segments, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
    EXPECT_TRUE(cell.nmda.magnesium);
    EXPECT_FALSE(cell.ampa.magnesium);
    // The main path goes on into the longer child, whose centre is 250 um out: nearest to 678.4.
    EXPECT_EQ(cell.nexus_segment, 10);
}

TEST(CellFile, rules_follow_their_formulas) {
    DensityRule rule;
    rule.shape = DensityRule::Shape::exponential;
    rule.scale = 1e-4;
    rule.offset = -0.8696;
    rule.factor = 2.087;
    rule.rate = 3.6161;
    rule.cap = 0.65;
    EXPECT_EQ(density_at(rule, 30, 120), 1e-4 * (-0.8696 + 2.087 * std::exp(3.6161 * 0.25)));
    EXPECT_EQ(density_at(rule, 120, 120), 1e-4 * (-0.8696 + 2.087 * std::exp(3.6161 * 0.65)));
    rule.decimals = 4;
    EXPECT_EQ(density_at(rule, 120, 120), 0.0021);
    DensityRule zone;
    zone.shape = DensityRule::Shape::zone;
    zone.from_um = 10;
    zone.to_um = 20;
    zone.inside = 3;
    zone.outside = 1;
    for (const double border : {10.0, 20.0}) EXPECT_EQ(density_at(zone, border, 100), 1);
    EXPECT_EQ(density_at(zone, 10.1, 100), 3);
}

TEST(CellFile, the_last_segment_may_count_as_the_end) {
    const Compartments tree = small_tree();
    const auto distances = [&](DensityPlace place) {
        std::vector<double> out;
        for (const Segment& segment : tree.segments) {
            if (segment.region == Region::apical) {
                out.push_back(rule_distance_um(tree, segment, place));
            }
        }
        return out;
    };
    EXPECT_EQ(distances(DensityPlace::centre),
              (std::vector<double>{20, 60, 100, 140, 180, 220, 250}));
    EXPECT_EQ(distances(DensityPlace::centre_last_at_end),
              (std::vector<double>{20, 60, 100, 140, 200, 240, 300}));
    EXPECT_EQ(farthest_end_um(tree, Region::apical), 300);
    EXPECT_EQ(farthest_end_um(tree, Region::axon), 0);
}

TEST(CellFile, mistakes_are_named_with_their_place) {
    const auto fails = [](const std::string& from, const std::string& to,
                          const std::string& section, const std::string& key,
                          const std::string& part) {
        const std::string text = changed(from, to);
        expect_failure(text, place_of(text, section, key), part);
    };
    fails("celsius = 6.3", "celcius = 6.3", "[cell]", "celcius", "Did you mean celsius?");
    fails("celsius = 6.3", "celsius = \"warm\"", "[cell]", "celsius", "expected a number");
    fails("celsius = 6.3", "celsius = nan", "[cell]", "celsius", "expected a finite number");
    fails("NaTs2_t = 0.998912", "NaTs2 = 0.998912", "[region.soma.channels]", "NaTs2",
          "Did you mean NaTs2_t?");
    fails("SKv3_1 = 0.338029", "SKv3_1 = -0.338029", "[region.soma.channels]", "SKv3_1",
          "is -0.338029, expected 0 or more");
    fails("leak_S_cm2 = 3e-5", "leak_S_cm2 = true", "[region.soma]", "leak_S_cm2",
          "expected a number");
    fails("regions = [\"basal\"", "regions = [\"bassal\"", "[synapses]", "regions",
          "Did you mean basal?");
    fails("regions = [\"basal\", \"apical\"]", "regions = \"basal\"", "[synapses]", "regions",
          "expected a list");
    fails("axon = \"stub\"", "axon = \"stup\"", "[morphology]", "axon", "Did you mean stub?");
    fails("max_segment_um = 40", "max_segment_um = 0", "[morphology]", "max_segment_um",
          "expected 0.01 or more");
    fails("source = \"layer5\"", "source = 5", "[morphology]", "source", "a text in quotes");
    fails("sodium_mV = 50", "", "[region.soma.channels]", "NaTs2_t", "needs sodium_mV");
    expect_failure(changed("[region.soma]", "[region.sooma]"), "my.toml:", "Did you mean soma?");
    expect_failure(changed("decimals = 10", "decimals = 1.5"), "my.toml:", "whole number");
    expect_failure(changed("rate = 3.6161, ", ""), "my.toml:", "rate: this number is missing");
    expect_failure(changed("cap = 0.65", "capp = 0.65"), "my.toml:", "Did you mean cap?");
    expect_failure(changed("\"exponential\"", "\"exponentail\""),
                   "my.toml:", "Did you mean exponential?");
    expect_failure(changed("to_um = 885", "to_um = 600"), "my.toml:", "must be above from_um");
    expect_failure(changed("rise_ms = 0.3", "rise_ms = 3.3"), "my.toml:", "must be below decay_ms");
    expect_failure(changed("offset = -0.8696", "offset = -8.8696"), "my.toml:", "S/cm2 at");
    expect_failure("[cell]\nname = \n", "my.toml:2:", "value");
    expect_failure("[cell]\nname = \"x\"\n", "my.toml:1:1: cell",
                   "celsius: this number is missing");
}

TEST(CellFile, a_shape_with_a_region_the_file_lacks_is_refused) {
    CellDescription description = parse_cell(l5pc_text(), "my.toml");
    description.regions.erase(Region::basal);
    EXPECT_THROW(build_cell(description, small_tree()), Error);
}

TEST(CellFile, a_nexus_that_the_shape_lacks_is_noted) {
    CellDescription description = parse_cell(l5pc_text(), "my.toml");
    const auto expect_note = [&](const SitePlace& nexus, int segment, const std::string& part) {
        description.nexus = nexus;
        const Cell cell = build_cell(description, small_tree());
        EXPECT_EQ(cell.nexus_segment, segment);
        EXPECT_NE(cell.nexus_note.find(part), std::string::npos) << cell.nexus_note;
        EXPECT_EQ(cell.nexus_note.empty(), part.empty()) << cell.nexus_note;
    };
    expect_note({.section = "apic[9]"}, -1, "Did you mean apic[");
    expect_note({.region = Region::axon, .distance_um = 5}, -1, "no axon section");
    // The main path goes on into the longer child, which ends 300 um out.
    expect_note({.region = Region::apical, .distance_um = 300}, 10, "");
    expect_note({.region = Region::apical, .distance_um = 301}, 10,
                "the main apical path ends at 300.0 um: apic[2](0.5), 250.0 um from the soma");
}

TEST(CellFile, names_of_cells_are_looked_up) {
    try {
        load_cell_description("l5cp");
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(error.message().find("Did you mean l5pc?"), std::string::npos);
    }
    const test::TemporaryDirectory folder;
    std::ofstream(folder / "own.toml") << changed("\"layer5\"", "\"shape.swc\"");
    std::ofstream(folder / "shape.swc")
        << "1 1 0 0 0 10 -1\n2 3 0 10 0 1 1\n3 3 0 60 0 1 2\n4 4 0 -10 0 1 1\n5 4 0 -90 0 1 4\n";
    const Cell cell = load_cell((folder / "own.toml").string(), std::nullopt);
    EXPECT_EQ(cell.compartments.sections.back().name, "axon[1]");
    EXPECT_FALSE(cell.site_segments.empty());
}

/// Fails unless check_cell throws `part` after `change`.
template <class Change>
void expect_refused(const std::string& part, const Change& change) {
    Cell cell = build_cell(parse_cell(l5pc_text(), "l5pc"), small_tree());
    change(cell);
    try {
        check_cell(cell);
        ADD_FAILURE() << "no error, expected: " << part;
    } catch (const Error& error) {
        EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
    }
}

TEST(CheckCell, what_cannot_be_simulated_is_refused) {
    const auto ih = [](Cell& cell) -> std::vector<double>& {
        for (ChannelDensity& density : cell.channels) {
            if (density.channel == "Ih") return density.density_S_cm2;
        }
        throw std::logic_error("no Ih");
    };
    expect_refused("leak_mV has 10 values", [](Cell& c) { c.leak_mV.pop_back(); });
    expect_refused("Ih has 10 values", [&](Cell& c) { ih(c).pop_back(); });
    expect_refused("Ih is -1 in segment 3 (dend[0](0.833))", [&](Cell& c) { ih(c)[3] = -1; });
    expect_refused("Ih is nan", [&](Cell& c) { ih(c)[3] = std::nan(""); });
    expect_refused("Did you mean Ih?", [&](Cell& c) {
        for (ChannelDensity& density : c.channels) {
            if (density.channel == "Ih") density.channel = "Ihh";
        }
    });
    expect_refused("stands there twice", [](Cell& c) { c.channels.push_back(c.channels.front()); });
    expect_refused("no sodium", [](Cell& c) { c.sodium_mV[0] = std::nan(""); });
    expect_refused("no potassium", [](Cell& c) { c.potassium_mV[0] = std::nan(""); });
    expect_refused("no calcium pool", [](Cell& c) { c.calcium_decay_ms[0] = 0; });
    expect_refused("has no capacitance", [](Cell& c) { c.capacitance_uF_cm2[2] = 0; });
    expect_refused("a synapse stands on segment 11", [](Cell& c) { c.site_segments[0] = 11; });
    expect_refused("the nexus is segment -2", [](Cell& c) { c.nexus_segment = -2; });
    expect_refused("AMPA rises", [](Cell& c) { c.ampa.rise_ms = c.ampa.decay_ms; });
    expect_refused("NMDA rises", [](Cell& c) { c.nmda.rise_ms = 0; });
    expect_refused("GABA_A has a peak", [](Cell& c) { c.gaba.peak_uS = -1; });
    expect_refused("calcium_depth_um is 0", [](Cell& c) { c.calcium_depth_um = 0; });
    expect_refused("below absolute zero", [](Cell& c) { c.celsius = -300; });
    expect_refused("no segments", [](Cell& c) { c.compartments = {}; });
}

/// The traced cell, as NEURON imports it, against its own export.
class Layer5Cell : public testing::Test {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(geometry_path)) GTEST_SKIP() << "no " << geometry_path;
    }
    static Cell traced_cell() { return load_cell("l5pc", morphology_path); }
    /// With the lengths of NEURON's sections, which it sums in float32: the tenth decimal of Ih
    /// sees that.
    static Cell cell_with_their_lengths(const Hdf5File& file) {
        const CellDescription description = load_cell_description("l5pc");
        Compartments tree = traced_cell().compartments;
        const auto length = file.read<double>("/section/L_um");
        const auto start = file.read<double>("/section/distance_of_0_end_from_soma_center_um");
        EXPECT_EQ(length.size(), tree.sections.size());
        for (std::size_t at = 0; at < tree.sections.size(); ++at) {
            tree.sections[at].length_um = length[at];
            tree.sections[at].start_distance_um = start[at];
        }
        return build_cell(description, tree);
    }
    static inline const std::string geometry_path = ELM_DATA_DIR "/l5pc_geometry.h5";
    static inline const std::string morphology_path = ELM_DATA_DIR "/l5pc_morphology.asc";
};

void expect_relative(const std::vector<double>& ours, const std::vector<double>& theirs,
                     double allowed, const std::string& name) {
    ASSERT_EQ(ours.size(), theirs.size()) << name;
    int wrong = 0;
    for (std::size_t at = 0; at < ours.size(); ++at) {
        if (std::isnan(ours[at]) && std::isnan(theirs[at])) continue;
        if (std::abs(ours[at] - theirs[at]) <= allowed * std::abs(theirs[at])) continue;
        if (++wrong <= 3)
            ADD_FAILURE() << name << "[" << at << "] " << ours[at] << " is not " << theirs[at];
    }
    EXPECT_EQ(wrong, 0) << name;
}

TEST_F(Layer5Cell, every_column_is_that_of_the_published_cell) {
    const Hdf5File file = Hdf5File::open(geometry_path);
    const Cell cell = cell_with_their_lengths(file);
    const auto column = [&](const std::string& name) {
        return file.read<double>("/segment/" + name);
    };
    const auto same = [&](const std::vector<double>& ours, const std::string& name) {
        expect_relative(ours, column(name), 1e-12, name);
    };
    same(cell.capacitance_uF_cm2, "cm_uF_cm2");
    same(cell.leak_S_cm2, "g_pas_S_cm2");
    same(cell.leak_mV, "e_pas_mV");
    same(cell.sodium_mV, "ena_mV");
    same(cell.potassium_mV, "ek_mV");
    same(cell.calcium_gamma, "gamma_CaDynamics_E2");
    same(cell.calcium_decay_ms, "decay_CaDynamics_E2_ms");
    int found = 0;
    for (const std::string& name : file.links("/segment")) {
        if (!name.starts_with("g") || !name.ends_with("_S_cm2") || name == "g_pas_S_cm2") continue;
        ++found;
        bool there = false;
        for (const ChannelDensity& density : cell.channels) {
            if (name.ends_with("bar_" + density.channel + "_S_cm2")) {
                there = true;
                same(density.density_S_cm2, name);
            }
        }
        EXPECT_TRUE(there) << name;
    }
    EXPECT_EQ(found, static_cast<int>(cell.channels.size()));
    EXPECT_EQ(found, 11);
}

TEST_F(Layer5Cell, the_traced_shape_comes_within_the_last_decimal) {
    const Hdf5File file = Hdf5File::open(geometry_path);
    const Cell cell = traced_cell();
    // NEURON sums the lengths of up to 200 points in float32: 200 units of 6e-8, over 16 sections.
    const double allowed = 16 * std::sqrt(200.0) * 0x1p-24;
    const auto theirs = file.read<double>("/segment/hoc_channel_distance_um");
    std::vector<double> ours;
    for (const Segment& segment : cell.compartments.segments) {
        ours.push_back(
            segment.region == Region::apical
                ? rule_distance_um(cell.compartments, segment, DensityPlace::centre_last_at_end)
                : std::nan(""));
    }
    expect_relative(ours, theirs, allowed, "hoc_channel_distance_um");
    // Then eq. for Ih moves by at most rate * x * allowed of itself, and one unit of rounding.
    const auto ih = file.read<double>("/segment/gIhbar_Ih_S_cm2");
    for (const ChannelDensity& density : cell.channels) {
        if (density.channel != "Ih") continue;
        for (std::size_t at = 0; at < ih.size(); ++at) {
            EXPECT_NEAR(density.density_S_cm2[at], ih[at],
                        1.0001e-10 + 3.6161 * 0.65 * 2 * allowed * 2.2e-3);
        }
    }
}

TEST_F(Layer5Cell, synapses_and_nexus_stand_where_the_published_ones_do) {
    const Hdf5File file = Hdf5File::open(geometry_path);
    const Cell cell = traced_cell();
    const auto sites = file.read<std::int32_t>("/neuronio/segment");
    EXPECT_EQ(cell.site_segments, std::vector<int>(sites.begin(), sites.end()));
    EXPECT_EQ(cell.nexus_segment, file.number_attribute("/neuronio", "nexus_segment"));
    EXPECT_EQ(cell.celsius, file.number_attribute("/", "celsius"));
    EXPECT_EQ(cell.initial_voltage_mV, file.number_attribute("/", "v_init_mV"));
    EXPECT_EQ(cell.initial_calcium_mM, file.number_attribute("/", "cai0_mM"));
    EXPECT_EQ(cell.external_calcium_mM, file.number_attribute("/", "cao_mM"));
}

TEST_F(Layer5Cell, the_built_in_shape_makes_a_cell) {
    const Cell cell = load_cell("l5pc", std::nullopt);
    EXPECT_GT(cell.site_segments.size(), 500u);
    const Segment& nexus = cell.compartments.segments[static_cast<std::size_t>(cell.nexus_segment)];
    EXPECT_EQ(nexus.region, Region::apical);
    EXPECT_NEAR(nexus.distance_um, 678.4, 20.0);  // half of the longest segment
}

}  // namespace
}  // namespace elm::cable
