#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <numeric>
#include <vector>

#include "kernels/core/simd/lanes.h"
#include "kernels/core/support/parallel.h"

namespace elm::bench {

/// Processor time of this thread in seconds.
inline double thread_seconds() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Float32 multiply-add peak of one core in FLOP/s: fourteen independent chains in registers, best
/// of `repeats`. A multiply-add counts as two.
inline double measure_fma_peak(int repeats = 15) {
    constexpr int N = lanes::native<float>, chains = 14;
    using V = lanes::Vec<float, N>;
    constexpr int loops = 2'000'000;
    double best = 0;
    for (int repeat = 0; repeat < repeats; ++repeat) {
        V acc[chains];
        for (int c = 0; c < chains; ++c)
            acc[c] = lanes::broadcast<float, N>(1.0F + 0.01F * static_cast<float>(c));
        V factor = lanes::broadcast<float, N>(0.999F), term = lanes::broadcast<float, N>(0.001F);
        asm volatile("" : "+m"(factor), "+m"(term));
        const double start = thread_seconds();
        for (int loop = 0; loop < loops; ++loop) {
#pragma GCC unroll 16
            for (int c = 0; c < chains; ++c) acc[c] = acc[c] * factor + term;
        }
        const double seconds = thread_seconds() - start;
        V sum = acc[0];
        for (int c = 1; c < chains; ++c) sum = sum + acc[c];
        asm volatile("" : : "m"(sum));
        best = std::max(best, 2.0 * N * chains * loops / seconds);
    }
    return best;
}

/// That of `threads` cores at once, which may run slower than one alone: the sum over threads that
/// measure side by side.
inline double measure_fma_peak_of(int threads) {
    set_thread_count(threads);
    std::vector<double> peaks(static_cast<std::size_t>(threads));
    Cpu::for_each_task(threads, [&](std::int64_t thread) {
        peaks[static_cast<std::size_t>(thread)] = measure_fma_peak();
    });
    return std::accumulate(peaks.begin(), peaks.end(), 0.0);
}

/// Float32 multiply-add peak of a CUDA device in FLOP/s, as ELM_DEVICE_GFLOPS says; 0: not known.
inline double device_peak() {
    const char* const said = std::getenv("ELM_DEVICE_GFLOPS");
    return said == nullptr ? 0 : std::atof(said) * 1e9;
}

}  // namespace elm::bench
