#include "tasks/comparison/statistics/resampling.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace elm {

std::vector<std::int64_t> draw_with_replacement(const RandomKey& key, std::int64_t round,
                                                std::int64_t size, std::int64_t count) {
    const RandomKey own = key.at_step(static_cast<std::uint64_t>(round));
    std::vector<std::int64_t> drawn(static_cast<std::size_t>(count));
    const auto range = static_cast<std::uint64_t>(size);
    for (std::int64_t first = 0; first < count; first += draws_per_block) {
        const PhiloxCounter block = random_block(own, first / draws_per_block);
        for (std::int64_t k = first; k < std::min(count, first + draws_per_block); ++k) {
            // The upper word of the product: uniform to a resolution of 2^-32.
            drawn[static_cast<std::size_t>(k)] =
                static_cast<std::int64_t>((block.word[k - first] * range) >> 32);
        }
    }
    return drawn;
}

std::vector<double> bootstrap_weights(const RandomKey& key, std::int64_t round, std::int64_t size) {
    std::vector<double> weights(static_cast<std::size_t>(size), 0);
    for (const std::int64_t sample : draw_with_replacement(key, round, size, size)) {
        ++weights[static_cast<std::size_t>(sample)];
    }
    return weights;
}

std::vector<double> bootstrap_weights(const RandomKey& key, std::int64_t round, std::int64_t size,
                                      std::span<const std::int64_t> groups) {
    if (groups.empty()) return bootstrap_weights(key, round, size);
    std::vector<std::int64_t> distinct(groups.begin(), groups.end());
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    const std::vector<double> of_group = bootstrap_weights(key, round, std::ssize(distinct));
    std::vector<double> weights;
    for (const std::int64_t group : groups) {
        const auto at = std::lower_bound(distinct.begin(), distinct.end(), group);
        weights.push_back(of_group[static_cast<std::size_t>(at - distinct.begin())]);
    }
    return weights;
}

double percentile(std::vector<double> values, double share) {
    if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
    std::sort(values.begin(), values.end());
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    const double part = place - std::floor(place);
    return values[below] + part * (values[above] - values[below]);
}

}  // namespace elm
