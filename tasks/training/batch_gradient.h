#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "baselines/fitted_model.h"
#include "tasks/task.h"

namespace elm {

struct GradientSettings {
    std::uint64_t seed = 0;
    DType precision = DType::f32;
    /// Equal parts of a batch that pass one after the other, on each of several processes.
    std::int64_t batch_parts = 1;
    std::int64_t rank = 0, processes = 1;
};

/// States with which the samples of a batch go on, a part each.
using BatchStates = std::vector<SequenceState>;

/// Gradients of the loss of a task, added to those of a model's parameters: by the model's own
/// pass, or by the tape where it has none, where the task gives tokens and where state is carried
/// (TaskSpec::carried). Every random number follows from the seed and the numbers of the update and
/// of the pass within it.
class BatchGradient {
public:
    /// After the parameters were allocated. All but the settings must outlive this.
    BatchGradient(Stream& stream, FittedModel& fitted, const Task& task,
                  const GradientSettings& settings);

    /// Null where the tape is used.
    TrainingPass* pass() noexcept { return pass_.get(); }
    /// What a pass calls between pieces of its work, from several threads. Empty: nothing.
    void poll_with(std::function<void()> poll) { poll_ = std::move(poll); }
    void poll() const {
        if (poll_) poll_();
    }

    /// Adds the gradient of a batch, or of its part; returns the loss.
    LossSums add(const Batch& batch, std::int64_t update, std::int64_t pass);
    /// Arrays that the pass reads and writes; valid as long as the batch and until the next call.
    PassCall call(const Batch& batch, std::int64_t update, std::int64_t pass);
    /// The loss of the last pass.
    LossSums loss() const;
    /// Lets go of the arrays.
    void release();

    // --- of a task that carries state; passes of an update come in their order, from number 0
    /// What the next update goes on from; empty: from rest.
    const BatchStates& states() const noexcept { return states_; }
    void go_on_from(BatchStates states) { states_ = std::move(states); }
    /// The update is done: the next one goes on from what its passes left.
    void keep_states() { states_ = latest_states_; }

private:
    void prepare_loss(const Shape& output_shape);
    RandomKey key_of(std::int64_t update, std::int64_t pass) const;
    std::int64_t first_sequence(const Batch& batch, std::int64_t pass) const;
    SequenceState* state_of(const Batch& batch, std::int64_t update, std::int64_t pass);
    LossSums add_by_tape(const Batch& batch, std::int64_t update, std::int64_t pass);

    Stream& stream_;
    FittedModel& fitted_;
    const Task& task_;
    GradientSettings settings_;
    std::function<void()> poll_;
    std::unique_ptr<TrainingPass> pass_;
    SpikeTrain kept_spikes_;              // those that dropout leaves
    Tensor kept_dense_;                   // likewise
    Tensor output_, output_gradient_;     // of the pass: (samples, time, outputs)
    Tensor pooled_, pooled_gradient_;     // (samples, 1, outputs)
    std::vector<LossSums> losses_;        // of the pass, by sample
    BatchStates states_, latest_states_;  // before the update, and after its last pass
};

}  // namespace elm
