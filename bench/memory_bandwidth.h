#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "bench/fma_peak.h"
#include "kernels/core/simd/lanes.h"

namespace elm::bench {

/// Bytes that one core reads in a second from an array of 256 MB, which no cache holds:
/// neighbouring vectors, four sums side by side, best of `repeats`.
inline double measure_read_bandwidth(int repeats = 7) {
    constexpr int N = lanes::native<float>;
    using V = lanes::Vec<float, N>;
    constexpr std::size_t count = std::size_t{64} << 20;
    const std::vector<float> array(count, 1.0F);
    double best = 0;
    for (int repeat = 0; repeat < repeats; ++repeat) {
        V sums[4] = {};
        const double start = thread_seconds();
        for (std::size_t i = 0; i < count; i += 4 * N) {
#pragma GCC unroll 4
            for (std::size_t k = 0; k < 4; ++k) {
                sums[k] = sums[k] + lanes::load<float, N>(array.data() + i + k * N);
            }
        }
        const double seconds = thread_seconds() - start;
        const V sum = sums[0] + sums[1] + sums[2] + sums[3];
        asm volatile("" : : "m"(sum));
        best = std::max(best, static_cast<double>(count * sizeof(float)) / seconds);
    }
    return best;
}

}  // namespace elm::bench
