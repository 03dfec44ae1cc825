#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "baselines/fitted_model.h"
#include "kernels/core/communicator.h"
#include "kernels/modules/checkpoint.h"
#include "tasks/data/batch_prefetcher.h"
#include "tasks/task.h"
#include "tasks/training/batch_gradient.h"
#include "tasks/training/carried_states.h"
#include "tasks/training/pace.h"
#include "tasks/training/record/training_history.h"
#include "tasks/training/training_settings.h"

namespace elm {

/// Floating-point operations that training takes for a sample of the longest, a backward pass taken
/// for two forward.
double flops_per_sample(const TaskSpec& task, SequenceModel& model);

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
    Training(const Training&) = delete;
    Training& operator=(const Training&) = delete;

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
    const TimeSpent& time_spent() const noexcept { return history_.spent; }
    /// What an update calls between pieces of its work, from several threads: it may throw, and
    /// then the parameters are those of the update before, from which a checkpoint goes on with the
    /// same bits. Empty: nothing.
    void poll_with(std::function<void()> poll) { gradient_->poll_with(std::move(poll)); }
    /// Adds wall time of updates; that of validate() is added there.
    void add_seconds(double seconds) noexcept { history_.spent.training += seconds; }
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
    TrainingPass* pass() noexcept { return gradient_->pass(); }
    bool shares_batches() const noexcept { return processes_.size() > 1; }
    const Batch& next_batch();
    /// Arrays that pass number `pass` of the present update reads and writes; valid as long as the
    /// batch and until the next call.
    PassCall call(const Batch& batch, std::int64_t pass = 0) {
        return gradient_->call(batch, update_count(), pass);
    }
    /// The loss of the last pass.
    LossSums loss_of_pass() const { return gradient_->loss(); }
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

    const std::vector<TrainingReport>& reports() const noexcept { return history_.reports; }
    const std::vector<Validation>& validations() const noexcept { return history_.validations; }
    /// The validation that is best by the task's first metric, of those after the first update;
    /// null before.
    const Validation* best() const;

    /// Saves the model with the weights that validate() scores.
    void save_model(const std::string& path, const std::string& source, bool force);

    /// The configuration is kept with the pace in it. Of several processes any one may write.
    void write_checkpoint(const std::string& path, const Config& config);
    void resume(const std::string& path);

private:
    LossSums summed(const LossSums& loss);  // over the processes
    void start_batches();
    void update();
    template <class Work>
    void with_average(const Work& work);

    Stream& stream_;
    FittedModel fitted_;
    TrainingSettings settings_;
    const Task& task_;
    Communicator& processes_;
    std::optional<BatchGradient> gradient_;
    double flops_per_update_;
    std::optional<Optimizer> optimizer_;
    std::optional<BatchPrefetcher> batches_;
    TrainingHistory history_;
    double score_seconds_ = 0;      // of one sample
    std::size_t empty_trains_ = 0;  // of a state that is carried
    CarriedArrays carried_;         // of the whole batch; of one process, when last written
};

}  // namespace elm
