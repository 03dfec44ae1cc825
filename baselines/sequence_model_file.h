#pragma once

#include <memory>
#include <string>

#include "kernels/io/value.h"
#include "kernels/modules/sequence_model.h"

/// A registered sequence model as an HDF5 file:
///
///   /              format = "sequence-model", format_version, program_version, source, model (its
///                  name), n_input, n_output, time_step_ms
///   /config        the section [NAME] with its options, as TOML
///   /model/NAME    a dataset per parameter, those that are not trained included, in the type that
///                  it has in memory
///
/// Others may add groups and attributes.
namespace elm {

class OptionSet;

/// What makes a registered model, beside its numbers.
struct SequenceModelSpec {
    std::string model;  // its name in the registry
    Values options = {};
    SequenceShape shape = {};
    double time_step_ms = 1;  // of the data that it was fitted to
    std::string source = {};  // where it came from, for people
};

/// A registered model with its numbers, on one device.
struct FittedSequenceModel {
    SequenceModelSpec spec;
    std::unique_ptr<SequenceModel> model;
    FlatParameters parameters;
};

/// All values of `options`, by name.
Values to_values(const OptionSet& options);

/// The options of the registered model `name` with `values` put in place. Throws Error{invalid} for
/// a name or a value that cannot be.
OptionSet model_options(const std::string& name, const Values& values);

/// The model without numbers. Throws as model_options does.
std::unique_ptr<SequenceModel> make_model(const SequenceModelSpec& spec);

/// Writes the numbers of `model`, which was made from `spec`, with all its options. Throws
/// Error{invalid} if `path` exists and `force` is false, Error{write} if it cannot be written.
void save_sequence_model(const SequenceModelSpec& spec, Module& model, const std::string& path,
                         bool force);

/// The same as safetensors, with the attributes and the text of /config in the metadata.
void save_sequence_safetensors(const SequenceModelSpec& spec, Module& model,
                               const std::string& path, bool force);

/// True for a file of either form, of whatever version. Throws Error{data} if it cannot be read.
bool is_sequence_model(const std::string& path);

/// Reads a model from either form into the memory of the stream's device. `precision` is f32 or
/// f64. Throws Error{data} that names the file and in what it differs from what such a model must
/// hold.
FittedSequenceModel load_sequence_model(Stream& stream, const std::string& path, DType precision);

}  // namespace elm
