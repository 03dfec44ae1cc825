#pragma once

#include <string>

#include "baselines/fitted_model.h"
#include "kernels/io/value.h"

/// A registered model as an HDF5 file:
///
///   /              format = "sequence-model", format_version, program_version, source, model (its
///                  name), n_input, n_output, time_step_ms
///   /config        the section [NAME] with its options, as TOML; [front_end] and [towers] where
///                  there are such
///   /model/NAME    a dataset per array of the model (SequenceModel::arrays)
///
/// Others may add groups and attributes. Read as well are ELM neurons in older and published forms
/// (neuron/elm/elm_model_file.h).
namespace elm {

/// Writes the parameters of a model with all its options. Throws Error{invalid} if `path` exists
/// and `force` is false, Error{write} if it cannot be written.
void save_model(const FittedModel& fitted, const std::string& path, bool force);

/// The same as safetensors, with the attributes, the options and the text of /config in the
/// metadata.
void save_safetensors(const FittedModel& fitted, const std::string& path, bool force);

/// Reads a model of any form into the memory of the stream's device. `precision` is f32 or f64.
/// `changed`: options that take the place of those in the file, for models that can change them.
/// Throws Error{data} that names the file and in what it differs from what such a model must hold,
/// Error{invalid} for options that cannot be changed.
FittedModel load_model(Stream& stream, const std::string& path, DType precision,
                       const Values& changed = {});

}  // namespace elm
