#pragma once

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "baselines/model_registry.h"
#include "kernels/io/option_set.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_elm.h"
#include "tests/support/random_tensor.h"

namespace elm::test {

/// A registered model, small, with the options that differ from their defaults.
struct ModelCase {
    std::string name;  // of the case
    std::string model;
    std::vector<std::pair<std::string, std::string>> options = {};
    std::int64_t parameters = 0;  // counted by hand
    /// It has spikes, whose gradient stands in for one that does not exist, where the voltage comes
    /// within 1 of the parameter "threshold".
    bool spikes = false;
    bool reads_spikes_alone = false;  // its readout sees spikes, and neither voltages nor distances
    /// Times the usual third derivative, by which differences are off; a case that needs more than
    /// 1 says why.
    double curvature = 1;
};
inline void PrintTo(const ModelCase& model, std::ostream* out) { *out << model.name; }

/// One case or more of every entry of the registry, and of those of a family.
std::vector<ModelCase> model_cases();
std::vector<ModelCase> recurrent_cases();
std::vector<ModelCase> attention_cases();
std::vector<ModelCase> state_space_cases();

inline constexpr SequenceShape case_shape{6, 2};

inline OptionSet options_of(const ModelCase& model) {
    OptionSet options = find_model(model.model).options();
    for (const auto& [name, text] : model.options) options.set(name, text);
    return options;
}

/// A model with parameters, on one device.
struct LivingModel {
    LivingModel(const ModelCase& from, DType dtype, Device device = {})
        : stream(device),
          model(find_model(from.model).make(options_of(from), case_shape, 7)),
          flat(allocate_parameters(stream, *model, dtype, {7})) {
        if (from.spikes) fill("synapses.bias", 0.3);  // a drive under which neurons spike
    }

    /// Sets all elements of one parameter, or of those of this name in all children.
    void fill(const std::string& parameter_name, double value) {
        for (const auto& [name, parameter] : model->parameters()) {
            if (name == parameter_name || name.ends_with("." + parameter_name)) {
                initialise::constant(value)(stream, parameter->value, {});
            }
        }
    }

    std::vector<double> run(const SequenceInput& input, SequenceState* state = nullptr,
                            bool training = false) {
        Context context{.stream = stream, .training = training};
        return values_of(model->forward(context, input, state).value);
    }

    /// Gradients of each parameter for the given gradient of the output.
    Arrays gradients(const SequenceInput& input, const std::vector<double>& weights,
                     bool training = false) {
        Tape tape;
        Context context{.stream = stream, .tape = &tape, .training = training};
        clear_gradients(stream, flat);
        const Var output = model->forward(context, input);
        const Tensor gradient =
            tensor_of(stream, output.value.shape(), output.value.dtype(), weights);
        tape.backward(stream, {&output, 1}, {&gradient, 1});
        Arrays all;
        for (const auto& [name, parameter] : model->parameters()) {
            all.push_back(values_of(parameter->gradient));
        }
        return all;
    }

    Stream stream;
    std::unique_ptr<SequenceModel> model;
    FlatParameters flat;
};

inline SpikeTrain case_spikes() { return random_spikes(3, 11, case_shape.n_input, 0.3, 5); }

inline Var case_dense(Stream& stream, DType dtype) {
    return {tensor_of(stream, {3, 11, case_shape.n_input}, dtype,
                      random_values(3 * 11 * case_shape.n_input, -1, 1, {11}))};
}

}  // namespace elm::test
