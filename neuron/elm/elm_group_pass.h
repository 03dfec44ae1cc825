#pragma once

#include <memory>
#include <span>
#include <vector>

#include "neuron/elm/elm_gradient_pass.h"

namespace elm {

/// Gradient passes of several ELM neurons at once: fits side by side in one process. Where one
/// small fit would leave most of each vector empty, the lanes take samples of several fits
/// (kernels/ops/elm/group_gradient.h); the others run one after another, each as ElmGradientPass.
/// A group's gradients are those of its members to rounding, and the same bits for any thread
/// count.
class ElmGroupPass {
public:
    /// As ElmGradientPass, for each of `structures`.
    ElmGroupPass(std::span<const ElmModel> structures, DType precision);
    ~ElmGroupPass();
    ElmGroupPass(ElmGroupPass&&) noexcept;
    ElmGroupPass& operator=(ElmGroupPass&&) noexcept;

    /// The trainable arrays of one member, in the order of its parameters and gradients.
    const std::vector<std::string>& names(std::size_t member) const;

    /// One pass of every member, in the order of the structures: as ElmGradientPass::run.
    void run(std::span<const ElmPassCall> calls);

    /// Whether a run with these calls shares vectors between members.
    bool side_by_side(std::span<const ElmPassCall> calls) const;

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace elm
