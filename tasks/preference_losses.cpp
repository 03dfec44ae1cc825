#include "tasks/preference_losses.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// ln softmax(z / temperature)
std::vector<double> log_softmax(std::span<const double> output, double temperature = 1) {
    std::vector<double> logs(output.begin(), output.end());
    for (double& value : logs) value /= temperature;
    const double largest = *std::max_element(logs.begin(), logs.end());
    const double sum = std::accumulate(
        logs.begin(), logs.end(), 0.0,
        [&](double so_far, double value) { return so_far + std::exp(value - largest); });
    for (double& value : logs) value -= largest + std::log(sum);
    return logs;
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
/// ln(1 + exp(x)), in range for any x.
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

void require_equal(std::size_t found, std::size_t expected, const char* what) {
    ELM_CHECK(expected > 0 && found == expected,
              "a loss of {} outputs was given {} {}, expected as many", expected, found, what);
}

void require_class(std::int64_t label, std::size_t classes, const char* what) {
    ELM_CHECK(label >= 0 && label < static_cast<std::int64_t>(classes),
              "the {} class {} is none of 0 to {}", what, label, classes - 1);
}

void require_settings(double beta, double noise) {
    ELM_CHECK(beta > 0, "beta {}: expected more than 0", beta);
    ELM_CHECK(noise >= 0 && noise < 0.5, "noise {}: expected at least 0 and below 0.5", noise);
}

}  // namespace

LossWithGradient distillation_loss(std::span<const double> output, std::int64_t label,
                                   std::span<const double> winner,
                                   const DistillationSettings& settings) {
    require_equal(winner.size(), output.size(), "outputs of the winner");
    require_class(label, output.size(), "labelled");
    const auto [share, temperature] = settings;
    ELM_CHECK(share >= 0 && share <= 1 && temperature > 0,
              "share {} and temperature {}: expected 0 to 1, and more than 0", share, temperature);
    const std::vector<double> logs = log_softmax(output);
    const std::vector<double> own = log_softmax(output, temperature);
    const std::vector<double> wanted = log_softmax(winner, temperature);
    const auto right = static_cast<std::size_t>(label);
    LossWithGradient result{.loss = -(1 - share) * logs[right]};
    for (std::size_t k = 0; k < output.size(); ++k) {
        const double q = std::exp(wanted[k]);
        result.loss += share * temperature * temperature * q * (wanted[k] - own[k]);
        const double hard = std::exp(logs[k]) - (k == right ? 1 : 0);
        result.gradient.push_back((1 - share) * hard +
                                  share * temperature * (std::exp(own[k]) - q));
    }
    return result;
}

LossOfMargin preference_of_margin(double h, const PreferenceSettings& settings) {
    require_settings(settings.beta, settings.noise);
    const double beta = settings.beta, noise = settings.noise;
    switch (settings.form) {
        case PreferenceForm::logistic:
            return {(1 - noise) * softplus(-beta * h) + noise * softplus(beta * h),
                    -beta * ((1 - noise) * logistic(-beta * h) - noise * logistic(beta * h))};
        case PreferenceForm::squared: {
            const double off = h - 1 / (2 * beta);
            return {off * off, 2 * off};
        }
        case PreferenceForm::hinge:
            break;
    }
    const double short_of = 1 - beta * h;
    return short_of > 0 ? LossOfMargin{short_of, -beta} : LossOfMargin{0, 0};
}

LossWithGradient preference_loss(std::span<const double> output, std::span<const double> reference,
                                 std::int64_t chosen, std::int64_t rejected,
                                 const PreferenceSettings& settings) {
    require_equal(reference.size(), output.size(), "outputs of the reference");
    require_class(chosen, output.size(), "chosen");
    require_class(rejected, output.size(), "rejected");
    const auto w = static_cast<std::size_t>(chosen), l = static_cast<std::size_t>(rejected);
    const auto [loss, slope] =
        preference_of_margin((output[w] - output[l]) - (reference[w] - reference[l]), settings);
    LossWithGradient result{loss, std::vector<double>(output.size())};
    result.gradient[w] += slope;
    result.gradient[l] -= slope;
    return result;
}

Margin gaussian_margin(std::span<const double> mean, std::span<const double> reference,
                       std::span<const double> chosen, std::span<const double> rejected,
                       double variance) {
    require_equal(reference.size(), mean.size(), "means of the reference");
    require_equal(chosen.size(), mean.size(), "chosen values");
    require_equal(rejected.size(), mean.size(), "rejected values");
    ELM_CHECK(variance > 0, "variance {}: expected more than 0", variance);
    Margin margin;
    for (std::size_t k = 0; k < mean.size(); ++k) {
        margin.gradient.push_back((chosen[k] - rejected[k]) / variance);
        margin.value += (mean[k] - reference[k]) * margin.gradient.back();
    }
    return margin;
}

Margin bernoulli_margin(std::span<const double> logits, std::span<const double> reference,
                        std::span<const double> chosen, std::span<const double> rejected) {
    require_equal(reference.size(), logits.size(), "logits of the reference");
    require_equal(chosen.size(), logits.size(), "chosen answers");
    require_equal(rejected.size(), logits.size(), "rejected answers");
    const auto sign = [&](std::size_t k) {
        const int yes = chosen[k] > 0.5 ? 1 : 0, was = rejected[k] > 0.5 ? 1 : 0;
        return yes - was;
    };
    double differing = 0;
    for (std::size_t k = 0; k < logits.size(); ++k) differing += std::abs(sign(k));
    Margin margin{.gradient = std::vector<double>(logits.size(), 0)};
    if (differing == 0) return margin;
    for (std::size_t k = 0; k < logits.size(); ++k) {
        margin.gradient[k] = sign(k) / differing;
        margin.value += margin.gradient[k] * (logits[k] - reference[k]);
    }
    return margin;
}

LossWithGradient gaussian_preference_loss(std::span<const double> mean,
                                          std::span<const double> reference,
                                          std::span<const double> chosen,
                                          std::span<const double> rejected, double variance,
                                          double beta) {
    Margin margin = gaussian_margin(mean, reference, chosen, rejected, variance);
    const auto [loss, slope] = preference_of_margin(margin.value, {.beta = beta});
    for (double& one : margin.gradient) one *= slope;
    return {.loss = loss, .gradient = std::move(margin.gradient)};
}

LossWithGradient reward_objective(std::span<const double> output, std::span<const double> reference,
                                  std::span<const double> rewards, double kappa) {
    require_equal(reference.size(), output.size(), "outputs of the reference");
    require_equal(rewards.size(), output.size(), "rewards");
    const std::vector<double> logs = log_softmax(output), before = log_softmax(reference);
    double reward = 0, divergence = 0;
    for (std::size_t k = 0; k < output.size(); ++k) {
        const double p = std::exp(logs[k]);
        reward += p * rewards[k];
        divergence += p * (logs[k] - before[k]);
    }
    LossWithGradient result{.loss = reward - kappa * divergence};
    for (std::size_t k = 0; k < output.size(); ++k) {
        result.gradient.push_back(
            std::exp(logs[k]) * (rewards[k] - reward - kappa * (logs[k] - before[k] - divergence)));
    }
    return result;
}

}  // namespace elm
