#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/core/spike_train.h"
#include "kernels/core/tensor.h"
#include "kernels/modules/sequence_runner.h"
#include "neuron/elm/elm_model.h"

namespace elm {

/// State that an ELM run leaves behind for the next chunk of time: memory and traces of every
/// sample.
struct ElmState {
    Tensor memory;  // (batch, d_m): m
    Tensor trace;   // (batch, d_b), or (batch, d_s) where synapses differ in their time constant
    Tensor drive;   // (batch, first layer's units) where a spike table carries the input side
};

/// Memory is (batch, time, d_m), branches (batch, time, d_b).
using ElmRecording = SequenceRecording;
using ElmTrace = SequenceTrace;

/// An ELM neuron made ready to run on one device in one precision.
///
/// A run over T steps equals runs over any pieces of it, bit for bit, whatever the batch and the
/// number of threads. Input is sparse (cost follows the spikes) or dense.
class ElmNeuron {
public:
    /// Derives decay factors, packed weights and spike tables. `precision` is f32 or f64.
    /// Throws what ElmModel::check throws.
    ElmNeuron(Stream& stream, const ElmModel& model, DType precision);
    ~ElmNeuron();
    ElmNeuron(ElmNeuron&&) noexcept;
    ElmNeuron& operator=(ElmNeuron&&) noexcept;

    const ElmOptions& options() const noexcept;
    DType precision() const noexcept;

    /// All states zero. A run that records branches needs a state made for that recording: the
    /// fastest form of the input side does not carry branch traces.
    ElmState initial_state(Stream& stream, std::int64_t batch,
                           const ElmRecording& recording = {}) const;

    /// Advances `state` over a chunk of spikes. In models with routing "neuronio" the second half
    /// of the inputs is inhibitory: their spikes count as -1.
    ElmTrace run(Stream& stream, const SpikeTrain& spikes, ElmState& state,
                 const ElmRecording& recording = {}) const;

    /// Advances `state` over dense input (batch, time, d_in) of this neuron's precision, values as
    /// they are (inhibitory spikes are -1 in it).
    ElmTrace run(Stream& stream, const Tensor& input, ElmState& state,
                 const ElmRecording& recording = {}) const;

    /// The same over memory of the caller, input (batch, time, d_in) and output (batch, time,
    /// d_out), both on the device and in this neuron's precision.
    template <class Real>
    void run(Stream& stream, const View<const Real, 3>& input, ElmState& state,
             const View<Real, 3>& output) const;

private:
    friend std::vector<ElmTrace> run_all(Stream&, std::span<const ElmNeuron* const>,
                                         const SpikeTrain&, std::span<ElmState>,
                                         const ElmRecording&);
    struct Prepared;
    std::unique_ptr<Prepared> prepared_;
};

/// Runs neurons of possibly different shape on the same spikes, state k with neuron k; on the CPU
/// all (neuron, sample) pairs share the threads. Neurons agree in precision.
std::vector<ElmTrace> run_all(Stream& stream, std::span<const ElmNeuron* const> neurons,
                              const SpikeTrain& spikes, std::span<ElmState> states,
                              const ElmRecording& recording = {});

}  // namespace elm
