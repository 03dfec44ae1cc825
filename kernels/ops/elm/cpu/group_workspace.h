#pragma once

#include <vector>

#include "kernels/ops/elm/cpu/gradient/gradient_sums.h"
#include "kernels/ops/elm/events.h"
#include "kernels/ops/elm/group_gradient.h"

/// Parts of a tile of a group.
namespace elm::gradient {

/// Lanes [lane, lane + count) are samples [first, first + count) of one member.
template <class Real>
struct LanePart {
    const ElmGroupMember<Real>* member;
    PartialGradient<Real>* sums;
    std::int64_t first;
    int lane, count;
};

/// The arrays of a tile.
template <class Real>
struct LaneWorkspace {
    AlignedVector<Real> w1, w2, bias2, readout, readout_bias, decay, gain;  // one number a lane
    AlignedVector<Real> in, value, slope, gain_slope, memory, update;       // (steps, units)
    AlignedVector<Real> drive, dz1, output;                                 // of one chunk
    AlignedVector<Real> rows, trace, adjoint, carry, scratch;
    AlignedVector<Real> g1, g2, gb1, gb2, gy, gyb, g_decay, g_gain;  // sums
    std::vector<DenseEvents<Real>> events;
};

/// Forward, through the losses and backward (group_tile.h).
template <class Real>
void run_lane_tile(const std::vector<LanePart<Real>>& parts, std::int64_t n_steps,
                   LaneWorkspace<Real>& workspace);

}  // namespace elm::gradient
