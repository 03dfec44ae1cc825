#include "baselines/mixers/state_space/low_rank_output.h"

#include <Eigen/LU>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

/// The matrix of a step on states as real numbers, (real parts, imaginary parts).
Eigen::MatrixXd step_matrix(const LowRankModes& modes) {
    const auto count = static_cast<Eigen::Index>(modes.rate.size());
    Eigen::MatrixXd rates = Eigen::MatrixXd::Zero(2 * count, 2 * count);
    Eigen::VectorXd correction(2 * count);
    for (Eigen::Index n = 0; n < count; ++n) {
        const std::complex<double> a = modes.rate[static_cast<std::size_t>(n)];
        rates(n, n) = rates(count + n, count + n) = a.real();
        rates(count + n, n) = a.imag();
        rates(n, count + n) = -a.imag();
        correction(n) = modes.correction[static_cast<std::size_t>(n)].real();
        correction(count + n) = modes.correction[static_cast<std::size_t>(n)].imag();
    }
    // Of P P*, with the other mode of each pair: P times twice a real product.
    rates -= 2 * correction * correction.transpose();
    const Eigen::MatrixXd one = Eigen::MatrixXd::Identity(2 * count, 2 * count);
    const Eigen::MatrixXd half = modes.step / 2 * rates;
    return (one - half).partialPivLu().solve(one + half);
}

Eigen::MatrixXd power_of(Eigen::MatrixXd matrix, std::int64_t exponent) {
    Eigen::MatrixXd result = Eigen::MatrixXd::Identity(matrix.rows(), matrix.cols());
    for (; exponent > 0; exponent /= 2) {
        if (exponent % 2 == 1) result = matrix * result;
        if (exponent > 1) matrix = matrix * matrix;
    }
    return result;
}

}  // namespace

std::vector<std::complex<double>> recurrent_output_weight(
    const LowRankModes& modes, const std::vector<std::complex<double>>& kernel_weight,
    std::int64_t length) {
    const auto count = static_cast<Eigen::Index>(modes.rate.size());
    Eigen::VectorXd weight(2 * count);  // 2 Re(C' x) = 2 (Re C' Re x - Im C' Im x)
    for (Eigen::Index n = 0; n < count; ++n) {
        weight(n) = kernel_weight[static_cast<std::size_t>(n)].real();
        weight(count + n) = -kernel_weight[static_cast<std::size_t>(n)].imag();
    }
    const Eigen::MatrixXd kept = Eigen::MatrixXd::Identity(2 * count, 2 * count) -
                                 power_of(step_matrix(modes), length).transpose();
    const Eigen::VectorXd solved = kept.partialPivLu().solve(weight);
    if (!solved.allFinite()) {
        throw Error(ErrorKind::numeric,
                    "a state space with a mode that does not decay has no recurrence: its output "
                    "weight is not finite");
    }
    std::vector<std::complex<double>> result;
    for (Eigen::Index n = 0; n < count; ++n) result.emplace_back(solved(n), -solved(count + n));
    return result;
}

}  // namespace elm
