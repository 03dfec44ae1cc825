#pragma once

#include <complex>
#include <cstdint>
#include <string>
#include <vector>

/// HiPPO matrices as modes: of scaled Legendre polynomials (LegS) and of those in a window of
/// length 2 (LegT), Gu et al. 2020, arXiv 2008.07669; of a Fourier basis (FouT), Gu et al. 2023,
/// arXiv 2206.12037. A normal matrix less a correction of low rank each, Gu et al. 2022, arXiv
/// 2111.00396, theorem 1 and appendix C.1.
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

/// A normal matrix with eigenvalues -decay ± i frequency, of which the matrix is less the sum of
/// P P* over its corrections; its input and the corrections in the basis of the modes.
struct HippoModes {
    double decay;
    std::vector<double> frequency;  // (modes), one of each pair, the slowest first
    std::vector<std::complex<double>> input_weight;
    std::vector<std::vector<std::complex<double>>> corrections;
};

/// `matrix` is one of these, and has a correction of rank 1 or, of legt, 2:
///
///   legs   as above
///   legt   A[n][k] = -b_n b_k / 2 for k <= n, else that times (-1)^(n-k); B = b / 2
///   fout   blocks of ± i pi n on the diagonal less B Bᵀ, B = 1 for n = 0 and sqrt(2) for others,
///          and 0 for sines
///
/// Throws Error{invalid} for less than one mode.
HippoModes hippo_modes(const std::string& matrix, std::int64_t modes);

}  // namespace elm
