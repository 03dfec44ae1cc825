#include "tasks/arena/learning/number_lesson.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/support/check.h"
#include "tasks/comparison/statistics/resampling.h"

namespace elm {
namespace {

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
/// ln(1 + exp(x)), in range for any x.
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

struct Slope {
    double loss = 0, slope = 0;
};

Slope error_of(OutputColumn column, double output, double asked) {
    if (column == OutputColumn::number) {
        return {(output - asked) * (output - asked), 2 * (output - asked)};
    }
    return {softplus(output) - asked * output, logistic(output) - asked};
}

/// How far from the winner's output.
Slope distance_of(OutputColumn column, double output, double winner, double temperature) {
    if (column == OutputColumn::number) return error_of(column, output, winner);
    const double z = output / temperature, to = winner / temperature, q = logistic(to);
    // KL(q || p) = q ln(q / p) + (1 - q) ln((1 - q) / (1 - p)), with ln p = z - softplus(z).
    const double divergence = q * (to - z) - softplus(to) + softplus(z);
    return {temperature * temperature * divergence, temperature * (logistic(z) - q)};
}

std::vector<double> column_of(std::span<const double> numbers, std::size_t column,
                              std::size_t n_columns) {
    std::vector<double> values;
    for (std::size_t k = column; k < numbers.size(); k += n_columns) values.push_back(numbers[k]);
    return values;
}

/// What an answer says: numbers as they are, log odds as yes or no.
std::vector<double> said_in(std::span<const double> numbers, std::size_t column,
                            const NumberForm& form) {
    std::vector<double> values = column_of(numbers, column, form.columns.size());
    if (form.columns[column] == OutputColumn::number) return values;
    for (double& one : values) one = one > 0 ? 1 : 0;
    return values;
}

void add_preference(const Lesson& lesson, std::span<const double> output,
                    std::span<const double> asked, const NumberForm& form,
                    const LessonSettings& settings, LossWithGradient& loss) {
    const std::size_t n_columns = form.columns.size();
    const double n_steps = static_cast<double>(output.size() / n_columns);
    double h = 0;
    std::vector<double> gradient(output.size(), 0);
    for (std::size_t c = 0; c < n_columns; ++c) {
        std::vector<double> chosen = column_of(asked, c, n_columns),
                            rejected = said_in(lesson.lost, c, form);
        if (lesson.exchanged) std::swap(chosen, rejected);
        const std::vector<double> own = column_of(output, c, n_columns),
                                  before = column_of(lesson.outputs, c, n_columns);
        const Margin margin =
            form.columns[c] == OutputColumn::number
                ? gaussian_margin(own, before, chosen, rejected, settings.variances[c] * n_steps)
                : bernoulli_margin(own, before, chosen, rejected);
        h += margin.value;
        for (std::size_t t = 0; t < margin.gradient.size(); ++t) {
            gradient[t * n_columns + c] = margin.gradient[t];
        }
    }
    const auto [preferred, slope] = preference_of_margin(h, settings.preference);
    loss.loss += preferred;
    for (std::size_t k = 0; k < gradient.size(); ++k) loss.gradient[k] += slope * gradient[k];
}

/// An answer beside what was asked.
struct Residuals {
    std::vector<double> squares;  // mean over steps, by column
    double wrong_logits = 0;      // mean size of those on the wrong side, summed over columns
};

Residuals residuals_of(std::span<const double> output, std::span<const double> asked,
                       const NumberForm& form) {
    const std::size_t n_columns = form.columns.size();
    Residuals found{.squares = std::vector<double>(n_columns, 1)};
    for (std::size_t c = 0; c < n_columns; ++c) {
        const std::vector<double> own = column_of(output, c, n_columns),
                                  wanted = column_of(asked, c, n_columns);
        double squares = 0, sizes = 0, n_wrong = 0;
        for (std::size_t t = 0; t < own.size(); ++t) {
            squares += (own[t] - wanted[t]) * (own[t] - wanted[t]);
            const bool is_wrong = (own[t] > 0) != (wanted[t] > 0.5);
            sizes += is_wrong ? std::abs(own[t]) : 0;
            n_wrong += is_wrong ? 1 : 0;
        }
        if (form.columns[c] == OutputColumn::number) {
            found.squares[c] = squares / static_cast<double>(own.size());
        } else if (n_wrong > 0) {
            found.wrong_logits += sizes / n_wrong;
        }
    }
    return found;
}

std::vector<double> output_row(const Tensor& rows, std::int64_t sample) {
    const std::int64_t n = rows.shape()[1] * rows.shape()[2];
    return visit_real(rows.dtype(), [&]<class Real>(Real) {
        const Real* const row = rows.host<Real>().data() + sample * n;
        return std::vector<double>(row, row + n);
    });
}

}  // namespace

NumberForm number_form_of(const ArenaPool& pool) {
    NumberForm form{.columns = pool.columns()};
    for (std::size_t c = 0; c < form.columns.size(); ++c) {
        form.weights.push_back(pool.spec().loss_parts[c].weight);
    }
    return form;
}

std::vector<double> asked_numbers(const Batch& batch, std::int64_t sample, DType dtype,
                                  std::int64_t n_columns) {
    const std::int64_t n_steps =
        batch.targets.front().shape().size() / batch.targets.front().shape()[0];
    std::vector<double> asked(static_cast<std::size_t>(n_steps * n_columns));
    visit_real(dtype, [&]<class Real>(Real) {
        for (std::int64_t c = 0; c < n_columns; ++c) {
            const auto column = static_cast<std::size_t>(c);
            const Real* const own = batch.targets[column].host<Real>().data() + sample * n_steps;
            for (std::int64_t t = 0; t < n_steps; ++t) {
                asked[static_cast<std::size_t>(t * n_columns + c)] = static_cast<double>(own[t]);
            }
        }
    });
    return asked;
}

LossWithGradient loss_of_number_lesson(const Lesson& lesson, std::span<const double> output,
                                       std::span<const double> asked, const NumberForm& form,
                                       const LessonSettings& settings) {
    const std::size_t n_columns = form.columns.size();
    const auto require = [&](std::size_t found, const char* what) {
        ELM_CHECK(found == output.size(), "a lesson of {} numbers was given {} {}.", output.size(),
                  found, what);
    };
    require(asked.size(), "that are asked for");
    ELM_CHECK(lesson.kind != LessonKind::reward,
              "a reward is of answers that can be counted through, and numbers cannot.");
    const bool distils = lesson.kind == LessonKind::distillation,
               prefers = lesson.kind == LessonKind::preference;
    if (distils || prefers) require(lesson.outputs.size(), "of another model");
    if (prefers) require(lesson.lost.size(), "of whoever lost");
    const double of_label = distils   ? 1 - settings.distillation.share
                            : prefers ? settings.label_share
                                      : 1;
    const auto n_steps = static_cast<double>(output.size() / n_columns);
    LossWithGradient loss{.loss = 0, .gradient = std::vector<double>(output.size(), 0)};
    for (std::size_t k = 0; k < output.size(); ++k) {
        const OutputColumn column = form.columns[k % n_columns];
        const double weight = form.weights[k % n_columns] / n_steps;
        const Slope own = error_of(column, output[k], asked[k]);
        loss.loss += of_label * weight * own.loss;
        loss.gradient[k] = of_label * weight * own.slope;
        if (!distils) continue;
        const Slope to =
            distance_of(column, output[k], lesson.outputs[k], settings.distillation.temperature);
        loss.loss += settings.distillation.share * weight * to.loss;
        loss.gradient[k] += settings.distillation.share * weight * to.slope;
    }
    if (prefers) add_preference(lesson, output, asked, form, settings, loss);
    return loss;
}

NumberScale number_scale(Stream& stream, const ArenaPool& pool, const FittedModel& model,
                         const SampleNumbers& samples) {
    const NumberForm form = number_form_of(pool);
    const std::unique_ptr<Task> task =
        pool.task_of({.train = samples, .validation = samples, .test = samples});
    std::vector<Residuals> all;
    for_each_answer(*task, stream, model, Split::test, [&](AnsweredBatch& answered) {
        BatchLoss loss(*task, answered);
        for (std::int64_t k = 0; k < answered.output.shape()[0]; ++k) {
            loss.of(k);
            const Tensor& rows = loss.judged();
            all.push_back(residuals_of(
                output_row(rows, k),
                asked_numbers(answered.batch, k, rows.dtype(), form.n_columns()), form));
        }
    });
    constexpr double least = 1e-6;
    NumberScale scale{.variances = std::vector<double>(form.columns.size(), 1)};
    for (std::size_t c = 0; c < form.columns.size(); ++c) {
        double sum = 0;
        for (const Residuals& one : all) sum += one.squares[c];
        scale.variances[c] = std::max(least, sum / static_cast<double>(all.size()));
    }
    std::vector<double> distances;
    for (const Residuals& one : all) {
        double& distance = distances.emplace_back(one.wrong_logits);
        for (std::size_t c = 0; c < form.columns.size(); ++c) {
            if (form.columns[c] != OutputColumn::number) continue;
            distance += one.squares[c] / scale.variances[c];
        }
    }
    scale.beta = 1 / std::max(1e-3, percentile(std::move(distances), 0.5));
    return scale;
}

}  // namespace elm
