#pragma once

#include <string>
#include <vector>

#include "tasks/comparison/index/benchmark_grid.h"

namespace elm {

class Arguments;
class RunContext;

/// Measures passes of each mixer in a stack, in both directions where it has that pattern, at
/// --lengths, or at 128 to 1024 steps, and of the same stack with plain attention; writes
/// cab_cost.csv. `goes_on`: what the file has stays, and what it has of this device, precision,
/// width, batch and length is not measured again.
void measure_costs(const Arguments& arguments, RunContext& context,
                   const std::vector<MixerChoice>& mixers, const std::string& path, bool goes_on);

}  // namespace elm
