#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/core/spike_train.h"
#include "kernels/core/tensor.h"

namespace elm {

/// Parts of a run to keep besides the output.
struct SequenceRecording {
    bool memory = false;
    bool branches = false;
};

/// Trace of a model over one chunk of time, on the device of the stream.
struct SequenceTrace {
    Tensor output;    // (batch, time, outputs)
    Tensor memory;    // (batch, time, memory units) or undefined
    Tensor branches;  // (batch, time, branches) or undefined
};

/// A model ready to run on one device, without gradients and without a tape: spikes in, outputs at
/// each step, chunk after chunk. A run over T steps equals runs over any pieces of it.
class SequenceRunner {
public:
    virtual ~SequenceRunner() = default;
    SequenceRunner() = default;
    SequenceRunner(const SequenceRunner&) = delete;
    SequenceRunner& operator=(const SequenceRunner&) = delete;

    /// Puts `n_samples` samples at rest. Throws Error{invalid} for a recording of what the model
    /// does not have.
    virtual void start(Stream& stream, std::int64_t n_samples,
                       const SequenceRecording& recording = {}) = 0;
    /// The next chunk of all samples.
    virtual SequenceTrace advance(Stream& stream, const SpikeTrain& spikes) = 0;

    /// Advances several runners on the same spikes; all are of this one's type, itself among them.
    virtual std::vector<SequenceTrace> advance_together(Stream& stream,
                                                        std::span<SequenceRunner* const> runners,
                                                        const SpikeTrain& spikes) {
        std::vector<SequenceTrace> traces;
        for (SequenceRunner* runner : runners) traces.push_back(runner->advance(stream, spikes));
        return traces;
    }
};

}  // namespace elm
