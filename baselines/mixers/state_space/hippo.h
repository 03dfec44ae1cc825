#pragma once

#include <complex>
#include <cstdint>
#include <vector>

/// The HiPPO matrix of scaled Legendre polynomials (LegS) as modes: Gu et al. 2020, arXiv
/// 2008.07669; its normal part after Gu et al. 2022, arXiv 2111.00396, theorem 1.
namespace elm {

/// Of A[n][k] = -b_n b_k below the diagonal, -(n + 1) on it, with b_n = sqrt(2 n + 1), the sum
/// A + b bᵀ / 2 is normal, with eigenvalues -1/2 ± i frequency. One of each pair, the slowest
/// first.
struct LegendreModes {
    std::vector<double> frequency;                   // (modes), positive
    std::vector<std::complex<double>> input_weight;  // (modes), V* b
    std::vector<std::complex<double>> basis;         // V, (2 modes, modes) row by row
};

/// Throws Error{invalid} for less than one mode.
LegendreModes legendre_modes(std::int64_t modes);

}  // namespace elm
