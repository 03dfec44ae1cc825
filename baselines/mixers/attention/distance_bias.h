#pragma once

#include <memory>

#include "baselines/mixers/attention/rotation.h"
#include "kernels/modules/module.h"

namespace elm {

class OptionSet;

/// What is added to the score of a query at position i and a key at position j of one head, as a
/// function of j - i: a number for each distance ("distances", 2 P - 1 of them for P positions), or
/// with `rotary` the product of two vectors ("left" and "right") turned by their positions
/// (rotation.h). Source: Ma et al. 2022, arXiv 2209.10655, as in the authors' code.
class DistanceBias : public Module {
public:
    /// Options "rotary" and "longest"; positions are within a chunk where there is one (else 0).
    DistanceBias(const OptionSet& options, std::int64_t features, std::int64_t chunk);

    static void declare(OptionSet& options);

    /// (end - begin, end): of queries at begin .. end with keys at 0 .. end. Throws Error{invalid}
    /// for more positions than there are distances for.
    Var table(Context& context, std::int64_t begin, std::int64_t end) const;

private:
    Var of_distances(Context& context, std::int64_t begin, std::int64_t end) const;

    std::int64_t features_, positions_;
    ModuleParameter* distances_ = nullptr;  // null with rotation
    ModuleParameter* left_ = nullptr;       // null without
    ModuleParameter* right_ = nullptr;
    std::unique_ptr<Rotation> rotation_;
};

}  // namespace elm
