// The next hours of several series (series_samples.h): the past is the source, behind it stand the
// hours to come with their calendar alone; a model answers all of them at once. Loss: mean squared
// error of values of deviation 1.

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "tasks/attention_benchmark/benchmark_task.h"
#include "tasks/attention_benchmark/series_samples.h"

namespace elm {
namespace {

constexpr ByTier past_of_tier{48, 168, 336}, future_of_tier{24, 168, 720},
    train_of_tier{2000, 17420, 17420};
constexpr std::int64_t n_inputs = n_series + n_calendar + 1, day = 24;

OptionSet options() {
    OptionSet options;
    declare_tier(options);
    declare_length(options, "past", "hours that are seen; 0: as the tier says");
    declare_length(options, "future", "hours that are asked for; 0: as the tier says");
    return options;
}

SeriesOptions series_options(const OptionSet& options) {
    SeriesOptions series{.past = length_of(options, "past", past_of_tier, day, 1 << 15),
                         .future = length_of(options, "future", future_of_tier, 1, 1 << 15)};
    // Lags that reach back into the past, where it is long enough.
    series.shortest_lag = std::min(series.future, series.past / 2);
    series.longest_lag = std::max(series.past / 2, std::min<std::int64_t>(series.past, 168));
    return series;
}

SetGenerator generator_of(const SeriesOptions& series, Values facts) {
    const std::int64_t rows = series.past + series.future;
    SetGenerator set{.task = "lstf-syn", .options = std::move(facts)};
    set.fields = {{.name = "input", .type = SetType::f32, .row = {rows, n_inputs}},
                  {.name = "future", .type = SetType::f32, .row = {series.future, n_series}},
                  {.name = "past", .type = SetType::f32, .row = {series.past, n_series}},
                  {.name = "expected", .type = SetType::f32, .row = {series.future, n_series}}};
    set.draw = [series, rows](std::uint64_t seed, std::uint64_t index, SetColumns& columns) {
        const SeriesWindow window = make_window(series, seed, index);
        const std::int64_t seen = series.past * n_series;
        const auto part = [](const std::vector<double>& values, std::int64_t begin,
                             std::int64_t end) {
            return std::vector<float>(values.begin() + begin, values.begin() + end);
        };
        std::vector<float> input;
        for (std::int64_t row = 0; row < rows; ++row) {
            for (std::int64_t d = 0; d < n_series; ++d) {
                input.push_back(
                    row < series.past
                        ? static_cast<float>(
                              window.values[static_cast<std::size_t>(row * n_series + d)])
                        : 0.0F);
            }
            for (std::int64_t k = 0; k < n_calendar; ++k) {
                input.push_back(static_cast<float>(
                    window.calendar[static_cast<std::size_t>(row * n_calendar + k)]));
            }
            input.push_back(row < series.past ? 0.0F : 1.0F);
        }
        const std::int64_t all = rows * n_series;
        columns[0].add<float>(input);
        columns[1].add<float>(part(window.values, seen, all));
        columns[2].add<float>(part(window.values, 0, seen));
        columns[3].add<float>(part(window.expected, seen, all));
    };
    return set;
}

class SeriesTask final : public BenchmarkTask {
public:
    SeriesTask(TaskSpec spec, BenchmarkData data, const SeriesOptions& series)
        : BenchmarkTask(std::move(spec), std::move(data)), series_(series) {}

    LossSums loss(const Batch& batch, const Tensor& output, std::int64_t sample,
                  const Tensor& gradient) const override {
        return visit_real(output.dtype(), [&]<class Real>(Real) {
            const std::int64_t size = (series_.past + series_.future) * n_series,
                               asked = series_.future * n_series;
            const Real* const answer =
                output.host<Real>().data() + sample * size + series_.past * n_series;
            const Real* const truth = batch.targets[0].host<Real>().data() + sample * asked;
            Real* const slope = gradient.host<Real>().data() + sample * size;
            std::fill_n(slope, size, Real(0));
            LossSums sums;
            sums.count = series_.future;
            const Real scale = Real(2) / static_cast<Real>(batch.n_counted * n_series);
            for (std::int64_t k = 0; k < asked; ++k) {
                const Real error = answer[k] - truth[k];
                sums.parts[0] += static_cast<double>(error) * static_cast<double>(error) /
                                 static_cast<double>(n_series);
                slope[series_.past * n_series + k] = scale * error;
            }
            return sums;
        });
    }

protected:
    void measure(const Batch& batch, std::int64_t sample, const AnswerView& answer,
                 MetricSums& sums) const override {
        const auto future = answer.values.begin() + series_.past * n_series;
        measure_values(batch, sample, {future, answer.values.end()}, sums);
    }
    std::vector<std::string> rule_names() const override {
        return {"oracle", "last value", "same hour of the last day"};
    }
    void measure_rule(std::size_t rule, const Batch& batch, std::int64_t sample,
                      MetricSums& sums) const override {
        const std::vector<double> past = target_of(batch, 1, sample);
        std::vector<double> answer = target_of(batch, 2, sample);
        for (std::int64_t row = 0; rule > 0 && row < series_.future; ++row) {
            const std::int64_t then = rule == 1 ? series_.past - 1 : series_.past - day + row % day;
            for (std::int64_t d = 0; d < n_series; ++d) {
                answer[static_cast<std::size_t>(row * n_series + d)] =
                    past[static_cast<std::size_t>(then * n_series + d)];
            }
        }
        measure_values(batch, sample, answer, sums);
    }

private:
    static void measure_values(const Batch& batch, std::int64_t sample,
                               const std::vector<double>& answer, MetricSums& sums) {
        const std::vector<double> truth = target_of(batch, 0, sample);
        for (std::size_t k = 0; k < truth.size(); ++k) {
            const double error = answer[k] - truth[k];
            sums[0].add(error * error);
            sums[1].add(std::abs(error));
        }
    }

    SeriesOptions series_;
};

std::unique_ptr<Task> make(const OptionSet& options, const TaskInput&) {
    const SeriesOptions series = series_options(options);
    TaskSpec spec{.name = "lstf-syn",
                  .input = InputKind::dense,
                  .shape = {n_inputs, n_series},
                  .n_steps = series.past + series.future};
    spec.loss_parts = {{"squared_error", 1}};
    spec.metrics = {{.name = "mse", .label = "MSE", .is_drawn = true},
                    {.name = "mae", .label = "MAE"}};
    BenchmarkData data{
        .generator = generator_of(series, {{"tier", options.get<std::string>("tier")}}),
        .sizes = sizes_of(options, train_of_tier),
        .input = {.name = "values and calendar", .kind = InputKind::dense, .width = n_inputs},
        .source_steps = series.past,
        .counted = series.future};
    return std::make_unique<SeriesTask>(std::move(spec), std::move(data), series);
}

}  // namespace

TaskEntry lstf_syn_task() {
    return {.name = "lstf-syn",
            .summary = "the next hours of made-up series that drive each other",
            .source = "stands for Zhang et al. 2023, arXiv 2210.07661 (ETT, ECL, Weather)",
            .options = options,
            .make = make};
}

}  // namespace elm
