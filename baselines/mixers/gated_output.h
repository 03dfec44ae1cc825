#pragma once

#include <string>

#include "kernels/modules/layers.h"

namespace elm {

class OptionSet;

/// What state spaces do with their output y, of the same width, before it leaves the mixer
/// (G: gelu and dropout, s: sigmoid, *: element by element):
///
///   full_glu    (W1 G(y) + b1) * s(W2 G(y) + b2)
///   half_glu1   G(y) * s(W2 G(y) + b2)
///   half_glu2   y * s(W2 G(y) + b2)
///   linear      W1 G(y) + b1
///   gelu        G(y)
///   none        y
///
/// Child "gate" is the linear layer: of full_glu to both halves at once. Sources: Dauphin et al.
/// 2017, arXiv 1612.08083; Smith et al. 2023, arXiv 2208.04933, appendix; Gu et al. 2022, arXiv
/// 2111.00396.
class GatedOutput : public Module {
public:
    /// Options "output" and, where there is one, "dropout". `gelu` is the exact one or its
    /// approximation.
    GatedOutput(const OptionSet& options, std::int64_t width, Activation gelu);

    /// Declares "output" with this default.
    static void declare(OptionSet& options, const std::string& form);

    Var forward(Context& context, const Var& input) const;

private:
    std::string form_;
    std::int64_t width_;
    double dropout_;
    Activation gelu_;
    Linear* gate_ = nullptr;  // null without one
};

}  // namespace elm
