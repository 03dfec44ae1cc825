#include "tasks/validation/l5pc_reference.h"

#include <fmt/format.h>

#include "kernels/io/hdf5_file.h"

namespace elm {

cable::Cell cell_from_geometry(const std::string& path) {
    using namespace cable;
    const Hdf5File file = Hdf5File::open(path);
    const auto reals = [&](const std::string& name) { return file.read<double>(name); };
    const auto integers = [&](const std::string& name) { return file.read<std::int32_t>(name); };
    Cell cell;
    cell.name = "l5pc from geometry";
    Compartments& shape = cell.compartments;

    const auto types = integers("section/type"), parents = integers("section/parent");
    const auto counts = integers("section/nseg");
    const auto parent_x = reals("section/parent_x"), lengths = reals("section/L_um");
    const auto starts = reals("section/distance_of_0_end_from_soma_center_um");
    const char* const prefixes[] = {"soma", "dend", "apic", "axon"};
    int numbers[4] = {}, first = 0;
    for (std::size_t i = 0; i < types.size(); ++i) {
        const auto type = static_cast<std::size_t>(types[i]);
        shape.sections.push_back({fmt::format("{}[{}]", prefixes[type], numbers[type]++),
                                  static_cast<Region>(types[i]), parents[i], parent_x[i],
                                  lengths[i], starts[i], first, counts[i]});
        first += counts[i];
    }
    const auto section = integers("segment/section"), node = integers("segment/node");
    const auto type = integers("segment/type");
    const auto x = reals("segment/x"), length = reals("segment/length_um");
    const auto diameter = reals("segment/diam_um"), area = reals("segment/area_um2");
    const auto distance = reals("segment/distance_from_soma_center_um");
    for (std::size_t i = 0; i < section.size(); ++i) {
        shape.segments.push_back({section[i], node[i], static_cast<Region>(type[i]), x[i],
                                  length[i], diameter[i], area[i], distance[i]});
    }
    const auto node_parent = integers("node/parent"), node_segment = integers("node/segment");
    const auto node_section = integers("node/section");
    const auto node_x = reals("node/x"), node_area = reals("node/area_um2");
    const auto resistance = reals("node/ri_to_parent_Mohm");
    for (std::size_t i = 0; i < node_parent.size(); ++i) {
        shape.nodes.push_back({node_parent[i], node_segment[i], node_section[i], node_x[i],
                               node_area[i], node_parent[i] < 0 ? 0 : resistance[i]});
    }
    cell.channel_celsius = 34;  // whatever the simulator's own, which the rates do not follow
    cell.capacitance_uF_cm2 = reals("segment/cm_uF_cm2");
    cell.leak_S_cm2 = reals("segment/g_pas_S_cm2");
    cell.leak_mV = reals("segment/e_pas_mV");
    cell.sodium_mV = reals("segment/ena_mV");
    cell.potassium_mV = reals("segment/ek_mV");
    cell.calcium_gamma = reals("segment/gamma_CaDynamics_E2");
    cell.calcium_decay_ms = reals("segment/decay_CaDynamics_E2_ms");
    for (const std::string& name : file.links("segment")) {
        const auto bar = name.find("bar_");
        if (bar == std::string::npos) continue;
        const auto end = name.find("_S_cm2");
        cell.channels.push_back({name.substr(bar + 4, end - bar - 4), reals("segment/" + name)});
    }
    cell.site_segments = integers("neuronio/segment");
    cell.nexus_segment = static_cast<int>(file.number_attribute("neuronio", "nexus_segment"));
    return cell;
}

}  // namespace elm
