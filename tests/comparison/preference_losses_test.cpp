// Losses of learning from winners: worked examples, central differences, and where they vanish.

#include "tasks/preference_losses.h"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

using Numbers = std::vector<double>;

const Numbers output{1, 0.5, -0.2}, reference{0.8, 0.7, -0.1};

void expect_result(const LossWithGradient& found, double loss, const Numbers& gradient) {
    constexpr double printed = 5e-7;  // six decimals
    EXPECT_NEAR(found.loss, loss, printed);
    ASSERT_EQ(found.gradient.size(), gradient.size());
    for (std::size_t k = 0; k < gradient.size(); ++k) {
        EXPECT_NEAR(found.gradient[k], gradient[k], printed) << k;
    }
}

/// Steps of 1e-6: rounding of losses of about 1 leaves 1e-10, third derivatives of about 1 leave
/// 1e-12.
void expect_gradient(const std::function<LossWithGradient(const Numbers&)>& loss, Numbers at) {
    const Numbers gradient = loss(at).gradient;
    ASSERT_EQ(gradient.size(), at.size());
    constexpr double step = 1e-6;
    for (std::size_t k = 0; k < at.size(); ++k) {
        const double here = at[k];
        at[k] = here + step;
        const double above = loss(at).loss;
        at[k] = here - step;
        const double below = loss(at).loss;
        at[k] = here;
        EXPECT_NEAR(gradient[k], (above - below) / (2 * step), 1e-8) << k;
    }
}

TEST(DistillationLoss, follows_a_worked_example) {
    // The cross entropy alone, worked out by hand: -ln p of the label, p - e.
    const double sum = std::exp(1) + std::exp(0.5) + std::exp(-0.2);
    expect_result(distillation_loss(output, 1, Numbers{2, 0.1, -1}, {.share = 0}),
                  std::log(sum) - 0.5,
                  {std::exp(1) / sum, std::exp(0.5) / sum - 1, std::exp(-0.2) / sum});
    expect_result(distillation_loss(output, 1, Numbers{2, 0.1, -1}, {.share = 1, .temperature = 2}),
                  0.303144, {-0.383086, 0.188722, 0.194364});
}

TEST(PreferenceLoss, follows_worked_examples) {
    // h = -0.5 + 0.1.
    expect_result(preference_loss(output, reference, 1, 0), 0.754946, {0.158989, -0.158989, 0});
    const double off = -0.4 - 1 / 0.6;
    expect_result(preference_loss(output, reference, 1, 0, {.form = PreferenceForm::squared}),
                  off * off, {-2 * off, 2 * off, 0});
    expect_result(preference_loss(output, reference, 1, 0, {.form = PreferenceForm::hinge}), 1.12,
                  {0.3, -0.3, 0});
    // With half the pairs wrong nothing would be learnt; with a tenth eight tenths are.
    const double right = preference_loss(output, reference, 1, 0).gradient[1];
    const double wrong = preference_loss(output, reference, 0, 1).gradient[1];
    EXPECT_NEAR(preference_loss(output, reference, 1, 0, {.noise = 0.1}).gradient[1],
                0.9 * right + 0.1 * wrong, 1e-15);
    expect_result(gaussian_preference_loss(Numbers{0.2, -0.1}, Numbers{0.1, 0}, Numbers{0.5, 0.3},
                                           Numbers{0.1, 0}, 0.25, 0.3),
                  0.687165, {-0.238560, -0.178920});
}

/// Two of four answers differ: (z - zref) of the one that should be yes and (zref - z) of the one
/// that should be no, halved.
TEST(BernoulliMargin, is_the_mean_over_answers_that_differ) {
    const Numbers logits{1, -2, 3, 0.5}, before{0, -1, 3, 2}, chosen{1, 0, 1, 0},
        rejected{0, 0, 1, 1};
    const Margin margin = bernoulli_margin(logits, before, chosen, rejected);
    EXPECT_DOUBLE_EQ(margin.value, (1.0 + 1.5) / 2);
    EXPECT_EQ(margin.gradient, (Numbers{0.5, 0, 0, -0.5}));
    EXPECT_EQ(bernoulli_margin(logits, before, chosen, chosen).value, 0);
    EXPECT_THROW(bernoulli_margin(logits, before, chosen, Numbers{1}), Error);
}

