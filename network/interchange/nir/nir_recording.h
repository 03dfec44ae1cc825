#pragma once

#include <string>
#include <vector>

#include "network/interchange/nir/nir_engine.h"

namespace elm {
class Hdf5File;
}

/// Recordings of NIR: what nodes gave, on a grid of time.
///
///     attribute __type__ of /        "NIRGraphData"
///     /nodes/NODE/observables/NAME   attribute __type__ "TimeGriddedData", attribute dt (s),
///                                    data (samples, steps, elements of any shape)
namespace elm::network {

/// What a recording has of one node.
struct NirObservable {
    std::string node, name;
    double time_step_s = 0;
    std::vector<NirSignal> samples = {};
    std::string place = {};  // for messages
};

bool is_nir_recording(const Hdf5File& file);
/// Throws Error{data} with the place of a recording without dt, of events, and of data of another
/// shape or that is not finite.
std::vector<NirObservable> read_nir_recording(const Hdf5File& file);

/// Writes what the outputs of an engine gave, as "spikes" or "values".
void write_nir_recording(Hdf5File& file, const std::vector<NirPort>& outputs,
                         const std::vector<NirSample>& samples, double time_step_s);

}  // namespace elm::network
