#include "baselines/mixers/state_space/hippo.h"

#include <Eigen/Eigenvalues>
#include <cmath>

#include "kernels/core/support/check.h"

namespace elm {

LegendreModes legendre_modes(std::int64_t modes) {
    ELM_CHECK(modes > 0, "a state space needs at least one mode (got {})", modes);
    const Eigen::Index size = 2 * modes;
    Eigen::VectorXcd b(size);
    for (Eigen::Index n = 0; n < size; ++n) b(n) = std::sqrt(2.0 * static_cast<double>(n) + 1);
    // The normal part is -1/2 + a skew matrix S; -i S is Hermitian with eigenvalues ± frequency.
    Eigen::MatrixXcd hermitian(size, size);
    for (Eigen::Index n = 0; n < size; ++n) {
        for (Eigen::Index k = 0; k < size; ++k) {
            const double sign = n == k ? 0 : (n > k ? -1 : 1);
            hermitian(n, k) = std::complex(0.0, -sign * 0.5) * b(n) * b(k);
        }
    }
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXcd> solver(hermitian);
    LegendreModes result;
    result.basis.resize(static_cast<std::size_t>(size * modes));
    for (Eigen::Index k = 0; k < modes; ++k) {
        const Eigen::Index column = modes + k;  // ascending: the first half is negative
        result.frequency.push_back(solver.eigenvalues()(column));
        result.input_weight.push_back(solver.eigenvectors().col(column).dot(b));
        for (Eigen::Index n = 0; n < size; ++n) {
            result.basis[static_cast<std::size_t>(n * modes + k)] =
                solver.eigenvectors()(n, column);
        }
    }
    return result;
}

}  // namespace elm
