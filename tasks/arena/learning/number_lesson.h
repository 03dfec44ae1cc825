#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tasks/arena/learning/lesson.h"

/// Lessons of answers that are numbers, step by step: forecasts, a voltage and the log odds of
/// spikes. Symbols: y what was asked, mu or z the output (column c, mean over the steps), w[c] the
/// weight of the column's loss l[c], the squared error or the cross entropy.
///   label         L = sum over c of w[c] l[c](mu, y)
///   distillation  (1 - share) L + share sum over c of w[c] d[c](mu, winner), with d the squared
///                 error from the winner's number, or T^2 KL(q || p_T) of the winner's log odds
///   preference    label_share L + P(h), with P as in preference_losses.h and
///                 h = sum over c of gaussian_margin / steps or bernoulli_margin
/// What is chosen is y, what is rejected the answer of whoever lost; the other way round where the
/// lesson is exchanged.
namespace elm {

/// What outputs of a task are, and how much they count.
struct NumberForm {
    std::vector<OutputColumn> columns = {};
    std::vector<double> weights = {};

    std::int64_t n_columns() const { return std::ssize(columns); }
};
NumberForm number_form_of(const ArenaPool& pool);

/// Shapes: output, asked (steps, columns). Throws what the losses throw, Error{invalid} for a
/// reward, which numbers do not have.
LossWithGradient loss_of_number_lesson(const Lesson& lesson, std::span<const double> output,
                                       std::span<const double> asked, const NumberForm& form,
                                       const LessonSettings& settings);

/// What is asked of a sample of a batch, (steps, columns).
std::vector<double> asked_numbers(const Batch& batch, std::int64_t sample, DType dtype,
                                  std::int64_t n_columns);

/// How far a model is from what is asked, which scales its preferences.
struct NumberScale {
    std::vector<double> variances = {};  // mean squared residual of each column of numbers; else 1
    /// 1 / the median over samples of how far the model is from the truth, as h counts it: squared
    /// residuals over their variance, and the size of the log odds that are on the wrong side.
    double beta = 1;
};
NumberScale number_scale(Stream& stream, const ArenaPool& pool, const FittedModel& model,
                         const SampleNumbers& samples);

}  // namespace elm
