// Steps of point neurons. A thread is a neuron, whose state stays in registers for all steps of a
// launch; blocks of 128 neurons of all populations of a model go into one launch.

#include <cmath>
#include <cstdint>

#include "kernels/core/cuda/parallel.cuh"
#include "network/time_stepped/cuda/device_kernels.h"
#include "neuron/point/neuron_headers.h"

namespace elm::network {
namespace {

/// States, as bits, that synaptic events are added to.
template <class Neuron>
inline constexpr unsigned deposit_states = [] {
    unsigned states = 0;
    if constexpr (DepositNeuron<Neuron>) {
        for (const InputDeposit& deposit : Neuron::deposits) {
            if (deposit.state >= 0) states |= 1U << deposit.state;
        }
    }
    return states;
}();

/// What acts on a slot in a step, which is taken out of the ring.
template <class Real>
__device__ Real take_events(const EventRing& ring, std::int64_t step, std::int64_t slot) {
    EventSum& sum = ring.at(step)[slot];
    const EventSum events = sum;
    if (events == 0) return Real(0);
    sum = 0;
    return static_cast<Real>(ring.from_sum(events));
}

/// Events of the train of one neuron in a step: those of PoissonCounts, in whose groups of 64
/// neurons word w of block i belongs to neuron 16 w + i.
template <class Real>
__device__ std::uint32_t poisson_count(const PoissonTrains<Real>& trains, std::int64_t neuron,
                                       std::int64_t step) {
    RandomKey key = trains.key;
    key.step = static_cast<std::uint64_t>(step);
    const auto in_group = static_cast<int>(neuron % 64);
    const std::int64_t block = neuron / 64 * 16 + in_group % 16;
    std::uint32_t count = 0;
    for (std::int32_t p = 0; p < trains.n_purposes; ++p) {
        key.purpose = trains.purposes[p];
        const PhiloxCounter words = random_block(key, block);
        const int which = in_group / 16;
        const std::uint32_t word = which == 0   ? words.word[0]
                                   : which == 1 ? words.word[1]
                                   : which == 2 ? words.word[2]
                                                : words.word[3];
        for (std::int32_t k = 0; k < trains.n_thresholds && word >= trains.thresholds[k]; ++k) {
            ++count;
        }
    }
    return count;
}

template <class Neuron, class Real>
struct DeviceNeuron {
    using State = typename Neuron::template State<Real>;
    using Input = typename Neuron::template Input<Real>;
    using Coefficients = typename Neuron::template Coefficients<Real>;
    static constexpr int n_states = static_cast<int>(state_count<Neuron>);
    static constexpr unsigned deposits = deposit_states<Neuron>;
    static_assert(n_states <= NeuronPart<Real>::most_states);
    static_assert(member_count<Input>() <= NeuronPart<Real>::most_inputs);

    const NeuronPart<Real>& part;
    const std::int64_t neuron;
    Coefficients coefficients{};
    Real refractory_steps{};
    GridState<Neuron, Real> state{};
    Input input{};  // of the next step

    __device__ DeviceNeuron(const NeuronPart<Real>& of, std::int64_t number)
        : part(of), neuron(number) {
        const Real* next = part.coefficients + neuron * part.neuron_stride;
        Coefficients::each(coefficients, [&](Real& value) {
            value = *next;
            next += part.coefficient_stride;
        });
        refractory_steps = part.refractory_steps[neuron * part.neuron_stride];
        int s = 0;
        State::each(state.own, [&](Real& value) { value = part.states[s++][neuron]; });
        if constexpr (uses_last_spike<Neuron>) state.spike = part.spike[neuron];
        state.refractory_left = part.refractory_left[neuron];
        int i = 0;
        Input::each(input, [&](Real& value) {
            if (part.inputs[i] != nullptr) value = part.inputs[i][neuron];
            ++i;
        });
    }
    __device__ static bool takes_events(int of_state) { return (deposits >> of_state & 1U) != 0; }
    __device__ void store() const {
        int s = 0;
        State::each(state.own, [&](const Real& value) { part.states[s++][neuron] = value; });
        if constexpr (uses_last_spike<Neuron>) part.spike[neuron] = state.spike;
        part.refractory_left[neuron] = state.refractory_left;
        int i = 0;
        Input::each(input, [&](const Real& value) {
            if (part.inputs[i] != nullptr) part.inputs[i][neuron] = value;
            ++i;
        });
    }

