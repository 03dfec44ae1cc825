#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/core/hdf5_file.h"
#include "tasks/report/plot.h"
#include "tasks/simulation/cell_places.h"

namespace elm {

/// What a run of a cell writes down: the probes, every `every_steps` steps of `dt_ms`, and the soma
/// for output spikes.
class CellRecorder {
public:
    CellRecorder(const cable::Cell& cell, std::vector<CellProbe> probes, double dt_ms,
                 int every_steps);

    /// In the order that add() and draw() expect.
    std::vector<cable::Probe> probes() const;

    double sample_ms() const noexcept { return dt_ms_ * every_steps_; }
    std::vector<double> spike_times(const cable::TrialRecording& recording) const;

    /// One group: a dataset per probe, (samples) or (segments, samples), and spike_time_ms.
    void write(Hdf5File& file, const std::string& sample,
               const cable::TrialRecording& recording) const;

    /// Input of the sample where it has some, voltages, then the other quantities, one panel each.
    Figure figure(const std::string& title, const cable::Trial& trial, double duration_ms,
                  const cable::TrialRecording& recording) const;

private:
    const cable::Cell& cell_;
    std::vector<CellProbe> probes_;
    double dt_ms_;
    int every_steps_, spike_steps_;
};

}  // namespace elm
