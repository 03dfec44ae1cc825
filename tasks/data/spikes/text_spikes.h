#pragma once

#include <vector>

#include "tasks/data/spikes/spike_columns.h"
#include "tasks/data/spikes/spike_listing.h"

namespace elm {

/// The samples in a table of text: one for each population that a column names, in order of their
/// names, else one. Says which columns were taken where none are named. Throws as
/// find_spike_columns does; reading the listings throws Error{data} naming file, line and column.
std::vector<SpikeSample> find_text_spikes(const TextFile& file);

}  // namespace elm
