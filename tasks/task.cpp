#include "tasks/task.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/scores.h"

namespace elm {
namespace {

/// Steps of a sample that are no padding.
std::int64_t length_of(const Batch& batch, std::int64_t sample, std::int64_t n_steps) {
    return batch.lengths.defined()
               ? batch.lengths.host<std::int32_t>()[static_cast<std::size_t>(sample)]
               : n_steps;
}

template <class Real>
LossSums pooled_loss(const Task& task, const Batch& batch, const Tensor& output,
                     std::int64_t sample, const Tensor& gradient, const Tensor& pooled,
                     const Tensor& pooled_gradient) {
    const std::int64_t n_steps = output.shape()[1], n_outputs = output.shape()[2];
    const std::int64_t length = length_of(batch, sample, n_steps);
    const std::int64_t first = task.spec().pooling == Pooling::mean ? 0 : length - 1;
    const Real share = Real(1) / static_cast<Real>(length - first);
    const auto row = [&](const Tensor& tensor, std::int64_t step) {
        return tensor.host<Real>().data() + (sample * tensor.shape()[1] + step) * n_outputs;
    };
    Real* const sum = row(pooled, 0);
    std::fill_n(sum, n_outputs, Real(0));
    for (std::int64_t step = first; step < length; ++step) {
        for (std::int64_t k = 0; k < n_outputs; ++k) sum[k] += row(output, step)[k];
    }
    for (std::int64_t k = 0; k < n_outputs; ++k) sum[k] *= share;
    const LossSums sums = task.loss(batch, pooled, sample, pooled_gradient);
    std::fill_n(row(gradient, 0), n_steps * n_outputs, Real(0));
    for (std::int64_t step = first; step < length; ++step) {
        for (std::int64_t k = 0; k < n_outputs; ++k) {
            row(gradient, step)[k] = share * row(pooled_gradient, 0)[k];
        }
    }
    return sums;
}

}  // namespace

std::string_view name_of(Split split) noexcept {
    return split == Split::train ? "train" : split == Split::validation ? "validation" : "test";
}

double CarriedState::rest_at(std::int64_t update) const {
    if (update + 1 >= rest_updates) return rest;
    const double part = static_cast<double>(update + 1) / static_cast<double>(rest_updates);
    return rest + (1 - rest) / 2 * (1 + std::cos(std::numbers::pi * part));
}

double LossSums::mean(const TaskSpec& spec) const {
    double sum = 0;
    for (std::size_t k = 0; k < spec.loss_parts.size(); ++k) {
        sum += spec.loss_parts[k].weight * mean(k);
    }
    return sum;
}

std::int64_t Batch::n_sequences(InputKind kind) const {
    return kind == InputKind::spikes ? spikes.n_samples
                                     : (kind == InputKind::dense ? dense : tokens).shape()[0];
}

void require_fitting(const TaskSpec& task, const ModelTraits& traits, const std::string& model) {
    const bool takes = task.input == InputKind::spikes  ? traits.inputs.spikes
                       : task.input == InputKind::dense ? traits.inputs.dense
                                                        : traits.inputs.tokens;
    ELM_CHECK(takes, "the task {} gives {}, which the model {} does not take. It takes {}.",
              task.name,
              task.input == InputKind::spikes  ? "spikes"
              : task.input == InputKind::dense ? "dense values"
                                               : "tokens",
              model,
              fmt::join(
                  [&] {
                      std::vector<std::string> kinds;
                      if (traits.inputs.spikes) kinds.emplace_back("spikes");
                      if (traits.inputs.dense) kinds.emplace_back("dense values");
                      if (traits.inputs.tokens) kinds.emplace_back("tokens");
                      return kinds;
                  }(),
                  ", "));
    ELM_CHECK(
        traits.streams || !task.carried,
        "the task {} goes on with the state that the piece before left, and the model {} has "
        "none: it reads whole sequences. Choose a model with a state, or let every piece begin "
        "at rest.",
        task.name, model);
    ELM_CHECK(traits.causal || !task.asks_next,
              "the task {} asks for what comes next, which the model {} sees, as it is not causal. "
              "Choose a causal one, or set its option causal.",
              task.name, model);
}

SequenceInput input_of(Stream& stream, const TaskSpec& spec, const Batch& batch) {
    SequenceInput input;
    input.lengths = batch.lengths;
    if (spec.input == InputKind::spikes) input.spikes = &batch.spikes;
    if (spec.input == InputKind::dense) input.dense = Var{batch.dense.to(stream)};
    if (spec.input == InputKind::tokens) input.tokens = batch.tokens.to(stream);
    return input;
}

LossSums loss_of_sample(const Task& task, const Batch& batch, const Tensor& output,
                        std::int64_t sample, const Tensor& gradient, const Tensor& pooled,
                        const Tensor& pooled_gradient) {
    if (task.spec().pooling == Pooling::all) return task.loss(batch, output, sample, gradient);
    return visit_real(output.dtype(), [&]<class Real>(Real) {
        return pooled_loss<Real>(task, batch, output, sample, gradient, pooled, pooled_gradient);
    });
}

double value_of(const Metric& metric, const TaskSpec& task, const LossSums& sums) {
    const auto part = std::find_if(task.loss_parts.begin(), task.loss_parts.end(),
                                   [&](const LossPart& one) { return one.name == metric.name; });
    return part == task.loss_parts.end()
               ? sums.mean(task)
               : sums.mean(static_cast<std::size_t>(part - task.loss_parts.begin()));
}

bool scores_by_sample(const TaskSpec& task) {
    return std::all_of(task.metrics.begin(), task.metrics.end(), [&](const Metric& metric) {
        return metric.name == "loss" ||
               std::any_of(task.loss_parts.begin(), task.loss_parts.end(),
                           [&](const LossPart& part) { return part.name == metric.name; });
    });
}

void for_each_answer(const Task& task, Stream& stream, const FittedModel& model, Split split,
                     const std::function<void(AnsweredBatch& answered)>& visit, std::int64_t some) {
    const std::int64_t total = task.count(split);
    AnsweredBatch answered;
    const auto answer = [&](const BatchRequest& request, SequenceState* state) {
        task.fill(request, answered.batch);
        const auto start = std::chrono::steady_clock::now();
        answered.output = output_of(stream, task.spec(), *model.model, answered.batch, state);
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
        answered.seconds = passed.count();
        visit(answered);
    };
    if (task.spec().carried) {
        const SideBySide sequences = side_by_side(total, some);
        SequenceState state;
        for (std::int64_t k = 0; k < sequences.pieces; ++k) {
            answer({.split = split,
                    .index = k,
                    .size = sequences.count,
                    .count = sequences.count,
                    .dtype = model.precision()},
                   &state);
        }
        return;
    }
    for (const Piece& piece : spread_pieces(total, some, samples_at_once(task.spec()))) {
        answer({.split = split,
                .size = total,
                .first = piece.first,
                .count = piece.count,
                .dtype = model.precision()},
               nullptr);
    }
}

BatchLoss::BatchLoss(const Task& task, const AnsweredBatch& answered)
    : task_(task), answered_(answered) {
    Stream host{Device{}};
    const Tensor& output = answered.output;
    gradient_ = Tensor::empty(host, output.shape(), output.dtype());
    const Shape rows{output.shape()[0], 1, output.shape()[2]};
    pooled_ = Tensor::empty(host, rows, output.dtype());
    pooled_gradient_ = Tensor::empty(host, rows, output.dtype());
}

LossSums BatchLoss::of(std::int64_t sample) {
    return loss_of_sample(task_, answered_.batch, answered_.output, sample, gradient_, pooled_,
                          pooled_gradient_);
}

const Tensor& BatchLoss::judged() const {
    return task_.spec().pooling == Pooling::all ? answered_.output : pooled_;
}

Scores Task::score(Stream& stream, const FittedModel& model, Split split, std::int64_t some) const {
    const TaskSpec& what = spec();
    ScoreSums sums;
    for_each_answer(
        *this, stream, model, split,
        [&](AnsweredBatch& answered) {
            BatchLoss loss(*this, answered);
            const std::int64_t n_samples = answered.output.shape()[0];
            for (std::int64_t sample = 0; sample < n_samples; ++sample) sums.add(loss.of(sample));
        },
        some);
    Scores scores = sums.scores(what);
    for (std::size_t k = 0; k < scores.values.size(); ++k) {
        if (std::isfinite(scores.values[k])) continue;
        throw Error(ErrorKind::numeric,
                    fmt::format("{} of the {} samples is not finite: an output of the model is not "
                                "a number.",
                                what.metrics[k].name, name_of(split)));
    }
    return scores;
}

}  // namespace elm
