#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/core/device.h"
#include "kernels/core/dtype.h"
#include "kernels/core/host_device.h"
#include "neuron/cable/cell/cell.h"

namespace elm::cable {

/// An event of synaptic channel `channel` (see Cell) at a time at or above 0.
struct SynapticEvent {
    double time_ms = 0;
    int channel = 0;
};

/// Current into a segment, inward positive, from `start_ms` on: constant for `duration_ms`, or,
/// with decay_ms above 0, peak * adj * (exp(-(t - start)/decay) - exp(-(t - start)/rise)) for ever.
struct CurrentClamp {
    int segment = 0;
    double amplitude_nA = 0, start_ms = 0, duration_ms = 0;
    double rise_ms = 0, decay_ms = 0;

    /// Current at time t, nA inward.
    ELM_HD double at(double t_ms) const {
        const double since = t_ms - start_ms;
        if (decay_ms <= 0) return since >= 0 && since < duration_ms ? amplitude_nA : 0.0;
        if (since <= 0) return 0.0;
        const double peak =
            rise_ms * decay_ms / (decay_ms - rise_ms) * std::log(decay_ms / rise_ms);
        return amplitude_nA * (exp(-since / decay_ms) - exp(-since / rise_ms)) /
               (exp(-peak / decay_ms) - exp(-peak / rise_ms));
    }
};

/// Input of one trial. A channel with an event at t = 0 is silent for the whole trial, as in the
/// published data.
struct Trial {
    std::vector<SynapticEvent> events;  // any order
    std::vector<CurrentClamp> clamps;
};

enum class Quantity : std::uint8_t {
    voltage,              // mV, of a segment
    calcium,              // mM
    channel_current,      // mA/cm2 of channel `channel`, outward positive
    channel_conductance,  // S/cm2
    synaptic_current,     // nA of all synapses of the segment, outward positive
};

/// Quantity that is written down every `every_steps` steps, from t = 0 on.
struct Probe {
    Quantity quantity = Quantity::voltage;
    int segment = 0;
    std::string channel;
    int every_steps = 1;
};

/// How membrane and gates step. Both are staggered: the gates are updated after the voltage.
enum class Scheme : std::uint8_t {
    backward_euler,  // NEURON's secondorder 0
    crank_nicolson,  // NEURON's secondorder 2
};

/// Recordings of the probes of one trial: recordings[p] holds floor(steps / every_steps) + 1
/// values, the first of them at t = 0.
struct TrialRecording {
    std::vector<std::vector<float>> recordings;
};

/// Gets what the probes of a trial saw since it was called for it last: the next values of each, in
/// the order of time, none where a probe was not read. Called from any thread, but once at a time.
using RecordingSink = std::function<void(std::size_t trial, const TrialRecording& next)>;

/// "backward-euler" or "crank-nicolson".
const char* name_of(Scheme scheme) noexcept;

struct RunOptions {
    double dt_ms = 0.025;
    double duration_ms = 0;
    Scheme scheme = Scheme::crank_nicolson;
    /// Synaptic events half a step early, which makes crank_nicolson second order in them too.
    bool half_step_events = true;
    /// f32: batches in vector lanes, rates from piecewise polynomials. f64: rates as written.
    DType precision = DType::f32;
    /// On a CUDA device a thread runs a trial, in f32; probes there read voltage or calcium.
    Device device = {};
    std::vector<Probe> probes;
    /// Where there is one, it gets what the probes see, and simulate() keeps and returns none of
    /// it: memory does not grow with the duration.
    RecordingSink sink = {};
    /// Called now and then from the calling thread with trial-steps done and in all. If it returns
    /// false the run stops, and simulate() returns no recordings.
    std::function<bool(std::int64_t done, std::int64_t all)> progress = {};
};

/// Simulates all trials of one cell. A trial has the same bits whatever trials run beside it and
/// whatever the number of threads. Throws Error{invalid} for options out of range and events off
/// the cell, Error{numeric} naming trial, time and segment where a voltage leaves +-1000 mV or is
/// not finite, Error{numeric} too for calcium.
std::vector<TrialRecording> simulate(const Cell& cell, const std::vector<Trial>& trials,
                                     const RunOptions& options);

}  // namespace elm::cable
