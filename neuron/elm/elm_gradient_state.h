#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/core/support/check.h"
#include "kernels/ops/elm/group_gradient.h"
#include "neuron/elm/elm_gradient_pass.h"
#include "neuron/elm/elm_scan_model.h"

/// One neuron of a gradient pass: between the trainable arrays and the parameters of the
/// recurrence.
namespace elm {

/// The model with zeros where a trainable array has no values: they come with each pass.
inline ElmModel filled(ElmModel model) {
    for (NamedArray& array : model.parameters) {
        if (is_trainable(model.options, array.name) && array.values.empty()) {
            array.values.resize(static_cast<std::size_t>(shape_of(array).size()));
        }
    }
    return model;
}

/// Names and shapes of the trainable arrays, and whether tensors fit them.
class PassArrays {
public:
    PassArrays(const ElmModel& structure, DType precision)
        : options_(structure.options), precision_(precision) {
        structure.check();
        for (const NamedArray& array : structure.parameters) {
            if (!is_trainable(options_, array.name)) continue;
            names_.push_back(array.name);
            shapes_.push_back(shape_of(array));
        }
    }

    const ElmOptions& options() const { return options_; }
    const std::vector<std::string>& names() const { return names_; }

    void check(const ElmPassCall& call) const {
        ELM_CHECK(call.segment_steps >= 0, "segment_steps must not be negative (got {})",
                  call.segment_steps);
        ELM_CHECK((call.spikes != nullptr) != (call.input != nullptr),
                  "gradient pass: either spikes or a dense input, not {}",
                  call.spikes != nullptr ? "both" : "none");
        check_arrays(call.parameters, "parameters");
        check_arrays(call.gradients, "gradients");
        std::int64_t batch = 0, n_steps = 0;
        if (call.spikes != nullptr) {
            ELM_CHECK(call.spikes->n_units == options_.n_input,
                      "the spikes are of {} units, the model takes {} inputs", call.spikes->n_units,
                      options_.n_input);
            call.spikes->check();
            batch = call.spikes->n_samples, n_steps = call.spikes->n_steps;
        } else {
            const auto extents =
                require_rank<3>(call.input->shape(), "gradient pass: input (batch, time, d_in)");
            batch = extents[0], n_steps = extents[1];
            check(*call.input, {batch, n_steps, options_.n_input}, "the input");
        }
        const Shape shape{batch, n_steps, options_.n_output};
        check(call.outputs.output, shape, "the output");
        check(call.outputs.output_gradient, shape, "the gradient of the output");
        if (call.outputs.input_gradient.defined()) {
            check(call.outputs.input_gradient, {batch, n_steps, options_.n_input},
                  "the gradient of the input");
        }
    }

protected:
    std::size_t index_of(std::string_view name) const {
        const auto found = std::find(names_.begin(), names_.end(), name);
        ELM_ASSERT(found != names_.end());
        return static_cast<std::size_t>(found - names_.begin());
    }

private:
    void check(const Tensor& tensor, const Shape& shape, std::string_view what) const {
        ELM_CHECK(tensor.defined() && tensor.device().kind == DeviceKind::cpu &&
                      tensor.dtype() == precision_ && tensor.shape() == shape,
                  "gradient pass: {} must be {} of {} on the CPU (got {})", what, to_string(shape),
                  name_of(precision_),
                  tensor.defined()
                      ? fmt::format("{} of {} on {}", to_string(tensor.shape()),
                                    name_of(tensor.dtype()), to_string(tensor.device()))
                      : std::string("nothing"));
    }
    void check_arrays(std::span<const Tensor> tensors, std::string_view what) const {
        ELM_CHECK(tensors.size() == names_.size(),
                  "gradient pass: {} {} for {} trainable arrays ({})", tensors.size(), what,
                  names_.size(), fmt::join(names_, ", "));
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            const Tensor& tensor = tensors[i];
            if (tensor.defined() && tensor.dtype() == precision_ && tensor.shape() == shapes_[i] &&
                tensor.device().kind == DeviceKind::cpu) {
                continue;
            }
            check(tensor, shapes_[i], fmt::format("{} of {}", what, names_[i]));
        }
    }

    ElmOptions options_;
    DType precision_;
    std::vector<std::string> names_;
    std::vector<Shape> shapes_;
};

