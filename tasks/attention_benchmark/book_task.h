#pragma once

#include <memory>
#include <utility>

#include "tasks/attention_benchmark/benchmark_task.h"

/// What the two tasks on made-up books share: the loss of tokens, perplexity, and perplexity by how
/// far away the answer stands.
namespace elm {

/// Fields of a book task: "input", "targets" (steps), ignored_target where nothing is asked;
/// "surprise" (steps) of the oracle; "distance" (steps).
class BookTask final : public BenchmarkTask {
public:
    BookTask(TaskSpec spec, BenchmarkData data) : BenchmarkTask(std::move(spec), std::move(data)) {}

    LossSums loss(const Batch& batch, const Tensor& output, std::int64_t sample,
                  const Tensor& gradient) const override;

    /// Fields, and the parts of a spec that are alike; `kinds` of tokens.
    static std::vector<SetField> fields(std::int64_t steps);
    static TaskSpec spec_of(const char* name, std::int64_t steps, std::int64_t kinds);

protected:
    void measure(const Batch& batch, std::int64_t sample, const AnswerView& answer,
                 MetricSums& sums) const override;
    double finish(std::size_t metric, const MetricSum& sum) const override;
    std::vector<std::string> rule_names() const override { return {"oracle", "all alike"}; }
    void measure_rule(std::size_t rule, const Batch& batch, std::int64_t sample,
                      MetricSums& sums) const override;
};

}  // namespace elm
