#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/simulation/cell_places.h"

namespace elm {

/// Warns in one line of recordings that are zero whatever happens: a channel, a calcium pool or
/// synapses that the place does not have. Says where the cell has them.
void warn_of_empty_probes(const cable::Cell& cell, const std::vector<CellProbe>& probes);

/// Warns where a probe or a current is at a nexus that is not where the cell wants it.
void warn_of_nexus(const cable::Cell& cell, const std::vector<CellProbe>& probes,
                   const std::vector<std::string>& currents);

/// Warns in one line of currents that flow in no time step of the run. `texts`: as they were
/// written.
void warn_of_idle_currents(const std::vector<std::string>& texts,
                           const std::vector<cable::CurrentClamp>& currents,
                           const cable::RunOptions& options);

/// Gathers what the synaptic input of a run leaves undone.
class InputWatch {
public:
    void add(const cable::Trial& sample);
    /// Warns of synapses that are silent all along, and of samples without a spike.
    void warn(const cable::Cell& cell) const;

private:
    std::int64_t samples_ = 0, without_spikes_ = 0, with_silence_ = 0, silent_synapses_ = 0;
};

}  // namespace elm