    /// Adds the synaptic events that act in `step` to states and inputs; then the states are those
    /// of the end of the step before.
    __device__ void arrive(const EventRing& ring, std::int64_t step) {
        int s = 0;
        State::each(state.own, [&](Real& value) {
            if (takes_events(s)) {
                value += take_events<Real>(ring, step, part.state_slots[s] + neuron);
            }
            ++s;
        });
        int i = 0;
        Input::each(input, [&](Real& value) {
            if (part.inputs[i] != nullptr) {
                value += take_events<Real>(ring, step, part.input_slots[i] + neuron);
            }
            ++i;
        });
    }
    /// Row `step` of the trace.
    __device__ void sample(std::int64_t step) const {
        if (part.trace_rows == nullptr) return;
        const std::int32_t row = part.trace_rows[neuron];
        if (row < 0) return;
        Real* to = part.trace + (step * part.traced + row) * n_states;
        State::each(state.own, [&](const Real& value) { *to++ = value; });
    }
    __device__ void add_poisson(std::int64_t step) {
        for (std::int32_t t = 0; t < part.n_poisson; ++t) {
            const PoissonTrains<Real>& trains = part.poisson[t];
            if (step < trains.start || step >= trains.stop) continue;
            if (neuron < trains.first || neuron >= trains.last) continue;
            const std::uint32_t count = poisson_count(trains, part.first + neuron, step);
            if (count == 0) continue;
            const Real amount =
                trains.weights[neuron * trains.weight_stride] * static_cast<Real>(count);
            int at = 0;
            State::each(state.own, [&](Real& value) {
                if (takes_events(at) && trains.target == at) {
                    value += amount;
                }
                ++at;
            });
            Input::each(input, [&](Real& value) {
                if (trains.target == at++) value += amount;
            });
        }
    }
    __device__ void add_currents(std::int64_t step) {
        for (std::int32_t c = 0; c < part.n_currents; ++c) {
            const LevelCurrent<Real>& current = part.currents[c];
            if (step < current.start || step >= current.stop) continue;
            int i = 0;
            Input::each(input, [&](Real& value) {
                if (current.input == i++) value += current.amplitude;
            });
        }
    }
    __device__ void advance(std::int64_t step) {
        add_poisson(step);
        add_currents(step);
        elm::grid_step<Neuron, OneLane<Real>>(coefficients, part.reset, refractory_steps, state,
                                              input);
        input = Input{};
    }
};

template <class Neuron, class Real>
__global__ void __launch_bounds__(NeuronAdvance<Real>::block_threads, 3)
    advance_neurons_kernel(NeuronAdvance<Real> args) {
    const NeuronBlock block = args.blocks[blockIdx.x];
    const NeuronPart<Real>& part = args.parts[block.part];
    const std::int64_t number = std::int64_t{block.first} + threadIdx.x;
    if (number >= part.count) return;
    DeviceNeuron<Neuron, Real> neuron(part, number);
    const std::int64_t first_of_log = args.log.first_step;
    const auto id = static_cast<std::uint32_t>(part.first_id + number);
    for (std::int64_t step = args.first_step; step < args.end_step; ++step) {
        if (step > first_of_log) {
            neuron.arrive(args.ring, step);
            neuron.sample(step - 1 - first_of_log);
        }
        neuron.advance(step);
        // NaN from one that is NaN or infinite, else 0.
        if (!(neuron.state.own.membrane_potential * Real(0) == Real(0))) {
            atomicMin(args.failure, args.log.entry(step, id));
        }
        if (neuron.state.spike > Real(0)) {
            args.log.spikes[atomicAdd(args.log.count, 1)] = args.log.entry(step, id);
        }
    }
    if (args.arrives_at_end) {
        neuron.arrive(args.ring, args.end_step);
        neuron.sample(args.end_step - 1 - first_of_log);
    }
    neuron.store();
}

}  // namespace

template <class Neuron, class Real>
void advance_neurons_on_cuda(Stream& stream, const NeuronAdvance<Real>& args) {
    launch(stream, "advance_neurons",
           {.blocks = dim3(static_cast<unsigned>(args.n_blocks)),
            .threads = dim3(NeuronAdvance<Real>::block_threads)},
           &advance_neurons_kernel<Neuron, Real>, args);
}

#define ELM_ENTRY(id)                                                                         \
    template void advance_neurons_on_cuda<id##_neuron>(Stream&, const NeuronAdvance<float>&); \
    template void advance_neurons_on_cuda<id##_neuron>(Stream&, const NeuronAdvance<double>&);
#include "neuron/point/neurons.def"
#undef ELM_ENTRY

}  // namespace elm::network
