#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "baselines/sequence_model_file.h"
#include "neuron/elm/elm_neuron.h"

namespace elm {

/// What is known of a surrogate from outside.
struct SurrogateInfo {
    std::string kind;  // "elm", or the name of a registered sequence model
    Values options;    // of the section `kind` in a configuration
    std::int64_t n_input = 0, n_output = 0;
    double time_step_ms = 1;
    std::int64_t parameters = 0;       // trainable ones
    bool has_inhibitory_half = false;  // the second half of the inputs is known to be inhibitory
    std::int64_t n_memory = 0;         // of an ELM neuron; 0: there is none to record
    std::int64_t n_branch = 0;
    DType precision = DType::f32;
};

/// What a surrogate carries from one chunk of time to the next: one of the two.
struct SurrogateState {
    ElmState elm;
    SequenceState sequence;
};

/// A fitted model of a neuron, of whatever kind, ready to run on one device: spikes in, outputs at
/// each step. A run over T steps equals runs over any pieces of it.
class Surrogate {
public:
    explicit Surrogate(SurrogateInfo info) : info_(std::move(info)) {}
    virtual ~Surrogate() = default;
    Surrogate(const Surrogate&) = delete;
    Surrogate& operator=(const Surrogate&) = delete;

    const SurrogateInfo& info() const noexcept { return info_; }

    /// Everything at rest.
    virtual SurrogateState initial_state(Stream& stream, std::int64_t n_samples,
                                         const ElmRecording& recording = {}) const = 0;
    /// Advances `state` over a chunk of spikes; output (batch, time, outputs) on the stream's
    /// device. Memory and branches are recorded of an ELM neuron alone.
    virtual ElmTrace run(Stream& stream, const SpikeTrain& spikes, SurrogateState& state,
                         const ElmRecording& recording = {}) const = 0;
    /// The neuron inside of an ELM surrogate, for run_all(); null for other kinds.
    virtual const ElmNeuron* elm() const noexcept { return nullptr; }

private:
    SurrogateInfo info_;
};

std::unique_ptr<Surrogate> elm_surrogate(Stream& stream, const ElmModel& model, DType precision);

std::unique_ptr<Surrogate> sequence_surrogate(FittedSequenceModel fitted);

/// A model that belongs to someone else, for example to the one who trains it; it must live longer
/// than the surrogate.
std::unique_ptr<Surrogate> sequence_surrogate(const SequenceModelSpec& spec, SequenceModel& model);

/// Loads a model file of any kind: sequence model, ELM model, published state dict. Throws
/// Error{data} naming the file and every difference.
std::unique_ptr<Surrogate> load_surrogate(Stream& stream, const std::string& path, DType precision);

}  // namespace elm
