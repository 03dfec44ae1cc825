#include "neuron/elm/elm_training_pass.h"

#include <utility>

namespace elm {
namespace {

/// Small neurons whose samples share the lanes of vectors.
class ElmPassGroup final : public PassGroup {
public:
    ElmPassGroup(std::vector<const ElmTrainingPass*> passes, ElmGroupPass group)
        : passes_(std::move(passes)), group_(std::move(group)), calls_(passes_.size()) {}

    void run(std::span<const PassCall> calls) override {
        for (std::size_t k = 0; k < calls.size(); ++k) calls_[k] = passes_[k]->elm_call(calls[k]);
        group_.run(calls_);
    }

private:
    std::vector<const ElmTrainingPass*> passes_;
    ElmGroupPass group_;
    std::vector<ElmPassCall> calls_;
};

}  // namespace

ElmTrainingPass::ElmTrainingPass(ElmModule& module, DType dtype)
    : module_(module), dtype_(dtype), pass_(module.structure(), dtype) {
    for (const auto& [name, parameter] : module.trainable()) {
        values_.push_back(parameter->value);
        gradients_.push_back(parameter->gradient);
    }
}

ElmPassCall ElmTrainingPass::elm_call(const PassCall& call) const {
    return {.parameters = values_,
            .gradients = gradients_,
            .spikes = call.spikes,
            .outputs = {call.output, call.output_gradient, {}},
            .loss = call.loss};
}

void ElmTrainingPass::run(const PassCall& call) {
    const ElmPassCall pass = elm_call(call);
    pass_.run(pass.parameters, pass.gradients, *pass.spikes, pass.outputs, pass.loss);
}

std::unique_ptr<PassGroup> ElmTrainingPass::group(std::span<TrainingPass* const> passes,
                                                  std::int64_t n_samples,
                                                  std::int64_t n_steps) const {
    std::vector<const ElmTrainingPass*> members;
    std::vector<ElmModel> structures;
    std::vector<ElmPassCall> calls;
    Stream host{Device{}};
    for (TrainingPass* const pass : passes) {
        const auto* member = dynamic_cast<const ElmTrainingPass*>(pass);
        if (member == nullptr || member->dtype_ != dtype_) return nullptr;
        members.push_back(member);
        structures.push_back(member->module_.structure());
        calls.emplace_back();
        calls.back().outputs.output =
            Tensor::empty(host, {n_samples, n_steps, member->module_.options().n_output}, dtype_);
    }
    ElmGroupPass together(structures, dtype_);
    if (!together.side_by_side(calls)) return nullptr;
    return std::make_unique<ElmPassGroup>(std::move(members), std::move(together));
}

}  // namespace elm
