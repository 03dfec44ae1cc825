#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "baselines/fitted_model.h"
#include "kernels/core/spike_train.h"
#include "kernels/core/tensor.h"
#include "kernels/modules/sequence_model.h"
#include "tasks/report/plot.h"

/// Task that a model learns: samples of several splits, a loss and scores. The trainer knows
/// nothing else of what it trains on.
namespace elm {

enum class Split : std::uint8_t { train, validation, test };
std::string_view name_of(Split split) noexcept;

/// Which steps of the output a sample is judged by.
enum class Pooling : std::uint8_t {
    all,   // each of them
    last,  // the last one that is no padding
    mean,  // the mean of those that are no padding
    cls,   // the last one of a model that ends with a class token (baselines/front_end.h)
};

/// A term of the loss: its mean counts `weight` times. One of weight 0 is shown and not learnt.
struct LossPart {
    std::string name;
    double weight = 1;
};

/// A figure of merit on samples that are not trained on.
struct Metric {
    std::string name;        // in files: "voltage_rmse_mV"
    std::string label = {};  // for people: "RMSE mV"
    bool higher_is_better = false;
    int digits = 4;         // behind the point, in tables
    bool is_drawn = false;  // in the picture of the learning curve
    /// A share of correct answers, shown with an interval: as many trials as there are samples, for
    /// the answers within a sample depend on each other.
    bool is_proportion = false;
    /// A mean that is shown with an interval, from its standard error over samples.
    bool has_interval = false;
    /// Score of one who knows the task and does not look at the input; NaN: not known.
    double chance = std::numeric_limits<double>::quiet_NaN();
};

enum class InputKind : std::uint8_t { spikes, dense, tokens };

/// Of samples that are pieces of long sequences: sample k of a batch begins with the state that
/// sample k of the batch before left. The gradient stays within a sample (truncated
/// backpropagation through time). A batch begins at rest all the same with a probability that falls
/// from 1 to `rest` over the first updates, along half a cosine.
/// Source: public code of Spieler, Martius & Levina 2026, arXiv 2605.12049.
struct CarriedState {
    double rest = 0;                // probability, 0 to 1
    std::int64_t rest_updates = 0;  // over which it falls; 0: it is `rest` from the first update on

    /// The probability in this update, counted from 0.
    double rest_at(std::int64_t update) const;
};

struct TaskSpec {
    std::string name;
    InputKind input = InputKind::dense;
    SequenceShape shape = {};  // of a model: features of the input, outputs
    std::int64_t n_steps = 1;  // of the longest sample that is trained on
    double step_ms = 1;        // that a step lasts
    Pooling pooling = Pooling::all;
    /// Options of a head for pairs (baselines/two_towers.h): a sample then is two sequences, and a
    /// model answers once for both, with a pooling of its own. Empty: it is one.
    Values towers = {};
    bool has_labels = false;  // answers are classes, whose labels may be smoothed
    std::vector<LossPart> loss_parts = {};
    std::vector<Metric> metrics = {};  // of score(); the first decides which model is the best
    std::size_t headline = 0;          // the metric that the progress line names
    bool has_test = false;             // a test split besides the validation
    bool asks_next = false;            // the answer of a step is the input of the next one
    std::optional<CarriedState> carried = {};  // none: every sample begins at rest
};

/// Sums over all rows that count of the parts of a loss.
struct LossSums {
    static constexpr std::size_t most_parts = 4;
    std::array<double, most_parts> parts{};
    std::int64_t count = 0;

    void add(const LossSums& other) {
        for (std::size_t k = 0; k < most_parts; ++k) parts[k] += other.parts[k];
        count += other.count;
    }
    double mean(std::size_t part) const { return parts[part] / static_cast<double>(count); }
    /// The loss itself.
    double mean(const TaskSpec& spec) const;
};

/// Sequences of a sample: two of a pair, else one.
inline std::int64_t sequences_per_sample(const TaskSpec& spec) {
    return spec.towers.empty() ? 1 : 2;
}

/// Metrics on samples of a split, in the order of TaskSpec::metrics.
struct Scores {
    std::vector<double> values = {};
    std::vector<double> standard_errors = {};  // over samples; NaN: not known
    std::int64_t samples = 0;                  // that were scored
};

/// Which samples a batch holds: of batch number `index` of a split, which has `size` samples,
/// those of [first, first + count). Several processes share a batch in equal parts.
struct BatchRequest {
    Split split = Split::train;
    std::uint64_t seed = 0;  // of what is drawn anew in each run
    std::int64_t index = 0;
    std::int64_t size = 1;
    std::int64_t first = 0, count = 1;
    DType dtype = DType::f32;  // of dense input and targets
    bool full_length = false;  // as long as the longest sample that there may be

    /// The number of its first sample, where samples are counted through all batches.
    std::int64_t first_sample() const noexcept { return index * size + first; }
};

/// Samples on the CPU, in memory that is used from batch to batch.
struct Batch {
    // one of the three, as the task's input kind says; of `count` sequences, or twice as many for
    // pairs, where 2k and 2k + 1 are pair k
    SpikeTrain spikes;
    Tensor dense;                      // (count, time, features)
    Tensor tokens;                     // (count, time) int32
    Tensor lengths = {};               // (count) int32; undefined: all are full
    std::vector<Tensor> targets = {};  // as the task's loss takes them
    /// Rows that count in the loss of all samples of the request's whole batch, also of those that
    /// other processes have.
    std::int64_t n_counted = 0;
    double label_smoothing = 0;  // share of a label that all classes have alike
    bool begins = true;  // the samples begin their sequences: there is no state to go on from

