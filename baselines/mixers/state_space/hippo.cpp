#include "baselines/mixers/state_space/hippo.h"

#include <Eigen/Eigenvalues>
#include <cmath>
#include <numbers>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

double legendre_scale(Eigen::Index n) { return std::sqrt(2.0 * static_cast<double>(n) + 1); }

/// V* x of a real x by element.
template <class Element>
std::vector<std::complex<double>> in_basis(const Eigen::MatrixXcd& basis, const Element& x) {
    std::vector<std::complex<double>> all;
    for (Eigen::Index k = 0; k < basis.cols(); ++k) {
        std::complex<double> sum = 0;
        for (Eigen::Index n = 0; n < basis.rows(); ++n) sum += std::conj(basis(n, k)) * x(n);
        all.push_back(sum);
    }
    return all;
}

struct SkewModes {
    std::vector<double> frequency;
    Eigen::MatrixXcd basis;  // (2 modes, modes)
};

/// Of the skew matrix S[n][k] = -b_n b_k / 2 below the diagonal where `counts(n, k)`. -i S is
/// Hermitian with eigenvalues ± frequency.
template <class Counts>
SkewModes skew_modes(std::int64_t modes, const Counts& counts) {
    ELM_CHECK(modes > 0, "a state space needs at least one mode (got {})", modes);
    const Eigen::Index size = 2 * modes;
    Eigen::MatrixXcd hermitian(size, size);
    for (Eigen::Index n = 0; n < size; ++n) {
        for (Eigen::Index k = 0; k < size; ++k) {
            const double sign = n == k || !counts(n, k) ? 0 : (n > k ? -1 : 1);
            hermitian(n, k) =
                std::complex(0.0, -sign * 0.5 * legendre_scale(n) * legendre_scale(k));
        }
    }
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXcd> solver(hermitian);
    SkewModes result;
    for (Eigen::Index k = modes; k < size; ++k) {  // ascending: the first half is negative
        result.frequency.push_back(solver.eigenvalues()(k));
    }
    result.basis = solver.eigenvectors().rightCols(modes);
    return result;
}

HippoModes windowed_legendre_modes(std::int64_t modes) {
    const auto is_odd = [](Eigen::Index n) { return n % 2 != 0; };
    const SkewModes skew =
        skew_modes(modes, [&](Eigen::Index n, Eigen::Index k) { return is_odd(n) != is_odd(k); });
    HippoModes result{
        .decay = 0,
        .frequency = skew.frequency,
        .input_weight = in_basis(skew.basis, [](Eigen::Index n) { return legendre_scale(n) / 2; }),
        .corrections = {}};
    for (const bool odd : {true, false}) {
        result.corrections.push_back(in_basis(skew.basis, [&](Eigen::Index n) {
            return is_odd(n) == odd ? legendre_scale(n) / std::numbers::sqrt2 : 0.0;
        }));
    }
    return result;
}

HippoModes fourier_modes(std::int64_t modes) {
    HippoModes result{.decay = 0, .frequency = {}, .input_weight = {}, .corrections = {}};
    for (std::int64_t n = 0; n < modes; ++n) {
        result.frequency.push_back(std::numbers::pi * static_cast<double>(n));
        result.input_weight.emplace_back(n == 0 ? 1 / std::numbers::sqrt2 : 1.0);
    }
    result.corrections = {result.input_weight};
    return result;
}

}  // namespace

LegendreModes legendre_modes(std::int64_t modes) {
    const SkewModes skew = skew_modes(modes, [](Eigen::Index, Eigen::Index) { return true; });
    LegendreModes result{.frequency = skew.frequency,
                         .input_weight = in_basis(skew.basis, legendre_scale),
                         .basis = {}};
    for (Eigen::Index n = 0; n < skew.basis.rows(); ++n) {
        for (Eigen::Index k = 0; k < modes; ++k) result.basis.push_back(skew.basis(n, k));
    }
    return result;
}

HippoModes hippo_modes(const std::string& matrix, std::int64_t modes) {
    ELM_CHECK(modes > 0, "a state space needs at least one mode (got {})", modes);
    if (matrix == "legt") return windowed_legendre_modes(modes);
    if (matrix == "fout") return fourier_modes(modes);
    ELM_ASSERT(matrix == "legs");
    const LegendreModes scaled = legendre_modes(modes);
    HippoModes result{.decay = 0.5,
                      .frequency = scaled.frequency,
                      .input_weight = scaled.input_weight,
                      .corrections = {scaled.input_weight}};
    for (std::complex<double>& p : result.corrections.front()) p /= std::numbers::sqrt2;
    return result;
}

}  // namespace elm