template <class Real>
class PassState : public PassArrays {
public:
    explicit PassState(const ElmModel& structure)
        : PassArrays(structure, dtype_of<Real>),
          weights_(pack_elm_gradient<Real>(scan_model(filled(structure)))),
          memory_(static_cast<std::size_t>(options().n_memory)) {
        index_.synapse_weight = index_of("_proto_w_s");
        for (std::int64_t l = 0; l <= options().mlp_layers; ++l) {
            index_.layers.push_back(layer_index(fmt::format("mlp.network.{}", 2 * l)));
        }
        index_.readout = layer_index("w_y");
        made_.synapse_weight.resize(static_cast<std::size_t>(options().synapses()));
        made_.memory_decay.resize(memory_.size()), made_.memory_gain.resize(memory_.size());
        made_gradient_.synapse_weight.resize(made_.synapse_weight.size());
        if (options().learn_memory_tau) {
            index_.memory_decay = index_.memory_gain = index_of("_proto_tau_m");
            made_gradient_.memory_decay.resize(memory_.size());
            made_gradient_.memory_gain.resize(memory_.size());
        } else {
            set_memory(structure.at("_proto_tau_m").values);
        }
    }

    const ElmGradientWeights<Real>& weights() const { return *weights_; }

    /// Takes the parameters and clears the sums: what the kernels are called with.
    ElmGroupMember<Real> begin(const ElmPassCall& call) {
        const ElmParameters<const Real*> parameters = read(call.parameters);
        ElmGradientArgs<Real> args;
        args.weights = weights_.get();
        args.spikes = call.spikes;
        if (call.input != nullptr) args.input = view<const Real, 3>(*call.input);
        args.output = view<Real, 3>(call.outputs.output);
        args.output_gradient = view<const Real, 3>(call.outputs.output_gradient);
        if (call.outputs.input_gradient.defined()) {
            args.input_gradient = view<Real, 3>(call.outputs.input_gradient);
        }
        args.loss = call.loss;
        args.poll = call.poll;
        args.segment_steps = call.segment_steps;
        args.keep_updates = call.keep_updates;
        made_gradient_.for_each(
            [](std::vector<Real>& sums) { std::fill(sums.begin(), sums.end(), Real(0)); });
        return {args, parameters, places_of(call.gradients, made_gradient_)};
    }

    /// Adds what stands behind the rectifier and the time constants.
    void finish(std::span<const Tensor> gradients) const {
        Real* const synapse = at(gradients, index_.synapse_weight);
        for (std::size_t s = 0; s < made_.synapse_weight.size(); ++s) {
            synapse[s] += made_.synapse_weight[s] > 0 ? made_gradient_.synapse_weight[s] : Real(0);
        }
        if (!options().learn_memory_tau) return;
        Real* const tau = at(gradients, index_.memory_decay);
        for (std::size_t m = 0; m < memory_.size(); ++m) {
            tau[m] += static_cast<Real>(
                static_cast<double>(made_gradient_.memory_decay[m]) * memory_[m].decay_slope +
                static_cast<double>(made_gradient_.memory_gain[m]) * memory_[m].gain_slope);
        }
    }

private:
    ElmParameters<std::size_t>::Layer layer_index(const std::string& name) const {
        return {index_of(name + ".weight"), index_of(name + ".bias")};
    }

    template <class T>
    void set_memory(const T& proto) {
        for (std::size_t m = 0; m < memory_.size(); ++m) {
            memory_[m] = memory_coefficients(options(), static_cast<double>(proto[m]));
            made_.memory_decay[m] = static_cast<Real>(memory_[m].decay);
            made_.memory_gain[m] = static_cast<Real>(memory_[m].gain);
        }
    }

    static Real* at(std::span<const Tensor> tensors, std::size_t index) {
        return tensors[index].template host<Real>().data();
    }

    /// Of the tensors, or where the recurrence wants what is made of them; null where that is
    /// empty.
    ElmParameters<Real*> places_of(std::span<const Tensor> tensors,
                                   ElmParameters<std::vector<Real>>& made) const {
        auto places = index_.map([&](std::size_t index) { return at(tensors, index); });
        const auto begin = [](std::vector<Real>& v) { return v.empty() ? nullptr : v.data(); };
        places.synapse_weight = begin(made.synapse_weight);
        places.memory_decay = begin(made.memory_decay);
        places.memory_gain = begin(made.memory_gain);
        return places;
    }

    ElmParameters<const Real*> read(std::span<const Tensor> tensors) {
        const Real* const proto = at(tensors, index_.synapse_weight);
        for (std::size_t s = 0; s < made_.synapse_weight.size(); ++s) {
            made_.synapse_weight[s] = proto[s] > 0 ? proto[s] : Real(0);
        }
        if (options().learn_memory_tau) set_memory(at(tensors, index_.memory_decay));
        const auto parameters =
            places_of(tensors, made_).map([](const Real* place) { return place; });
        repack_elm_gradient(*weights_, parameters);
        return parameters;
    }

    std::shared_ptr<ElmGradientWeights<Real>> weights_;
    ElmParameters<std::size_t> index_;  // of the trainable arrays; both of memory: _proto_tau_m
    ElmParameters<std::vector<Real>> made_, made_gradient_;  // what is not an array itself
    std::vector<MemoryCoefficients> memory_;                 // (d_m)
};

}  // namespace elm
