#pragma once

#include <optional>
#include <string>

#include "kernels/io/value.h"
#include "neuron/elm/elm_model.h"

namespace elm {

class Hdf5File;

/// Options under the names of the published attributes (num_input, lambda_value, delta_t, ...):
/// the section [elm] of a configuration.
Values to_values(const ElmOptions& options);

/// `options` with every value of `values` put in place. Throws Error{invalid} for an unknown name,
/// with the nearest one, and for a value of the wrong type.
ElmOptions with_values(ElmOptions options, const Values& values);

/// Reads the ELM neuron in a file: that of a registered model (baselines/model_file.h), the older
/// format "elm-model", or a published state dict as HDF5 (root attributes elm_version, num_input,
/// ...; one dataset per tensor) or as safetensors (the same in the metadata). Prefixes of wrappers
/// before all names are taken off. Throws Error{data} naming the file and in what it differs from
/// what such a model must hold.
ElmModel load_elm_model(const std::string& path);

/// The same from an HDF5 file that is open.
ElmModel read_elm_model(const Hdf5File& file);

/// Reads a state dict whose attributes stand at `attributes_at` and whose tensors stand in the
/// group `tensors_at` of an open file.
ElmModel read_state_dict(const Hdf5File& file, const std::string& attributes_at,
                         const std::string& tensors_at);

/// The model that a published state dict holds, in whatever file it stood.
ElmModel elm_model_of(StateDict dict);

/// The model of these options with these arrays, whatever wraps their names. Throws Error{data} for
/// arrays that do not fit; those without elements need not be there.
ElmModel elm_model_of(std::vector<NamedArray> arrays, const ElmOptions& options,
                      const std::string& source);

/// The AUC that the authors give for a published fit, where the file says it.
std::optional<double> published_test_auc(const std::string& path);

}  // namespace elm
