#include "network/event_driven/event_sources.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "network/event_driven/event_neurons.h"
#include "network/neurons/channel.h"
#include "network/neurons/population_neuron.h"

namespace elm::network {

EventSources::EventSources(const NetworkDescription& network)
    : time_step_ms_(network.time_step_ms), sources_(network.populations.size()) {
    const auto key_of = [&](const char* purpose, std::size_t part) {
        return RandomKey{network.seed, 0, 0}.for_purpose(purpose).for_part(
            static_cast<std::uint32_t>(part));
    };
    for (std::size_t i = 0; i < network.poisson.size(); ++i) {
        const PoissonInput& input = network.poisson[i];
        const Population& target = network.populations[input.to];
        const Channel channel = channel_of(model_of(target), input.input, input.weight < 0);
        const SynapseRange range = synapses_of(target, channel.input);
        double weight = channel.takes_magnitude ? std::abs(input.weight) : input.weight;
        if (range.is_negative) weight = -weight;
        inputs_.push_back(
            {PoissonCounts(input.rate_hz * time_step_ms_ / 1000), key_of("poisson input", i),
             input.to, input.first, input.first + input.count.value_or(target.size - input.first),
             input.start_ms, input.stop_ms.value_or(never), weight,
             static_cast<std::uint32_t>(target.elm ? range.first : std::int64_t(channel.input)),
             static_cast<std::uint32_t>(range.count)});
    }
    for (std::size_t p = 0; p < sources_.size(); ++p) {
        const Population& population = network.populations[p];
        Source& source = sources_[p];
        if (population.model == "poisson") {
            source.counts = PoissonCounts(population.rate_hz * time_step_ms_ / 1000);
            source.key = key_of("poisson source", p);
            source.size = population.size;
        }
        for (std::size_t i = 0; i < population.spike_times.size(); ++i) {
            source.spikes.emplace_back(population.spike_times[i], population.spike_neurons[i]);
        }
        std::sort(source.spikes.begin(), source.spikes.end());
        // A neuron spikes once at a time.
        source.spikes.erase(std::unique(source.spikes.begin(), source.spikes.end()),
                            source.spikes.end());
    }
}

template <class Body>
void EventSources::for_each_event(const PoissonCounts& counts, const RandomKey& key,
                                  std::int64_t step, std::int64_t first, std::int64_t last,
                                  const Body& body) const {
    constexpr std::int64_t group = PoissonCounts::group;
    const RandomKey now = key.at_step(static_cast<std::uint64_t>(step));
    const RandomKey times = now.for_purpose("time");
    std::uint32_t numbers[group];
    for (std::int64_t at = first / group * group; at < last; at += group) {
        counts.draw(now, at, numbers);
        for (std::int64_t i = std::max(at, first); i < std::min(at + group, last); ++i) {
            for (std::uint32_t k = 0; k < numbers[i - at]; ++k) {
                const double part = (random_word(times.for_part(k), i) + 1.0) * 0x1p-32;
                body(i, (static_cast<double>(step) + part) * time_step_ms_, k);
            }
        }
    }
}

void EventSources::add_inputs(std::int64_t step, const std::vector<std::uint32_t>& first_ids,
                              std::vector<Arrival>& arrivals) const {
    constexpr std::uint32_t no_neuron = std::numeric_limits<std::uint32_t>::max();
    for (std::size_t n = 0; n < inputs_.size(); ++n) {
        const Input& input = inputs_[n];
        const RandomKey choice =
            input.key.for_purpose("synapse").at_step(static_cast<std::uint64_t>(step));
        for_each_event(input.counts, input.key, step, input.first, input.last,
                       [&](std::int64_t i, double time, std::uint32_t k) {
                           if (time <= input.start_ms || time > input.stop_ms) return;
                           std::uint32_t synapse = 0;
                           if (input.n_synapses > 1) {
                               const std::uint64_t word = random_word(choice.for_part(k), i);
                               synapse =
                                   static_cast<std::uint32_t>((word * input.n_synapses) >> 32);
                           }
                           arrivals.push_back(
                               {time, input.weight,
                                first_ids[input.population] + static_cast<std::uint32_t>(i),
                                no_neuron, static_cast<std::uint32_t>(n), input.channel + synapse});
                       });
    }
}

void EventSources::spikes_of(std::size_t p, std::int64_t step, std::uint32_t first_id,
                             std::vector<ExactSpike>& spikes) {
    Source& source = sources_[p];
    for_each_event(source.counts, source.key, step, 0, source.size,
                   [&](std::int64_t i, double time, std::uint32_t) {
                       spikes.push_back({time, first_id + static_cast<std::uint32_t>(i)});
                   });
    const double end = end_of(step);
    for (; source.next < source.spikes.size() && source.spikes[source.next].first <= end;
         ++source.next) {
        const auto& [time, neuron] = source.spikes[source.next];
        spikes.push_back({time, first_id + static_cast<std::uint32_t>(neuron)});
    }
}

void EventSources::skip_to(std::int64_t step) {
    for (Source& source : sources_) {
        while (source.next < source.spikes.size() &&
               source.spikes[source.next].first <= end_of(step - 1)) {
            ++source.next;
        }
    }
}

}  // namespace elm::network
