#pragma once

#include <memory>
#include <span>

#include "kernels/ops/elm/gradient.h"

/// Gradient passes of several small ELM neurons side by side, on the CPU.
///
/// A neuron of a few units fills no vector with its units, and a batch of eight not with its
/// samples. Here every lane of a vector is one (neuron, sample) pair: weights are vectors that hold
/// each lane's own number, and no unit is padded but to the largest neuron of the tile.
namespace elm {

template <class Real>
struct ElmGroupMember {
    ElmGradientArgs<Real> args;
    ElmParameters<const Real*> parameters;  // those that args.weights was packed from
    ElmParameters<Real*> gradients;
};

/// Memory that a group keeps between passes.
template <class Real>
struct ElmGroupWorkspace;
template <class Real>
std::shared_ptr<ElmGroupWorkspace<Real>> make_elm_group_workspace();

/// Whether these models go side by side: all with spike rows (elm_gradient_weights.h), one hidden
/// layer of one kind, and few enough units for the lanes' weights to stay in cache.
template <class Real>
bool lanes_hold(std::span<const ElmGradientWeights<Real>* const> models);

/// Adds each member's gradients to its own: the same bits for any number of threads. Members agree
/// in the number of steps, begin from zero, and keep their whole run (segment_steps 0).
template <class Real>
void run_elm_group_gradient(std::span<const ElmGroupMember<Real>> members,
                            ElmGroupWorkspace<Real>& workspace);

}  // namespace elm
