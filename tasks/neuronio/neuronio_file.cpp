#include "tasks/neuronio/neuronio_file.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "tasks/data/spikes/hdf5_spikes.h"
#include "tasks/data/spikes/spike_file.h"

namespace elm {
namespace {

constexpr double time_step_ms = 1.0;
constexpr double largest_count = 1e9;
constexpr double largest_voltage_mV = 200;  // of either sign; beyond it the unit must be another

/// Index of the first time that is not finite or below the one before; -1 if there is none.
std::int64_t first_bad_time(const std::vector<double>& times) {
    for (std::size_t at = 0; at < times.size(); ++at) {
        const bool falls = at > 0 && times[at] < times[at - 1];
        if (!std::isfinite(times[at]) || falls) return static_cast<std::int64_t>(at);
    }
    return -1;
}

std::int64_t first_bad_voltage(const std::vector<double>& voltages) {
    for (std::size_t at = 0; at < voltages.size(); ++at) {
        if (!(std::abs(voltages[at]) <= largest_voltage_mV)) return static_cast<std::int64_t>(at);
    }
    return -1;
}

/// An attribute of the root that counts segments or steps.
std::int64_t count_attribute(const Hdf5File& file, const std::string& name) {
    const double count = file.number_attribute("/", name);
    if (!(count >= 0 && count < largest_count)) {
        throw Error(ErrorKind::data, fmt::format("{}: the attribute {} is {}, expected a whole "
                                                 "number from 0 on.",
                                                 file.path(), name, count));
    }
    return static_cast<std::int64_t>(count);
}

}  // namespace

bool NeuronIoFile::is_neuronio(const Hdf5File& file) {
    if (!file.attributes("/", {"num_segments"}).contains("num_segments")) return false;
    const std::vector<std::string> names = file.links("/");
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return name.starts_with("sim_") && file.has("/" + name + "/input_synapse");
    });
}

NeuronIoFile::NeuronIoFile(const std::string& path)
    : file_(std::make_shared<const Hdf5File>(Hdf5File::open(path))) {
    if (!is_neuronio(*file_)) {
        throw Error(ErrorKind::data,
                    fmt::format("{} is not NeuronIO ground truth: expected the root attribute "
                                "num_segments and groups sim_00000, ... See elmsim inspect {}.",
                                path, path));
    }
    n_channels_ = 2 * count_attribute(*file_, "num_segments");
    n_steps_ = count_attribute(*file_, "sim_duration_ms");
    for (const std::string& name : file_->links("/")) {
        if (name.starts_with("sim_") && file_->is_group(name)) names_.push_back(name);
    }
}

std::int64_t NeuronIoFile::length_of(std::int64_t index, const char* dataset) const {
    const std::string path = fmt::format("/{}/{}", name(index), dataset);
    const auto shape = file_->shape(path);
    if (shape.size() != 1) {
        throw Error(ErrorKind::data, fmt::format("{}: {} has {} axes, expected one.", file_->path(),
                                                 path, shape.size()));
    }
    return shape[0];
}

std::int64_t NeuronIoFile::n_input_spikes(std::int64_t index) const {
    return length_of(index, "input_synapse");
}

std::int64_t NeuronIoFile::n_output_spikes(std::int64_t index) const {
    return length_of(index, "output_spike_time_ms");
}

NeuronIoSimulation NeuronIoFile::read(std::int64_t index) const {
    NeuronIoSimulation simulation;
    simulation.name = name(index);
    const std::string group = "/" + simulation.name;
    // The length is taken from an attribute: data that have it are looked for first.
    const std::string times = group + "/output_spike_time_ms";
    const std::string voltage = group + "/soma_voltage_mV";
    file_->require_shape(voltage, {n_steps_});
    SpikeSample input{
        .name = simulation.name,
        .spikes = list_hdf5_spikes(file_, group + "/input_time_ms", group + "/input_synapse"),
        .duration_ms = static_cast<double>(n_steps_)};
    simulation.input =
        open_spikes(std::move(input), n_channels_, time_step_ms).source->next(n_steps_);
    simulation.output_spike_times_ms = file_->read<double>(times);
    simulation.soma_voltage_mV = file_->read<double>(voltage);
    const auto fail = [&](const std::string& dataset, std::int64_t at, double value,
                          const std::string& expected) {
        throw Error(ErrorKind::data, fmt::format("{}: {}[{}] is {}, expected {}.", file_->path(),
                                                 dataset, at, value, expected));
    };
    const auto& out = simulation.output_spike_times_ms;
    if (const auto bad = first_bad_time(out); bad >= 0) {
        fail(times, bad, out[static_cast<std::size_t>(bad)], "finite, rising times in ms");
    }
    if (!out.empty() && (out.front() < 0 || out.back() >= static_cast<double>(n_steps_))) {
        fail(times, out.front() < 0 ? 0 : static_cast<std::int64_t>(out.size()) - 1,
             out.front() < 0 ? out.front() : out.back(),
             fmt::format("times from 0 to {} ms", n_steps_));
    }
    const auto& soma = simulation.soma_voltage_mV;
    if (const auto bad = first_bad_voltage(soma); bad >= 0) {
        fail(voltage, bad, soma[static_cast<std::size_t>(bad)],
             fmt::format("voltages in mV, from {} to {}", -largest_voltage_mV, largest_voltage_mV));
    }
    return simulation;
}

}  // namespace elm
