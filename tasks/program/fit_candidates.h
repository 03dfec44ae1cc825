#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/io/toml_config.h"
#include "tasks/training/fit_model.h"

namespace elm {

class Arguments;
class RunContext;

/// One surrogate that a user asked to have fitted.
struct FitCandidate {
    std::string name;     // "elm-20", "lstm-seed3"
    std::string kind;     // "elm"
    std::string path;     // of its model file
    std::string section;  // of its options in a configuration
    Values options;
    std::uint64_t seed = 0;
    std::function<std::unique_ptr<FitModel>()> make;
};

/// Every combination of --model, --memory and --seeds, with the options of preset and --set. Throws
/// Error{invalid} for options that contradict each other and unknown names, with the nearest.
std::vector<FitCandidate> fit_candidates(const Arguments& arguments, RunContext& context,
                                         const Config& preset, std::int64_t n_channels);

}  // namespace elm
