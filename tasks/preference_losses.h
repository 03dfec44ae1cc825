#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// Losses of learning from answers that won against others, of one sample, in float64: each gives
/// its gradient with respect to what the model puts out, z (classes) or a mean. Symbols: p =
/// softmax(z), e[y] the unit vector of class y, s the logistic function.
namespace elm {

struct LossWithGradient {
    double loss = 0;
    std::vector<double> gradient = {};
};

/// From the winner's outputs: L = (1 - share) CE(z, label) + share T^2 KL(q || p_T) with q and p_T
/// the softmax of both over the temperature T. Source: Hinton, Vinyals & Dean 2015, arXiv
/// 1503.02531.
struct DistillationSettings {
    double share = 0.5, temperature = 2;
};
LossWithGradient distillation_loss(std::span<const double> output, std::int64_t label,
                                   std::span<const double> winner,
                                   const DistillationSettings& settings = {});

/// That one class is better than another, relative to a frozen reference model:
///   h = (z[chosen] - z[rejected]) - (zref[chosen] - zref[rejected])
///   logistic     -(1 - noise) ln s(beta h) - noise ln s(-beta h)
///                (Rafailov et al. 2023, arXiv 2305.18290, eq. 7, with noise 0)
///   squared      (h - 1 / (2 beta))^2    (Azar et al. 2023, arXiv 2310.12036, eq. 17)
///   hinge        max(0, 1 - beta h)
enum class PreferenceForm : std::uint8_t { logistic, squared, hinge };
struct PreferenceSettings {
    PreferenceForm form = PreferenceForm::logistic;
    double beta = 0.3;
    double noise = 0;  // share of pairs that are the wrong way round
};
LossWithGradient preference_loss(std::span<const double> output, std::span<const double> reference,
                                 std::int64_t chosen, std::int64_t rejected,
                                 const PreferenceSettings& settings = {});

/// That loss of any margin h, and its derivative.
struct LossOfMargin {
    double loss = 0, slope = 0;
};
LossOfMargin preference_of_margin(double h, const PreferenceSettings& settings);

/// How much more likely than a frozen reference a model makes what was chosen than what was
/// rejected, and the derivative by each output.
struct Margin {
    double value = 0;
    std::vector<double> gradient = {};
};
/// Of vectors y, where the model's outputs are means of normal numbers of one variance:
/// h = (mu - mu_ref) (chosen - rejected) / variance.
Margin gaussian_margin(std::span<const double> mean, std::span<const double> reference,
                       std::span<const double> chosen, std::span<const double> rejected,
                       double variance);
/// Of answers yes (above 1/2) or no, where the outputs are logits: the mean of z - zref where yes
/// was chosen and no rejected, and of zref - z where it was the other way round; 0 where nothing
/// differs.
Margin bernoulli_margin(std::span<const double> logits, std::span<const double> reference,
                        std::span<const double> chosen, std::span<const double> rejected);

/// The preference of vectors y by gaussian_margin(). It pushes in one direction for ever: add a
/// squared error.
LossWithGradient gaussian_preference_loss(std::span<const double> mean,
                                          std::span<const double> reference,
                                          std::span<const double> chosen,
                                          std::span<const double> rejected, double variance,
                                          double beta);

/// The objective, to be made large, of answers with rewards r that all can be counted through:
/// J = sum over a of p[a] r[a] - kappa KL(p || softmax(zref)). Source: the objective that proximal
/// policy optimisation samples, Ziegler et al. 2019, arXiv 1909.08593, eq. 2.
LossWithGradient reward_objective(std::span<const double> output, std::span<const double> reference,
                                  std::span<const double> rewards, double kappa);

}  // namespace elm
