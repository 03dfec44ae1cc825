#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "kernels/io/toml_config.h"
#include "kernels/modules/module.h"
#include "kernels/modules/optimizer.h"

/// A training run as an HDF5 file, from which it goes on bit for bit.
///
///   /                 format = "elm-checkpoint", format_version, program_version, created_utc
///   /config           the effective configuration, as TOML
///   /model/NAME       a dataset per parameter, in the type it is trained in
///   /optimizer        kind, step; ROW/NAME: a dataset per row of state and parameter
///   /random           seed, epoch, step
///   /progress         epoch, step, best_metric; history/METRIC: a dataset per metric
///   /carried          where there are such: a dataset per array that goes on from step to step
///
/// Other groups are left to others.
namespace elm {

/// State of a run beside its parameters.
struct TrainingState {
    std::uint64_t seed = 0;  // epoch and step complete the key of its random numbers
    std::int64_t epoch = 0;
    std::int64_t step = 0;
    double best_metric = std::numeric_limits<double>::quiet_NaN();  // NaN: none yet
    std::map<std::string, std::vector<double>> history;             // by metric
    std::map<std::string, Tensor> carried;  // real arrays besides, by name; read to the CPU
    Config config;
};

/// Writes a checkpoint in place of one that is there; that one stays whole until the new one is on
/// the disk. Throws Error{write}. `optimizer` may be null.
void write_checkpoint(const std::string& path, Module& module, const FlatParameters& parameters,
                      const Optimizer* optimizer, const TrainingState& state);

/// Reads a checkpoint into an allocated module and, unless null, its optimiser.
/// Throws Error{data} if the file is damaged, of another format or of a version that this program
/// does not know, or if names, shapes, types or the optimiser differ: the message lists all
/// differences. Nothing is changed then.
TrainingState read_checkpoint(Stream& stream, const std::string& path, Module& module,
                              const FlatParameters& parameters, Optimizer* optimizer);

}  // namespace elm
