#pragma once

#include <cstdint>
#include <string>

#include "kernels/io/toml_config.h"
#include "tasks/training/pace.h"
#include "tasks/training/scored_samples.h"

namespace elm {

/// What a checkpoint says of its run that the options of the run do not.
struct ResumePoint {
    Pace pace;
    std::int64_t batch_parts = 1;
    ScoredSamples scored;
};

/// That of a checkpoint of the run with this configuration, but for the section `free`, which may
/// differ. Throws Error{invalid} for one of another run, listing all differences, Error{data} for
/// one that is damaged.
ResumePoint resume_point(const std::string& checkpoint, const Config& config,
                         const std::string& free);

/// Gives options of training and of models that `before` lacks, for the program that wrote it did
/// not know them yet, the defaults that they have had since.
void add_new_options(Config& before, const Config& now);

}  // namespace elm
