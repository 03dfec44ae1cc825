#pragma once

#include <memory>
#include <string>

#include "baselines/sequence_model_file.h"
#include "tasks/training/fit_model.h"

namespace elm {

/// A registered sequence model in training, by the tape. Begins with the numbers of the model file
/// `start` where it is not empty. Throws as make_model does.
std::unique_ptr<FitModel> sequence_fit(const SequenceModelSpec& spec, DType precision,
                                       const std::string& start = {});

}  // namespace elm
