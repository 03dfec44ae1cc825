#pragma once

#include <string>
#include <vector>

#include "tasks/comparison/index/benchmark_tables.h"

/// The folder of a benchmark of mixers: cab_runs.csv, cab_cost.csv and cab_constants.json, from
/// which cab_ci.csv, tables.md and the pictures follow.
namespace elm {

std::string runs_path(const std::string& folder);
std::string costs_path(const std::string& folder);
std::string constants_path(const std::string& folder);
bool is_there(const std::string& path);

/// What one of the files holds. Throws Error{data} where it cannot be read.
std::vector<BenchmarkRun> read_runs(const std::string& folder);
FrozenConstants read_constants(const std::string& folder);

/// What the three files hold; of costs, nothing where they were not measured. Throws Error{data}
/// where one cannot be read.
BenchmarkRecord read_benchmark(const std::string& folder);

/// Writes what follows from a record: cab_ci.csv, tables.md, a picture for each pattern. Replaces
/// what is there.
void write_benchmark(const BenchmarkRecord& record, const std::string& folder);

}  // namespace elm
