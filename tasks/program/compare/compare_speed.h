#pragma once

#include <cstdint>
#include <vector>

namespace elm {

class Arguments;

/// Measures the models of --models at the lengths of --lengths and shows from which length on each
/// is cheaper than exact attention. Returns the exit code.
int compare_speed(const Arguments& arguments);

/// The lengths of --lengths, rising, each once; 1k is 1024.
std::vector<std::int64_t> speed_lengths(const Arguments& arguments);

}  // namespace elm