    /// Sequences of this kind.
    std::int64_t n_sequences(InputKind kind) const;
};

struct SampleFiles;

/// Data that a task is made from, besides its options.
struct TaskInput {
    std::vector<std::string> files = {};
    std::shared_ptr<const SampleFiles> samples = {};  // of `files`, see open_samples()
    std::string train = {}, validation = {};  // selections (tasks/data/selection.h); empty: default
    std::function<void()> poll = [] {};       // called now and then while files are read; may throw
};

class Task {
public:
    virtual ~Task() = default;
    Task() = default;
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

    virtual const TaskSpec& spec() const = 0;

    /// Fills `batch`, whose memory may be that of an older one. What stands in it follows from the
    /// request alone. From several threads at once. Throws Error{invalid} for a request that cannot
    /// be met.
    virtual void fill(const BatchRequest& request, Batch& batch) const = 0;
    /// Batches that threads of their own should prepare ahead; 0: filled when asked for.
    virtual std::int64_t prefetch_depth() const { return 0; }
    /// How many threads, at most prefetch_depth().
    virtual int prefetch_threads() const { return 1; }
    /// Samples of the validation or test split that score() goes through.
    virtual std::int64_t count(Split split) const = 0;

    /// The loss of sample `sample` of a batch, from the output on the host: (count, time, outputs),
    /// or (count, 1, outputs) after pooling. Leaves in its rows of `gradient`, of the same shape,
    /// the gradient of the mean over Batch::n_counted rows. From several threads at once for
    /// different samples.
    virtual LossSums loss(const Batch& batch, const Tensor& output, std::int64_t sample,
                          const Tensor& gradient) const = 0;

    /// The metrics of a model on a split, or on `some` of its samples, spread over it alike; 0: on
    /// all. Of tasks that do not say otherwise, the means of the loss and its parts: the metrics
    /// are then named so. Throws Error{numeric} for one that is not finite.
    virtual Scores score(Stream& stream, const FittedModel& model, Split split,
                         std::int64_t some) const;

    /// Facts that tell this data from other: a run goes on from a checkpoint only with the same.
    virtual Values facts() const { return {}; }
    /// One line about the samples, for the log.
    virtual std::string summary() const = 0;
    /// What results say of the samples: "encoding", "data".
    virtual Values about() const { return {}; }
    /// Defaults that suit this task, by name; a model has those of its options that stand there.
    virtual Values suited_options() const { return {}; }
    /// Where the biases of the readout begin; NaN: as drawn. Empty: all as drawn.
    virtual std::vector<double> readout_bias() const { return {}; }
    /// The model beside the truth.
    virtual std::optional<Figure> prediction(Stream& /*stream*/, const FittedModel& /*model*/,
                                             const std::string& /*name*/) const {
        return {};
    }
};

/// Throws Error{invalid} for a model that does not take the task's input, for one that is not
/// causal and is asked for the next input, and for one that cannot go on from a state and has to
/// (TaskSpec::carried), naming both.
void require_fitting(const TaskSpec& task, const ModelTraits& traits, const std::string& model);

/// Input that a model is given of a batch; valid as long as the batch.
SequenceInput input_of(Stream& stream, const TaskSpec& spec, const Batch& batch);

/// Task::loss after pooling: `output`, `gradient` (count, time, outputs) as the model gives them.
/// Uses rows `sample` of `pooled` and `pooled_gradient`, (count, 1, outputs), which are not needed
/// for Pooling::all.
LossSums loss_of_sample(const Task& task, const Batch& batch, const Tensor& output,
                        std::int64_t sample, const Tensor& gradient, const Tensor& pooled,
                        const Tensor& pooled_gradient);

/// A metric of the loss itself, or of a part of it, from sums over samples.
double value_of(const Metric& metric, const TaskSpec& task, const LossSums& sums);

/// Whether every metric of the task is a mean over samples: of the loss, or of a part of it.
bool scores_by_sample(const TaskSpec& task);

/// Answers of a model to some samples of a split, on the host.
struct AnsweredBatch {
    Batch batch;
    Tensor output;       // (count, time, outputs)
    double seconds = 0;  // that the model took
};
/// Calls `visit` for all samples of a split in their order, or `some` of them spread over it alike
/// (0: all), a batch at a time. It may take the batch away. Where state is carried
/// (TaskSpec::carried), the split is cut into at most 8 sequences that are read side by side, so
/// that samples come in that order, the same for every model, and what is left over does not come.
void for_each_answer(const Task& task, Stream& stream, const FittedModel& model, Split split,
                     const std::function<void(AnsweredBatch& answered)>& visit,
                     std::int64_t some = 0);

/// The loss of each sample of an answered batch, which must outlive this.
class BatchLoss {
public:
    BatchLoss(const Task& task, const AnsweredBatch& answered);
    LossSums of(std::int64_t sample);
    /// What the losses up to now were of: the output, or what pooling leaves of it.
    const Tensor& judged() const;

private:
    const Task& task_;
    const AnsweredBatch& answered_;
    Tensor gradient_, pooled_, pooled_gradient_;
};

}  // namespace elm
