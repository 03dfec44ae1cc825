#include "tasks/validation/cable_shapes.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace elm {
namespace {

using cable::Compartments;

constexpr double axial_ohm_cm = 100;

/// Half the resistance of a cylinder, Mohm.
double half_resistance(double length_um, double diameter_um) {
    return 1e-2 * axial_ohm_cm * 2 * length_um / (std::numbers::pi * diameter_um * diameter_um);
}

/// Adds a compartment behind `parent` (a node, -1 for none), joined through `before_Mohm`.
int add_compartment(Compartments& shape, int parent, double before_Mohm, double length_um,
                    double diameter_um, double distance_um) {
    const auto segment = static_cast<int>(shape.segments.size());
    const auto node = static_cast<int>(shape.nodes.size());
    const double area = std::numbers::pi * length_um * diameter_um;
    shape.segments.push_back(
        {0, node, cable::Region::soma, 0.5, length_um, diameter_um, area, distance_um});
    shape.nodes.push_back({parent, segment, 0, 0.5, area,
                           parent < 0 ? 0 : before_Mohm + half_resistance(length_um, diameter_um)});
    return node;
}

/// Branches of one level on the join at `join`, and their children.
void add_branches(Compartments& shape, int join, int level) {
    constexpr int levels = 10;
    if (level == levels) return;
    const double length = 32 / std::exp2(level / 3.0), diameter = 16 / std::exp2(2 * level / 3.0);
    for (int child = 0; child < 2; ++child) {
        const int node = add_compartment(shape, join, 0, length, diameter, 0);
        if (level + 1 == levels) continue;
        shape.nodes.push_back({node, -1, 0, 1, 0, half_resistance(length, diameter)});
        add_branches(shape, static_cast<int>(shape.nodes.size()) - 1, level + 1);
    }
}

}  // namespace

cable::Cell passive_cell(Compartments compartments) {
    cable::Cell cell;
    cell.name = "passive";
    const std::size_t count = compartments.segments.size();
    cell.compartments = std::move(compartments);
    cell.initial_voltage_mV = rallpack_rest_mV;
    cell.capacitance_uF_cm2.assign(count, 1);
    cell.leak_S_cm2.assign(count, rallpack_leak_S_cm2);
    cell.leak_mV.assign(count, rallpack_rest_mV);
    cell.sodium_mV.assign(count, std::numeric_limits<double>::quiet_NaN());
    cell.potassium_mV.assign(count, std::numeric_limits<double>::quiet_NaN());
    cell.calcium_gamma.assign(count, 0);
    cell.calcium_decay_ms.assign(count, 0);
    return cell;
}

cable::Cell cylinder_cell(double length_um, double diameter_um, int count) {
    Compartments shape;
    shape.sections.push_back({"soma[0]", cable::Region::soma, -1, 1, length_um, 0, 0, count});
    const double length = length_um / count;
    int node = -1;
    for (int i = 0; i < count; ++i) {
        node = add_compartment(shape, node, half_resistance(length, diameter_um), length,
                               diameter_um, (i + 0.5) * length);
        shape.segments.back().x = shape.nodes.back().x = (i + 0.5) / count;
    }
    return passive_cell(std::move(shape));
}

cable::Cell binary_tree_cell() {
    Compartments shape;
    shape.sections.push_back({"soma[0]", cable::Region::soma, -1, 1, 32, 0, 0, 1023});
    const int root = add_compartment(shape, -1, 0, 32, 16, 0);
    shape.nodes.push_back({root, -1, 0, 1, 0, half_resistance(32, 16)});
    add_branches(shape, 1, 1);
    return passive_cell(std::move(shape));
}

void add_squid_channels(cable::Cell& cell) {
    const std::size_t count = cell.compartments.segments.size();
    cell.sodium_mV.assign(count, 50);
    cell.potassium_mV.assign(count, -77);
    cell.channels.push_back({"squid_Na", std::vector<double>(count, 0.12)});
    cell.channels.push_back({"squid_K", std::vector<double>(count, 0.036)});
}

}  // namespace elm
