#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "baselines/model_file.h"
#include "kernels/core/communicator.h"
#include "kernels/modules/checkpoint.h"
#include "kernels/modules/learning_rate.h"
#include "tasks/neuronio/neuronio_dataset.h"
#include "tasks/neuronio/neuronio_file.h"
#include "tasks/neuronio/window_prefetcher.h"
#include "tasks/training/neuronio_loss.h"

namespace elm {

/// How a surrogate is trained.
struct FitSettings {
    std::int64_t updates = 0;
    WindowOptions windows = {};
    std::int64_t passes = 1;  // batches whose gradients are summed before one update
    std::uint64_t seed = 0;
    OptimizerSettings optimizer = {};
    LearningRate learning_rate = {};
    DType precision = DType::f32;
    /// Spikes per step of the data: the readout begins at this probability, for from log odds of 0
    /// a small model takes ten thousand updates to say that spikes are rare. 0: as drawn.
    double spike_probability = 0;
};

/// What training has shown since the last report.
struct FitReport {
    std::int64_t update = 0;
    NeuronIoLoss loss;
    double learning_rate = 0, gradient_norm = 0;
};

/// Scores on simulations that were held out.
struct FitScores {
    std::int64_t update = 0;
    double loss = NAN;  // unknown in checkpoints of older programs
    double auc = 0, explained_variance_percent = 0, rmse_mV = 0, mae_mV = 0;
};

/// One model in training. Which windows an update sees, and every random number, follow from the
/// seed and the number of the update, so a fit that goes on from a checkpoint has the bits of one
/// that was never interrupted.
class Fit {
public:
    /// Allocates the parameters of the model, which begin with what they were made to begin with.
    /// Several processes share each batch: all of them make the same calls.
    Fit(Stream& stream, FittedModel model, const FitSettings& settings, const NeuronIoDataset& data,
        Communicator& processes);

    const FitSettings& settings() const noexcept { return settings_; }
    const FittedModel& fitted() const noexcept { return fitted_; }
    Module& module() noexcept { return *fitted_.model; }
    std::int64_t update_count() const noexcept { return optimizer_->step_count(); }
    bool done() const noexcept { return update_count() >= settings_.updates; }
    double fraction_done() const noexcept;

    /// Updates until `end` (not past the last) or until `seconds` have passed; at least one.
    /// Several processes, whose clocks differ, stop after as many updates each. Throws
    /// Error{numeric} naming step and parameter where the gradient stops being finite; the
    /// parameters are those of the step before.
    void advance(std::int64_t end, double seconds);

    // --- one update in pieces, for those that train in step
    /// Null where the model has no pass but the tape.
    TrainingPass* pass() noexcept { return pass_.get(); }
    const NeuronIoBatch& next_batch() { return batches_->next(); }
    /// What the pass of a batch reads and writes; valid as long as the batch and until the next
    /// call.
    PassCall call(const NeuronIoBatch& batch);
    /// The loss of the last pass.
    NeuronIoLoss loss_of_pass() const;
    /// Moves the parameters along the gradient that was added for one batch.
    void finish_update(const NeuronIoLoss& loss);
    void discard_gradient() { clear_gradients(stream_, fitted_.parameters); }

    /// What happened since the last report; keeps it as part of the learning curve.
    FitReport report();
    /// Scores the present weights (their average, where one is kept).
    FitScores validate(std::span<const NeuronIoSimulation> simulations);
    /// True if the last validation was the best one so far.
    bool is_best() const noexcept;

    const std::vector<FitReport>& reports() const noexcept { return reports_; }
    const std::vector<FitScores>& validations() const noexcept { return validations_; }
    /// The validation of the smallest loss among those after the first update; null before.
    const FitScores* best() const;

    /// Saves the model with the weights that validate() scores.
    void save_model(const std::string& path, const std::string& source, bool force);

    void write_checkpoint(const std::string& path, const Config& config);
    void resume(const std::string& path);

private:
    NeuronIoLoss summed(const NeuronIoLoss& loss);  // over the processes
    void start_batches();
    void update();
    template <class Work>
    void with_average(const Work& work);

    NeuronIoLoss add_gradient(const NeuronIoBatch& batch, const RandomKey& key);

    Stream& stream_;
    FittedModel fitted_;
    FitSettings settings_;
    const NeuronIoDataset& data_;
    Communicator& processes_;
    std::unique_ptr<TrainingPass> pass_;
    Tensor output_, output_gradient_;   // of the pass: (batch, time, 2)
    std::vector<NeuronIoLoss> losses_;  // of the pass, by sample
    std::optional<Optimizer> optimizer_;
    std::optional<WindowPrefetcher> batches_;
    NeuronIoLoss loss_;  // since the last report
    std::vector<FitReport> reports_;
    std::vector<FitScores> validations_;
};

}  // namespace elm
