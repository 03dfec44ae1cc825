#pragma once

#include <cstdint>
#include <vector>

/// Strengths of contestants from who beat whom:
///
///     P(a beats b) = 1 / (1 + exp(theta_b - theta_a)),   sum of theta = 0
///
/// where a tie is half a win of each. Source: Bradley & Terry 1952, doi:10.2307/2334029; on the
/// scale of Elo 1978, 400 points are odds of ten to one.
namespace elm {

/// What happened between contestants, as numbers of games that may be broken.
struct PairTally {
    explicit PairTally(std::int64_t n_contestants);

    std::int64_t size() const noexcept { return size_; }
    /// Wins of `a` over `b`, ties counted half.
    double& won(std::int64_t a, std::int64_t b) { return won_[index(a, b)]; }
    double won(std::int64_t a, std::int64_t b) const { return won_[index(a, b)]; }
    double games(std::int64_t a, std::int64_t b) const { return won(a, b) + won(b, a); }

    /// Whether everyone can be reached from everyone by way of games won or tied: then, and only
    /// then, there are strengths that fit best.
    bool is_connected() const;

private:
    std::size_t index(std::int64_t a, std::int64_t b) const {
        return static_cast<std::size_t>(a * size_ + b);
    }
    std::int64_t size_;
    std::vector<double> won_;
};

/// The most likely strengths, by Newton's method. `with_prior`: everyone also won half a game and
/// lost half a game against an average player of strength 0, so that there always are strengths.
/// Throws Error{invalid} for a tally that is not connected, without the prior.
std::vector<double> bradley_terry(const PairTally& tally, bool with_prior = false);

/// Points of Elo's scale for a strength: 1000 + 400/ln 10 theta.
double elo_points(double strength);

/// How well strengths explain the tally: the sum over pairs of (observed - expected)^2/(n p (1-p)),
/// about chi-squared where games are independent.
struct BradleyTerryFit {
    double chi_squared = 0;
    std::int64_t degrees = 0;  // (M - 1)(M - 2)/2 where all pairs met
};
BradleyTerryFit fit_of(const PairTally& tally, const std::vector<double>& strengths);

}  // namespace elm
