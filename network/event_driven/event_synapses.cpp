#include "network/event_driven/event_synapses.h"

#include <algorithm>
#include <cmath>

#include "network/neurons/channel.h"
#include "network/neurons/population_neuron.h"

namespace elm::network {

EventSynapses::EventSynapses(const NetworkDescription& network) {
    std::vector<std::int64_t> first_ids{0};
    for (const Population& population : network.populations) {
        first_ids.push_back(first_ids.back() + population.size);
    }
    begins_.assign(static_cast<std::size_t>(first_ids.back()) + 1, 0);
    std::vector<Projection> projections;
    for (std::size_t i = 0; i < network.connections.size(); ++i)
        projections.emplace_back(network, i);
    for (const Projection& projection : projections) {
        const auto first = static_cast<std::size_t>(first_ids[projection.connection().from]);
        projection.for_each_synapse(0, projection.n_targets(), [&](const DrawnSynapse& drawn) {
            ++begins_[first + static_cast<std::size_t>(drawn.source) + 1];
        });
    }
    for (std::size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
    synapses_.resize(static_cast<std::size_t>(begins_.back()));
    std::vector<std::int64_t> next(begins_.begin(), begins_.end() - 1);
    for (const Projection& projection : projections) {
        const Connection& connection = projection.connection();
        const NeuronModel& model = model_of(network.populations[connection.to]);
        const Channel positive = channel_of(model, connection.input, false),
                      negative = channel_of(model, connection.input, true);
        const Draw weight(connection.weight), delay(connection.delay_ms);
        projection.for_each_synapse(0, projection.n_targets(), [&](const DrawnSynapse& drawn) {
            double value = weight(drawn.weight_word, drawn.index);
            const Channel& channel = value < 0 ? negative : positive;
            if (channel.takes_magnitude) value = std::abs(value);
            const auto source = static_cast<std::size_t>(first_ids[connection.from] + drawn.source);
            const double delay_ms = delay(drawn.delay_word, drawn.index);
            longest_ = std::max(longest_, delay_ms);
            synapses_[static_cast<std::size_t>(next[source]++)] = {
                value, delay_ms,
                static_cast<std::uint32_t>(first_ids[connection.to] + drawn.target),
                static_cast<std::uint32_t>(channel.input)};
        });
    }
}

}  // namespace elm::network
