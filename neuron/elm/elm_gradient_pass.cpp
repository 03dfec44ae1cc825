#include "neuron/elm/elm_gradient_pass.h"

#include "neuron/elm/elm_gradient_state.h"

namespace elm {

class ElmGradientPass::Implementation {
public:
    virtual ~Implementation() = default;
    virtual const std::vector<std::string>& names() const = 0;
    virtual void run(const ElmPassCall& call) = 0;
    virtual std::int64_t memory(std::int64_t n_samples, std::int64_t n_steps,
                                std::int64_t segment_steps, bool keep_updates) const = 0;
    virtual std::int64_t segment_steps(std::int64_t n_steps) const = 0;
};

namespace {

template <class Real, class Interface>
class Typed final : public Interface {
public:
    explicit Typed(const ElmModel& structure) : state_(structure) {}
    const std::vector<std::string>& names() const override { return state_.names(); }
    void run(const ElmPassCall& call) override {
        state_.check(call);
        const ElmGroupMember<Real> member = state_.begin(call);
        run_elm_gradient(member.args, *workspace_, member.gradients);
        state_.finish(call.gradients);
    }
    std::int64_t memory(std::int64_t n_samples, std::int64_t n_steps, std::int64_t segment_steps,
                        bool keep_updates) const override {
        return elm_gradient_bytes(state_.weights(), n_samples, n_steps, segment_steps, keep_updates,
                                  state_.options().learn_memory_tau);
    }
    std::int64_t segment_steps(std::int64_t n_steps) const override {
        return elm_segment_steps(state_.weights(), n_steps);
    }

private:
    PassState<Real> state_;
    std::shared_ptr<ElmGradientWorkspace<Real>> workspace_ = make_elm_gradient_workspace<Real>();
};

}  // namespace

ElmGradientPass::ElmGradientPass(const ElmModel& structure, DType precision)
    : implementation_(
          visit_real(precision, [&]<class Real>(Real) -> std::unique_ptr<Implementation> {
              return std::make_unique<Typed<Real, Implementation>>(structure);
          })) {}
ElmGradientPass::~ElmGradientPass() = default;
ElmGradientPass::ElmGradientPass(ElmGradientPass&&) noexcept = default;
ElmGradientPass& ElmGradientPass::operator=(ElmGradientPass&&) noexcept = default;

const std::vector<std::string>& ElmGradientPass::names() const { return implementation_->names(); }

void ElmGradientPass::run(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                          const SpikeTrain& spikes, const Outputs& outputs, const Loss& loss,
                          std::int64_t segment_steps) {
    implementation_->run(
        {parameters, gradients, &spikes, nullptr, outputs, loss, segment_steps, {}, false});
}

void ElmGradientPass::run(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                          const Tensor& input, const Outputs& outputs, const Loss& loss,
                          std::int64_t segment_steps) {
    implementation_->run(
        {parameters, gradients, nullptr, &input, outputs, loss, segment_steps, {}, false});
}

void ElmGradientPass::run(const ElmPassCall& call) { implementation_->run(call); }

std::int64_t ElmGradientPass::segment_steps(std::int64_t n_steps) const {
    return implementation_->segment_steps(n_steps);
}

std::int64_t ElmGradientPass::memory(std::int64_t n_samples, std::int64_t n_steps,
                                     std::int64_t segment_steps, bool keep_updates) const {
    return implementation_->memory(n_samples, n_steps, segment_steps, keep_updates);
}

}  // namespace elm
