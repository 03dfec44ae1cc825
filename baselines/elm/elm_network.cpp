// Network of ELM neurons: a layer of neurons that hear the input and each other, one neuron for
// each output that reads them, and a linear map of the outputs,
//     y1 = layer(x, y1[t-1])      y2 = readers(y1)      y = W y2 + b
// Equations of both layers: kernels/ops/elm_network/layer_scan.h. Neurons of the first one rectify
// what a high pass leaves of their readout, unless `neuron_output` says otherwise; those of the
// second are linear, have no high pass, no synapses of their own and no hidden layer. Every synapse
// draws its source with replacement: an input of its layer or, in the first one with the
// probability `recurrent_share`, a neuron of the same layer. Penalties that training adds to the
// loss, of the first layer alone: baselines/elm/elm_layer.h.
// Source: Spieler, Martius & Levina 2026, arXiv 2605.12049, and its public code. Time constants are
// in steps. Where they are learned, they are sigmoids between the same bounds as there, but of
// their logarithm, so that short and long ones move by the same share.

#include <cmath>

#include "baselines/elm/elm_layer.h"
#include "baselines/model_registry.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "kernels/io/whole_option.h"
#include "kernels/modules/layers.h"

namespace elm {
namespace {

ElmLayerSettings settings_of(const OptionSet& options) {
    return {.synapses = options.get<std::int64_t>("synapses_per_branch"),
            .recurrent_share = options.get<double>("recurrent_share"),
            .input_scale = options.get<double>("input_scale"),
            .lambda = options.get<double>("lambda_value"),
            .shortest_tau = options.get<double>("memory_tau_min"),
            .longest_tau = options.get<double>("memory_tau_max"),
            .input_dropout = options.get<double>("input_dropout"),
            .recurrent_dropout = options.get<double>("recurrent_dropout"),
            .learn_tau = options.get<bool>("learn_memory_tau"),
            .update_penalty = options.get<double>("update_penalty"),
            .activity_penalty = options.get<double>("activity_penalty")};
}

NeuronOutput output_of(const std::string& name) {
    return name == "linear"  ? NeuronOutput::linear
           : name == "spike" ? NeuronOutput::spike
                             : NeuronOutput::relu;
}

/// exp(-1 / tau) of a time constant in steps; `none` for a time constant of 0.
double decay_of(double tau, double none) { return tau > 0 ? std::exp(-1 / tau) : none; }

class ElmNetwork : public SequenceModel {
public:
    ElmNetwork(const OptionSet& options, const SequenceShape& shape) : SequenceModel(shape) {
        const auto seed = static_cast<std::uint64_t>(options.get<std::int64_t>("connectome_seed"));
        const std::int64_t neurons = options.get<std::int64_t>("neurons");
        const std::int64_t memories = options.get<std::int64_t>("num_memory");
        const std::int64_t branches = options.get<std::int64_t>("branches");
        ElmLayerSettings settings = settings_of(options);
        const double scale = settings.input_scale;
        settings.outer_scale = scale * options.get<double>("input_gain");
        ELM_CHECK(settings.shortest_tau <= settings.longest_tau,
                  "memory_tau_min is {} steps and memory_tau_max {}: expected a range that rises",
                  settings.shortest_tau, settings.longest_tau);
        ElmLayer layer{.shape = {.neurons = neurons,
                                 .branches = branches,
                                 .memories = memories,
                                 .hidden = 2 * memories},
                       .branch_decay = decay_of(options.get<double>("branch_tau"), 0),
                       .high_pass_decay = decay_of(options.get<double>("high_pass_tau"), 1),
                       .output = output_of(options.get<std::string>("neuron_output"))};
        neurons_ = &child("neurons", std::make_unique<ElmLayerModule>(
                                         layer, shape.n_input, settings, connectome_key(seed, 0)));
        settings.outer_scale = scale;
        settings.update_penalty = settings.activity_penalty = 0;
        settings.recurrent_share = 0;
        settings.recurrent_dropout = 0;
        layer.shape = {.neurons = shape.n_output,
                       .branches = branches,
                       .memories = options.get<std::int64_t>("output_memory"),
                       .hidden = 0};
        layer.high_pass_decay = 1;
        layer.output = NeuronOutput::linear;
        readers_ = &child("readers", std::make_unique<ElmLayerModule>(layer, neurons, settings,
                                                                      connectome_key(seed, 1)));
        readout_ = &child("readout", std::make_unique<Linear>(shape.n_output, shape.n_output));
    }

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState& state) override {
        require_state(state, 2, 0, input.batch());
        StateCursor cursor(state);
        const Var activity = neurons_->forward(context, input, cursor);
        const Var read = readers_->forward(
            context, {.dense = activity, .first_sample = input.first_sample}, cursor);
        cursor.finish();
        return readout_->forward(context, read);
    }

private:
    ElmLayerModule* neurons_ = nullptr;
    ElmLayerModule* readers_ = nullptr;
    Linear* readout_ = nullptr;
};

OptionSet options() {
    OptionSet options;
    const auto real = [&](const char* name, double value, const char* help, const char* unit = "",
                          double lowest = 0, double highest = 1e9) {
        options.declare({.name = name,
                         .value = value,
                         .help = help,
                         .unit = unit,
                         .lowest = lowest,
                         .highest = highest});
    };
    options.declare(
        whole_option("neurons", 57, "neurons of the layer that hears itself", 1, 65536));
    options.declare(whole_option(
        "num_memory", 9, "memory units of each of them, d_m; its hidden layer has twice as many", 1,
        4096));
    options.declare(
        whole_option("output_memory", 3, "memory units of each output's neuron", 1, 4096));
    options.declare(whole_option("branches", 30, "branches of each neuron", 1, 4096));
    options.declare(whole_option("synapses_per_branch", 10, "synapses of each branch", 1, 4096));
    real("recurrent_share", 0.25, "probability that a synapse's source is a neuron of its layer",
         "", 0, 1);
    real("memory_tau_min", 1, "shortest time constant of the memory", "steps", 1e-3);
    real("memory_tau_max", 500, "longest time constant of the memory", "steps", 1e-3);
    options.declare({.name = "learn_memory_tau",
                     .value = false,
                     .help = "train the time constants of the memory"});
    real("lambda_value", 5, "gain of the memory's update");
    real("branch_tau", 0, "time constant of the branches; 0: no trace", "steps");
    options.declare({.name = "neuron_output",
                     .value = std::string("relu"),
                     .help =
                         "what a neuron of the first layer says of its readout: itself, what of "
                         "it is above 0, or a spike where it is above 0",
                     .choices = {"linear", "relu", "spike"}});
    real("high_pass_tau", 5, "time constant of the readout's high pass; 0: none", "steps");
    real("input_scale", 10, "factor of all synaptic weights");
    real("input_gain", 1, "factor of what the network is given");
    real("input_dropout", 0, "share of a layer's inputs dropped for a whole sequence", "", 0, 0.99);
    real("recurrent_dropout", 0, "share of the neurons that others do not hear for a sequence", "",
         0, 0.99);
    real("update_penalty", 0,
         "what training adds to the loss for large updates: factor of the mean square over neurons "
         "of their mean size");
    real("activity_penalty", 0,
         "what training adds to the loss for activity: factor of its mean, where it is above 0");
    options.declare(whole_option("connectome_seed", 0,
                                 "of the draw which source feeds which synapse", 0, 2147483647));
    return options;
}

}  // namespace

ModelEntry elm_network_entry() {
    return {.name = "elm_network",
            .summary = "recurrent network of expressive leaky memory neurons",
            .source = "Spieler, Martius & Levina 2026, arXiv 2605.12049",
            .options = options,
            .make = [](const OptionSet& chosen, const SequenceShape& shape,
                       std::uint64_t) -> std::unique_ptr<SequenceModel> {
                return std::make_unique<ElmNetwork>(chosen, shape);
            }};
}

}  // namespace elm
