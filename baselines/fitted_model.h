#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "baselines/model_registry.h"
#include "kernels/io/value.h"
#include "kernels/modules/sequence_model.h"

namespace elm {

struct ElmModel;

/// Ingredients of a registered model beside its parameters.
struct ModelSpec {
    std::string model;  // its name in the registry
    Values options = {};
    SequenceShape shape = {};  // of the whole, front end and head included
    double time_step_ms = 1;   // of the data that it was fitted to
    std::string source = {};   // where it came from, for people
    Values front_end = {};     // options of front_end.h that are not the defaults; empty: none
    Values towers = {};        // options of two_towers.h; empty: the model stands alone
};

/// A registered model with its parameters, on one device.
struct FittedModel {
    ModelSpec spec;
    std::unique_ptr<SequenceModel> model;
    FlatParameters parameters = {};  // undefined before they are allocated

    DType precision() const { return parameters.values.dtype(); }
};

/// The options of the registered model `name` with `values` put in place. Throws Error{invalid} for
/// a name or a value that cannot be.
OptionSet model_options(const std::string& name, const Values& values);

/// The model without values of its parameters, its options complete in the spec. Throws as
/// model_options does.
FittedModel make_model(ModelSpec spec, std::uint64_t seed = 0);

/// An ELM neuron as one of the registered models, its parameters not allocated yet.
FittedModel make_model(const ElmModel& model);

/// Throws Error{unsupported} naming the model and what to change, where a device has no room for
/// it.
void require_device(const FittedModel& fitted, const DeviceLimits& device, DType precision);

/// Allocates the parameters of a model that was made. Throws what require_device() throws.
void allocate(Stream& stream, FittedModel& fitted, DType precision, const RandomKey& key);

/// The model of this spec with these parameters. Throws Error{data} for arrays that are not those
/// of such a model.
FittedModel restored(Stream& stream, const ModelSpec& spec, std::vector<NamedArray> arrays,
                     DType precision);

/// The same model with other options. Throws Error{invalid} for options that a fitted model cannot
/// change, and for a model that has no such options.
FittedModel with_options(Stream& stream, FittedModel fitted, const Values& changed);

/// The same model for steps of another length. Throws Error{invalid} for one that takes no others.
FittedModel with_time_step(Stream& stream, FittedModel fitted, double time_step_ms);

/// Makes the present values those that the parameters begin with wherever they are allocated.
void keep_parameters(Module& module);

}  // namespace elm
