// How a user names places, currents and things to record of a cell.

#include "tasks/simulation/cell_places.h"

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

cable::Cell three_segments() {
    cable::Cell cell;
    cell.name = "small";
    cell.compartments.sections = {{"soma[0]", cable::Region::soma, -1, 1, 20, 0, 0, 1},
                                  {"apic[0]", cable::Region::apical, 0, 0.5, 90, 0, 1, 3}};
    cell.compartments.segments = {{0, 0, cable::Region::soma, 0.5, 20, 1, 1, 0},
                                  {1, 1, cable::Region::apical, 1 / 6.0, 30, 1, 1, 15},
                                  {1, 2, cable::Region::apical, 0.5, 30, 1, 1, 45},
                                  {1, 3, cable::Region::apical, 5 / 6.0, 30, 1, 1, 75}};
    cell.nexus_segment = 3;
    return cell;
}

void expect_failure(auto&& work, const std::string& part) {
    try {
        work();
        ADD_FAILURE() << "no error, expected: " << part;
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
    }
}

TEST(CellPlaces, name_segments) {
    const cable::Cell cell = three_segments();
    EXPECT_EQ(parse_place(cell, "soma"), 0);
    EXPECT_EQ(parse_place(cell, "nexus"), 3);
    EXPECT_EQ(parse_place(cell, "apic[0]"), 2);
    EXPECT_EQ(parse_place(cell, "apic[0](0.1)"), 1);
    EXPECT_EQ(parse_place(cell, "apic[0](1)"), 3);
    expect_failure([&] { parse_place(cell, "apic[1]"); }, "apic[0]");
    expect_failure([&] { parse_place(cell, "apic[0](2)"); }, "0 to 1");
    expect_failure([&] { parse_place(cell, "apic[0](0.5"); }, "expected a place");
    expect_failure([&] { parse_place(cell, "apic[0](half)"); }, "expected a place");
    cable::Cell without = three_segments();
    without.nexus_segment = -1;
    expect_failure([&] { parse_place(without, "nexus"); }, "names no nexus");
    without.nexus_note = "there is no apical section";
    expect_failure([&] { parse_place(without, "nexus"); }, "there is no apical section. Give a");
}

TEST(CellPlaces, currents_are_steps_or_pulses) {
    const cable::Cell cell = three_segments();
    const cable::CurrentClamp step = parse_clamp(cell, "soma:-0.3nA@200+500");
    EXPECT_EQ(step.segment, 0);
    EXPECT_EQ(step.amplitude_nA, -0.3);
    EXPECT_EQ(step.start_ms, 200);
    EXPECT_EQ(step.duration_ms, 500);
    EXPECT_EQ(step.decay_ms, 0);
    const cable::CurrentClamp pulse = parse_clamp(cell, "apic[0](0.9):1.5nA@300~0.5/5");
    EXPECT_EQ(pulse.segment, 3);
    EXPECT_EQ(pulse.amplitude_nA, 1.5);
    EXPECT_EQ(pulse.rise_ms, 0.5);
    EXPECT_EQ(pulse.decay_ms, 5);
    for (const char* wrong : {"soma", "soma:0.3@200+500", "soma:0.3nA", "soma:0.3nA@200",
                              "soma:xnA@200+500", "soma:0.3nA@200+5/6", "soma:0.3nA@200~5"}) {
        expect_failure([&] { parse_clamp(cell, wrong); }, "expected PLACE:AMPLITUDEnA@START");
    }
    expect_failure([&] { parse_clamp(cell, "soma:1nA@200~5/5"); }, "0 < rise < decay");
    expect_failure([&] { parse_clamp(cell, "soma:1nA@200+0"); }, "a duration above 0");
    expect_failure([&] { parse_clamp(cell, "soma:1nA@-1+5"); }, "before 0 ms");
    expect_failure([&] { parse_clamp(cell, "axon[0]:1nA@1+5"); }, "current 'axon[0]:1nA@1+5'");
}

TEST(CellPlaces, probes_are_a_quantity_and_a_place) {
    const cable::Cell cell = three_segments();
    const CellProbe voltage = parse_cell_probe(cell, "voltage:apic[0](0.9)");
    EXPECT_EQ(voltage.quantity, cable::Quantity::voltage);
    EXPECT_EQ(voltage.segments, std::vector<int>{3});
    EXPECT_EQ(parse_cell_probe(cell, "calcium:soma").quantity, cable::Quantity::calcium);
    const CellProbe current = parse_cell_probe(cell, "current.Ih:all");
    EXPECT_EQ(current.quantity, cable::Quantity::channel_current);
    EXPECT_EQ(current.channel, "Ih");
    EXPECT_TRUE(current.all);
    EXPECT_EQ(current.segments, (std::vector<int>{0, 1, 2, 3}));
    EXPECT_EQ(parse_cell_probe(cell, "synapses:nexus").unit, "nA");
    expect_failure([&] { parse_cell_probe(cell, "voltge:soma"); }, "Did you mean voltage?");
    expect_failure([&] { parse_cell_probe(cell, "voltage"); }, "voltage:soma");
    expect_failure([&] { parse_cell_probe(cell, "current:soma"); }, "needs a channel");
    expect_failure([&] { parse_cell_probe(cell, "voltage.Ih:soma"); }, "takes no channel");
    expect_failure([&] { parse_cell_probe(cell, "current.Ihh:soma"); }, "Did you mean Ih?");
}

}  // namespace
}  // namespace elm
