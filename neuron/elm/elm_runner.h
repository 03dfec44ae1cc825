#pragma once

#include <span>
#include <utility>
#include <vector>

#include "neuron/elm/elm_neuron.h"

namespace elm {

/// An ELM neuron with the state of its samples. Several of one precision run on all threads
/// together.
class ElmRunner final : public SequenceRunner {
public:
    explicit ElmRunner(ElmNeuron neuron) : neuron_(std::move(neuron)) {}

    const ElmNeuron& neuron() const noexcept { return neuron_; }

    void start(Stream& stream, std::int64_t n_samples, const SequenceRecording& recording) override;
    SequenceTrace advance(Stream& stream, const SpikeTrain& spikes) override;
    std::vector<SequenceTrace> advance_together(Stream& stream,
                                                std::span<SequenceRunner* const> runners,
                                                const SpikeTrain& spikes) override;

private:
    ElmNeuron neuron_;
    ElmState state_;
    SequenceRecording recording_;
};

}  // namespace elm
