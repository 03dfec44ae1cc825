#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/modules/sequence_model.h"
#include "kernels/ops/elm/scan_node.h"
#include "neuron/elm/elm_model.h"

namespace elm {

/// A model with initial values, as the published code draws them: synaptic weights all alike, as
/// the options say, time constants of the memory spread evenly in their logarithm, linear layers
/// uniform in ±1/sqrt(fan_in), routing by the options. Source: Spieler et al. 2024, arXiv
/// 2306.16922.
ElmModel make_elm_model(const ElmOptions& options, std::uint64_t seed);

/// An ELM neuron in training: the arrays of a model as parameters under their state-dict names.
/// Arrays that follow from the options alone stay outside; the others do not train. Its state is
/// memory and traces.
class ElmModule : public SequenceModel {
public:
    /// Begins with the parameters of `model`. Throws Error{invalid} for sizes that the arithmetic
    /// does not take.
    explicit ElmModule(ElmModel model, ElmArithmetic arithmetic = ElmArithmetic::exact);
    ~ElmModule() override;

    const ElmOptions& options() const noexcept { return model_.options; }
    /// The model that it began with: the present one in all but the trainable parameters.
    const ElmModel& structure() const noexcept { return model_; }
    /// Trainable parameters in the order of the model's arrays.
    std::vector<NamedParameter> trainable();
    /// The model with the present parameters; one that training did not change keeps the precision
    /// in which it was given.
    ElmModel model() const;

    ModelTraits traits() const override;
    /// The fast neuron (elm_neuron.h).
    std::unique_ptr<SequenceRunner> runner(Stream& stream) override;
    /// The fused pass (elm_gradient_pass.h), on the CPU in exact arithmetic.
    std::unique_ptr<TrainingPass> training_pass(Stream& stream, DType dtype) override;
    double flops_per_step(std::int64_t steps) override;
    void use_arithmetic(ElmArithmetic arithmetic) override;
    std::vector<NamedArray> arrays() override;

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState& state) override;
    Var run_once(Context& context, const SequenceInput& input) override;

private:
    Var scan(Context& context, const SequenceInput& input, ElmScanState* state);
    ModuleParameter& find(const std::string& name) const;
    ElmScanVars::Layer layer(Context& context, const std::string& name) const;

    ElmModel model_;
    ElmStructure structure_;
    ElmScanCache cache_;
    struct Entry {
        std::size_t array;  // index in model_.parameters
        ModuleParameter* parameter;
    };
    std::vector<Entry> entries_;
};

}  // namespace elm
