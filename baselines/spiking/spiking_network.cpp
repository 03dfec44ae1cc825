#include "baselines/spiking/spiking_network.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <vector>

#include "baselines/bounded_values.h"
#include "baselines/spiking/spiking_layer.h"
#include "kernels/io/option_set.h"
#include "kernels/io/whole_option.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/scan/recurrent/leaky_scan.h"
#include "kernels/ops/spiking/spiking_scan.h"

namespace elm {
namespace {

constexpr double norm_momentum = 0.05, norm_epsilon = 1e-5;  // sparch

SpikingRule rule_of(SpikingAdaptation adaptation, const OptionSet& options) {
    const auto& name = options.get<std::string>("surrogate");
    const auto* const found =
        std::find(std::begin(surrogate_names), std::end(surrogate_names), name);
    return {.adaptation = adaptation,
            .surrogate = {static_cast<SurrogateKind>(found - std::begin(surrogate_names)),
                          options.get<double>("surrogate_width"),
                          options.get<double>("surrogate_height")},
            .reset_to_zero = options.get<std::string>("reset") == "to_zero",
            .detach_reset = options.get<bool>("detach_reset"),
            .smooth = options.get<bool>("smooth")};
}

ValueRange range_of(const OptionSet& options, const std::string& name) {
    return {options.get<double>(name + "_min"), options.get<double>(name + "_max")};
}

SpikingLayerSettings settings_of(SpikingAdaptation adaptation, const OptionSet& options) {
    SpikingLayerSettings is{.units = options.get<std::int64_t>("units"),
                            .rule = rule_of(adaptation, options),
                            .recurrent_scale = options.get<double>("recurrent_scale"),
                            .membrane_tau = range_of(options, "membrane_tau"),
                            .learn_tau = options.get<bool>("learn_tau"),
                            .adaptation_tau = {},
                            .coupling = {},
                            .jump = {}};
    if (adaptation == SpikingAdaptation::none) return is;
    is.adaptation_tau = range_of(options, "adaptation_tau");
    if (adaptation == SpikingAdaptation::threshold) {
        const double share = options.get<double>("adaptive_share");
        is.adaptive_units = std::llround(share * static_cast<double>(is.units));
        is.first_jump = options.get<double>("adaptation_strength");
        if (is.adaptive_units == 0) is.rule.adaptation = SpikingAdaptation::none;
        return is;
    }
    is.adaptation_gain = options.get<double>("adaptation_gain");
    is.coupling = range_of(options, "coupling");
    is.jump = range_of(options, "jump");
    return is;
}

class SpikingNetwork : public SequenceModel {
public:
    SpikingNetwork(const SpikingLayerSettings& settings, const OptionSet& options,
                   const SequenceShape& shape)
        : SequenceModel(shape),
          units_(settings.units),
          input_scale_(options.get<double>("input_scale")),
          synapses_(
              child("synapses", std::make_unique<InputLayer>(shape.n_input, settings.units))) {
        const std::int64_t count = options.get<std::int64_t>("layers");
        for (std::int64_t i = 0; i < count; ++i) {
            if (i > 0) {
                feedforward_.push_back(
                    &child("feedforward." + std::to_string(i),
                           std::make_unique<Linear>(settings.units, settings.units)));
            }
            if (options.get<bool>("batch_norm")) {
                norms_.push_back(&child(
                    "norms." + std::to_string(i),
                    std::make_unique<BatchNorm>(settings.units, norm_momentum, norm_epsilon)));
            }
            layers_.push_back(
                &child("layers." + std::to_string(i), std::make_unique<SpikingLayer>(settings)));
        }
        readout_ = &child("readout", std::make_unique<Linear>(settings.units, shape.n_output));
        if (options.get<std::string>("readout") == "leaky") {
            readout_decay_ =
                &offset("readout_decay_logit", {shape.n_output},
                        initialise::constant(decay_logit(options.get<double>("readout_tau"))));
        }
    }

    void require_device(const DeviceLimits& device, DType dtype) const override {
        require_spiking_scan_fits(device, units_, dtype);
    }

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState& state) override {
        const bool sparse = input.spikes != nullptr;
        require_state(state, layers_.size() + (readout_decay_ != nullptr) + !sparse, sparse ? 1 : 0,
                      input.batch());
        StateCursor cursor(state);
        Var values = synapses_.forward(context, input, cursor);
        for (std::size_t i = 0; i < layers_.size(); ++i) {
            if (i > 0) values = feedforward_[i - 1]->forward(context, values);
            if (!norms_.empty()) values = norms_[i]->forward(context, values);
            values = layers_[i]->forward(context, scale(context, values, input_scale_), cursor);
        }
        values = readout_->forward(context, values);
        if (readout_decay_ != nullptr) values = leak(context, values, cursor);
        cursor.finish();
        return values;
    }

private:
    Var leak(Context& context, const Var& values, StateCursor& cursor) const {
        const Shape& shape = values.value.shape();
        Tensor before = cursor.take_tensor();
        if (!before.defined()) {
            before = Tensor::zeros(context.stream, {shape[0], shape[2]}, values.value.dtype());
        }
        const Var decay = sigmoid_of(context, *readout_decay_);
        const Var input = multiply(context, values, scale(context, decay, -1, 1));
        Var output = leaky_scan(context, input, decay, Var{before});
        cursor.keep(shape[1] == 0 ? before : last_step(context, output.value));
        return output;
    }

