#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kernels/core/dtype.h"
#include "kernels/io/option_set.h"
#include "kernels/io/toml_config.h"
#include "kernels/ops/elm/scan_pass.h"
#include "tasks/training/training_settings.h"

namespace elm {

struct PlannedRun;

/// Plan of what is to be trained: every combination of models, sizes and seeds on one task.
struct PlanOptions {
    std::vector<std::string> models;              // names of the registry
    std::map<std::string, Values> model_options;  // by model, where they are not the defaults
    Values front_end = {};  // of all models, where it differs from the defaults
    std::vector<std::int64_t> memory_sizes =
        {};  // a run for each, of models that have memory units
    std::uint64_t seed = 0;
    std::int64_t n_seeds = 1;  // seed, seed + 1, ...
    /// Model files whose parameters are the initial values: one for each run, or none.
    std::vector<std::string> init_from = {};
    /// Work that went into those files, of earlier stages: for each run, or empty.
    std::vector<WorkDone> earlier_work = {};
    std::string init_name = {};                       // of them, in configurations; empty: the path
    std::map<std::string, Values> init_changes = {};  // options that differ from those files
    OptionSet recipe = {};
    DType precision = DType::f32;
    ElmArithmetic arithmetic = ElmArithmetic::exact;
    std::string out;  // a model file or a folder, of several runs the stem of their names
    bool resume = false, force = false, safetensors = false;
    std::int64_t validate_every = 0;  // updates; 0: as suits, see pace_of
    bool times_test = true;           // the test is part of a budget of time
    Config config = {};               // of the program that asked, kept in checkpoints and compared
    std::string config_section =
        {};                      // of it, that may differ when a run goes on: files and the like
    Config whole = {};           // what makes all stages of a curriculum again, where this is one
    std::string whole_out = {};  // the folder of all stages, where it is not that of this one
    /// Makes that section ask for one run of several alone, of a budget in the form of a recipe.
    std::function<void(Values& section, const PlannedRun& run, const std::string& budget)> ask_for =
        {};
};

/// The option of models that have memory units, of which memory_sizes gives values.
inline constexpr const char* memory_option = "num_memory";

/// What makes all runs of these options again, without their task and curriculum.
Config configuration_of(const PlanOptions& options);

}  // namespace elm
