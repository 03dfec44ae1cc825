#include "tasks/comparison/sample_scores.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

/// Rows that a loss is of, and the targets.
struct Judged {
    Batch batch;
    Tensor rows;
};

Tensor scaled(const Tensor& rows, double factor) {
    Stream host{Device{}};
    Tensor result = Tensor::empty(host, rows.shape(), rows.dtype());
    visit_real(rows.dtype(), [&]<class Real>(Real) {
        const auto from = rows.host<Real>();
        const auto to = result.host<Real>();
        for (std::size_t k = 0; k < from.size(); ++k) to[k] = static_cast<Real>(factor) * from[k];
    });
    return result;
}

/// Loss of every sample for rows divided by a temperature. Labels are taken as they are.
std::vector<LossSums> losses_at(const Task& task, const Judged& judged, double temperature) {
    Stream host{Device{}};
    const Tensor rows = scaled(judged.rows, 1 / temperature);
    const Tensor gradient = Tensor::empty(host, rows.shape(), rows.dtype());
    std::vector<LossSums> losses;
    for (std::int64_t sample = 0; sample < rows.shape()[0]; ++sample) {
        losses.push_back(task.loss(judged.batch, rows, sample, gradient));
    }
    return losses;
}

Judged judged_of(const BatchLoss& loss, AnsweredBatch& answered) {
    Judged judged;
    judged.rows = loss.judged();
    judged.batch.targets = std::move(answered.batch.targets);
    judged.batch.lengths = std::move(answered.batch.lengths);
    judged.batch.n_counted = answered.batch.n_counted;
    answered.batch = {};
    return judged;
}

std::vector<Judged> judged_answers(const Task& task, Stream& stream, const FittedModel& model,
                                   std::int64_t most_samples) {
    std::vector<Judged> all;
    for_each_answer(
        task, stream, model, Split::validation,
        [&](AnsweredBatch& answered) {
            BatchLoss loss(task, answered);
            const std::int64_t n_samples = answered.output.shape()[0];
            for (std::int64_t sample = 0; sample < n_samples; ++sample) loss.of(sample);
            all.push_back(judged_of(loss, answered));
        },
        most_samples);
    return all;
}

}  // namespace

double calibration(const Task& task, Stream& stream, const FittedModel& model,
                   std::int64_t most_rows) {
    if (!task.spec().has_labels || !scores_by_sample(task.spec())) return 1;
    const bool pooled = task.spec().pooling != Pooling::all;
    const std::int64_t rows = pooled ? 1 : task.spec().n_steps;
    const std::vector<Judged> answers =
        judged_answers(task, stream, model, std::max<std::int64_t>(1, most_rows / rows));
    const auto loss_at = [&](double log_temperature) {
        LossSums sums;
        for (const Judged& judged : answers) {
            for (const LossSums& one : losses_at(task, judged, std::exp(log_temperature))) {
                sums.add(one);
            }
        }
        return sums.mean(task.spec());
    };
    // Golden sections: as a function of ln T the loss falls, then rises.
    constexpr double golden = 1 / std::numbers::phi, accuracy = 1e-4;
    double low = -3, high = 3;
    double left = high - golden * (high - low), right = low + golden * (high - low);
    double at_left = loss_at(left), at_right = loss_at(right);
    while (high - low > accuracy) {
        if (at_left <= at_right) {
            high = std::exchange(right, left);
            at_right = at_left;
            left = high - golden * (high - low);
            at_left = loss_at(left);
        } else {
            low = std::exchange(left, right);
            at_left = at_right;
            right = low + golden * (high - low);
            at_right = loss_at(right);
        }
    }
    return std::exp((low + high) / 2);
}

SampleScores score_samples(const Task& task, Stream& stream, const FittedModel& model, Split split,
                           double temperature) {
    SampleScores scores{.temperature = temperature};
    const TaskSpec& spec = task.spec();
    if (!scores_by_sample(spec)) return scores;
    for_each_answer(task, stream, model, split, [&](AnsweredBatch& answered) {
        scores.seconds += answered.seconds;
        BatchLoss loss(task, answered);
        const std::int64_t n_samples = answered.output.shape()[0];
        for (std::int64_t sample = 0; sample < n_samples; ++sample) {
            scores.sums.push_back(loss.of(sample));
            if (std::isfinite(scores.sums.back().mean(spec))) continue;
            throw Error(ErrorKind::numeric,
                        fmt::format("the loss of the {} samples is not finite: an output of the "
                                    "model is not a number.",
                                    name_of(split)));
        }
        if (!spec.has_labels) return;
        for (const LossSums& one : losses_at(task, judged_of(loss, answered), temperature)) {
            scores.calibrated.push_back(one.mean(spec));
        }
    });
    return scores;
}

std::vector<double> metrics_of(const TaskSpec& task, const std::vector<LossSums>& sums) {
    LossSums total;
    for (const LossSums& one : sums) total.add(one);
    std::vector<double> metrics;
    for (const Metric& metric : task.metrics) metrics.push_back(value_of(metric, task, total));
    return metrics;
}

}  // namespace elm
