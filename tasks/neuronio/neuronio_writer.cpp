#include "tasks/neuronio/neuronio_writer.h"

#include <algorithm>

#include <fmt/format.h>

namespace elm {
namespace {

/// As the published files hold them: two bytes, where they suffice.
void write_whole(Hdf5File& file, const std::string& path, const std::vector<std::int32_t>& values) {
    const bool small = values.empty() || *std::max_element(values.begin(), values.end()) < 65536;
    file.write<std::int32_t>(path, {std::ssize(values)}, values,
                             small ? FileType::u16 : FileType::i32);
}

std::vector<float> every(const std::vector<float>& values, int step) {
    std::vector<float> out;
    for (std::size_t k = 0; k < values.size(); k += static_cast<std::size_t>(step)) {
        out.push_back(values[k]);
    }
    return out;
}

void write_dendrites(Hdf5File& file, const std::string& path,
                     const std::vector<std::vector<float>>& sites) {
    std::vector<float> flat;
    for (const auto& site : sites) flat.insert(flat.end(), site.begin(), site.end());
    file.write<float>(path, {std::ssize(sites), std::ssize(sites.front())}, flat, FileType::f16);
}

const cable::Segment& site(const cable::Cell& cell, std::size_t at) {
    return cell.compartments.segments[static_cast<std::size_t>(cell.site_segments[at])];
}

}  // namespace

std::vector<double> output_spike_times(std::span<const float> soma_mV, double threshold_mV,
                                       double sample_ms, std::int64_t first) {
    std::vector<double> times;
    for (std::size_t k = 1; k + 1 < soma_mV.size(); ++k) {
        const bool peak = soma_mV[k] > soma_mV[k - 1] && soma_mV[k] > soma_mV[k + 1];
        if (peak && static_cast<double>(soma_mV[k]) > threshold_mV) {
            times.push_back(static_cast<double>(first + static_cast<std::int64_t>(k)) * sample_ms);
        }
    }
    return times;
}

std::string simulation_name(std::int64_t index) { return fmt::format("sim_{:05}", index); }

void write_neuronio_header(Hdf5File& file, const cable::Cell& cell, std::int64_t duration_ms,
                           std::uint64_t seed, const Values& facts) {
    const auto count = static_cast<std::int64_t>(cell.site_segments.size());
    file.set_attribute("/", "num_segments", count);
    file.set_attribute("/", "seed", static_cast<std::int64_t>(seed));
    file.set_attribute("/", "sim_duration_ms", duration_ms);
    for (const auto& [name, value] : facts) file.set_attribute("/", name, value);
    std::vector<double> distance, length;
    std::vector<std::int64_t> apical, section;
    // Distances of the published files run from the soma's 0 end, and sections are counted from the
    // first dendrite.
    const double soma_half_um = cell.compartments.sections.front().length_um / 2;
    const int first_dendrite = site(cell, 0).section;
    for (std::size_t at = 0; at < cell.site_segments.size(); ++at) {
        const cable::Segment& segment = site(cell, at);
        distance.push_back(segment.distance_um + soma_half_um);
        length.push_back(segment.length_um);
        apical.push_back(segment.region == cable::Region::apical ? 1 : 0);
        section.push_back(segment.section - first_dendrite);
    }
    file.write<double>("/segment_distance_um", {count}, distance, FileType::f64);
    file.write<double>("/segment_length_um", {count}, length, FileType::f64);
    file.write<std::int64_t>("/segment_is_apical", {count}, apical, FileType::i64);
    file.write<std::int64_t>("/segment_section", {count}, section, FileType::i64);
}

void write_neuronio_simulation(Hdf5File& file, const NeuronIoRecording& recording,
                               double spike_threshold_mV) {
    const auto in_group = [&](const char* dataset) {
        return fmt::format("/{}/{}", simulation_name(recording.index), dataset);
    };
    write_whole(file, in_group("input_synapse"), recording.input.synapse);
    write_whole(file, in_group("input_time_ms"), recording.input.time_ms);
    // Spikes are found before any rounding: in float16 neighbours of a peak may tie with it.
    const auto spikes = output_spike_times(recording.soma_mV, spike_threshold_mV);
    file.write<double>(in_group("output_spike_time_ms"), {std::ssize(spikes)}, spikes,
                       FileType::f32);
    const std::vector<float> soma = every(recording.soma_mV, samples_per_ms);
    file.write<float>(in_group("soma_voltage_mV"), {std::ssize(soma)}, soma, FileType::f32);
    file.write<float>(in_group("soma_voltage_highres_mV"), {std::ssize(recording.soma_mV)},
                      recording.soma_mV, FileType::f16);
    if (!recording.nexus_mV.empty()) {
        file.write<float>(in_group("nexus_voltage_mV"), {std::ssize(recording.nexus_mV)},
                          recording.nexus_mV, FileType::f32);
    }
    if (!recording.dendrites_mV.empty()) {
        write_dendrites(file, in_group("dendrite_voltage_mV"), recording.dendrites_mV);
    }
}

InputSites input_sites(const cable::Cell& cell) {
    InputSites sites;
    std::vector<cable::Region> trees;
    for (std::size_t at = 0; at < cell.site_segments.size(); ++at) {
        const cable::Segment& segment = site(cell, at);
        auto found = std::find(trees.begin(), trees.end(), segment.region);
        if (found == trees.end()) found = trees.insert(trees.end(), segment.region);
        sites.length_um.push_back(segment.length_um);
        sites.tree.push_back(static_cast<int>(found - trees.begin()));
    }
    sites.tree_count = static_cast<int>(trees.size());
    return sites;
}

}  // namespace elm
