#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "baselines/model_file.h"
#include "kernels/core/communicator.h"
#include "kernels/modules/checkpoint.h"
#include "kernels/modules/learning_rate.h"
#include "tasks/data/batch_prefetcher.h"
#include "tasks/task.h"
#include "tasks/training/pace.h"

namespace elm {

/// Work that went into a model.
struct WorkDone {
    std::int64_t updates = 0;
    double seconds = 0, flops = 0;
};

/// Samples of the validation and of the test split that are scored; 0: all of them.
struct ScoredSamples {
    std::int64_t validation = 0, test = 0;
};

/// Puts the numbers into the section [data] of a configuration, and takes them out again.
void put_scored_samples(const ScoredSamples& scored, Config& config);
ScoredSamples take_scored_samples(Config& config);

/// A recipe in numbers.
struct TrainingSettings {
    std::int64_t updates = 0;
    std::int64_t report_every = 1, validate_every = 1;  // updates
    std::int64_t batch = 8;                             // samples, of all processes together
    std::int64_t accumulation_steps = 1;  // batches whose gradients are summed before one update
    /// Equal parts of a batch that pass one after the other, where memory is short.
    std::int64_t batch_parts = 1;
    std::uint64_t seed = 0;
    OptimizerSettings optimizer = {};
    LearningRate learning_rate = {};
    DType precision = DType::f32;
    double label_smoothing = 0;  // share of each label that all classes have alike; 0 to 1
    ScoredSamples scored = {};
    /// What went into the parameters that it begins with, in earlier stages of a curriculum.
    WorkDone earlier = {};
    /// Where the biases of the readout begin; NaN: as drawn. Empty: all as drawn.
    std::vector<double> readout_bias = {};

    std::int64_t samples_per_update() const noexcept { return accumulation_steps * batch; }
};

/// Floating-point operations that training takes for a sample of the longest, a backward pass taken
/// for two forward.
double flops_per_sample(const TaskSpec& task, SequenceModel& model);

/// Report on training since the last one.
struct TrainingReport {
    std::int64_t update = 0;
    LossSums loss;
    double learning_rate = 0, gradient_norm = 0;
};

/// The metrics of the task on samples that were held out.
struct Validation {
    std::int64_t update = 0;
    std::vector<double> scores;  // in the order of TaskSpec::metrics; NaN: unknown
};

/// One model in training on one task by one recipe. Which samples an update sees, and every random
/// number, follow from the seed and the number of the update, so a run that goes on from a
/// checkpoint has the bits of one that was never interrupted.
class Training {
public:
    /// Allocates the parameters of the model, with the initial values it was made with. Several
    /// processes share each batch: all of them make the same calls. Throws Error{invalid} for a
    /// model whose shape or kind of input is not the task's, and for processes that cannot share
    /// the batch equally.
    Training(Stream& stream, FittedModel model, const TrainingSettings& settings, const Task& task,
             Communicator& processes);

    const TrainingSettings& settings() const noexcept { return settings_; }
    const Task& task() const noexcept { return task_; }
    const FittedModel& fitted() const noexcept { return fitted_; }
    Module& module() noexcept { return *fitted_.model; }
    std::int64_t update_count() const noexcept { return optimizer_->step_count(); }
    bool done() const noexcept { return update_count() >= settings_.updates; }
    double fraction_done() const noexcept;
    Pace pace() const noexcept;
    /// Another length or other intervals from here on; the learning rate follows.
    void set_pace(const Pace& pace);
    /// Wall time up to now, of a run that was resumed from its beginning on.
    const TimeSpent& time_spent() const noexcept { return spent_; }
    /// Adds wall time of updates; that of validate() is added there.
    void add_seconds(double seconds) noexcept { spent_.training += seconds; }
    /// Bytes that buffers take for a pass over so many samples, beyond the parameters. Runs it, so
    /// for a training that is thrown away.
    double measure_pass(std::int64_t n_samples);
    /// Work of the updates up to now, without and with what went into the initial parameters.
    WorkDone work() const;
    WorkDone work_with_earlier() const;

    /// Updates until `end` (not past the last) or until `seconds` have passed; at least one.
    /// Several processes, whose clocks differ, stop after as many updates each. Throws
    /// Error{numeric} naming step and parameter where the gradient stops being finite; the
    /// parameters are those of the step before.
    void advance(std::int64_t end, double seconds);

    // --- one update in pieces, for those that train in step
    /// Null where the model has no pass but the tape, or the task gives tokens.
    TrainingPass* pass() noexcept { return pass_.get(); }
    bool shares_batches() const noexcept { return processes_.size() > 1; }
    const Batch& next_batch();
    /// Arrays that pass number `pass` of the present update reads and writes; valid as long as the
    /// batch and until the next call.
    PassCall call(const Batch& batch, std::int64_t pass = 0);
    /// The loss of the last pass.
    LossSums loss_of_pass() const;
    /// Moves the parameters along the gradient that was added for one batch.
    void finish_update(const LossSums& loss);
    void discard_gradient() { clear_gradients(stream_, fitted_.parameters); }

    /// Report on what happened since the last one; keeps it as part of the learning curve.
    TrainingReport report();
    /// How many samples to score, where all of them would take more than a small share of
    /// `seconds`: scores some to see how long that takes.
    ScoredSamples affordable_samples(double seconds);
    /// Before the first validation.
    void score_on(const ScoredSamples& scored) noexcept { settings_.scored = scored; }
    /// Seconds that scoring the test split will take; 0 where affordable_samples() was not asked.
    double test_seconds() const noexcept;
    /// Scores the present weights (their average, where one is kept) on the validation split.
    Validation validate();
    /// True if the last validation was the best one so far.
    bool is_best() const noexcept;

    const std::vector<TrainingReport>& reports() const noexcept { return reports_; }
    const std::vector<Validation>& validations() const noexcept { return validations_; }
    /// The validation that is best by the task's first metric, of those after the first update;
    /// null before.
    const Validation* best() const;

    /// Saves the model with the weights that validate() scores.
    void save_model(const std::string& path, const std::string& source, bool force);

    /// The configuration is kept with the pace in it.
    void write_checkpoint(const std::string& path, const Config& config);
    void resume(const std::string& path);

private:
    LossSums summed(const LossSums& loss);  // over the processes
    void start_batches();
    void prepare_loss(const Shape& output_shape);
    RandomKey key_of(std::int64_t pass) const;
    std::int64_t first_sequence(const Batch& batch, std::int64_t pass) const;
    LossSums add_gradient(const Batch& batch, std::int64_t pass);
    LossSums tape_gradient(const Batch& batch, std::int64_t pass);
    void update();
    template <class Work>
    void with_average(const Work& work);

    Stream& stream_;
    FittedModel fitted_;
    TrainingSettings settings_;
    const Task& task_;
    Communicator& processes_;
    std::unique_ptr<TrainingPass> pass_;
    SpikeTrain kept_spikes_;           // those that dropout leaves
    Tensor kept_dense_;                // likewise
    Tensor output_, output_gradient_;  // of the pass: (samples, time, outputs)
    Tensor pooled_, pooled_gradient_;  // (samples, 1, outputs)
    std::vector<LossSums> losses_;     // of the pass, by sample
    double flops_per_update_;
    std::optional<Optimizer> optimizer_;
    std::optional<BatchPrefetcher> batches_;
    LossSums loss_;  // since the last report
    TimeSpent spent_;
    double score_seconds_ = 0;  // of one sample
    std::vector<TrainingReport> reports_;
    std::vector<Validation> validations_;
};

}  // namespace elm
