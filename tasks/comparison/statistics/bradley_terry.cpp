#include "tasks/comparison/statistics/bradley_terry.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

double win_probability(double difference) { return 1 / (1 + std::exp(-difference)); }

/// ln(1 + exp(x)).
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// The negative log likelihood, and its derivatives where they are wanted.
double cost(const PairTally& tally, bool with_prior, const Vector& theta, Vector* gradient,
            Matrix* curvature) {
    const std::int64_t n = tally.size();
    if (gradient != nullptr) {
        gradient->setZero(n);
        curvature->setZero(n, n);
    }
    double sum = 0;
    for (std::int64_t a = 0; a < n; ++a) {
        for (std::int64_t b = a + 1; b < n; ++b) {
            const double games = tally.games(a, b), difference = theta[a] - theta[b];
            sum += tally.won(a, b) * softplus(-difference) + tally.won(b, a) * softplus(difference);
            if (gradient == nullptr) continue;
            const double p = win_probability(difference);
            const double slope = games * p - tally.won(a, b), bend = games * p * (1 - p);
            (*gradient)[a] += slope;
            (*gradient)[b] -= slope;
            (*curvature)(a, a) += bend;
            (*curvature)(b, b) += bend;
            (*curvature)(a, b) -= bend;
            (*curvature)(b, a) -= bend;
        }
        if (!with_prior) continue;
        sum += 0.5 * (softplus(-theta[a]) + softplus(theta[a]));
        if (gradient == nullptr) continue;
        const double p = win_probability(theta[a]);
        (*gradient)[a] += p - 0.5;
        (*curvature)(a, a) += p * (1 - p);
    }
    return sum;
}

/// Contestants that `start` reaches, over games that it won or tied (or, `backward`, lost or tied).
std::int64_t reached(const PairTally& tally, bool backward) {
    const std::int64_t n = tally.size();
    std::vector<bool> seen(static_cast<std::size_t>(n), false);
    std::vector<std::int64_t> open{0};
    seen[0] = true;
    std::int64_t count = 1;
    while (!open.empty()) {
        const std::int64_t a = open.back();
        open.pop_back();
        for (std::int64_t b = 0; b < n; ++b) {
            const double won = backward ? tally.won(b, a) : tally.won(a, b);
            if (won <= 0 || seen[static_cast<std::size_t>(b)]) continue;
            seen[static_cast<std::size_t>(b)] = true;
            open.push_back(b);
            ++count;
        }
    }
    return count;
}

}  // namespace

PairTally::PairTally(std::int64_t n_contestants)
    : size_(n_contestants), won_(static_cast<std::size_t>(n_contestants * n_contestants), 0) {
    ELM_CHECK(n_contestants >= 2, "ratings of {} contestants: expected at least 2", n_contestants);
}

bool PairTally::is_connected() const {
    return reached(*this, false) == size_ && reached(*this, true) == size_;
}

std::vector<double> bradley_terry(const PairTally& tally, bool with_prior) {
    ELM_CHECK(with_prior || tally.is_connected(),
              "some contestants never lose to or tie with the others, so their strengths have no "
              "end. Rate with a prior, or on more samples.");
    constexpr int most_steps = 200;
    constexpr double accuracy = 1e-12;
    const std::int64_t n = tally.size();
    Vector theta = Vector::Zero(n), gradient;
    Matrix curvature;
    double now = cost(tally, with_prior, theta, &gradient, &curvature);
    for (int step = 0; step < most_steps; ++step) {
        // Strengths matter up to a constant: the matrix of ones holds their mean at 0.
        if (!with_prior) curvature.array() += 1;
        const Vector move = curvature.ldlt().solve(gradient);
        double share = 1, next = 0;
        Vector moved;
        do {
            moved = theta - share * move;
            next = cost(tally, with_prior, moved, nullptr, nullptr);
            share /= 2;
        } while (next > now + 1e-13 * std::abs(now) && share > 1e-10);
        const double largest = (moved - theta).cwiseAbs().maxCoeff();
        theta = moved;
        now = cost(tally, with_prior, theta, &gradient, &curvature);
        if (largest < accuracy) break;
    }
    theta.array() -= theta.mean();
    return {theta.data(), theta.data() + n};
}

double elo_points(double strength) { return 1000 + 400 / std::numbers::ln10 * strength; }

BradleyTerryFit fit_of(const PairTally& tally, const std::vector<double>& strengths) {
    BradleyTerryFit fit;
    std::int64_t pairs = 0;
    for (std::int64_t a = 0; a < tally.size(); ++a) {
        for (std::int64_t b = a + 1; b < tally.size(); ++b) {
            const double games = tally.games(a, b);
            if (games <= 0) continue;
            const double p = win_probability(strengths[static_cast<std::size_t>(a)] -
                                             strengths[static_cast<std::size_t>(b)]);
            const double off = tally.won(a, b) - games * p;
            fit.chi_squared += off * off / (games * p * (1 - p));
            ++pairs;
        }
    }
    fit.degrees = pairs - (tally.size() - 1);
    return fit;
}

}  // namespace elm
