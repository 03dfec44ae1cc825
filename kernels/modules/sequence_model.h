#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/core/device_limits.h"
#include "kernels/core/spike_train.h"
#include "kernels/io/state_dict.h"
#include "kernels/modules/input_dropout.h"
#include "kernels/modules/module.h"
#include "kernels/modules/sequence_runner.h"
#include "kernels/modules/training_pass.h"
#include "kernels/ops/elm/scan_pass.h"

namespace elm {

/// Kinds of input that a model takes without a front end.
struct InputKinds {
    bool spikes = true, dense = true, tokens = false;
};

/// Traits of a model that do not depend on its parameters.
struct ModelTraits {
    bool causal = true;   // step t of the output depends on steps up to t of the input
    bool streams = true;  // goes on from one chunk of time to the next with a state
    InputKinds inputs = {};
    bool inhibitory_half = false;             // the second half of the inputs inhibits
    std::int64_t n_memory = 0, n_branch = 0;  // what a recording may hold; 0: there is none
};

/// Input of a sequence model: sparse spikes, dense values (batch, time, features) of the model's
/// type, or tokens (batch, time) as int32; one of the three. The train must live as long as the
/// input.
struct SequenceInput {
    const SpikeTrain* spikes = nullptr;
    Var dense = {};
    Tensor tokens = {};
    /// Steps of each sample, (batch) as int32 on the host; what is beyond is padding, and outputs
    /// there mean nothing. Undefined: all are full.
    Tensor lengths = {};
    /// Number of the first sample among those of all processes that share a batch.
    std::int64_t first_sample = 0;

    std::int64_t batch() const;
    std::int64_t steps() const;
    std::int64_t features() const;
};

/// State that a model carries from one chunk of time to the next; opaque to all others. Empty
/// before the first chunk.
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

/// A map from sequences to sequences of equal length.
class SequenceModel : public Module {
public:
    /// Throws Error{invalid} unless both widths are positive.
    explicit SequenceModel(const SequenceShape& shape);

    const SequenceShape& shape() const noexcept { return shape_; }
    virtual ModelTraits traits() const { return {}; }

    /// (batch, time, inputs) → (batch, time, outputs). Begins with everything at rest if `state` is
    /// null or empty, else from it, and leaves the last state there, without a past on the tape.
    /// Runs over consecutive chunks equal one run over all of them. Throws Error{invalid} for input
    /// of another width, of a kind that the model does not take, of several kinds or none, for
    /// lengths that cannot be, for a state that does not fit, and for one of a model that does not
    /// go on from chunk to chunk. In training (Context::training) a share input_dropout() of the
    /// input channels of each sample is dropped; spikes then go in as dense values.
    Var forward(Context& context, const SequenceInput& input, SequenceState* state = nullptr);

    /// Share of the input channels that is dropped in training (input_dropout.h); 0 at first.
    double input_dropout() const noexcept { return input_dropout_; }
    /// Throws Error{invalid} for a share outside [0, 1).
    virtual void drop_inputs(double share);

    /// The model with its present parameters, to run without a tape; it must not outlive the model.
    /// The parameters are allocated on the stream's device.
    virtual std::unique_ptr<SequenceRunner> runner(Stream& stream);
    /// A faster way than the tape on this device, for parameters of `dtype`; null: there is none.
    virtual std::unique_ptr<TrainingPass> training_pass(Stream& /*stream*/, DType /*dtype*/) {
        return nullptr;
    }
    /// Multiplications and additions of one step of one more sample of `steps` in a batch, forward:
    /// of products, convolutions, attention and scans. Not in it are what a pass makes once for all
    /// samples, such as filters and scores of positions, and what treats each number by itself:
    /// biases, activations, norms, gates.
    virtual double flops_per_step(std::int64_t steps);
    /// Throws Error{unsupported} saying what to change where a device has no room for this model in
    /// numbers of `dtype`. Called before parameters are allocated.
    virtual void require_device(const DeviceLimits& /*device*/, DType /*dtype*/) const {}
    /// Products in another arithmetic than that of the parameters' type. Throws Error{unsupported}
    /// where the model has none.
    virtual void use_arithmetic(ElmArithmetic arithmetic);
    /// The arrays as a file holds them: the parameters by name, and what else makes the model.
    virtual std::vector<NamedArray> arrays();

protected:
    /// As above; `input` is checked, `state` is never null. The parameters are allocated.
    virtual Var run(Context& context, const SequenceInput& input, SequenceState& state) = 0;
    /// The same from rest, where nobody takes the last state.
    virtual Var run_once(Context& context, const SequenceInput& input) {
        SequenceState state;
        return run(context, input, state);
    }

private:
    SequenceInput dropped(Context& context, const SequenceInput& input);

    SequenceShape shape_;
    double input_dropout_ = 0;
};

/// Dropout of the input of a pass with this key, as SequenceModel::forward draws it.
InputDropout input_dropout_of(const SequenceModel& model, const RandomKey& key,
                              std::int64_t first_sample);

/// Throws Error{invalid} unless `state` holds as many tensors and trains as the model's states do
/// (or none), each of `batch` samples.
void require_state(const SequenceState& state, std::size_t n_tensors, std::size_t n_trains,
                   std::int64_t batch);

}  // namespace elm
