#include "neuron/elm/elm_module.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/core/check.h"
#include "kernels/core/random.h"

namespace elm {
namespace {

std::vector<double> drawn(const NamedArray& array, std::int64_t fan_in, const RandomKey& key) {
    Stream host{Device{}};
    std::int64_t size = 1;
    for (const std::int64_t extent : array.shape) size *= extent;
    const Tensor values = Tensor::empty(host, {size}, DType::f32);
    initialise::uniform_fan_in(fan_in)(host, values, key.for_purpose(array.name));
    const auto numbers = values.host<float>();
    return {numbers.begin(), numbers.end()};
}

/// `_proto_tau_m` of time constants from the shortest to the longest, evenly in their logarithm.
std::vector<double> spread_time_constants(const ElmOptions& options) {
    constexpr double margin_ms = 1e-6;
    const double low = options.memory_tau_min_ms;
    const double high = options.version == ElmVersion::v2
                            ? std::max(options.memory_tau_max_ms, low + 3 * margin_ms)
                            : options.memory_tau_max_ms;
    const double first = std::log(low + margin_ms), last = std::log(high - margin_ms);
    std::vector<double> proto;
    for (std::int64_t m = 0; m < options.n_memory; ++m) {
        const double share = options.n_memory == 1 ? 0.0
                                                   : static_cast<double>(m) /
                                                         static_cast<double>(options.n_memory - 1);
        const double tau = std::clamp(std::exp(first + share * (last - first)), low + margin_ms,
                                      std::max(low + margin_ms, high - margin_ms));
        proto.push_back(std::log((tau - low) / (high - tau)));
    }
    return proto;
}

std::vector<double> repeated(const NamedArray& array, double value) {
    std::int64_t size = 1;
    for (const std::int64_t extent : array.shape) size *= extent;
    return std::vector<double>(static_cast<std::size_t>(size), value);
}

Initialiser copy_of(const std::vector<double>& values) {
    return [&values](Stream& stream, const Tensor& tensor, const RandomKey&) {
        visit_real(tensor.dtype(), [&]<class Real>(Real) {
            const std::vector<Real> numbers(values.begin(), values.end());
            tensor.assign<Real>(stream, numbers);
        });
    };
}

}  // namespace

ElmModel make_elm_model(const ElmOptions& options, std::uint64_t seed) {
    options.check();
    const RandomKey key = RandomKey{seed}.for_purpose("elm model");
    ElmModel model{.options = options, .parameters = expected_arrays(options), .source = ""};
    const std::vector<std::int64_t> routing = make_routing(options, seed);
    std::int64_t fan_in = 1;
    for (NamedArray& array : model.parameters) {
        if (array.name == "_proto_w_s") {
            array.values = repeated(array, 0.5);
        } else if (array.name == "tau_s" || array.name == "tau_b") {
            array.values = repeated(array, options.synapse_tau_ms);
        } else if (array.name == "_proto_tau_m") {
            array.values = spread_time_constants(options);
        } else if (array.name == "input_to_synapse_indices") {
            for (std::size_t s = 0; array.shape[0] > 0 && s < routing.size(); ++s) {
                array.values.push_back(
                    static_cast<double>(routing[s] < 0 ? options.n_input - 1 : routing[s]));
            }
        } else if (array.name == "valid_indices_mask") {
            for (std::size_t s = 0; array.shape[0] > 0 && s < routing.size(); ++s) {
                array.values.push_back(routing[s] < 0 ? 0 : 1);
            }
        } else {
            if (array.shape.size() == 2) fan_in = array.shape[1];  // a bias follows its weight
            array.values = drawn(array, fan_in, key);
        }
    }
    model.check();
    return model;
}

ElmModule::ElmModule(ElmModel model) : model_(std::move(model)) {
    model_.check();
    const ElmModel plain = make_elm_model(model_.options, 0);
    for (std::size_t a = 0; a < model_.parameters.size(); ++a) {
        const NamedArray& array = model_.parameters[a];
        const bool trains = is_trainable(model_.options, array.name);
        if (!trains && (array.values == plain.at(array.name).values || array.values.empty())) {
            continue;
        }
        const Shape shape =
            array.shape.size() == 2 ? Shape{array.shape[0], array.shape[1]} : Shape{array.shape[0]};
        ModuleParameter& added = parameter(array.name, shape, copy_of(array.values));
        added.trainable = trains;
        entries_.push_back({a, &added});
    }
}

std::vector<NamedParameter> ElmModule::trainable() {
    std::vector<NamedParameter> found;
    for (const Entry& entry : entries_) {
        if (!entry.parameter->trainable) continue;
        found.push_back({model_.parameters[entry.array].name, entry.parameter});
    }
    return found;
}

ElmModel ElmModule::model() const {
    ElmModel now = model_;
    Stream host{Device{}};
    for (const Entry& entry : entries_) {
        const Tensor values = entry.parameter->value.to(host);
        visit_real(values.dtype(), [&]<class Real>(Real) {
            const auto numbers = values.host<Real>();
            now.parameters[entry.array].values.assign(numbers.begin(), numbers.end());
            if (dtype_of<Real> == DType::f64) now.parameters[entry.array].stored = DType::f64;
        });
    }
    return now;
}

}  // namespace elm
