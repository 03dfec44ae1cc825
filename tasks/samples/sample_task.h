#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tasks/samples/sample_encoding.h"
#include "tasks/samples/sample_kind.h"
#include "tasks/samples/sample_source.h"
#include "tasks/task_registry.h"

namespace elm {

/// How samples are learnt: what enters a model, and what is asked of it.
struct SampleForm {
    InputEncoding input;
    std::int64_t n_steps = 1;         // of the longest sample
    std::int64_t n_classes = 0;       // of each answer; 0: one real number, by squared error
    Pooling pooling = Pooling::last;  // all: an answer in each step that has a target
    Values towers = {};               // of samples that are pairs: TaskSpec::towers
    bool counts_bits = false;         // bits per character are the first metric
    std::vector<double> readout_bias = {};
    double step_ms = 0;  // of a step of the model; 0: steps have no length
    /// Samples stand in the order of long sequences: TaskSpec::carried.
    std::optional<CarriedState> carried = {};
    double chance = 0;  // Metric::chance; 0: the classes are equally likely, and that of a number
                        // or of what comes next in a text is not known
};

/// A task on samples that are drawn or stored.
class SampleTask final : public Task {
public:
    SampleTask(std::string name, const SampleKind& kind, SampleForm form,
               std::unique_ptr<const SampleSource> source);

    const TaskSpec& spec() const override { return spec_; }
    /// Where state is carried, a split is cut into as many equal sequences as a whole batch has
    /// samples, and batch k holds sample k of each; behind their ends it begins again. What is left
    /// over is in none. Where lengths are known before samples are read, a batch is as long as its
    /// longest sample, rounded up; else as the longest that there may be.
    void fill(const BatchRequest& request, Batch& batch) const override;
    std::int64_t prefetch_depth() const override;
    int prefetch_threads() const override { return source_->threads(); }
    std::int64_t count(Split split) const override { return source_->count(split); }
    LossSums loss(const Batch& batch, const Tensor& output, std::int64_t sample,
                  const Tensor& gradient) const override;
    Values facts() const override;
    std::string summary() const override;
    Values about() const override;
    /// Time constants up to the length of a sample, or half a second; the length of a step.
    Values suited_options() const override;
    std::vector<double> readout_bias() const override { return form_.readout_bias; }

private:
    void add_target(const SetColumn& targets, std::int64_t sample, std::int64_t row,
                    Batch& batch) const;

    SampleForm form_;
    std::unique_ptr<const SampleSource> source_;
    std::string input_, target_;  // fields
    TaskSpec spec_;
};

/// A task on samples, known by name: `entry` says what they are, and gets options and what makes
/// the task. The options are those of the samples, those of their form, and how many samples there
/// are ("held_out", "train_samples").
TaskEntry sample_task(TaskEntry entry);

}  // namespace elm
