#include "tasks/simulation/cell_warnings.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include <fmt/format.h>

#include "kernels/core/support/log.h"

namespace elm {
namespace {

using Has = std::function<bool(std::size_t segment)>;

/// Source that a probe reads, for people, and which segments have it.
struct Source {
    std::string name;
    Has has;
};

Source source_of(const cable::Cell& cell, const CellProbe& probe) {
    switch (probe.quantity) {
        case cable::Quantity::voltage:
            break;
        case cable::Quantity::calcium:
            return {"calcium pool",
                    [&](std::size_t segment) { return cell.calcium_decay_ms[segment] > 0; }};
        case cable::Quantity::synaptic_current:
            return {"synapse", [&](std::size_t segment) {
                        const auto& sites = cell.site_segments;
                        return std::find(sites.begin(), sites.end(), static_cast<int>(segment)) !=
                               sites.end();
                    }};
        case cable::Quantity::channel_current:
        case cable::Quantity::channel_conductance:
            return {probe.channel, [&](std::size_t segment) {
                        return std::any_of(cell.channels.begin(), cell.channels.end(),
                                           [&](const cable::ChannelDensity& density) {
                                               return density.channel == probe.channel &&
                                                      density.density_S_cm2[segment] > 0;
                                           });
                    }};
    }
    return {"", [](std::size_t) { return true; }};
}

std::string regions_with(const cable::Cell& cell, const Has& has) {
    std::set<cable::Region> regions;
    for (std::size_t at = 0; at < cell.compartments.segments.size(); ++at) {
        if (has(at)) regions.insert(cell.compartments.segments[at].region);
    }
    std::vector<std::string> names;
    for (const cable::Region region : regions) names.emplace_back(cable::region_name(region));
    return fmt::format("{}", fmt::join(names, ", "));
}

bool flows(const cable::CurrentClamp& current, const cable::RunOptions& options) {
    if (current.amplitude_nA == 0) return false;
    if (current.decay_ms > 0) return current.start_ms < options.duration_ms;
    // A step takes the current of its middle.
    const double step = std::max(0.0, std::ceil(current.start_ms / options.dt_ms - 0.5));
    const double middle = (step + 0.5) * options.dt_ms;
    return middle < std::min(current.start_ms + current.duration_ms, options.duration_ms);
}

}  // namespace

void warn_of_empty_probes(const cable::Cell& cell, const std::vector<CellProbe>& probes) {
    std::vector<std::string> empty;
    for (const CellProbe& probe : probes) {
        const Source source = source_of(cell, probe);
        const bool read = std::any_of(probe.segments.begin(), probe.segments.end(), [&](int at) {
            return source.has(static_cast<std::size_t>(at));
        });
        if (read) continue;
        const std::string where = regions_with(cell, source.has);
        empty.push_back(
            fmt::format("{} (no {} there; {})", probe.name, source.name,
                        where.empty() ? "the cell has none" : "the cell has it in: " + where));
    }
    if (!empty.empty()) log::warn("recorded as zeros: {}", fmt::join(empty, "; "));
}

void warn_of_nexus(const cable::Cell& cell, const std::vector<CellProbe>& probes,
                   const std::vector<std::string>& currents) {
    if (cell.nexus_note.empty()) return;
    const bool used =
        std::any_of(probes.begin(), probes.end(),
                    [](const CellProbe& probe) { return probe.name.ends_with(":nexus"); }) ||
        std::any_of(currents.begin(), currents.end(),
                    [](const std::string& text) { return text.starts_with("nexus:"); });
    if (used) log::warn("{}", cell.nexus_note);
}

void warn_of_idle_currents(const std::vector<std::string>& texts,
                           const std::vector<cable::CurrentClamp>& currents,
                           const cable::RunOptions& options) {
    std::vector<std::string> idle;
    for (std::size_t at = 0; at < currents.size(); ++at) {
        const cable::CurrentClamp& current = currents[at];
        if (flows(current, options)) continue;
        idle.push_back(fmt::format("{} ({})", texts[at],
                                   current.amplitude_nA == 0 ? "a current of 0 nA"
                                   : current.start_ms >= options.duration_ms
                                       ? "it begins after the end"
                                       : "it lies between two time steps"));
    }
    if (idle.empty()) return;
    log::warn("currents that do nothing in this run of {:g} ms in steps of {:g} ms: {}",
              options.duration_ms, options.dt_ms, fmt::join(idle, "; "));
}

void InputWatch::add(const cable::Trial& sample) {
    std::set<int> silent;
    for (const cable::SynapticEvent& event : sample.events) {
        if (event.time_ms <= 0) silent.insert(event.channel);
    }
    ++samples_;
    without_spikes_ += sample.events.empty() ? 1 : 0;
    with_silence_ += silent.empty() ? 0 : 1;
    silent_synapses_ += std::ssize(silent);
}

void InputWatch::warn(const cable::Cell& cell) const {
    if (without_spikes_ > 0) {
        log::warn("there is no input spike within the run in {} of {} samples", without_spikes_,
                  samples_);
    }
    if (with_silence_ == 0) return;
    log::warn(
        "{} of {} synapses stay silent for the whole run{}: they have a spike in the first time "
        "step, at 0 ms, which switches a synapse off, as in the published data. Move such spikes "
        "to a later step.",
        silent_synapses_, with_silence_ * 2 * std::ssize(cell.site_segments),
        samples_ > 1 ? fmt::format(" in {} of {} samples", with_silence_, samples_) : "");
}

}  // namespace elm
