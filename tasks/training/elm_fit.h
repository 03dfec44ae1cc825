#pragma once

#include <memory>

#include "neuron/elm/elm_module.h"
#include "tasks/training/fit_model.h"

namespace elm {

/// An ELM neuron in training. On the CPU forward pass, loss and backward pass are one (see
/// elm_gradient.h); on CUDA the recurrence is a node of the tape. `precision` is f32 or f64.
std::unique_ptr<FitModel> elm_fit(ElmModel start, DType precision, Device device = {},
                                  ElmArithmetic arithmetic = ElmArithmetic::exact);

}  // namespace elm
