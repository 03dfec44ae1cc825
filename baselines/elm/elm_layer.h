#pragma once

#include <utility>
#include <vector>

#include "baselines/convolution/causal_layers.h"
#include "baselines/elm/connectome.h"
#include "kernels/ops/elm_network/layer_scan.h"

namespace elm {

/// What a layer takes from the options of its network. Time constants are in steps.
struct ElmLayerSettings {
    std::int64_t synapses = 1;  // of a branch
    double recurrent_share = 0;
    double input_scale = 1;  // of the synaptic weights
    double outer_scale = 1;  // of those of synapses from outside
    double lambda = 5;
    double shortest_tau = 1, longest_tau = 500;  // of the memory
    double input_dropout = 0, recurrent_dropout = 0;
    bool learn_tau = false;
    double update_penalty = 0, activity_penalty = 0;  // see ElmLayerModule
};

/// A layer of ELM neurons: equations in kernels/ops/elm_network/layer_scan.h. Where time constants
/// are learned, they stay between a tenth of the shortest and sqrt(10) times the longest one.
///
/// "input_weight" and "recurrent_weight" (synapses), uniform in ±1/sqrt(synapses of a branch);
/// "hidden_weight" (hidden, branches + memories, neurons), "update_weight" (memories, hidden,
/// neurons), their biases and "readout" (memories, neurons), uniform in ±1/sqrt(inputs); "offset"
/// (1, neurons), 0; "memory_tau_logit" (memories, neurons) where they are learned. State: one
/// tensor.
///
/// Where training asks for penalties (Context::penalties) and they are not 0, two terms, each a
/// mean over the samples of a batch:
///
///     update_penalty * mean over neurons of (mean over steps and memory units of |z|)^2
///     activity_penalty * mean over steps and neurons of max(y, 0)
///
/// with z what phi gets, y the activity. Source: public code of Spieler, Martius & Levina 2026.
class ElmLayerModule : public Module {
public:
    ElmLayerModule(const ElmLayer& layer, std::int64_t inputs, const ElmLayerSettings& settings,
                   const RandomKey& key);

    /// (batch, time, inputs) → (batch, time, neurons).
    Var forward(Context& context, const SequenceInput& input, StateCursor& state);

private:
    Var from_outside(Context& context, const SequenceInput& input);
    Tensor mask(Context& context, const SequenceInput& input, std::int64_t features,
                double rate) const;
    void penalise(Context& context, const Var& activity, const Var& magnitude) const;
    Var parameters_of(Context& context) const;
    std::pair<Var, Var> memory_factors(Context& context) const;
    double shortest() const;
    double longest() const;
    double first_tau(std::int64_t memory) const;
    Initialiser first_tau_logits() const;
    void connect(Stream& stream);

    ElmLayer layer_;
    ElmLayerSettings settings_;
    std::int64_t inputs_;
    Connectome connectome_;
    Synapses outer_, recurrent_;  // on the device of the last pass
    Device device_;
    bool connected_ = false;
    ModuleParameter* input_weight_ = nullptr;      // null: all synapses are recurrent
    ModuleParameter* recurrent_weight_ = nullptr;  // null: none is
    ModuleParameter* tau_ = nullptr;               // null: time constants are fixed
    ModuleParameter* readout_ = nullptr;
    ModuleParameter* offset_ = nullptr;
    std::vector<ModuleParameter*> maps_;  // weights and biases of the linear maps in their order
};

}  // namespace elm