TEST(RewardObjective, follows_a_worked_example) {
    expect_result(reward_objective(output, reference, Numbers{0, 1, 0}, 0.4), 0.310971,
                  {-0.203252, 0.245525, -0.042273});
}

TEST(PreferenceLosses, have_the_gradients_of_differences) {
    const Numbers winner{2, 0.1, -1};
    for (const double share : {0.0, 0.3, 1.0}) {
        for (const double temperature : {0.5, 1.0, 4.0}) {
            expect_gradient(
                [&](const Numbers& z) {
                    return distillation_loss(z, 2, winner, {share, temperature});
                },
                output);
        }
    }
    for (const PreferenceForm form :
         {PreferenceForm::logistic, PreferenceForm::squared, PreferenceForm::hinge}) {
        for (const double beta : {0.1, 0.7, 4.0}) {
            for (const double noise : {0.0, 0.2}) {
                expect_gradient(
                    [&](const Numbers& z) {
                        return preference_loss(z, reference, 1, 0, {form, beta, noise});
                    },
                    output);
            }
        }
    }
    expect_gradient(
        [&](const Numbers& mean) {
            return gaussian_preference_loss(mean, Numbers{0.1, 0}, Numbers{0.5, 0.3},
                                            Numbers{0.1, 0}, 0.25, 0.3);
        },
        {0.2, -0.1});
    for (const double kappa : {0.0, 0.4, 2.0}) {
        expect_gradient(
            [&](const Numbers& z) {
                return reward_objective(z, reference, Numbers{0.3, 1, -2}, kappa);
            },
            output);
    }
}

TEST(PreferenceLosses, vanish_where_nothing_is_to_be_learnt) {
    const Numbers none{0, 0, 0};
    expect_result(preference_loss(output, reference, 1, 1), std::log(2), none);
    expect_result(
        gaussian_preference_loss(output, reference, Numbers{1, 2, 3}, Numbers{1, 2, 3}, 0.5, 0.3),
        std::log(2), none);
    expect_result(reward_objective(output, output, Numbers{2, 2, 2}, 0.4), 2, none);
    expect_result(distillation_loss(output, 0, output, {.share = 1}), 0, none);
}

/// The reward of the right class alone makes p of it times the gradient of the cross entropy.
TEST(RewardObjective, of_the_label_is_the_cross_entropy_where_it_is_known) {
    const LossWithGradient reward = reward_objective(output, output, Numbers{0, 1, 0}, 0);
    const LossWithGradient entropy = distillation_loss(output, 1, output, {.share = 0});
    for (std::size_t k = 0; k < output.size(); ++k) {
        EXPECT_NEAR(reward.gradient[k], -std::exp(-entropy.loss) * entropy.gradient[k], 1e-15);
    }
}

TEST(PreferenceLosses, stay_in_range_and_refuse_what_does_not_fit) {
    const Numbers far{1e4, -1e4};
    EXPECT_NEAR(preference_loss(far, Numbers{0, 0}, 1, 0).loss, 0.3 * 2e4, 1e-9);
    EXPECT_EQ(preference_loss(far, Numbers{0, 0}, 0, 1).loss, 0);
    EXPECT_TRUE(std::isfinite(distillation_loss(far, 1, Numbers{0, 0}).loss));
    EXPECT_THROW(preference_loss(output, Numbers{0, 0}, 1, 0), Error);
    EXPECT_THROW(preference_loss(output, reference, 3, 0), Error);
    EXPECT_THROW(preference_loss(output, reference, 1, 0, {.beta = 0}), Error);
    EXPECT_THROW(preference_loss(output, reference, 1, 0, {.noise = 0.5}), Error);
    EXPECT_THROW(distillation_loss(output, -1, reference), Error);
    EXPECT_THROW(distillation_loss(output, 1, reference, {.temperature = 0}), Error);
}

}  // namespace
}  // namespace elm
