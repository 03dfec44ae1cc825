#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/fma_peak.h"
#include "kernels/core/random/random_key.h"
#include "network/connectivity/synapse_rows.h"

namespace elm::bench {

/// Numbers that one core adds in a second to places drawn at random from an array of `n_sums`
/// floats: each is read, changed and written back. The places are a list of 2 bytes each that stays
/// in the first-level cache. Best of `repeats`.
inline double measure_sum_rate(std::int64_t n_sums, int repeats = 7) {
    constexpr std::size_t n_places = 4096;
    constexpr int loops = 400;
    std::vector<float> sums(static_cast<std::size_t>(n_sums));
    // Windows of 2^16 numbers at most, from another place each time.
    const std::int64_t window = std::min<std::int64_t>(n_sums, 1 << 16);
    std::vector<std::uint16_t> places(n_places);
    for (std::size_t i = 0; i < n_places; ++i) {
        const double part =
            unit_uniform<double>(random_word({9, 0, 0}, static_cast<std::int64_t>(i)));
        places[i] = static_cast<std::uint16_t>(part * static_cast<double>(window));
    }
    double best = 0;
    for (int repeat = 0; repeat < repeats; ++repeat) {
        const double start = thread_seconds();
        for (int loop = 0; loop < loops; ++loop) {
            float* const first = sums.data() + (n_sums - window) * (loop % 4) / 4;
            for (std::size_t i = 0; i < n_places; i += 16) {
#pragma GCC unroll 16
                for (std::size_t k = 0; k < 16; ++k) first[places[i + k]] += 1.0F;
            }
            asm volatile("" : : "r"(first) : "memory");
        }
        best = std::max(best, static_cast<double>(loops) * n_places / (thread_seconds() - start));
    }
    return best;
}

/// Places that the synapses of all rows add to.
inline std::int64_t count_sums(const network::SynapseRows<float>& rows, std::size_t n_slots) {
    std::vector<bool> is_sum(n_slots);
    for (const auto& start : rows.row_starts()) {
        for (network::SynapseGroup<float> group(start.row); !group.is_end();
             group = network::SynapseGroup<float>(group.next_head())) {
            group.for_each([&](std::size_t slot, float /*weight*/) { is_sum[slot] = true; });
        }
    }
    return std::count(is_sum.begin(), is_sum.end(), true);
}

}  // namespace elm::bench
