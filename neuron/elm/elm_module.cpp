#include "neuron/elm/elm_module.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "kernels/core/random/random.h"
#include "kernels/core/support/check.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/activation.h"
#include "neuron/elm/elm_runner.h"
#include "neuron/elm/elm_scan_model.h"
#include "neuron/elm/elm_training_pass.h"

namespace elm {
namespace {

std::vector<double> drawn(const NamedArray& array, DType dtype, const Initialiser& initialiser,
                          const RandomKey& key = {}) {
    Stream host{Device{}};
    const Tensor values = Tensor::empty(host, shape_of(array), dtype);
    initialiser(host, values, key);
    return visit_real(dtype, [&]<class Real>(Real) {
        const auto numbers = values.host<Real>();
        return std::vector<double>(numbers.begin(), numbers.end());
    });
}

/// `_proto_tau_m` of time constants from the shortest to the longest, evenly in their logarithm.
std::vector<double> spread_time_constants(const NamedArray& array, const ElmOptions& options) {
    constexpr double margin_ms = 1e-6;
    const double low = options.memory_tau_min_ms + margin_ms;
    const double high = longest_memory_tau_ms(options) - margin_ms;
    std::vector<double> values = drawn(array, DType::f64, initialise::log_spaced(low, high));
    for (double& value : values) {
        value = memory_tau_proto(options, std::clamp(value, low, high));
    }
    return values;
}

/// kappa_m and gamma (elm_scan_model.h), d_m values each.
struct MemoryFactors {
    Var decay, gain;
};

/// On the host: there are few of them.
template <class Real>
std::vector<MemoryCoefficients> coefficients_of(const ElmOptions& options,
                                                std::span<const Real> proto) {
    std::vector<MemoryCoefficients> coefficients;
    for (const Real value : proto) {
        coefficients.push_back(memory_coefficients(options, static_cast<double>(value)));
    }
    return coefficients;
}

template <class Real, class Member>
Tensor column(Stream& stream, const std::vector<MemoryCoefficients>& coefficients, Member member) {
    std::vector<Real> values;
    for (const auto& one : coefficients) values.push_back(static_cast<Real>(one.*member));
    return Tensor::from<Real>(stream, {std::ssize(values)}, values);
}

/// Constants.
MemoryFactors memory_factors(Context& context, const ElmOptions& options,
                             const std::vector<double>& proto, DType dtype) {
    const auto coefficients = coefficients_of<double>(options, proto);
    return visit_real(dtype, [&]<class Real>(Real) -> MemoryFactors {
        return {Var{column<Real>(context.stream, coefficients, &MemoryCoefficients::decay)},
                Var{column<Real>(context.stream, coefficients, &MemoryCoefficients::gain)}};
    });
}

/// Of `_proto_tau_m`.
MemoryFactors memory_factors(Context& context, const ElmOptions& options, const Var& proto) {
    Stream host{Device{}};
    context.stream.synchronize();
    const Tensor values = proto.value.to(host);
    return visit_real(values.dtype(), [&]<class Real>(Real) -> MemoryFactors {
        const auto coefficients = coefficients_of<Real>(options, values.host<Real>());
        const std::vector<Tensor> factors{
            column<Real>(context.stream, coefficients, &MemoryCoefficients::decay),
            column<Real>(context.stream, coefficients, &MemoryCoefficients::gain)};
        const auto backward = [coefficients](Stream& stream, std::span<const Tensor> gradients,
                                             std::span<GradSink> sinks) {
            if (!sinks[0].wanted()) return;
            Stream cpu{Device{}};
            stream.synchronize();
            const Tensor decay = gradients[0].to(cpu), gain = gradients[1].to(cpu);
            std::vector<Real> slopes;
            for (std::size_t m = 0; m < coefficients.size(); ++m) {
                slopes.push_back(static_cast<Real>(
                    static_cast<double>(decay.host<Real>()[m]) * coefficients[m].decay_slope +
                    static_cast<double>(gain.host<Real>()[m]) * coefficients[m].gain_slope));
            }
            sinks[0].deliver(stream, Tensor::from<Real>(stream, {std::ssize(slopes)}, slopes));
        };
        const std::vector<Var> vars = record(context, factors, {proto}, backward);
        return {vars[0], vars[1]};
    });
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
            // A float32 number, as those of the linear layers: it trains, and stands so in files.
            array.values =
                drawn(array, DType::f32, initialise::constant(options.first_synaptic_weight));
        } else if (array.name == "tau_s" || array.name == "tau_b") {
            array.values = drawn(array, DType::f64, initialise::constant(options.synapse_tau_ms));
        } else if (array.name == "_proto_tau_m") {
            array.values = spread_time_constants(array, options);
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
            array.values = drawn(array, DType::f32, initialise::uniform_fan_in(fan_in),
                                 key.for_purpose(array.name));
        }
    }
    model.check();
    return model;
}

