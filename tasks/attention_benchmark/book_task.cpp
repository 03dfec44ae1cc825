#include "tasks/attention_benchmark/book_task.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "tasks/losses.h"

namespace elm {
namespace {

enum : std::size_t { perplexity, bits, first_bucket };
constexpr std::array<double, 3> bucket_ends{64, 512, 4096};

/// A loss of one token, whose answer stands so far away; 0: nowhere.
void add_loss(double loss, double distance, MetricSums& sums) {
    sums[perplexity].add(loss);
    sums[bits].add(loss / std::numbers::ln2);
    if (distance < 1) return;
    const auto bucket = std::lower_bound(bucket_ends.begin(), bucket_ends.end(), distance);
    sums[first_bucket + static_cast<std::size_t>(bucket - bucket_ends.begin())].add(loss);
}

}  // namespace

std::vector<SetField> BookTask::fields(std::int64_t steps) {
    return {{.name = "input", .type = SetType::i16, .row = {steps}},
            {.name = "targets", .type = SetType::i16, .row = {steps}},
            {.name = "surprise", .type = SetType::f32, .row = {steps}},
            {.name = "distance", .type = SetType::i16, .row = {steps}}};
}

TaskSpec BookTask::spec_of(const char* name, std::int64_t steps, std::int64_t kinds) {
    TaskSpec spec{.name = name,
                  .input = InputKind::spikes,
                  .shape = {kinds, kinds},
                  .n_steps = steps,
                  .has_labels = true};
    spec.loss_parts = class_loss_parts();
    spec.metrics = {{.name = "ppl", .label = "perplexity", .digits = 2, .is_drawn = true},
                    {.name = "bits", .label = "bits/token"},
                    {.name = "ppl_1_64", .label = "at 1-64", .digits = 2},
                    {.name = "ppl_65_512", .label = "at 65-512", .digits = 2},
                    {.name = "ppl_513_4096", .label = "at 513-4096", .digits = 2},
                    {.name = "ppl_4097", .label = "beyond", .digits = 2}};
    return spec;
}

LossSums BookTask::loss(const Batch& batch, const Tensor& output, std::int64_t sample,
                        const Tensor& gradient) const {
    return class_loss(output, batch.targets[0], sample, batch.n_counted, gradient,
                      batch.label_smoothing);
}

void BookTask::measure(const Batch& batch, std::int64_t sample, const AnswerView& answer,
                       MetricSums& sums) const {
    const std::vector<double> labels = target_of(batch, 0, sample),
                              distances = target_of(batch, 2, sample);
    for (std::size_t step = 0; step < labels.size(); ++step) {
        if (labels[step] < 0) continue;
        const double* const row =
            answer.values.data() + static_cast<std::int64_t>(step) * answer.outputs;
        const double largest = *std::max_element(row, row + answer.outputs);
        double sum = 0;
        for (std::int64_t k = 0; k < answer.outputs; ++k) sum += std::exp(row[k] - largest);
        add_loss(std::log(sum) + largest - row[static_cast<std::int64_t>(labels[step])],
                 distances[step], sums);
    }
}

double BookTask::finish(std::size_t metric, const MetricSum& sum) const {
    if (sum.count == 0) return std::numeric_limits<double>::quiet_NaN();
    const double mean = sum.sum / sum.count;
    return metric == bits ? mean : std::exp(mean);
}

void BookTask::measure_rule(std::size_t rule, const Batch& batch, std::int64_t sample,
                            MetricSums& sums) const {
    const std::vector<double> labels = target_of(batch, 0, sample),
                              surprise = target_of(batch, 1, sample),
                              distances = target_of(batch, 2, sample);
    for (std::size_t step = 0; step < labels.size(); ++step) {
        if (labels[step] < 0) continue;
        add_loss(rule == 0 ? surprise[step] : std::log(static_cast<double>(spec().shape.n_output)),
                 distances[step], sums);
    }
}

}  // namespace elm