    std::int64_t units_;
    double input_scale_;
    InputLayer& synapses_;
    std::vector<Linear*> feedforward_;  // to all layers but the first
    std::vector<BatchNorm*> norms_;     // none, or one of each layer
    std::vector<SpikingLayer*> layers_;
    Linear* readout_ = nullptr;
    ModuleParameter* readout_decay_ = nullptr;  // null: a linear readout
};

/// Declares options in one line each.
struct Declaration {
    OptionSet& options;

    void whole(const char* name, std::int64_t value, const char* help, double highest) const {
        options.declare(whole_option(name, value, help, 1, highest));
    }
    void real(const std::string& name, double value, const std::string& help, double lowest = 0,
              double highest = 1e6, const char* unit = "") const {
        options.declare({.name = name,
                         .value = value,
                         .help = help,
                         .unit = unit,
                         .lowest = lowest,
                         .highest = highest});
    }
    void range(const std::string& name, double low, double high, const std::string& of,
               double lowest = 0.1, const char* unit = "steps") const {
        real(name + "_min", low, "lowest " + of, lowest, 1e6, unit);
        real(name + "_max", high, "highest " + of, lowest, 1e6, unit);
    }
    void flag(const char* name, bool value, const char* help) const {
        options.declare({.name = name, .value = value, .help = help});
    }
    void choice(const char* name, const char* value, const char* help,
                std::vector<std::string> choices) const {
        options.declare({.name = name,
                         .value = std::string(value),
                         .help = help,
                         .choices = std::move(choices)});
    }
};

/// What a kind of units has by default: the surrogate and reset of its source, and a scale of the
/// currents with which units spike at first and the adding problem is learnt.
struct UnitDefaults {
    SpikeSurrogate surrogate;
    const char* reset;
    double input_scale;
};

UnitDefaults defaults_of(SpikingAdaptation adaptation) {
    switch (adaptation) {
        case SpikingAdaptation::none:  // Zenke & Ganguli 2018, in the width of snnTorch
            return {{SurrogateKind::fast_sigmoid, 0.04, 1}, "by_subtraction", 5};
        case SpikingAdaptation::threshold:  // Bellec et al. 2018
            return {{SurrogateKind::triangle, 1, 0.3}, "by_subtraction", 5};
        case SpikingAdaptation::current:  // Baronig et al. 2025
            return {{SurrogateKind::exponential, 0.2, 1}, "to_zero", 20};
    }
    return {};
}

void declare_adaptation(SpikingAdaptation adaptation, const Declaration& declare) {
    if (adaptation == SpikingAdaptation::threshold) {
        declare.real("adaptive_share", 0.5, "share of the units whose threshold adapts", 0, 1);
        declare.range("adaptation_tau", 30, 300, "time constant of the threshold");
        declare.real("adaptation_strength", 0.1,
                     "rise of the threshold with a spike at first, in thresholds", 1e-3, 100);
    }
    if (adaptation == SpikingAdaptation::current) {
        declare.range("adaptation_tau", 60, 300, "time constant of the adaptation");
        declare.real("adaptation_gain", 120, "q, the gain of the adaptation");
        declare.range("coupling", 0, 1, "a, of the adaptation to the membrane", -100, "");
        declare.range("jump", 0, 2, "b, of the adaptation with a spike", 0, "");
    }
}

}  // namespace

OptionSet spiking_network_options(SpikingAdaptation adaptation) {
    OptionSet options;
    const Declaration declare{options};
    const UnitDefaults defaults = defaults_of(adaptation);
    declare.whole("units", 64, "units of each layer", 65536);
    declare.whole("layers", 1, "layers on top of each other", 64);
    declare.real("input_scale", defaults.input_scale,
                 "factor of the currents that come from below");
    declare.real("recurrent_scale", 1,
                 "deviation of the first recurrent weights, times sqrt(units)");
    declare.flag("batch_norm", false, "normalise the currents that come from below over a batch");
    declare.range("membrane_tau", 5, 25, "time constant of the membranes");
    declare.flag("learn_tau", true, "train the time constants of the units");
    declare_adaptation(adaptation, declare);
    declare.choice("reset", defaults.reset, "what a spike does to its membrane",
                   {"by_subtraction", "to_zero"});
    declare.flag("detach_reset", false, "no gradient through the spike in the reset");
    declare.choice("surrogate", surrogate_names[static_cast<int>(defaults.surrogate.kind)],
                   "what stands for the derivative of a spike",
                   {std::begin(surrogate_names), std::end(surrogate_names)});
    declare.real("surrogate_width", defaults.surrogate.width, "its width, in thresholds", 1e-6);
    declare.real("surrogate_height", defaults.surrogate.height, "its value at the threshold");
    declare.flag("smooth", false,
                 "rates in place of spikes: the smooth step whose derivative the surrogate is");
    declare.choice("readout", "leaky", "of the spikes of the last layer", {"leaky", "linear"});
    declare.real("readout_tau", 15, "first time constant of a leaky readout", 0.1, 1e6, "steps");
    return options;
}

std::unique_ptr<SequenceModel> make_spiking_network(SpikingAdaptation adaptation,
                                                    const OptionSet& options,
                                                    const SequenceShape& shape) {
    return std::make_unique<SpikingNetwork>(settings_of(adaptation, options), options, shape);
}

}  // namespace elm
