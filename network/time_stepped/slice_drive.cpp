#include "network/time_stepped/slice_drive.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "kernels/core/random/philox_lanes.h"
#include "kernels/core/support/error.h"
#include "network/neurons/channel.h"
#include "network/time_stepped/network_wiring.h"
#include "network/time_stepped/spike_step.h"

namespace elm::network {
namespace {

std::int64_t stop_step(const std::optional<double>& stop_ms, double time_step_ms) {
    return stop_ms ? step_at(*stop_ms, time_step_ms) : std::numeric_limits<std::int64_t>::max();
}

template <class Real>
NeuronStepResult step_of(const NeuronModel& model, const NeuronStep<Real>& args) {
    if constexpr (std::is_same_v<Real, float>)
        return model.step_f32(args);
    else
        return model.step_f64(args);
}

}  // namespace

void refuse_not_finite(const Population& population, std::int64_t neuron, std::int64_t step,
                       double time_step_ms) {
    throw Error(ErrorKind::numeric,
                fmt::format("population {}, neuron {}: {} stopped being finite in the step that "
                            "ends at {:.6g} ms. Look at its weights, or take a smaller time step.",
                            population.name, neuron, neuron_model(population.model).states[0].name,
                            static_cast<double>(step + 1) * time_step_ms));
}

template <class Real>
SliceDrive<Real>::SliceDrive(const NetworkDescription& network, NetworkSlice<Real>& slice)
    : time_step_ms_(network.time_step_ms), sources_(network.populations.size()) {
    for (std::size_t i = 0; i < network.poisson.size(); ++i) add_input(network, i, slice);
    for (const CurrentInput& input : network.currents) {
        const NeuronModel& model = *slice.populations()[input.to].model;
        currents_.push_back({input.to, NeuronModel::index_of(model.inputs, "current"),
                             step_at(input.start_ms, time_step_ms_),
                             stop_step(input.stop_ms, time_step_ms_),
                             static_cast<Real>(input.amplitude)});
    }
    std::size_t most_inputs = 1;
    for (std::size_t p = 0; p < sources_.size(); ++p) {
        const PopulationSlice<Real>& part = slice.populations()[p];
        elm_.push_back(part.population->elm && part.count() > 0
                           ? std::make_unique<ElmPopulation<Real>>(network, p, part)
                           : nullptr);
        if (part.model == nullptr) {
            add_source(network, p, part);
        } else {
            most_inputs = std::max(most_inputs, part.model->inputs.size());
        }
    }
    levels_.resize(most_inputs);
}

template <class Real>
void SliceDrive<Real>::add_input(const NetworkDescription& network, std::size_t index,
                                 NetworkSlice<Real>& slice) {
    const PoissonInput& input = network.poisson[index];
    const PopulationSlice<Real>& part = slice.populations()[input.to];
    const std::int64_t end =
        input.first + input.count.value_or(part.population->size - input.first);
    const std::int64_t first = std::max(input.first, part.first), last = std::min(end, part.last);
    if (first >= last) return;
    const Channel channel = channel_of(*part.model, input.input, input.weight < 0);
    const SynapseTarget target = target_of(slice, input.to, channel);
    const double weight = channel.takes_magnitude ? std::abs(input.weight) : input.weight;
    Poisson poisson{PoissonCounts(input.rate_hz * network.time_step_ms / 1000),
                    RandomKey{network.seed, 0, 0}
                        .for_purpose("poisson input")
                        .for_part(static_cast<std::uint32_t>(index)),
                    input.to,
                    first - part.first,
                    last - part.first,
                    step_at(input.start_ms, time_step_ms_),
                    stop_step(input.stop_ms, time_step_ms_),
                    target.slot,
                    target.stride,
                    target.synapses,
                    {}};
    if (target.factor == nullptr) {
        poisson.weights.push_back(static_cast<Real>(weight));
    } else {
        for (std::int64_t i = 0; i < part.count(); ++i) {
            poisson.weights.push_back(static_cast<Real>(weight * target.factor[i]));
        }
    }
    poisson_.push_back(std::move(poisson));
}

template <class Real>
void SliceDrive<Real>::add_source(const NetworkDescription& network, std::size_t p,
                                  const PopulationSlice<Real>& slice) {
    const Population& population = *slice.population;
    Source& source = sources_[p];
    if (population.model == "poisson") {
        source.probability = -std::expm1(-population.rate_hz * network.time_step_ms / 1000);
        source.key = RandomKey{network.seed, 0, 0}
                         .for_purpose("poisson source")
                         .for_part(static_cast<std::uint32_t>(p));
        return;
    }
    for (std::size_t i = 0; i < population.spike_times.size(); ++i) {
        const std::int64_t neuron = population.spike_neurons[i];
        if (neuron < slice.first || neuron >= slice.last) continue;
        source.spikes.emplace_back(step_of_spike(population.spike_times[i], time_step_ms_), neuron);
    }
    std::sort(source.spikes.begin(), source.spikes.end());
    // A neuron spikes once in a step.
    source.spikes.erase(std::unique(source.spikes.begin(), source.spikes.end()),
                        source.spikes.end());
}

template <class Real>
void SliceDrive<Real>::add_poisson(std::int64_t step, NetworkSlice<Real>& slice) const {
    constexpr std::int64_t group = PoissonCounts::group;
    for (const Poisson& poisson : poisson_) {
        if (step < poisson.start || step >= poisson.stop) continue;
        if (poisson.synapses > 1) {
            add_to_synapses(poisson, step, slice);
            continue;
        }
        const RandomKey key = poisson.key.at_step(static_cast<std::uint64_t>(step));
        const std::int64_t first_neuron = slice.populations()[poisson.population].first;
        Real* const to = slice.arena() + poisson.slot;
        const bool is_one = poisson.weights.size() == 1;
        std::uint32_t counts[group];
        for (std::int64_t at = poisson.first / group * group; at < poisson.last; at += group) {
            poisson.counts.draw(key, first_neuron + at, counts);
            const std::int64_t begin = std::max(at, poisson.first);
            const std::int64_t end = std::min(at + group, poisson.last);
            if (is_one && end - begin == group) {
                const Real weight = poisson.weights[0];
                Real* const own = to + at;
                for (std::int64_t i = 0; i < group; ++i) {
                    own[i] += weight * static_cast<Real>(static_cast<std::int32_t>(counts[i]));
                }
                continue;
            }
            for (std::int64_t i = begin; i < end; ++i) {
                to[i] += poisson.weights[is_one ? 0 : static_cast<std::size_t>(i)] *
                         static_cast<Real>(counts[i - at]);
            }
        }
    }
}

/// Each event on a synapse of its own, drawn from all that the input has: events 4 k to 4 k + 3 of
/// a neuron by the words of block `neuron` of part k.
template <class Real>
void SliceDrive<Real>::add_to_synapses(const Poisson& poisson, std::int64_t step,
                                       NetworkSlice<Real>& slice) const {
    constexpr std::int64_t group = PoissonCounts::group, width = lanes::native_words;
    static_assert(group % width == 0);
    const auto at_step = static_cast<std::uint64_t>(step);
    const RandomKey key = poisson.key.at_step(at_step);
    const RandomKey choice = poisson.key.for_purpose("synapse").at_step(at_step);
    const std::int64_t first_neuron = slice.populations()[poisson.population].first;
    const auto n_synapses = static_cast<std::uint64_t>(poisson.synapses);
    Real* const to = slice.arena() + poisson.slot;
    std::uint32_t counts[group];
    for (std::int64_t at = poisson.first / group * group; at < poisson.last; at += group) {
        poisson.counts.draw(key, first_neuron + at, counts);
        for (std::int64_t n = 0; n < group; ++n) {
            if (at + n < poisson.first || at + n >= poisson.last) counts[n] = 0;
        }
        for (std::int64_t begin = 0; begin < group; begin += width) {
            const std::uint32_t most = *std::max_element(counts + begin, counts + begin + width);
            for (std::uint32_t event = 0; event < most; event += draws_per_block) {
                lanes::Words words[1][draws_per_block];
                lanes::random_blocks<1>(choice.for_part(event / draws_per_block),
                                        first_neuron + at + begin, words);
                for (std::int64_t n = 0; n < width; ++n) {
                    const std::int64_t neuron = at + begin + n;
                    const std::uint32_t end =
                        std::min<std::uint32_t>(event + draws_per_block, counts[begin + n]);
                    if (end <= event) continue;
                    const Real weight = poisson.weights[poisson.weights.size() == 1
                                                            ? 0
                                                            : static_cast<std::size_t>(neuron)];
                    for (std::uint32_t k = event; k < end; ++k) {
                        const std::uint64_t word = words[0][k - event][n];
                        to[neuron * poisson.stride +
                           static_cast<std::int64_t>((word * n_synapses) >> 32)] += weight;
                    }
                }
            }
        }
    }
}

template <class Real>
std::int64_t SliceDrive<Real>::step(std::size_t p, std::int64_t step, NetworkSlice<Real>& slice,
                                    std::uint32_t* spikes) {
    PopulationSlice<Real>& part = slice.populations()[p];
    if (part.count() == 0) return 0;
    if (part.model == nullptr) return step_source(p, step, part, spikes);
    if (elm_[p] != nullptr) return elm_[p]->step(step, part, spikes);
    std::fill(levels_.begin(), levels_.end(), Real(0));
    for (const Current& current : currents_) {
        if (current.population == p && step >= current.start && step < current.stop) {
            levels_[current.input] += current.amplitude;
        }
    }
    NeuronStep<Real> args;
    args.count = part.count();
    args.states = part.states.data();
    args.spike = part.spike;
    args.refractory_left = part.refractory_left;
    args.coefficients = part.coefficient_data.data();
    args.refractory_steps = part.refractory_steps.data();
    args.uniform = part.uniform;
    args.reset = part.model->reset;
    args.rows = part.rows.data();
    args.levels = levels_.data();
    args.first_id = static_cast<std::uint32_t>(part.first_id);
    args.spikes = spikes;
    const NeuronStepResult result = step_of(*part.model, args);
    if (result.not_finite >= 0) {
        refuse_not_finite(*part.population, part.first + result.not_finite, step, time_step_ms_);
    }
    return result.n_spikes;
}

template <class Real>
std::int64_t SliceDrive<Real>::step_source(std::size_t p, std::int64_t step,
                                           const PopulationSlice<Real>& slice,
                                           std::uint32_t* spikes) {
    Source& source = sources_[p];
    std::int64_t count = 0;
    const auto emit = [&](std::int64_t neuron) {
        spikes[count++] = static_cast<std::uint32_t>(slice.first_id + neuron - slice.first);
    };
    if (source.probability > 0) {
        const RandomKey key = source.key.at_step(static_cast<std::uint64_t>(step));
        for (std::int64_t block = slice.first / draws_per_block;
             block * draws_per_block < slice.last; ++block) {
            const PhiloxCounter words = random_block(key, block);
            for (std::int64_t w = 0; w < draws_per_block; ++w) {
                const std::int64_t neuron = block * draws_per_block + w;
                if (neuron < slice.last && draw_bernoulli(words.word[w], source.probability)) {
                    emit(neuron);
                }
            }
        }
    }
    for (; source.next < source.spikes.size() && source.spikes[source.next].first <= step;
         ++source.next) {
        if (source.spikes[source.next].first == step) emit(source.spikes[source.next].second);
    }
    return count;
}

template class SliceDrive<float>;
template class SliceDrive<double>;

}  // namespace elm::network
