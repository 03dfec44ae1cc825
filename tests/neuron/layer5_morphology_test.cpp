// The drawn cell of layer 5 against the numbers of the traced one that it stands for.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include <fmt/core.h>

#include "kernels/core/support/error.h"
#include "neuron/cable/shape/compartments.h"
#include "neuron/cable/shape/layer5_morphology.h"
#include "neuron/cable/shape/morphology_edit.h"
#include "neuron/cable/shape/morphology_writer.h"
#include "neuron/cable/shape/swc_reader.h"
#include "tests/neuron/cable_statistics.h"
#include "tests/neuron/l5pc_geometry.h"
#include "tests/support/temporary_directory.h"

namespace elm::cable {
namespace {

using test::RegionStatistics;
using test::statistics_of;

/// Counts are equal, sizes within `share`, bins within `bin_share` and 5 um.
void expect_like(const RegionStatistics& is, const RegionStatistics& traced, double share,
                 double bin_share) {
    const auto near = [](double value, double reference, double allowed) {
        EXPECT_NEAR(value, reference, allowed * reference);
    };
    EXPECT_EQ(is.stems, traced.stems);
    EXPECT_EQ(is.sections, traced.sections);
    EXPECT_EQ(is.tips, traced.tips);
    EXPECT_EQ(is.deepest_order, traced.deepest_order);
    EXPECT_EQ(is.diameters.size(), traced.diameters.size());
    near(is.length_um, traced.length_um, share);
    near(is.longest_path_um, traced.longest_path_um, 0.01);
    near(is.area_um2, traced.area_um2, share);
    near(is.mean_diameter, traced.mean_diameter, share);
    near(is.median_diameter(), traced.median_diameter(), share);
    near(is.diameters.front(), traced.diameters.front(), share);
    near(is.diameters.back(), traced.diameters.back(), share);
    for (std::size_t bin = 0; bin < traced.bin_length.size(); ++bin) {
        SCOPED_TRACE(fmt::format("{} to {} um", 100 * bin, 100 * bin + 100));
        EXPECT_NEAR(is.bin_length[bin], traced.bin_length[bin],
                    bin_share * traced.bin_length[bin] + 5);
        EXPECT_NEAR(is.bin_median_diameter[bin], traced.bin_median_diameter[bin],
                    bin_share * traced.bin_median_diameter[bin] + 0.02);
    }
}

/// Numbers of cell 1 of Hay et al. 2011 (doi:10.1371/journal.pcbi.1002107).
RegionStatistics traced_basal() {
    RegionStatistics traced{8, 84, 46, 7, 5133.49, 282.1, 8862.96, {}, 0.5564, {}, {}};
    traced.diameters.assign(262, 0.58);
    traced.diameters.front() = 0.29;
    traced.diameters.back() = 1.84;
    traced.bin_length = {2372, 2473, 289, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    traced.bin_median_diameter = {0.58, 0.47, 0.29, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    return traced;
}
RegionStatistics traced_apical() {
    RegionStatistics traced{1, 109, 55, 16, 7440.91, 1300.5, 21009.33, {}, 0.9074, {}, {}};
    traced.diameters.assign(377, 0.699);
    traced.diameters.front() = 0.26;
    traced.diameters.back() = 7.2;
    traced.bin_length = {172, 664, 1419, 1129, 357, 113, 185, 289, 310, 610, 697, 802, 693};
    traced.bin_median_diameter = {3.09, 0.88, 0.70, 0.59, 0.59, 2.83, 1.80,
                                  1.29, 1.29, 0.77, 0.77, 0.51, 0.29};
    return traced;
}

TEST(Layer5Morphology, the_numbers_beside_it_are_those_of_the_traced_cell) {
    ELM_SKIP_WITHOUT_DATA("l5pc_geometry.h5");
    const Hdf5File file = Hdf5File::open(test::l5pc_file("l5pc_geometry.h5"));
    const Compartments cell = discretise(test::l5pc_sections(file), {});
    expect_like(statistics_of(cell, Region::basal), traced_basal(), 0.005, 0.01);
    expect_like(statistics_of(cell, Region::apical), traced_apical(), 0.005, 0.01);
}

TEST(Layer5Morphology, is_like_the_traced_cell) {
    const Compartments cell = discretise(layer5_morphology(), {});
    ASSERT_EQ(cell.segments.size(), 642U);
    EXPECT_EQ(cell.nodes.size(), 735U);
    // Bins of thin trees hold few branches: one more or less is a fifth.
    expect_like(statistics_of(cell, Region::basal), traced_basal(), 0.1, 0.2);
    expect_like(statistics_of(cell, Region::apical), traced_apical(), 0.1, 0.2);
    EXPECT_NEAR(cell.sections[0].length_um, 23.17, 0.1 * 23.17);
    EXPECT_NEAR(cell.segments[0].diameter_um, 13.47, 0.1 * 13.47);
    EXPECT_NEAR(cell.segments[0].area_um2, 1131.4, 0.1 * 1131.4);
    double area = 0;
    for (const Segment& segment : cell.segments) area += segment.area_um2;
    EXPECT_NEAR(area, 31192, 0.1 * 31192);
    // The axon stub.
    EXPECT_EQ(cell.segment_at("axon[0]", 0.5), 640);
    EXPECT_EQ(cell.segment_at("axon[1]", 0.5), 641);
    EXPECT_EQ(cell.sections[194].parent, 0);
    EXPECT_NEAR(cell.segments[640].area_um2, 94.2478, 1e-4);
}

TEST(Layer5Morphology, forks_into_two_tufts_where_the_traced_cell_does) {
    const Morphology shape = layer5_morphology();
    const Compartments cell = discretise(shape, {});
    // Below the main fork the thickest path is the trunk: ten sections.
    const NexusSite site = layer5_nexus(shape, 700);
    int at = 0;
    while (cell.sections[static_cast<std::size_t>(at)].name != site.section) ++at;
    const SectionCut& tuft = cell.sections[static_cast<std::size_t>(at)];
    EXPECT_NEAR(tuft.start_distance_um, 627, 0.1 * 627);
    std::vector<std::vector<int>> children(cell.sections.size());
    for (std::size_t i = 1; i < cell.sections.size(); ++i) {
        children[static_cast<std::size_t>(cell.sections[i].parent)].push_back(static_cast<int>(i));
    }
    // Tips and length above each branch of the main fork, and of the obliques below it.
    const auto above = [&](int root) {
        int tips = 0;
        double length = 0;
        std::vector<int> waiting{root};
        while (!waiting.empty()) {
            const auto index = static_cast<std::size_t>(waiting.back());
            waiting.pop_back();
            length += cell.sections[index].length_um;
            if (children[index].empty()) ++tips;
            waiting.insert(waiting.end(), children[index].begin(), children[index].end());
        }
        return std::pair(tips, length);
    };
    const std::vector<int>& tufts = children[static_cast<std::size_t>(tuft.parent)];
    ASSERT_EQ(tufts.size(), 2U);
    auto first = above(tufts[0]), second = above(tufts[1]);
    if (first.first > second.first) std::swap(first, second);
    EXPECT_EQ(first.first, 7);
    EXPECT_NEAR(first.second, 1015, 0.1 * 1015);
    EXPECT_EQ(second.first, 15);
    EXPECT_NEAR(second.second, 2552, 0.1 * 2552);
}

TEST(Layer5Morphology, every_seed_has_the_same_counts_and_another_shape) {
    std::set<double> first_lengths;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE(seed);
        const Morphology shape = layer5_morphology(seed);
        const Compartments cell = discretise(shape, {});
        const RegionStatistics basal = statistics_of(cell, Region::basal);
        const RegionStatistics apical = statistics_of(cell, Region::apical);
        EXPECT_EQ(basal.diameters.size(), 262U);
        EXPECT_EQ(apical.diameters.size(), 377U);
        EXPECT_EQ(basal.tips, 46);
        EXPECT_EQ(apical.tips, 55);
        EXPECT_EQ(basal.deepest_order, 7);
        EXPECT_EQ(apical.deepest_order, 16);
        EXPECT_NEAR(basal.length_um, 5133, 0.05 * 5133);
        EXPECT_NEAR(apical.length_um, 7441, 0.05 * 7441);
        EXPECT_NEAR(basal.area_um2, 8863, 0.1 * 8863);
        EXPECT_NEAR(apical.area_um2, 21009, 0.1 * 21009);
        first_lengths.insert(cell.sections[1].length_um);
        const NexusSite site = layer5_nexus(shape);
        const Segment& nexus =
            cell.segments[static_cast<std::size_t>(cell.segment_at(site.section, site.x))];
        EXPECT_NEAR(nexus.distance_um, 678, 20);  // half a segment
        EXPECT_NEAR(nexus.diameter_um, 1.8, 0.3);
    }
    EXPECT_GT(first_lengths.size(), 95U);
}

TEST(Layer5Morphology, has_the_same_bits_everywhere) {
    std::uint64_t hash = 0xCBF29CE484222325;
    for (const Section& section : layer5_morphology().sections) {
        for (const MorphologyPoint& point : section.points) {
            for (const double value : {point.x, point.y, point.z, point.diameter}) {
                hash = (hash ^ std::bit_cast<std::uint64_t>(value)) * 0x100000001B3;
            }
        }
    }
    EXPECT_EQ(hash, 0xB94C1FA8BB5280D9ULL);
}

TEST(Layer5Morphology, the_nexus_lies_on_the_thickest_path) {
    ELM_SKIP_WITHOUT_DATA("l5pc_geometry.h5");
    const Hdf5File file = Hdf5File::open(test::l5pc_file("l5pc_geometry.h5"));
    const Morphology traced = test::l5pc_sections(file);
    const NexusSite site = layer5_nexus(traced);
    EXPECT_EQ(site.section, "apic[50]");  // the data set's site is apic[50](0.9): segment 437
    EXPECT_EQ(discretise(traced, {}).segment_at(site.section, site.x), 437);
    try {
        layer5_nexus(traced, 5000);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data);
        EXPECT_NE(error.message().find("expected a place at 5000 um"), std::string::npos)
            << error.message();
    }
}

TEST(Layer5Morphology, is_read_back_from_swc_as_it_was) {
    Morphology shape = layer5_morphology();
    shape.sections.pop_back();  // a reader joins the two pieces of the axon
    const Morphology back = read_swc(swc_text(shape), "text");
    ASSERT_EQ(back.sections.size(), shape.sections.size());
    for (std::size_t i = 0; i < shape.sections.size(); ++i) {
        const Section &is = back.sections[i], &was = shape.sections[i];
        EXPECT_EQ(is.name, was.name);
        EXPECT_EQ(is.parent, was.parent);
        EXPECT_EQ(is.parent_x, was.parent_x);
        // Where the width jumps at a fork, SWC has a point more: the one it hangs on.
        const std::size_t more = is.points.size() - was.points.size();
        ASSERT_LE(more, 1U) << is.name;
        const Section& above = back.sections[static_cast<std::size_t>(std::max(0, is.parent))];
        if (more == 1) {
            EXPECT_EQ(is.points[0].diameter, above.points.back().diameter) << is.name;
        }
        for (std::size_t k = 0; k < was.points.size(); ++k) {
            const MorphologyPoint& point = is.points[k + more];
            EXPECT_EQ(point.x, was.points[k].x) << is.name << " " << k;
            EXPECT_EQ(point.y, was.points[k].y);
            EXPECT_EQ(point.z, was.points[k].z);
            EXPECT_EQ(point.diameter, was.points[k].diameter) << is.name << " " << k;
        }
    }
}

TEST(MorphologyWriter, sections_on_all_places_of_the_soma_are_written) {
    const Morphology cell = read_swc(
        "1 1 0 0 0 3 -1\n2 1 0 10 0 6 1\n3 1 0 20 0 3 2\n4 1 9 10 0 1 2\n5 1 -7 0 0 1 1\n"
        "6 3 -9 0 0 1 5\n7 3 -19 0 0 1 6\n8 2 -19 9 0 1 7\n",
        "a cell");
    const std::string text = swc_text(cell);
    EXPECT_EQ(swc_text(read_swc(text, "a cell")), text);
}

TEST(MorphologyWriter, refuses_what_swc_cannot_say) {
    Morphology cell = layer5_morphology();
    cell.sections[3].parent = 1;
    cell.sections[3].parent_x = 0.5;
    try {
        swc_text(cell);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.message(),
                  "layer-5 cell, seed 0: dend[2] begins in the middle of dend[0]: "
                  "SWC cannot say so");
    }
}

TEST(MorphologyWriter, a_file_is_not_replaced_unless_forced) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "cell.swc";
    const Morphology cell = layer5_morphology();
    write_swc(cell, path, false);
    EXPECT_EQ(read_morphology(path).sections.size(), 195U);  // the axon's two pieces are one
    EXPECT_THROW(write_swc(cell, path, false), Error);
    write_swc(cell, path, true);
}

}  // namespace
}  // namespace elm::cable
