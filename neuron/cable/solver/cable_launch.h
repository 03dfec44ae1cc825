#pragma once

#include "kernels/core/kernel.h"
#include "neuron/cable/solver/cable_body.h"
#include "neuron/cable/solver/cable_run.h"

/// Trials on a CUDA device, a thread for each, with the step of cable_body.h.
namespace elm::cable {

/// A clamp of one trial, and the row of clamp currents it adds to.
struct DeviceClamp {
    CurrentClamp clamp;
    std::int32_t row;
    double per_area;
};

/// Source of a probe, by its row in the state or among the voltages.
struct DeviceProbe {
    std::int32_t row, of_state, every_steps;
    std::int64_t first;  // of its samples in the launch's record
};

struct DeviceDivergence {
    std::int32_t step, node;
    float voltage_mV;
};

/// Steps [first_step, end_step) of all trials. Arrays are [what][stride], a lane a trial.
struct CableLaunch {
    BatchView cell;
    float *state, *voltage, *rest, *delta, *diagonal, *residual, *clamp_currents;
    std::int64_t stride, trials;
    const ScheduledEvent* events;
    std::int64_t *next_events, *end_events;  // (trials)
    const DeviceClamp* clamps;
    const std::int64_t* first_clamps;  // (trials + 1)
    std::int32_t clamp_rows;
    const DeviceProbe* probes;
    std::int32_t probe_count;
    float* record;  // [sample of a probe][stride]
    std::int32_t first_step, end_step;
    std::int32_t last_step;         // of the run, whose voltages are only read
    DeviceDivergence* divergences;  // (trials) step 0: none
};

/// The steps between two looks at the voltages, and of one launch.
inline constexpr int device_check_steps = 40;
inline constexpr int device_launch_steps = 400;

extern const Kernel<CableLaunch> cable_launch;

#if defined(ELM_WITH_CUDA)
void launch_cable_cuda(Stream& stream, const CableLaunch& launch);
#endif

}  // namespace elm::cable
