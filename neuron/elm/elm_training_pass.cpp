#include "neuron/elm/elm_training_pass.h"

#include <algorithm>
#include <utility>

namespace elm {
namespace {

/// Small neurons whose samples share the lanes of vectors.
class ElmPassGroup final : public PassGroup {
public:
    ElmPassGroup(std::vector<ElmTrainingPass*> passes, ElmGroupPass group)
        : passes_(std::move(passes)), group_(std::move(group)), calls_(passes_.size()) {}

    void run(std::span<const PassCall> calls) override {
        for (std::size_t k = 0; k < calls.size(); ++k) calls_[k] = passes_[k]->begin(calls[k]);
        group_.run(calls_);
        for (std::size_t k = 0; k < calls.size(); ++k) passes_[k]->finish(calls[k]);
    }

private:
    std::vector<ElmTrainingPass*> passes_;
    ElmGroupPass group_;
    std::vector<ElmPassCall> calls_;
};

}  // namespace

ElmTrainingPass::ElmTrainingPass(ElmModule& module, DType dtype)
    : module_(module), dtype_(dtype), pass_(module.structure(), dtype) {
    Stream host{Device{}};
    for (const auto& [name, parameter] : module.trainable()) {
        if (name == "_proto_w_s") synapses_ = values_.size();
        values_.push_back(parameter->value);
        gradients_.push_back(parameter->gradient);
    }
    scaled_values_ = values_;
    scaled_gradients_ = gradients_;
    for (std::vector<Tensor>* all : {&scaled_values_, &scaled_gradients_}) {
        (*all)[synapses_] = Tensor::empty(host, values_[synapses_].shape(), dtype);
    }
}

ElmPassCall ElmTrainingPass::begin(const PassCall& call) {
    const bool is_plain = call.input_gain == 1;
    if (!is_plain) {
        visit_real(dtype_, [&]<class Real>(Real) {
            const auto weights = values_[synapses_].host<Real>();
            const auto gain = static_cast<Real>(call.input_gain);
            std::transform(weights.begin(), weights.end(),
                           scaled_values_[synapses_].host<Real>().begin(),
                           [gain](Real weight) { return gain * weight; });
            std::ranges::fill(scaled_gradients_[synapses_].host<Real>(), Real(0));
        });
    }
    return {.parameters = is_plain ? values_ : scaled_values_,
            .gradients = is_plain ? gradients_ : scaled_gradients_,
            .spikes = call.spikes,
            .input = call.dense,
            .outputs = {call.output, call.output_gradient, {}},
            .loss = call.loss,
            .poll = call.poll};
}

/// What a larger weight would gain, as often as the weight is larger.
void ElmTrainingPass::finish(const PassCall& call) {
    if (call.input_gain == 1) return;
    visit_real(dtype_, [&]<class Real>(Real) {
        const auto scaled = scaled_gradients_[synapses_].host<Real>();
        const auto gradient = gradients_[synapses_].host<Real>();
        for (std::size_t k = 0; k < gradient.size(); ++k) {
            gradient[k] += static_cast<Real>(call.input_gain) * scaled[k];
        }
    });
}

void ElmTrainingPass::run(const PassCall& call) {
    ElmPassCall pass = begin(call);
    pass.segment_steps = segment_steps(call.output.shape()[1]);
    pass.keep_updates = kept_ == Kept::updates;
    pass_.run(pass);
    finish(call);
}

bool ElmTrainingPass::recompute() {
    if (kept_ == Kept::states) return false;
    kept_ = kept_ == Kept::steps ? Kept::updates : Kept::states;
    return true;
}

std::int64_t ElmTrainingPass::segment_steps(std::int64_t n_steps) const {
    return kept_ == Kept::steps ? 0 : pass_.segment_steps(n_steps);
}

double ElmTrainingPass::memory(std::int64_t n_samples, std::int64_t n_steps) const {
    return static_cast<double>(
        pass_.memory(n_samples, n_steps, segment_steps(n_steps), kept_ == Kept::updates));
}

std::unique_ptr<PassGroup> ElmTrainingPass::group(std::span<TrainingPass* const> passes,
                                                  std::int64_t n_samples,
                                                  std::int64_t n_steps) const {
    std::vector<ElmTrainingPass*> members;
    std::vector<ElmModel> structures;
    std::vector<ElmPassCall> calls;
    Stream host{Device{}};
    for (TrainingPass* const pass : passes) {
        auto* const member = dynamic_cast<ElmTrainingPass*>(pass);
        if (member == nullptr || member->dtype_ != dtype_ || member->kept_ != Kept::steps) {
            return nullptr;
        }
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
