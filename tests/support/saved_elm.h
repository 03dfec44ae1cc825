#pragma once

#include <string>

#include "baselines/model_file.h"
#include "neuron/elm/elm_model.h"

namespace elm::test {

/// An ELM neuron with its parameters, on the host.
inline FittedModel fitted_elm(const ElmModel& model, DType precision = DType::f64) {
    Stream host{Device{}};
    FittedModel fitted = make_model(model);
    allocate(host, fitted, precision, {});
    return fitted;
}

/// A model file of it.
inline void save_elm(const ElmModel& model, const std::string& path) {
    save_model(fitted_elm(model), path, true);
}

}  // namespace elm::test