ElmModule::ElmModule(ElmModel model, ElmArithmetic arithmetic)
    : SequenceModel({model.options.n_input, model.options.n_output}), model_(std::move(model)) {
    model_.check();
    structure_ = scan_model(model_).structure;
    use_arithmetic(arithmetic);
    const ElmModel plain = make_elm_model(model_.options, 0);
    for (std::size_t a = 0; a < model_.parameters.size(); ++a) {
        const NamedArray& array = model_.parameters[a];
        const bool trains = is_trainable(model_.options, array.name);
        if (!trains && (array.values == plain.at(array.name).values || array.values.empty())) {
            continue;
        }
        ModuleParameter& added = parameter(array.name, shape_of(array), copy_of(array.values));
        added.trainable = trains;
        added.is_weight = array.name != "_proto_tau_m" && !array.name.ends_with(".bias");
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

ElmModule::~ElmModule() = default;

ElmModel ElmModule::model() const {
    ElmModel now = model_;
    Stream host{Device{}};
    for (const Entry& entry : entries_) {
        const Tensor values = entry.parameter->value.to(host);
        NamedArray& array = now.parameters[entry.array];
        visit_real(values.dtype(), [&]<class Real>(Real) {
            const auto numbers = values.host<Real>();
            for (std::size_t k = 0; k < numbers.size(); ++k) {
                if (numbers[k] == static_cast<Real>(array.values[k])) continue;
                array.values[k] = static_cast<double>(numbers[k]);
            }
            if (dtype_of<Real> == DType::f64) array.stored = DType::f64;
        });
    }
    return now;
}

ModelTraits ElmModule::traits() const {
    return {.inhibitory_half = options().routing == SynapseRouting::neuronio,
            .n_memory = options().n_memory,
            .n_branch = options().branches()};
}

std::unique_ptr<SequenceRunner> ElmModule::runner(Stream& stream) {
    return std::make_unique<ElmRunner>(
        ElmNeuron(stream, model(), entries_.front().parameter->value.dtype()));
}

std::unique_ptr<TrainingPass> ElmModule::training_pass(Stream& stream, DType dtype) {
    if (stream.device().kind != DeviceKind::cpu || structure_.arithmetic != ElmArithmetic::exact) {
        return nullptr;
    }
    return std::make_unique<ElmTrainingPass>(*this, dtype);
}

double ElmModule::flops_per_step(std::int64_t) {
    auto products = static_cast<double>(options().synapses());
    std::int64_t width = options().branches() + options().n_memory;
    for (std::int64_t layer = 0; layer < options().mlp_layers; ++layer) {
        products += static_cast<double>(width * options().hidden());
        width = options().hidden();
    }
    products += static_cast<double>((width + options().n_output) * options().n_memory);
    return 2 * products;
}

void ElmModule::use_arithmetic(ElmArithmetic arithmetic) {
    check_sizes(arithmetic, {options().mlp_layers, structure_.n_branch, options().n_memory,
                             options().mlp_layers > 0 ? options().hidden() : 0});
    structure_.arithmetic = arithmetic;
}

std::vector<NamedArray> ElmModule::arrays() {
    std::vector<NamedArray> all = model().parameters;
    for (NamedArray& array : all) {
        // What follows from the options is known again by its every bit.
        const bool is_single = std::all_of(array.values.begin(), array.values.end(), [](double x) {
            return static_cast<double>(static_cast<float>(x)) == x;
        });
        if (!is_single) array.stored = DType::f64;
        if (array.name == "valid_indices_mask") array.stored = DType::u8;
        if (array.name == "input_to_synapse_indices") array.stored = DType::i32;
    }
    return all;
}

ModuleParameter& ElmModule::find(const std::string& name) const {
    for (const Entry& entry : entries_) {
        if (model_.parameters[entry.array].name == name) return *entry.parameter;
    }
    throw Error(ErrorKind::invalid, fmt::format("the array {} does not train", name));
}

ElmScanVars::Layer ElmModule::layer(Context& context, const std::string& name) const {
    return {use(context, find(name + ".weight")), use(context, find(name + ".bias"))};
}

Var ElmModule::run(Context& context, const SequenceInput& input, SequenceState& state) {
    if (!state.empty()) require_state(state, 2, 0, input.batch());
    ElmScanState at;
    if (!state.empty()) at = {state.tensors[0], state.tensors[1]};
    const Var output = scan(context, input, &at);
    state.tensors = {at.memory, at.trace};
    return output;
}

Var ElmModule::run_once(Context& context, const SequenceInput& input) {
    return scan(context, input, nullptr);
}

Var ElmModule::scan(Context& context, const SequenceInput& input, ElmScanState* state) {
    const ElmOptions& elm = options();
    ElmScanVars vars;
    vars.synapse_weight = activate(context, use(context, find("_proto_w_s")), Activation::relu);
    const DType dtype = vars.synapse_weight.value.dtype();
    const MemoryFactors factors =
        elm.learn_memory_tau
            ? memory_factors(context, elm, use(context, find("_proto_tau_m")))
            : memory_factors(context, elm, model_.at("_proto_tau_m").values, dtype);
    vars.memory_decay = factors.decay;
    vars.memory_gain = factors.gain;
    for (std::int64_t l = 0; l <= elm.mlp_layers; ++l) {
        vars.layers.push_back(layer(context, fmt::format("mlp.network.{}", 2 * l)));
    }
    vars.readout = layer(context, "w_y");
    return input.spikes != nullptr
               ? elm_scan(context, structure_, vars, *input.spikes, state, &cache_)
               : elm_scan(context, structure_, vars, input.dense, state, &cache_);
}

}  // namespace elm
