#include "neuron/cable/cell/cell_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/config_tree.h"
#include "kernels/io/toml_config.h"
#include "neuron/cable/channels/channel.h"

namespace elm::cable {
namespace {

constexpr double shortest_segment_um = 0.01;  // as a limit: bounds how many there are

double at_least_0(const ConfigTree& tree, const std::string& key) {
    const double value = tree.number(key);
    if (value < 0) tree.fail(key, fmt::format("is {}, expected 0 or more.", value));
    return value;
}

double above_0(const ConfigTree& tree, const std::string& key) {
    const double value = tree.number(key);
    if (!(value > 0)) tree.fail(key, fmt::format("is {}, expected a number above 0.", value));
    return value;
}

Region region_of(const ConfigTree& tree, const std::string& key, const std::string& name) {
    std::vector<std::string> names;
    for (int k = 0; k < region_count; ++k) {
        const auto region = static_cast<Region>(k);
        if (name == region_name(region)) return region;
        names.emplace_back(region_name(region));
    }
    tree.fail(key, fmt::format("there is no region '{}'.{} Regions are {}.", name,
                               nearest_hint(name, names), fmt::join(names, ", ")));
}

/// One of `names`, by its index.
std::size_t choice(const ConfigTree& tree, const std::string& key,
                   const std::vector<std::string>& names) {
    const std::string word = tree.text(key);
    const auto found = std::find(names.begin(), names.end(), word);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    tree.fail(key, fmt::format("is '{}', expected one of: {}.{}", word, fmt::join(names, "; "),
                               nearest_hint(word, names)));
}

DensityRule parse_density(const ConfigTree& channels, const std::string& name) {
    DensityRule rule;
    if (!channels.is_table(name)) {
        rule.value = at_least_0(channels, name);
        return rule;
    }
    const ConfigTree tree = channels.table(name);
    std::vector<std::string> known = {"shape", "at", "decimals"};
    const auto also = [&](std::vector<std::string> more) {
        known.insert(known.end(), more.begin(), more.end());
        tree.require_known(known);
    };
    switch (choice(tree, "shape", {"constant", "exponential", "zone"})) {
        case 0:
            also({"value"});
            rule.value = at_least_0(tree, "value");
            break;
        case 1:
            also({"scale", "offset", "factor", "rate", "cap"});
            rule.shape = DensityRule::Shape::exponential;
            rule.scale = tree.number("scale");
            rule.offset = tree.number("offset");
            rule.factor = tree.number("factor");
            rule.rate = tree.number("rate");
            if (tree.has("cap")) rule.cap = at_least_0(tree, "cap");
            break;
        default:
            also({"from_um", "to_um", "inside", "outside"});
            rule.shape = DensityRule::Shape::zone;
            rule.from_um = at_least_0(tree, "from_um");
            rule.to_um = at_least_0(tree, "to_um");
            rule.inside = at_least_0(tree, "inside");
            rule.outside = at_least_0(tree, "outside");
            if (rule.to_um <= rule.from_um) tree.fail("to_um", "must be above from_um.");
    }
    if (tree.has("at") && choice(tree, "at", {"centre", "centre, last at end"}) == 1) {
        rule.place = DensityPlace::centre_last_at_end;
    }
    if (const auto decimals = tree.optional_number("decimals")) {
        if (*decimals < 0 || *decimals > 17 || *decimals != static_cast<int>(*decimals)) {
            tree.fail("decimals", "expected a whole number from 0 to 17.");
        }
        rule.decimals = static_cast<int>(*decimals);
    }
    return rule;
}

RegionDescription parse_region(const ConfigTree& tree) {
    tree.require_known({"capacitance_uF_cm2", "axial_resistance_ohm_cm", "leak_S_cm2", "leak_mV",
                        "sodium_mV", "potassium_mV", "calcium_gamma", "calcium_decay_ms",
                        "channels"});
    RegionDescription region;
    region.capacitance_uF_cm2 = above_0(tree, "capacitance_uF_cm2");
    region.axial_resistance_ohm_cm = above_0(tree, "axial_resistance_ohm_cm");
    region.leak_S_cm2 = at_least_0(tree, "leak_S_cm2");
    region.leak_mV = tree.number("leak_mV");
    region.sodium_mV = tree.optional_number("sodium_mV");
    region.potassium_mV = tree.optional_number("potassium_mV");
    if (tree.has("calcium_gamma") || tree.has("calcium_decay_ms")) {
        region.calcium_gamma = at_least_0(tree, "calcium_gamma");
        region.calcium_decay_ms = above_0(tree, "calcium_decay_ms");
    }
    if (!tree.has("channels")) return region;
    const ConfigTree channels = tree.table("channels");
    std::vector<std::string> names;
    for (const Channel& channel : all_channels()) names.emplace_back(channel.name);
    for (const std::string& name : channels.keys()) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            channels.fail(name, fmt::format("there is no channel of that name.{} Channels are {}.",
                                            nearest_hint(name, names), fmt::join(names, ", ")));
        }
        const Channel& channel = all_channels()[static_cast<std::size_t>(find_channel(name))];
        const auto needs = [&](bool there, const char* keys) {
            if (!there) channels.fail(name, fmt::format("needs {} in its region.", keys));
        };
        if (channel.ion == Ion::sodium) needs(region.sodium_mV.has_value(), "sodium_mV");
        if (channel.ion == Ion::potassium) needs(region.potassium_mV.has_value(), "potassium_mV");
        if (channel.ion == Ion::calcium || channel.calcium_gated) {
            needs(region.calcium_decay_ms > 0, "calcium_gamma and calcium_decay_ms");
        }
        region.channels.emplace_back(name, parse_density(channels, name));
    }
    return region;
}

