#pragma once

namespace elm {

class Arguments;

/// The benchmark of mixers of attention (tasks/comparison/index): trains what of --out is not
/// there, measures, and shows the index of each pattern. With --tables-only it makes the tables of
/// --out anew from its four files, and trains nothing. Returns the exit code.
int compare_benchmark(const Arguments& arguments);

}  // namespace elm
