#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tasks/program/fit_candidates.h"
#include "tasks/training/fit.h"
#include "tasks/training/fit_files.h"

namespace elm {

class RunContext;

/// A candidate with all that belongs to it.
struct RunningFit {
    FitCandidate candidate;
    FitFiles files;
    std::unique_ptr<Fit> fit;
    Config config;
};

/// What is left when all fits are done: scores of the best models on the held-out simulations as a
/// table or as JSON, the learning curves and, for several fits, the AUC against their size beside
/// --out, NAME.safetensors and --plot where asked for: the latter over `shown`, which stands in
/// the file `shown_file`.
void finish(const Arguments& arguments, RunContext& context,
            const std::vector<std::unique_ptr<RunningFit>>& fits,
            std::span<const NeuronIoSimulation> validation, const NeuronIoSimulation& shown,
            const std::string& shown_file);

}  // namespace elm
