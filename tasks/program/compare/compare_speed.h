#pragma once

namespace elm {

class Arguments;

/// Measures the models of --models at the lengths of --lengths and shows from which length on each
/// is cheaper than exact attention. Returns the exit code.
int compare_speed(const Arguments& arguments);

}  // namespace elm
