#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "baselines/model_file.h"
#include "kernels/io/toml_config.h"

namespace elm {

class Arguments;
class RunContext;

/// One model that a user asked to have fitted.
struct FitCandidate {
    std::string name;  // "elm-20", "lstm-seed3"
    std::string path;  // of its model file
    ModelSpec spec;
    std::uint64_t seed = 0;
    std::function<FittedModel()> make;  // its numbers not allocated yet
};

/// Every combination of --model, --memory and --seeds, with the options of preset and --set. Throws
/// Error{invalid} for options that contradict each other and unknown names, with the nearest.
std::vector<FitCandidate> fit_candidates(const Arguments& arguments, RunContext& context,
                                         const Config& preset, std::int64_t n_channels);

}  // namespace elm
