#pragma once

#include <cstdint>
#include <vector>

#include "tasks/arena/sets/arena_pool.h"
#include "tasks/arena/sets/k_means.h"

namespace elm {

/// Samples as points, by features that no model has learnt: of up to 32 groups of channels mean and
/// standard deviation in time; of one random mixture of them the autocorrelation at 1 to 8 steps
/// and the power at 16 frequencies; the length; of 32 random convolutions of 9 steps the largest
/// value and the share above 0 (Dempster, Petitjean & Webb 2020, arXiv 1910.13051). Standardised,
/// then the first 32 principal components. A pair is the mean of its two sequences.
class SampleEmbedding {
public:
    /// Version of the features, which a manifest keeps.
    static constexpr std::int64_t version = 1;

    /// Takes means, deviations and components from these samples. Throws Error{invalid} for none.
    SampleEmbedding(const ArenaPool& pool, const SampleNumbers& samples);

    PointSet of(const SampleNumbers& samples) const;

private:
    PointSet project(const PointSet& features) const;

    const ArenaPool& pool_;
    std::vector<double> mean_, deviation_;
    PointSet components_;  // (components, features)
};

}  // namespace elm
