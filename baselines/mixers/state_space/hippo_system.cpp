#include "baselines/mixers/state_space/hippo_system.h"

#include <Eigen/Dense>
#include <cmath>
#include <numbers>
#include <unsupported/Eigen/MatrixFunctions>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double sign(Eigen::Index power) { return power % 2 == 0 ? 1 : -1; }
double odd(Eigen::Index n) { return 2 * static_cast<double>(n) + 1; }
double weight(Eigen::Index n) { return std::sqrt(odd(n)); }

LinearSystem as_system(const Matrix& a, const Eigen::VectorXd& b) {
    return {b.size(), {a.data(), a.data() + a.size()}, {b.data(), b.data() + b.size()}};
}

/// Element by element of A and of B.
template <class A, class B>
LinearSystem filled(std::int64_t states, const A& element, const B& input) {
    Matrix a(states, states);
    Eigen::VectorXd b(states);
    for (Eigen::Index n = 0; n < states; ++n) {
        b(n) = input(n);
        for (Eigen::Index k = 0; k < states; ++k) a(n, k) = element(n, k);
    }
    return as_system(a, b);
}

LinearSystem waves(std::int64_t states) {
    ELM_CHECK(states % 2 == 0, "a memory of waves has an even number of states (got {})", states);
    const auto input = [](Eigen::Index n) {
        if (n == 0) return 1.0;
        return n % 2 == 0 ? std::numbers::sqrt2 : 0.0;
    };
    return filled(
        states,
        [&](Eigen::Index n, Eigen::Index k) {
            const double turn = n / 2 == k / 2 && n != k
                                    ? std::numbers::pi * static_cast<double>(n / 2) * sign(n + 1)
                                    : 0;
            return turn - input(n) * input(k);
        },
        input);
}

}  // namespace

LinearSystem hippo_system(const std::string& measure, std::int64_t states) {
    ELM_CHECK(states > 0, "a memory needs at least one state (got {})", states);
    if (measure == "fout") return waves(states);
    if (measure == "legs") {
        return filled(
            states,
            [](Eigen::Index n, Eigen::Index k) {
                if (n == k) return -static_cast<double>(n + 1);
                return n > k ? -weight(n) * weight(k) : 0.0;
            },
            weight);
    }
    if (measure == "legt") {
        return filled(
            states,
            [](Eigen::Index n, Eigen::Index k) {
                return -0.5 * (k <= n ? 1 : sign(k - n)) * weight(n) * weight(k);
            },
            [](Eigen::Index n) { return weight(n) / 2; });
    }
    if (measure == "lmu") {
        return filled(
            states,
            [](Eigen::Index n, Eigen::Index k) { return odd(n) * (n < k ? -1 : sign(n - k + 1)); },
            [](Eigen::Index n) { return odd(n) * sign(n); });
    }
    ELM_CHECK(measure == "lagt",
              "a memory of the measure {}: expected legs, legt, lmu, lagt or fout", measure);
    return filled(
        states,
        [](Eigen::Index n, Eigen::Index k) {
            if (n == k) return -0.5;
            return n > k ? -1.0 : 0.0;
        },
        [](Eigen::Index) { return 1.0; });
}

LinearSystem discretised(const LinearSystem& system, const std::string& rule, double step) {
    const Eigen::Index size = system.states;
    const Matrix a = step * Eigen::Map<const Matrix>(system.matrix.data(), size, size);
    const Eigen::VectorXd b = step * Eigen::Map<const Eigen::VectorXd>(system.vector.data(), size);
    if (rule == "zoh") {
        // The exponential of both at once, which needs no inverse of A.
        Eigen::MatrixXd both = Eigen::MatrixXd::Zero(size + 1, size + 1);
        both.topLeftCorner(size, size) = a;
        both.topRightCorner(size, 1) = b;
        const Eigen::MatrixXd power = both.exp();
        return as_system(power.topLeftCorner(size, size), power.topRightCorner(size, 1));
    }
    ELM_CHECK(rule == "forward" || rule == "bilinear" || rule == "backward",
              "a memory by the rule {}: expected zoh, forward, bilinear or backward", rule);
    const double alpha = rule == "forward" ? 0 : (rule == "bilinear" ? 0.5 : 1);
    const Matrix one = Matrix::Identity(size, size);
    const Eigen::PartialPivLU<Eigen::MatrixXd> left(Eigen::MatrixXd(one - alpha * a));
    return as_system(left.solve(one + (1 - alpha) * a), left.solve(b));
}

}  // namespace elm
