#include "neuron/elm/elm_group_pass.h"

#include "kernels/core/simd/lanes.h"
#include "kernels/core/support/parallel.h"
#include "neuron/elm/elm_gradient_state.h"

namespace elm {

class ElmGroupPass::Implementation {
public:
    virtual ~Implementation() = default;
    virtual const std::vector<std::string>& names(std::size_t member) const = 0;
    virtual void run(std::span<const ElmPassCall> calls) = 0;
    virtual bool side_by_side(std::span<const ElmPassCall> calls) const = 0;
};

namespace {

std::int64_t steps_of(const ElmPassCall& call) { return call.outputs.output.shape()[1]; }

template <class Real, class Interface>
class Typed final : public Interface {
public:
    explicit Typed(std::span<const ElmModel> structures) {
        for (const ElmModel& structure : structures) {
            states_.push_back(std::make_unique<PassState<Real>>(structure));
            weights_.push_back(&states_.back()->weights());
        }
    }

    const std::vector<std::string>& names(std::size_t member) const override {
        ELM_CHECK(member < states_.size(), "group pass: member {} of {}", member, states_.size());
        return states_[member]->names();
    }

    bool side_by_side(std::span<const ElmPassCall> calls) const override {
        // Two tiles at least, so that two threads have work; fewer samples run faster alone.
        std::int64_t n_samples = 0;
        for (const ElmPassCall& call : calls) {
            if (call.segment_steps != 0 || steps_of(call) != steps_of(calls.front())) return false;
            n_samples += call.outputs.output.shape()[0];
        }
        return n_samples >= 2 * lanes::native<Real> &&
               lanes_hold<Real>(std::span<const ElmGradientWeights<Real>* const>(weights_));
    }

    void run(std::span<const ElmPassCall> calls) override {
        ELM_CHECK(calls.size() == states_.size(), "group pass: {} calls for {} members",
                  calls.size(), states_.size());
        for (std::size_t m = 0; m < calls.size(); ++m) states_[m]->check(calls[m]);
        members_.resize(calls.size());
        Cpu::for_each_task(std::ssize(calls), [&](std::int64_t m) {
            members_[index(m)] = states_[index(m)]->begin(calls[index(m)]);
        });
        if (side_by_side(calls)) {
            run_elm_group_gradient<Real>(members_, *group_workspace_);
        } else {
            for (const ElmGroupMember<Real>& member : members_) {
                run_elm_gradient(member.args, *workspace_, member.gradients);
            }
        }
        for (std::size_t m = 0; m < calls.size(); ++m) states_[m]->finish(calls[m].gradients);
    }

private:
    static std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

    std::vector<std::unique_ptr<PassState<Real>>> states_;
    std::vector<const ElmGradientWeights<Real>*> weights_;
    std::vector<ElmGroupMember<Real>> members_;
    std::shared_ptr<ElmGradientWorkspace<Real>> workspace_ = make_elm_gradient_workspace<Real>();
    std::shared_ptr<ElmGroupWorkspace<Real>> group_workspace_ = make_elm_group_workspace<Real>();
};

}  // namespace

ElmGroupPass::ElmGroupPass(std::span<const ElmModel> structures, DType precision)
    : implementation_(
          visit_real(precision, [&]<class Real>(Real) -> std::unique_ptr<Implementation> {
              return std::make_unique<Typed<Real, Implementation>>(structures);
          })) {}
ElmGroupPass::~ElmGroupPass() = default;
ElmGroupPass::ElmGroupPass(ElmGroupPass&&) noexcept = default;
ElmGroupPass& ElmGroupPass::operator=(ElmGroupPass&&) noexcept = default;

const std::vector<std::string>& ElmGroupPass::names(std::size_t member) const {
    return implementation_->names(member);
}
void ElmGroupPass::run(std::span<const ElmPassCall> calls) { implementation_->run(calls); }
bool ElmGroupPass::side_by_side(std::span<const ElmPassCall> calls) const {
    return implementation_->side_by_side(calls);
}

}  // namespace elm
