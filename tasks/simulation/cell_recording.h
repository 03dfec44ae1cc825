#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/io/hdf5_file.h"
#include "tasks/report/plot.h"
#include "tasks/simulation/cell_places.h"
#include "tasks/simulation/plot_data.h"

namespace elm {

/// Recorder of a run of a cell: the probes, every `every_steps` steps of `dt_ms`, and the soma
/// for output spikes.
class CellRecorder {
public:
    CellRecorder(const cable::Cell& cell, std::vector<CellProbe> probes, double dt_ms,
                 int every_steps);

    /// In the order in which a CellSample expects what they saw.
    std::vector<cable::Probe> probes() const;

    const cable::Cell& cell() const noexcept { return cell_; }
    const std::vector<CellProbe>& chosen() const noexcept { return probes_; }
    double sample_ms() const noexcept { return dt_ms_ * every_steps_; }
    double spike_sample_ms() const noexcept { return dt_ms_ * spike_steps_; }
    /// Values of one place in a run of this duration.
    std::int64_t values_in(double duration_ms) const;
    /// Size of what is written of one sample, but for its output spikes.
    double bytes_of(double duration_ms) const;

private:
    const cable::Cell& cell_;
    std::vector<CellProbe> probes_;
    double dt_ms_;
    int every_steps_, spike_steps_;
};

/// One sample while it runs: what its probes see comes in parts, goes to a file and is forgotten.
/// Output spikes are kept, and of a sample that is drawn the traces, at the resolution of a
/// picture.
class CellSample {
public:
    /// `recorder` must live as long.
    CellSample(const CellRecorder& recorder, std::string name, double duration_ms);

    /// Makes the group of the sample: a dataset per probe, (samples) or (segments, samples).
    void write_to(Hdf5File& file);
    void keep_traces();
    /// Adds what the probes saw since the last call.
    void add(const cable::TrialRecording& next);
    /// Writes spike_time_ms, once nothing more comes.
    void finish();

    const std::vector<double>& spike_times() const noexcept { return spikes_; }
    /// Input of the sample where it has some, voltages, then the other quantities, one panel each.
    Figure figure(const cable::Trial& trial) const;

private:
    void find_spikes(std::span<const float> soma_mV);
    void write(const CellProbe& probe, std::span<const std::vector<float>> values);
    std::string path(const std::string& dataset) const;

    const CellRecorder& recorder_;
    std::string name_;
    double duration_ms_;
    Hdf5File* file_ = nullptr;
    std::int64_t written_ = 0;     // values of every probe
    std::vector<float> soma_end_;  // the last two samples of the soma,
    std::int64_t soma_first_ = 0;  // and the number of the first of them
    std::vector<double> spikes_;
    std::vector<TraceDecimator> traces_;  // by probe; of those of a whole cell, empty
};

}  // namespace elm
