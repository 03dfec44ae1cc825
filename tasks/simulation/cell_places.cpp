#include "tasks/simulation/cell_places.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "kernels/core/support/check.h"
#include "kernels/io/toml_config.h"
#include "neuron/cable/channels/channel.h"

namespace elm {
namespace {

std::optional<double> number_in(std::string_view text) {
    double value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

/// Splits at the first `mark`; the second part is empty where there is none.
std::pair<std::string_view, std::string_view> split(std::string_view text, char mark) {
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) return {text, {}};
    return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace

int parse_place(const cable::Cell& cell, const std::string& text) {
    if (text == "nexus") {
        ELM_CHECK(cell.nexus_segment >= 0, "{}. Give a section instead, such as {}.",
                  cell.nexus_note.empty() ? fmt::format("cell {} names no nexus", cell.name)
                                          : cell.nexus_note,
                  cell.compartments.sections.back().name);
        return cell.nexus_segment;
    }
    auto [path, rest] = split(text, '(');
    double x = 0.5;
    if (path.size() != text.size()) {
        const bool closed = rest.ends_with(')');
        const auto value = number_in(closed ? rest.substr(0, rest.size() - 1) : rest);
        ELM_CHECK(closed && value && *value >= 0 && *value <= 1,
                  "'{}': expected a place such as soma, nexus, apic[36] or apic[36](0.97), with a "
                  "position from 0 to 1.",
                  text);
        x = *value;
    }
    ELM_CHECK(path != "nexus", "'{}': the nexus is one place: leave out the position.", text);
    // A cell may stand before its section: Cell[0].soma[0].
    std::string section(path.substr(path.rfind('.') + 1));
    const auto& sections = cell.compartments.sections;
    if (section == "soma" || section == "soma[0]") {
        section = sections.front().name;
    } else if (!section.ends_with(']')) {
        section += "[0]";
    }
    return cell.compartments.segment_at(section, x);
}

cable::CurrentClamp parse_clamp(const cable::Cell& cell, const std::string& text) {
    const auto [place, current] = split(text, ':');
    const auto [amplitude, times] = split(current, '@');
    const bool step = times.find('~') == std::string_view::npos;
    const auto [start, shape] = split(times, step ? '+' : '~');
    const auto [first, second] = split(shape, '/');
    const auto peak = amplitude.ends_with("nA")
                          ? number_in(amplitude.substr(0, amplitude.size() - 2))
                          : std::nullopt;
    const auto start_ms = number_in(start), first_ms = number_in(first);
    const auto second_ms = step ? first_ms : number_in(second);
    ELM_CHECK(peak && start_ms && first_ms && second_ms && (!step || second.empty()),
              "current '{}': expected PLACE:AMPLITUDEnA@START+DURATION or "
              "PLACE:PEAKnA@START~RISE/DECAY in ms, such as soma:0.3nA@200+500.",
              text);
    for (const auto& [what, value] :
         {std::pair("current", *peak), std::pair("start", *start_ms),
          std::pair(step ? "duration" : "rise", *first_ms), std::pair("decay", *second_ms)}) {
        ELM_CHECK(std::isfinite(value), "current '{}': the {} is {}, expected a finite number.",
                  text, what, value);
    }
    cable::CurrentClamp clamp;
    clamp.segment = with_context(fmt::format("reading the current '{}'", text), [&, where = place] {
        return parse_place(cell, std::string(where));
    });
    clamp.amplitude_nA = *peak;
    clamp.start_ms = *start_ms;
    ELM_CHECK(*start_ms >= 0, "current '{}': it starts before 0 ms.", text);
    if (step) {
        ELM_CHECK(*first_ms > 0, "current '{}': expected a duration above 0 ms.", text);
        clamp.duration_ms = *first_ms;
    } else {
        ELM_CHECK(*first_ms > 0 && *first_ms < *second_ms,
                  "current '{}': expected 0 < rise < decay.", text);
        clamp.rise_ms = *first_ms;
        clamp.decay_ms = *second_ms;
    }
    return clamp;
}

CellProbe parse_cell_probe(const cable::Cell& cell, const std::string& text) {
    const auto [what, place] = split(text, ':');
    const auto [quantity, channel] = split(what, '.');
    CellProbe probe;
    probe.name = text;
    probe.channel = std::string(channel);
    const bool of_channel = quantity == "current" || quantity == "conductance";
    if (quantity == "voltage") {
        probe.unit = "mV";
    } else if (quantity == "calcium") {
        probe.quantity = cable::Quantity::calcium;
        probe.unit = "mM";
    } else if (quantity == "current") {
        probe.quantity = cable::Quantity::channel_current;
        probe.unit = "mA/cm2";
    } else if (quantity == "conductance") {
        probe.quantity = cable::Quantity::channel_conductance;
        probe.unit = "S/cm2";
    } else if (quantity == "synapses") {
        probe.quantity = cable::Quantity::synaptic_current;
        probe.unit = "nA";
    } else {
        throw Error(ErrorKind::invalid,
                    fmt::format("'{}': expected voltage, calcium, current.CHANNEL, "
                                "conductance.CHANNEL or synapses, then : and a place.{}",
                                text,
                                nearest_hint(quantity, {"voltage", "calcium", "current",
                                                        "conductance", "synapses"})));
    }
    ELM_CHECK(of_channel == !channel.empty(), "'{}': {} {}, such as {}.", text, quantity,
              of_channel ? "needs a channel" : "takes no channel",
              of_channel ? "current.Ih:soma" : "voltage:soma");
    ELM_CHECK(!place.empty(), "'{}': add : and a place, such as {}:soma.", text, what);
    with_context(fmt::format("reading '{}'", text), [&, where = std::string(place)] {
        if (of_channel) cable::find_channel(probe.channel);
        probe.all = where == "all";
        if (!probe.all) {
            probe.segments = {parse_place(cell, where)};
            return;
        }
        for (int at = 0; at < static_cast<int>(cell.compartments.segments.size()); ++at) {
            probe.segments.push_back(at);
        }
    });
    return probe;
}

std::vector<CellProbe> parse_cell_probes(const cable::Cell& cell,
                                         const std::vector<std::string>& texts) {
    std::vector<CellProbe> probes;
    for (const std::string& text : texts) {
        for (const CellProbe& earlier : probes) {
            ELM_CHECK(earlier.name != text, "'{}' is named twice.", text);
        }
        probes.push_back(parse_cell_probe(cell, text));
    }
    return probes;
}

}  // namespace elm
