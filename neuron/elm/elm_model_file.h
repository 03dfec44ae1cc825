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

/// Reads a model file: the own format (root attribute format = "elm-model"), or a published state
/// dict as HDF5 (root attributes elm_version, num_input, ...; one dataset per tensor) or as
/// safetensors (the same in the metadata). Prefixes of wrappers before all names are taken off.
/// Throws Error{data} naming the file and in what it differs from what such a model must hold.
ElmModel load_elm_model(const std::string& path);

/// The same from an HDF5 file that is open.
ElmModel read_elm_model(const Hdf5File& file);

/// Reads a state dict whose attributes stand at `attributes_at` and whose tensors stand in the
/// group `tensors_at` of an open file.
ElmModel read_state_dict(const Hdf5File& file, const std::string& attributes_at,
                         const std::string& tensors_at);

/// The model that a published state dict holds, in whatever file it stood.
ElmModel elm_model_of(StateDict dict);

/// Writes the own format, each array in the type it was stored in. Throws Error{invalid} if `path`
/// exists and `force` is false, Error{write} if it cannot be written.
void save_elm_model(const ElmModel& model, const std::string& path, bool force);

/// Writes the state dict with the options in its metadata. Throws as save_elm_model does.
void save_elm_safetensors(const ElmModel& model, const std::string& path, bool force);

/// The AUC that the authors give for a published fit, where the file says it.
std::optional<double> published_test_auc(const std::string& path);

}  // namespace elm
