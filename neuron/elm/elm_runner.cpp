#include "neuron/elm/elm_runner.h"

namespace elm {

void ElmRunner::start(Stream& stream, std::int64_t n_samples, const SequenceRecording& recording) {
    state_ = neuron_.initial_state(stream, n_samples, recording);
    recording_ = recording;
}

SequenceTrace ElmRunner::advance(Stream& stream, const SpikeTrain& spikes) {
    return neuron_.run(stream, spikes, state_, recording_);
}

std::vector<SequenceTrace> ElmRunner::advance_together(Stream& stream,
                                                       std::span<SequenceRunner* const> runners,
                                                       const SpikeTrain& spikes) {
    std::vector<const ElmNeuron*> neurons;
    std::vector<ElmState> states;
    for (SequenceRunner* one : runners) {
        auto& runner = static_cast<ElmRunner&>(*one);
        neurons.push_back(&runner.neuron_);
        states.push_back(std::move(runner.state_));
    }
    std::vector<SequenceTrace> traces = run_all(stream, neurons, spikes, states, recording_);
    for (std::size_t k = 0; k < runners.size(); ++k) {
        static_cast<ElmRunner&>(*runners[k]).state_ = std::move(states[k]);
    }
    return traces;
}

}  // namespace elm
