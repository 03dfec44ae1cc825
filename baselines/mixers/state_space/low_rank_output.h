#pragma once

#include <complex>
#include <cstdint>
#include <vector>

namespace elm {

/// A state space of one feature, diagonal but for a correction of rank 1 (low_rank_kernel.h), one
/// of each pair of modes.
struct LowRankModes {
    double step;
    std::vector<std::complex<double>> rate, correction;  // a and P
};

/// C of C' = C (I - Ā^length), Ā being the matrix of a step by the bilinear rule: what a recurrence
/// reads its states with, of what a kernel of so many steps is made with. In O(N^3 log length) for
/// N modes. Its relative rounding grows as 1 / (1 - |slowest mode|^length). Throws Error{numeric}
/// where a mode does not decay.
std::vector<std::complex<double>> recurrent_output_weight(
    const LowRankModes& modes, const std::vector<std::complex<double>>& kernel_weight,
    std::int64_t length);

}  // namespace elm
