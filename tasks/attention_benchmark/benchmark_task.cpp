#include "tasks/attention_benchmark/benchmark_task.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/scores.h"

namespace elm {
namespace {

std::int64_t labels_that_count(const SetColumn& labels) {
    const auto& all = std::get<std::vector<std::int32_t>>(labels.values);
    return std::count_if(all.begin(), all.end(), [](std::int32_t label) { return label >= 0; });
}

Shape shape_of(const SetField& field, std::int64_t count) {
    std::vector<std::int64_t> extents{count};
    extents.insert(extents.end(), field.row.begin(), field.row.end());
    return Shape(extents);
}

}  // namespace

AnswerView answer_of(const Tensor& output, std::int64_t sample) {
    AnswerView view{.values = {}, .outputs = output.shape()[2]};
    const std::int64_t size = output.shape()[1] * output.shape()[2];
    visit_real(output.dtype(), [&]<class Real>(Real) {
        const auto rows = output.host<Real>().subspan(static_cast<std::size_t>(sample * size),
                                                      static_cast<std::size_t>(size));
        view.values.assign(rows.begin(), rows.end());
    });
    return view;
}

BenchmarkTask::BenchmarkTask(TaskSpec spec, BenchmarkData data)
    : spec_(std::move(spec)), data_(std::move(data)), source_(data_.generator, data_.sizes) {
    spec_.has_test = true;
}

SetColumns BenchmarkTask::read(Split split, std::uint64_t seed,
                               std::span<const std::int64_t> samples) const {
    SetColumns columns = empty_columns(source_.fields());
    source_.read(split, seed, samples, columns);
    return columns;
}

void BenchmarkTask::put_input(const SetColumns& columns, std::int64_t first, std::int64_t count,
                              DType dtype, Batch& batch) const {
    const SetColumn& inputs = columns.front();
    begin_input(data_.input, inputs, count, spec_.n_steps, dtype, batch);
    for (std::int64_t row = 0; row < count; ++row) {
        add_input(data_.input, inputs, first + row, row, batch);
    }
}

void BenchmarkTask::put_targets(const SetColumns& columns, std::int64_t first, std::int64_t count,
                                DType dtype, Batch& batch) const {
    batch.targets.resize(columns.size() - 1);
    for (std::size_t k = 1; k < columns.size(); ++k) {
        const SetColumn& column = columns[k];
        Tensor& into = batch.targets[k - 1];
        const bool is_real = column.field.type == SetType::f32;
        reshape_to(into, shape_of(column.field, count), is_real ? dtype : DType::i32);
        const auto size = static_cast<std::size_t>(column.field.row_size());
        for (std::int64_t row = 0; row < count; ++row) {
            const auto at = static_cast<std::size_t>(row) * size;
            if (!is_real) {
                const auto values = column.at<std::int32_t>(first + row);
                std::copy(values.begin(), values.end(),
                          into.host<std::int32_t>().subspan(at, size).begin());
                continue;
            }
            visit_real(dtype, [&]<class Real>(Real) {
                const auto values = column.at<float>(first + row);
                std::copy(values.begin(), values.end(),
                          into.host<Real>().subspan(at, size).begin());
            });
        }
    }
}

void BenchmarkTask::fill(const BatchRequest& request, Batch& batch) const {
    const std::vector<std::int64_t> whole = source_.samples_of(request);
    const auto own = std::span(whole).subspan(static_cast<std::size_t>(request.first),
                                              static_cast<std::size_t>(request.count));
    const bool reads_whole = data_.counted == 0;  // to count the answers
    const SetColumns columns =
        read(request.split, request.seed, reads_whole ? std::span(whole) : own);
    const std::int64_t first = reads_whole ? request.first : 0;
    put_input(columns, first, request.count, request.dtype, batch);
    put_targets(columns, first, request.count, request.dtype, batch);
    batch.n_counted = reads_whole ? labels_that_count(columns[1]) : data_.counted * request.size;
}

std::vector<double> BenchmarkTask::target_of(const Batch& batch, std::size_t which,
                                             std::int64_t sample) {
    const Tensor& target = batch.targets[which];
    const std::int64_t size = target.shape().size() / target.shape()[0];
    const auto at = static_cast<std::size_t>(sample * size), n = static_cast<std::size_t>(size);
    std::vector<double> values;
    if (target.dtype() == DType::i32) {
        const auto labels = target.host<std::int32_t>().subspan(at, n);
        values.assign(labels.begin(), labels.end());
        return values;
    }
    visit_real(target.dtype(), [&]<class Real>(Real) {
        const auto all = target.host<Real>().subspan(at, n);
        values.assign(all.begin(), all.end());
    });
    return values;
}

double BenchmarkTask::finish(std::size_t, const MetricSum& sum) const {
    return sum.count > 0 ? sum.sum / sum.count : std::numeric_limits<double>::quiet_NaN();
}

std::vector<double> BenchmarkTask::finished(const MetricSums& sums) const {
    std::vector<double> values;
    for (std::size_t k = 0; k < sums.size(); ++k) values.push_back(finish(k, sums[k]));
    return values;
}

Scores BenchmarkTask::score(Stream& stream, const FittedModel& model, Split split,
                            std::int64_t some) const {
    MetricSums sums(spec_.metrics.size());
    Scores scores;
    for (const Piece& piece : spread_pieces(count(split), some, samples_at_once(spec_))) {
        std::vector<std::int64_t> samples;
        for (std::int64_t k = 0; k < piece.count; ++k) samples.push_back(piece.first + k);
        SetColumns columns = read(split, 0, samples);
        Batch batch;
        put_input(columns, 0, piece.count, model.precision(), batch);
        put_targets(columns, 0, piece.count, model.precision(), batch);
        Tensor output = output_of(stream, spec_, *model.model, batch);
        for (std::int64_t k = 0; k < piece.count; ++k) {
            measure_forced(batch, k, answer_of(output, k), sums);
        }
        // A step further at least in each round, so no more rounds than steps.
        for (std::int64_t round = 0; decodes() && round <= spec_.n_steps; ++round) {
            if (!feed_back(output, columns)) break;
            put_input(columns, 0, piece.count, model.precision(), batch);
            output = output_of(stream, spec_, *model.model, batch);
        }
        for (std::int64_t k = 0; k < piece.count; ++k) {
            measure(batch, k, answer_of(output, k), sums);
        }
        scores.samples += piece.count;
    }
    scores.values = finished(sums);
    scores.standard_errors.assign(scores.values.size(), std::numeric_limits<double>::quiet_NaN());
    if (!std::isfinite(scores.values.front())) {
        throw Error(ErrorKind::numeric,
                    fmt::format("{} of the {} samples is not finite: an output of the model is not "
                                "a number.",
                                spec_.metrics.front().name, name_of(split)));
    }
    return scores;
}

std::vector<BenchmarkTask::Rule> BenchmarkTask::rules(Split split) const {
    std::vector<Rule> all;
    std::vector<MetricSums> sums(rule_names().size(), MetricSums(spec_.metrics.size()));
    for (std::int64_t sample = 0; sample < count(split); ++sample) {
        Batch batch;
        const SetColumns columns = read(split, 0, std::span(&sample, 1));
        put_input(columns, 0, 1, DType::f64, batch);
        put_targets(columns, 0, 1, DType::f64, batch);
        for (std::size_t k = 0; k < sums.size(); ++k) measure_rule(k, batch, 0, sums[k]);
    }
    for (std::size_t k = 0; k < sums.size(); ++k) {
        all.push_back({.name = rule_names()[k], .values = finished(sums[k])});
    }
    return all;
}

Values BenchmarkTask::facts() const {
    Values facts = source_.facts();
    for (const auto& [name, value] : data_.generator.options) facts[name] = value;
    facts["task"] = spec_.name;
    facts["steps"] = spec_.n_steps;
    return facts;
}

std::string BenchmarkTask::summary() const {
    const std::int64_t train = count(Split::train);
    return fmt::format(
        "{}: {} of {} steps, {} of them a source; {} to validate on, as many to test on; drawn, {}",
        spec_.name, train == 0 ? "new samples" : fmt::format("{} samples", train), spec_.n_steps,
        data_.source_steps, count(Split::validation), data_.input.name);
}

Values BenchmarkTask::about() const {
    return {{"encoding", data_.input.name}, {"data", std::string("syn")}};
}

Values BenchmarkTask::suited_options() const {
    Values suited{{"memory_tau_max", static_cast<double>(spec_.n_steps)},
                  {"longest", std::max<std::int64_t>(spec_.n_steps, 4096)}};
    if (data_.source_steps > 0) suited["source_steps"] = data_.source_steps;
    return suited;
}

}  // namespace elm
