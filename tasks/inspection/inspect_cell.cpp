// Shapes and cells: counts, sizes, what stands where.

#include "tasks/inspection/inspect_cell.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "neuron/cable/cell/cell_file.h"
#include "neuron/cable/shape/morphology_summary.h"
#include "tasks/report/morphology_plot.h"
#include "tasks/report/table.h"

namespace elm {
namespace {

std::string short_number(double value) { return fmt::format("{:.5g}", value); }
/// For facts, which are printed as they are.
double rounded(double value) { return std::stod(fmt::format("{:.6g}", value)); }

void add_shape_facts(Findings& findings, const cable::Morphology& morphology) {
    const cable::MorphologySummary summary = cable::summary_of(morphology);
    auto& facts = findings.facts;
    facts.emplace_back("sections", std::ssize(morphology.sections));
    facts.emplace_back("points", static_cast<std::int64_t>(summary.points));
    facts.emplace_back("stems", static_cast<std::int64_t>(summary.stems));
    facts.emplace_back("forks", static_cast<std::int64_t>(summary.forks));
    facts.emplace_back("tips", static_cast<std::int64_t>(summary.tips));
    facts.emplace_back("depth in sections", static_cast<std::int64_t>(summary.depth));
    facts.emplace_back("farthest tip along the tree, um", rounded(summary.farthest_um));
    constexpr std::array axes{"x", "y", "z"};
    for (std::size_t axis = 0; axis < axes.size(); ++axis) {
        facts.emplace_back(fmt::format("{}, um", axes[axis]),
                           fmt::format("{} to {}", short_number(summary.low_um[axis]),
                                       short_number(summary.high_um[axis])));
    }
    if (summary.soma_width_um > 0) {
        facts.emplace_back("soma as a sphere, um wide", rounded(summary.soma_width_um));
    }
    for (std::size_t i = 0; i < morphology.notes.size(); ++i) {
        facts.emplace_back(fmt::format("note {}", i + 1), morphology.notes[i]);
    }

    Table table({"region", "sections", "length, um", "area, um2", "narrowest, um", "widest, um"});
    std::vector<Record> regions, sections;
    for (const cable::RegionSummary& region : summary.regions) {
        const std::string name(cable::region_name(region.region));
        table.add({name, fmt::format("{}", region.sections), short_number(region.length_um),
                   short_number(region.area_um2), short_number(region.narrowest_um),
                   short_number(region.widest_um)});
        regions.push_back(Record()
                              .set("region", name)
                              .set("sections", static_cast<std::int64_t>(region.sections))
                              .set("length_um", region.length_um)
                              .set("area_um2", region.area_um2)
                              .set("narrowest_um", region.narrowest_um)
                              .set("widest_um", region.widest_um));
    }
    const cable::Compartments whole = cable::whole_sections(morphology);
    for (std::size_t i = 0; i < morphology.sections.size(); ++i) {
        const cable::Section& section = morphology.sections[i];
        Record record;
        record.set("name", section.name)
            .set("region", std::string(cable::region_name(section.region)));
        if (section.parent >= 0) {
            record.set("parent", morphology.sections[static_cast<std::size_t>(section.parent)].name)
                .set("parent_x", section.parent_x);
        } else {
            record.set_null("parent").set_null("parent_x");
        }
        sections.push_back(record.set("length_um", whole.sections[i].length_um)
                               .set("area_um2", whole.segments[i].area_um2)
                               .set("points", std::ssize(section.points))
                               .set("first_diameter_um", section.points.front().diameter)
                               .set("last_diameter_um", section.points.back().diameter)
                               .set("distance_um", whole.sections[i].start_distance_um));
    }
    findings.tables += '\n' + table.to_text();
    findings.lists.emplace_back("regions", std::move(regions));
    findings.lists.emplace_back("sections", std::move(sections));
}

/// Draws a shape, coloured by the distance from the soma.
void draw_shape(const cable::Morphology& morphology, const cable::Compartments& compartments,
                const std::string& title, const std::string& path, bool force) {
    std::vector<double> distances;
    for (const cable::Segment& segment : compartments.segments) {
        distances.push_back(segment.distance_um);
    }
    draw_morphology(morphology, compartments, distances, title, "um from the soma", path, force);
}

/// "0.003", or "0.001 to 0.4" over the segments of a region that have the channel; empty where none
/// has.
std::string density_text(const cable::Cell& cell, const cable::ChannelDensity& channel,
                         cable::Region region) {
    std::optional<double> low, high;
    for (std::size_t at = 0; at < channel.density_S_cm2.size(); ++at) {
        const double density = channel.density_S_cm2[at];
        if (cell.compartments.segments[at].region != region || density == 0) continue;
        low = std::min(low.value_or(density), density);
        high = std::max(high.value_or(density), density);
    }
    if (!low) return {};
    return *low == *high ? short_number(*low)
                         : fmt::format("{} to {}", short_number(*low), short_number(*high));
}

void add_membrane(Findings& findings, const cable::Cell& cell,
                  const cable::CellDescription& description) {
    Table table({"region", "segments", "synapses", "channel", "density, S/cm2"});
    std::vector<Record> rows;
    for (const auto& [region, unused] : description.regions) {
        const auto& segments = cell.compartments.segments;
        const auto count = std::count_if(
            segments.begin(), segments.end(),
            [&, of = region](const cable::Segment& segment) { return segment.region == of; });
        const auto sites = std::count_if(
            cell.site_segments.begin(), cell.site_segments.end(), [&, of = region](int site) {
                return segments[static_cast<std::size_t>(site)].region == of;
            });
        if (count == 0) continue;
        const std::string name(cable::region_name(region));
        const auto add = [&](const std::string& channel, const std::string& density) {
            table.add(
                {name, fmt::format("{}", count), fmt::format("{}", 2 * sites), channel, density});
            rows.push_back(Record()
                               .set("region", name)
                               .set("segments", static_cast<std::int64_t>(count))
                               .set("synapses", static_cast<std::int64_t>(2 * sites))
                               .set("channel", channel)
                               .set("density_S_cm2", density));
        };
        add("leak", short_number(cell.leak_S_cm2[static_cast<std::size_t>(
                        std::find_if(segments.begin(), segments.end(),
                                     [&, of = region](const cable::Segment& segment) {
                                         return segment.region == of;
                                     }) -
                        segments.begin())]));
        for (const cable::ChannelDensity& channel : cell.channels) {
            const std::string density = density_text(cell, channel, region);
            if (!density.empty()) add(channel.channel, density);
        }
    }
    findings.tables += '\n' + table.to_text();
    findings.lists.emplace_back("membrane", std::move(rows));
}

Findings inspect_shape(const std::string& path) {
    const cable::Morphology morphology = cable::read_morphology(path);
    Findings findings{"shape of a neuron", {}};
    add_shape_facts(findings, morphology);
    findings.draw = [morphology](const std::string& target, bool force) {
        draw_shape(morphology, cable::discretise(morphology, {}), morphology.source, target, force);
    };
    return findings;
}

Findings inspect_cell(const std::string& path_or_name) {
    const cable::CellDescription description = cable::load_cell_description(path_or_name);
    const cable::Morphology morphology = cable::load_cell_morphology(description, std::nullopt);
    const cable::Cell cell = cable::build_cell(
        description, cable::discretise(morphology, cable::segment_rule(description)));
    Findings findings{"cell", {}};
    auto& facts = findings.facts;
    facts.emplace_back("name", cell.name);
    facts.emplace_back("temperature, C", cell.celsius);
    facts.emplace_back("start voltage, mV", cell.initial_voltage_mV);
    facts.emplace_back("shape", morphology.source);
    facts.emplace_back("segments", std::ssize(cell.compartments.segments));
    facts.emplace_back("longest segment, um", description.morphology.max_segment_um);
    facts.emplace_back("synapses", 2 * std::ssize(cell.site_segments));
    if (cell.nexus_segment >= 0) {
        const cable::Segment& nexus =
            cell.compartments.segments[static_cast<std::size_t>(cell.nexus_segment)];
        facts.emplace_back(
            "nexus",
            fmt::format("{}({:.3g}), {:.5g} um from the soma",
                        cell.compartments.sections[static_cast<std::size_t>(nexus.section)].name,
                        nexus.x, nexus.distance_um));
    }
    add_shape_facts(findings, morphology);
    add_membrane(findings, cell, description);
    findings.draw = [morphology, compartments = cell.compartments, title = cell.name](
                        const std::string& target, bool force) {
        draw_shape(morphology, compartments, title, target, force);
    };
    return findings;
}

}  // namespace

bool is_builtin_cell(const std::string& name) {
    const auto& cells = cable::builtin_cells();
    return !std::filesystem::exists(name) &&
           std::any_of(cells.begin(), cells.end(),
                       [&](const cable::BuiltinCell& cell) { return cell.name == name; });
}

bool is_cell_or_shape(const std::string& path_or_name) {
    return cable::is_morphology_name(path_or_name) || cable::has_extension(path_or_name, ".toml") ||
           is_builtin_cell(path_or_name);
}

Findings inspect_cell_or_shape(const std::string& path_or_name) {
    return cable::is_morphology_name(path_or_name) ? inspect_shape(path_or_name)
                                                   : inspect_cell(path_or_name);
}

}  // namespace elm
