#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tasks/data/spikes/spike_source.h"
#include "tasks/neuronio/input_protocol.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"

namespace elm {

/// Flags that choose the input of `elmsim simulate`.
std::vector<Flag> input_flags();

/// Target of the input.
struct InputTarget {
    std::int64_t n_units = 0;
    double time_step_ms = 1;
    /// Where the synapses stand, for the NeuronIO protocol. May throw Error{invalid} for a target
    /// that the protocol does not fit.
    std::function<InputSites()> sites;
};

/// The samples of --input, --poisson or --input-protocol; none where no one of them is given.
/// Throws Error{invalid} for several of them and for values that no input can have.
std::vector<SampleInput> resolve_input(const Arguments& arguments, const InputTarget& target);

/// Where the synapses of a fitted model of the built-in layer-5 cell stand. Throws Error{invalid}
/// for a model with another number of inputs.
InputSites model_input_sites(std::int64_t n_input);

/// Length in ms of a simulation of --seconds, or of 6 s as in the published data. Throws
/// Error{invalid} unless it is a whole number from 1 to 1,000,000.
int protocol_duration_ms(const Arguments& arguments);

}  // namespace elm
