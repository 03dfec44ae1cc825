#pragma once

#include <cstdint>

#include "kernels/io/toml_config.h"

namespace elm {

/// Samples of the validation and of the test split that are scored; 0: all of them.
struct ScoredSamples {
    std::int64_t validation = 0, test = 0;
};

/// Puts the numbers into the section [data] of a configuration, and takes them out again.
void put_scored_samples(const ScoredSamples& scored, Config& config);
ScoredSamples take_scored_samples(Config& config);

}  // namespace elm
