#include "tasks/comparison/speed/efficiency_length.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include <fmt/format.h>
#include <Eigen/Core>
#include <Eigen/QR>

#include "kernels/core/support/check.h"
#include "tasks/comparison/statistics/resampling.h"

namespace elm {
namespace {

/// Fits that meet beyond so many times the longest length measured say nothing.
constexpr double farthest = 1000;

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t fewest_of_attention = 3, fewest_of_model = 3;

/// Where a parabola meets a line, the larger of two lengths above 0.
std::optional<double> meeting(const CostFit& attention, const CostFit& model) {
    const double a = attention.coefficients[2];
    const double b = attention.coefficients[1] - model.coefficients[1];
    const double c = attention.coefficients[0] - model.coefficients[0];
    const double under_root = b * b - 4 * a * c;
    if (a <= 0 || under_root < 0) return {};
    const double length = (-b + std::sqrt(under_root)) / (2 * a);
    return length > 0 ? std::optional(length) : std::nullopt;
}

std::span<const double> from(const std::vector<double>& values, bool leaves_first) {
    const bool enough = values.size() > fewest_of_model;
    return std::span(values).subspan(leaves_first && enough ? 1 : 0);
}

CostFit fit_of_model(const CostCurve& curve, const std::vector<double>& costs, bool leaves_first) {
    return fit_cost(from(curve.lengths, leaves_first), from(costs, leaves_first), 1);
}

/// The same repeats drawn anew at each length.
std::vector<double> resampled_costs(const CostCurve& curve, const RandomKey& key,
                                    std::int64_t round) {
    std::vector<double> costs;
    for (std::size_t k = 0; k < curve.lengths.size(); ++k) {
        const auto n = std::ssize(curve.repeats[k]);
        std::vector<double> drawn;
        for (const std::int64_t at :
             draw_with_replacement(key.for_part(static_cast<std::uint32_t>(k)), round, n, n)) {
            drawn.push_back(curve.repeats[k][static_cast<std::size_t>(at)]);
        }
        costs.push_back(interquartile_mean(std::move(drawn)));
    }
    return costs;
}

/// Costs of both where both were measured.
struct Pairs {
    std::vector<double> lengths, model, attention;
};
Pairs pairs_of(const CostCurve& model, const CostCurve& attention) {
    const std::vector<double> of_model = model.costs(), of_attention = attention.costs();
    Pairs pairs;
    for (std::size_t i = 0; i < model.lengths.size(); ++i) {
        for (std::size_t j = 0; j < attention.lengths.size(); ++j) {
            if (model.lengths[i] != attention.lengths[j]) continue;
            pairs.lengths.push_back(model.lengths[i]);
            pairs.model.push_back(of_model[i]);
            pairs.attention.push_back(of_attention[j]);
        }
    }
    return pairs;
}

double bracketed_length(const Pairs& pairs) {
    for (std::size_t k = pairs.lengths.size(); k-- > 1;) {
        const double before = std::log(pairs.model[k - 1] / pairs.attention[k - 1]);
        const double after = std::log(pairs.model[k] / pairs.attention[k]);
        if (after >= 0) return none;  // not cheaper from here on
        if (before < 0) continue;
        const double share = before / (before - after);
        return pairs.lengths[k - 1] * std::pow(pairs.lengths[k] / pairs.lengths[k - 1], share);
    }
    return none;
}

EfficiencyLength::Kind kind_without_meeting(const Pairs& pairs) {
    std::size_t cheaper = 0;
    for (std::size_t k = 0; k < pairs.lengths.size(); ++k) {
        if (pairs.model[k] < pairs.attention[k]) ++cheaper;
    }
    const bool at_longest = cheaper > 0 && pairs.model.back() < pairs.attention.back();
    return !at_longest                       ? EfficiencyLength::Kind::never
           : cheaper == pairs.lengths.size() ? EfficiencyLength::Kind::always
                                             : EfficiencyLength::Kind::unfitted;
}

bool measured_once(const CostCurve& curve) {
    return std::all_of(curve.repeats.begin(), curve.repeats.end(),
                       [](const std::vector<double>& all) { return all.size() == 1; });
}

}  // namespace

double interquartile_mean(std::vector<double> values) {
    const double low = percentile(values, 0.25), high = percentile(values, 0.75);
    double sum = 0, count = 0;
    for (const double value : values) {
        if (value < low || value > high) continue;
        sum += value;
        ++count;
    }
    // Of two values none lies between the quartiles.
    return count > 0 ? sum / count : percentile(std::move(values), 0.5);
}

std::vector<double> CostCurve::costs() const {
    std::vector<double> costs;
    for (const std::vector<double>& all : repeats) costs.push_back(interquartile_mean(all));
    return costs;
}

CostFit fit_cost(std::span<const double> lengths, std::span<const double> costs, int degree) {
    ELM_CHECK(std::ssize(lengths) > degree && lengths.size() == costs.size(),
              "a curve of degree {} through {} lengths", degree, lengths.size());
    const auto rows = static_cast<Eigen::Index>(lengths.size());
    const double unit = lengths.back();  // powers of shares of it are of one size
    Eigen::MatrixXd powers(rows, degree + 1);
    Eigen::VectorXd wanted(rows);
    for (Eigen::Index row = 0; row < rows; ++row) {
        const auto at = static_cast<std::size_t>(row);
        double power = 1;
        for (int k = 0; k <= degree; ++k, power *= lengths[at] / unit) powers(row, k) = power;
        wanted[row] = costs[at];
    }
    const Eigen::VectorXd found = powers.colPivHouseholderQr().solve(wanted);
    CostFit fit;
    for (int k = 0; k <= degree; ++k) {
        fit.coefficients.push_back(found[k] / std::pow(unit, k));
    }
    const double mean = wanted.mean();
    const double total = (wanted.array() - mean).square().sum();
    const double left = (powers * found - wanted).squaredNorm();
    // A curve through as many points as it has coefficients explains nothing.
    const bool is_fitted = rows > degree + 1;
    fit.explained = !is_fitted ? none : total > 0 ? 1 - left / total : 1;
    return fit;
}

CostExponent fit_exponent(std::span<const double> lengths, std::span<const double> costs) {
    const auto n = static_cast<double>(lengths.size());
    ELM_CHECK(lengths.size() > 1 && lengths.size() == costs.size(),
              "an exponent through {} lengths", lengths.size());
    ELM_CHECK(std::all_of(costs.begin(), costs.end(), [](double cost) { return cost > 0; }),
              "an exponent of a cost that is not above 0");
    double mean_x = 0, mean_y = 0;
    for (std::size_t k = 0; k < lengths.size(); ++k) {
        mean_x += std::log(lengths[k]) / n;
        mean_y += std::log(costs[k]) / n;
    }
    double xx = 0, xy = 0, yy = 0;
    for (std::size_t k = 0; k < lengths.size(); ++k) {
        const double x = std::log(lengths[k]) - mean_x, y = std::log(costs[k]) - mean_y;
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    return {xy / xx, yy > 0 ? xy * xy / (xx * yy) : 1};
}

EfficiencyLength efficiency_length(const CostCurve& model, const CostCurve& attention,
                                   bool leaves_first, const RandomKey& key, std::int64_t rounds) {
    EfficiencyLength result{.fitted = none, .interval = {none, none}, .bracketed = none};
    if (attention.lengths.size() < fewest_of_attention || model.lengths.size() < fewest_of_model) {
        return result;
    }
    const Pairs pairs = pairs_of(model, attention);
    result.bracketed = bracketed_length(pairs);
    result.attention = fit_cost(attention.lengths, attention.costs(), 2);
    result.model = fit_of_model(model, model.costs(), leaves_first);
    const auto met = meeting(result.attention, result.model);
    const EfficiencyLength::Kind apart = kind_without_meeting(pairs);
    const bool below_one_step = met && *met < 1 && apart == EfficiencyLength::Kind::always;
    const bool out_of_reach = met && *met > farthest * attention.lengths.back();
    if (!met || below_one_step || out_of_reach) {
        result.kind = apart;
        return result;
    }
    result.kind = EfficiencyLength::Kind::crossing;
    result.fitted = *met;
    result.extrapolated = *met < attention.lengths.front() || *met > attention.lengths.back();
    if (measured_once(model) && measured_once(attention)) return result;
    std::vector<double> all;
    for (std::int64_t round = 0; round < rounds; ++round) {
        const auto again =
            meeting(fit_cost(attention.lengths,
                             resampled_costs(attention, key.for_purpose("attention"), round), 2),
                    fit_of_model(model, resampled_costs(model, key.for_purpose("model"), round),
                                 leaves_first));
        if (again) all.push_back(*again);
    }
    result.interval = {percentile(all, 0.025), percentile(all, 0.975)};
    return result;
}

std::string to_text(const EfficiencyLength& length) {
    switch (length.kind) {
        case EfficiencyLength::Kind::crossing:
            return fmt::format("{:.0f}{}", length.fitted,
                               length.extrapolated ? " (extrapolated)" : "");
        case EfficiencyLength::Kind::always:
            return "always cheaper";
        case EfficiencyLength::Kind::never:
            return "never";
        case EfficiencyLength::Kind::unfitted:
            return "fits do not meet";
        case EfficiencyLength::Kind::unknown:
            break;
    }
    return "-";
}

}  // namespace elm
