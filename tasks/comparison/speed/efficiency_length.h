#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "tasks/metrics.h"

/// The length from which on a model is cheaper than exact attention: where the fitted curves of
/// their costs meet, a parabola of attention and a line of the model,
///
///     a N^2 + b N + c = d N + e,
///
/// the larger of two such lengths. Source: Zhang et al. 2023, CAB: comprehensive attention
/// benchmarking on long sequence modeling, arXiv 2210.07661, appendix.
namespace elm {

/// Repeated measurements of a cost at each length, in rising order of lengths.
struct CostCurve {
    std::vector<double> lengths;
    std::vector<std::vector<double>> repeats;

    /// At each length the mean of the repeats between the quartiles.
    std::vector<double> costs() const;
};

/// Mean of the values from the 25th to the 75th percentile.
double interquartile_mean(std::vector<double> values);

/// A polynomial by least squares, from the constant on, and the share of variance that it explains:
/// NaN where there are no more points than coefficients.
struct CostFit {
    std::vector<double> coefficients;
    double explained = std::numeric_limits<double>::quiet_NaN();
};
/// Throws Error{invalid} for fewer lengths than coefficients.
CostFit fit_cost(std::span<const double> lengths, std::span<const double> costs, int degree);

/// cost = c N^exponent by a line through logarithms.
struct CostExponent {
    double exponent = 0;
    double explained = 0;  // of the logarithms' variance
};
/// Throws Error{invalid} for fewer than two lengths, and for costs that are not above 0.
CostExponent fit_exponent(std::span<const double> lengths, std::span<const double> costs);

struct EfficiencyLength {
    enum class Kind : std::uint8_t {
        crossing,
        always,    // cheaper at all measured lengths, and the fits do not meet from one step on
        never,     // no cheaper at the longest, and the fits do not meet (below 1000 times that)
        unfitted,  // cheaper at the longest and not at all of them, and the fits do not meet
        unknown    // too few lengths
    };
    Kind kind = Kind::unknown;
    double fitted = 0;          // where the fits meet
    bool extrapolated = false;  // outside of the measured lengths
    Interval interval{};  // 95 % of `fitted` under resampled repeats; NaN where they do not meet,
                          // and of costs that were measured once
    /// Between the first two lengths where the model becomes cheaper for good, by a line through
    /// logarithms; NaN where it does not within the measured ones.
    double bracketed = 0;
    CostFit attention = {}, model = {};
};

/// `leaves_first`: the line is fitted without the shortest length, as is done for time, where calls
/// of short sequences have costs of their own.
EfficiencyLength efficiency_length(const CostCurve& model, const CostCurve& attention,
                                   bool leaves_first, const RandomKey& key,
                                   std::int64_t rounds = 500);

/// "1877", "70 (extrapolated)", "always cheaper", "never", "fits do not meet", "-".
std::string to_text(const EfficiencyLength& length);

}  // namespace elm
