#pragma once

#include "baselines/model_registry.h"
#include "kernels/ops/scan/recurrent/gated_scan.h"

namespace elm {

class OptionSet;

/// Layers of a gated recurrence on top of each other with a linear readout of each step. Children
/// "lstm" or "gru", and "readout"; names, shapes and first distributions of parameters are those of
/// torch.nn.LSTM, torch.nn.GRU and torch.nn.Linear. Options "units" and "layers".
std::unique_ptr<SequenceModel> recurrent_model(GatedCell cell, const OptionSet& options,
                                               const SequenceShape& shape);

/// "units" and "layers".
OptionSet recurrent_options();

}  // namespace elm
