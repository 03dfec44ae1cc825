#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tasks/attention_benchmark/tier.h"
#include "tasks/samples/sample_encoding.h"
#include "tasks/samples/sample_source.h"
#include "tasks/task.h"
#include "tasks/task_registry.h"

/// Tasks in the manner of the Comprehensive Attention Benchmark (Zhang et al. 2023, arXiv
/// 2210.07661): generated stand-ins for speech, summaries, images, texts, clouds of points and
/// series. Every sample is one sequence: steps of a source, then steps of a target, which a model
/// answers; models that read both apart cut it there.
namespace elm {

/// A metric as a ratio of sums over samples.
struct MetricSum {
    double sum = 0, count = 0;

    void add(double value, double weight = 1) {
        sum += value;
        count += weight;
    }
};
using MetricSums = std::vector<MetricSum>;

/// Samples of a task.
struct BenchmarkData {
    /// Fields: "input", then what Batch::targets hold, in their order.
    SetGenerator generator;
    GeneratedSizes sizes;
    InputEncoding input;
    std::int64_t source_steps = 0;  // before those of the target
    /// Rows of each sample that count in the loss; 0: those whose first target is a class.
    std::int64_t counted = 0;
};

/// Answers of one sample: (steps, outputs) on the host.
struct AnswerView {
    std::vector<double> values;
    std::int64_t outputs = 1;

    double at(std::int64_t step, std::int64_t output) const {
        return values[static_cast<std::size_t>(step * outputs + output)];
    }
};

class BenchmarkTask : public Task {
public:
    BenchmarkTask(TaskSpec spec, BenchmarkData data);

    const TaskSpec& spec() const override { return spec_; }
    void fill(const BatchRequest& request, Batch& batch) const override;
    std::int64_t prefetch_depth() const override { return prefetch_threads() + 1; }
    int prefetch_threads() const override { return source_.threads(); }
    std::int64_t count(Split split) const override { return source_.count(split); }
    Scores score(Stream& stream, const FittedModel& model, Split split,
                 std::int64_t some) const override;
    Values facts() const override;
    std::string summary() const override;
    Values about() const override;
    /// Also "source_steps", of models that read source and target apart.
    Values suited_options() const override;

    std::int64_t source_steps() const noexcept { return data_.source_steps; }

    /// What is known without a model: an oracle, which knows what a sample was drawn from, and
    /// simple rules. NaN where a rule has no such metric.
    struct Rule {
        std::string name;
        std::vector<double> values;  // of the metrics
    };
    std::vector<Rule> rules(Split split) const;

protected:
    /// Adds the metrics of an answer to sample `sample` of a batch.
    virtual void measure(const Batch& batch, std::int64_t sample, const AnswerView& answer,
                         MetricSums& sums) const = 0;
    /// The metric from its sums.
    virtual double finish(std::size_t metric, const MetricSum& sum) const;
    /// Rules, and the metrics of one on a sample.
    virtual std::vector<std::string> rule_names() const = 0;
    virtual void measure_rule(std::size_t rule, const Batch& batch, std::int64_t sample,
                              MetricSums& sums) const = 0;
    /// Puts what a model answered into the input of the steps behind; false: nothing changed. Tasks
    /// whose target is not its own input have nothing to put.
    virtual bool feed_back(const Tensor& /*output*/, SetColumns& /*columns*/) const {
        return false;
    }
    /// Measured before anything is fed back: answers to the true past.
    virtual void measure_forced(const Batch& /*batch*/, std::int64_t /*sample*/,
                                const AnswerView& /*answer*/, MetricSums& /*sums*/) const {}
    /// Whether score() lets the model read its own answers.
    virtual bool decodes() const { return false; }

    const BenchmarkData& data() const noexcept { return data_; }
    /// Values of target `which` of a sample, as numbers.
    static std::vector<double> target_of(const Batch& batch, std::size_t which,
                                         std::int64_t sample);

    /// Samples of a split, in columns of the generator's fields.
    SetColumns read(Split split, std::uint64_t seed, std::span<const std::int64_t> samples) const;

private:
    void put_input(const SetColumns& columns, std::int64_t first, std::int64_t count, DType dtype,
                   Batch& batch) const;
    void put_targets(const SetColumns& columns, std::int64_t first, std::int64_t count, DType dtype,
                     Batch& batch) const;
    std::vector<double> finished(const MetricSums& sums) const;

    TaskSpec spec_;
    BenchmarkData data_;
    GeneratedSource source_;
};

/// AnswerView of a sample of an output (samples, steps, outputs).
AnswerView answer_of(const Tensor& output, std::int64_t sample);

}  // namespace elm
