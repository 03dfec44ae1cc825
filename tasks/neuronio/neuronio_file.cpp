#include "tasks/neuronio/neuronio_file.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernels/core/error.h"
#include "kernels/core/hdf5_file.h"
#include "tasks/spike_file.h"

namespace elm {
namespace {

constexpr double time_step_ms = 1.0;

/// Index of the first value that is not finite or, where `rising`, below the one before; -1 if
/// none.
std::int64_t first_bad(const std::vector<double>& values, bool rising) {
    for (std::size_t at = 0; at < values.size(); ++at) {
        const bool falls = rising && at > 0 && values[at] < values[at - 1];
        if (!std::isfinite(values[at]) || falls) return static_cast<std::int64_t>(at);
    }
    return -1;
}

}  // namespace

bool NeuronIoFile::is_neuronio(const Hdf5File& file) {
    return file.attributes("/").contains("num_segments") && file.has("/sim_00000/input_synapse");
}

NeuronIoFile::NeuronIoFile(const std::string& path)
    : file_(std::make_shared<const Hdf5File>(Hdf5File::open(path))) {
    if (!is_neuronio(*file_)) {
        throw Error(ErrorKind::data,
                    fmt::format("{} is not NeuronIO ground truth: expected the root attribute "
                                "num_segments and groups sim_00000, ... See elmsim inspect {}.",
                                path, path));
    }
    n_channels_ = 2 * static_cast<std::int64_t>(file_->number_attribute("/", "num_segments"));
    n_steps_ = static_cast<std::int64_t>(file_->number_attribute("/", "sim_duration_ms"));
    for (const std::string& name : file_->links("/")) {
        if (name.starts_with("sim_") && file_->is_group(name)) names_.push_back(name);
    }
}

NeuronIoSimulation NeuronIoFile::read(std::int64_t index) const {
    NeuronIoSimulation simulation;
    simulation.name = name(index);
    const std::string group = "/" + simulation.name;
    const SpikeGroup spikes{simulation.name, group + "/input_time_ms", group + "/input_synapse",
                            static_cast<double>(n_steps_)};
    simulation.input =
        open_spike_group(file_, spikes, n_channels_, time_step_ms).source->next(n_steps_);

    const std::string times = group + "/output_spike_time_ms";
    const std::string voltage = group + "/soma_voltage_mV";
    file_->require_shape(voltage, {n_steps_});
    simulation.output_spike_times_ms = file_->read<double>(times);
    simulation.soma_voltage_mV = file_->read<double>(voltage);
    const auto fail = [&](const std::string& dataset, std::int64_t at, double value,
                          const std::string& expected) {
        throw Error(ErrorKind::data, fmt::format("{}: {}[{}] is {}, expected {}.", file_->path(),
                                                 dataset, at, value, expected));
    };
    const auto& out = simulation.output_spike_times_ms;
    if (const auto bad = first_bad(out, true); bad >= 0) {
        fail(times, bad, out[static_cast<std::size_t>(bad)], "finite, rising times in ms");
    }
    if (!out.empty() && (out.front() < 0 || out.back() >= static_cast<double>(n_steps_))) {
        fail(times, out.front() < 0 ? 0 : static_cast<std::int64_t>(out.size()) - 1,
             out.front() < 0 ? out.front() : out.back(),
             fmt::format("times from 0 to {} ms", n_steps_));
    }
    const auto& soma = simulation.soma_voltage_mV;
    if (const auto bad = first_bad(soma, false); bad >= 0) {
        fail(voltage, bad, soma[static_cast<std::size_t>(bad)], "finite voltages in mV");
    }
    return simulation;
}

}  // namespace elm
