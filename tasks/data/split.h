#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace elm {

/// Items of a list to train on, and others to validate on, from selections of them
/// (tasks/data/selection.h). Without any the last quarter is held out; with one of them the other
/// is what remains. Throws Error{invalid} for an item in both, Error{data} where one is empty.
std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> split_items(
    const std::string& train, const std::string& validation, std::int64_t size);

/// Shares of a set in percent: to train on, to validate and to test with.
using SplitPercent = std::array<double, 3>;
inline constexpr SplitPercent published_split = {80, 10, 10};  // Tay et al. 2021, arXiv 2011.04006

/// How many of `count` samples, in their order, are of each share: each boundary is rounded. Throws
/// Error{invalid} unless the shares are at least 0 and add up to 100.
std::array<std::int64_t, 3> split_counts(std::int64_t count, const SplitPercent& split);

}  // namespace elm
