#pragma once

#include <cstdint>
#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/core/spike_train.h"
#include "kernels/modules/module.h"

namespace elm {

/// Input of a sequence model: sparse spikes, or dense values (batch, time, features) of the model's
/// type; one of the two. The train must live as long as the input.
struct SequenceInput {
    const SpikeTrain* spikes = nullptr;
    Var dense = {};

    std::int64_t batch() const;
    std::int64_t steps() const;
    std::int64_t features() const;
};

/// What a model carries from one chunk of time to the next; opaque to all others. Empty before the
/// first chunk.
struct SequenceState {
    std::vector<Tensor> tensors;     // on the device of the stream, axis 0 is the batch
    std::vector<SpikeTrain> spikes;  // those that still act on steps to come

    bool empty() const noexcept { return tensors.empty() && spikes.empty(); }
};

/// Width of what goes in and comes out in each step.
struct SequenceShape {
    std::int64_t n_input = 1;
    std::int64_t n_output = 1;
};

/// A causal map from sequences to sequences of equal length: step t of the output depends on steps
/// up to t of the input.
class SequenceModel : public Module {
public:
    /// Throws Error{invalid} unless both widths are positive.
    explicit SequenceModel(const SequenceShape& shape);

    const SequenceShape& shape() const noexcept { return shape_; }

    /// (batch, time, inputs) → (batch, time, outputs). Begins with everything at rest if `state` is
    /// null or empty, else from it, and leaves the last state there, without a past on the tape.
    /// Runs over consecutive chunks equal one run over all of them. Throws Error{invalid} for input
    /// of another width, of both kinds or none, and for a state that does not fit.
    Var forward(Context& context, const SequenceInput& input, SequenceState* state = nullptr);

protected:
    /// As above; `input` is checked, `state` is never null. The parameters are allocated.
    virtual Var run(Context& context, const SequenceInput& input, SequenceState& state) = 0;
    /// The same from rest, where nobody takes the last state.
    virtual Var run_once(Context& context, const SequenceInput& input) {
        SequenceState state;
        return run(context, input, state);
    }

private:
    SequenceShape shape_;
};

/// Throws Error{invalid} unless `state` holds as many tensors and trains as the model's states do
/// (or none), each of `batch` samples.
void require_state(const SequenceState& state, std::size_t n_tensors, std::size_t n_trains,
                   std::int64_t batch);

}  // namespace elm
