#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/core/random/random_key.h"

namespace elm {

/// `count` numbers of 0 .. size - 1 with replacement: draws of round `round` of `key`.
std::vector<std::int64_t> draw_with_replacement(const RandomKey& key, std::int64_t round,
                                                std::int64_t size, std::int64_t count);

/// How often each of `size` samples is drawn in a round of the bootstrap; the sum is `size`.
std::vector<double> bootstrap_weights(const RandomKey& key, std::int64_t round, std::int64_t size);

/// The same of samples that stand in groups, whose samples are drawn together: as many groups are
/// drawn as there are. `groups`: a number of each sample's group; empty: each sample stands alone.
std::vector<double> bootstrap_weights(const RandomKey& key, std::int64_t round, std::int64_t size,
                                      std::span<const std::int64_t> groups);

/// The value below which this share of `values`, in any order, lies; between two of them by a line
/// (type 7 of Hyndman & Fan 1996, doi:10.1080/00031305.1996.10473566). NaN of none.
double percentile(std::vector<double> values, double share);

}  // namespace elm