SynapseKinetics parse_synapse(const ConfigTree& synapses, const std::string& name,
                              SynapseKinetics default_value) {
    if (!synapses.has(name)) return default_value;
    const ConfigTree tree = synapses.table(name);
    tree.require_known({"rise_ms", "decay_ms", "reversal_mV", "peak_uS", "magnesium"});
    SynapseKinetics synapse;
    synapse.rise_ms = above_0(tree, "rise_ms");
    synapse.decay_ms = above_0(tree, "decay_ms");
    if (synapse.rise_ms >= synapse.decay_ms) tree.fail("rise_ms", "must be below decay_ms.");
    synapse.reversal_mV = tree.number("reversal_mV");
    synapse.peak_uS = at_least_0(tree, "peak_uS");
    synapse.magnesium = tree.has("magnesium") && tree.boolean("magnesium");
    return synapse;
}

void parse_synapses(const ConfigTree& tree, CellDescription& description) {
    tree.require_known({"regions", "ampa", "nmda", "gaba"});
    for (const std::string& name : tree.texts("regions")) {
        const Region region = region_of(tree, "regions", name);
        auto& regions = description.synapse_regions;
        if (std::find(regions.begin(), regions.end(), region) != regions.end()) {
            tree.fail("regions", fmt::format("{} stands there twice.", name));
        }
        regions.push_back(region);
    }
    Cell& cell = description.cell;
    cell.ampa = parse_synapse(tree, "ampa", cell.ampa);
    cell.nmda = parse_synapse(tree, "nmda", cell.nmda);
    cell.gaba = parse_synapse(tree, "gaba", cell.gaba);
}

SitePlace parse_place(const ConfigTree& tree) {
    SitePlace place;
    if (tree.has("section")) {
        tree.require_known({"section", "x"});
        place.section = tree.text("section");
        place.x = at_least_0(tree, "x");
        if (place.x > 1) tree.fail("x", fmt::format("is {}, expected 0 to 1.", place.x));
        return place;
    }
    tree.require_known({"region", "main_path_um"});
    place.region = region_of(tree, "region", tree.text("region"));
    place.distance_um = at_least_0(tree, "main_path_um");
    return place;
}

void parse_general(const ConfigTree& tree, Cell& cell) {
    tree.require_known({"name", "celsius", "channel_celsius", "start_voltage_mV",
                        "start_calcium_mM", "external_calcium_mM", "minimal_calcium_mM",
                        "calcium_depth_um", "spike_threshold_mV"});
    cell.name = tree.text("name");
    cell.celsius = tree.number("celsius");
    cell.channel_celsius = tree.optional_number("channel_celsius");
    if (cell.celsius <= -273.15) tree.fail("celsius", "is below absolute zero.");
    if (cell.rate_celsius() <= -273.15) tree.fail("channel_celsius", "is below absolute zero.");
    cell.initial_voltage_mV = tree.number("start_voltage_mV");
    const auto take = [&](const char* key, double& value) {
        if (tree.has(key)) value = above_0(tree, key);
    };
    take("start_calcium_mM", cell.initial_calcium_mM);
    take("external_calcium_mM", cell.external_calcium_mM);
    take("minimal_calcium_mM", cell.minimal_calcium_mM);
    take("calcium_depth_um", cell.calcium_depth_um);
    if (const auto threshold = tree.optional_number("spike_threshold_mV")) {
        cell.spike_threshold_mV = *threshold;
    }
}

MorphologyDescription parse_morphology(const ConfigTree& tree) {
    tree.require_known({"source", "axon", "max_segment_um"});
    MorphologyDescription morphology;
    morphology.source = tree.text("source");
    if (tree.has("axon")) morphology.axon_stub = choice(tree, "axon", {"traced", "stub"}) == 1;
    if (tree.has("max_segment_um")) morphology.max_segment_um = tree.number("max_segment_um");
    if (morphology.max_segment_um < shortest_segment_um) {
        tree.fail("max_segment_um", fmt::format("is {}, expected {} or more.",
                                                morphology.max_segment_um, shortest_segment_um));
    }
    return morphology;
}

}  // namespace

CellDescription parse_cell(const std::string& text, const std::string& origin) {
    const ConfigTree root = ConfigTree::parse(text, origin);
    root.require_known({"cell", "morphology", "region", "synapses", "probes"});
    CellDescription description;
    description.origin = origin;
    parse_general(root.table("cell"), description.cell);
    description.morphology = parse_morphology(root.table("morphology"));
    const ConfigTree regions = root.table("region");
    for (const std::string& name : regions.keys()) {
        description.regions[region_of(regions, name, name)] = parse_region(regions.table(name));
    }
    if (root.has("synapses")) parse_synapses(root.table("synapses"), description);
    if (root.has("probes")) {
        const ConfigTree probes = root.table("probes");
        probes.require_known({"nexus"});
        if (probes.has("nexus")) description.nexus = parse_place(probes.table("nexus"));
    }
    return description;
}

}  // namespace elm::cable
