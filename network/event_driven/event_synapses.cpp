#include "network/event_driven/event_synapses.h"

#include <algorithm>
#include <cmath>

#include "network/neurons/channel.h"
#include "network/neurons/population_neuron.h"

namespace elm::network {
namespace {

/// Where synapses of a connection act on one channel: the channel, or one of the inputs of an ELM
/// model behind it.
class EventInput {
public:
    EventInput(const Population& to, const Connection& connection, const Channel& channel)
        : channel_(channel),
          range_(synapses_of(to, channel.input)),
          is_elm_(to.elm.has_value()),
          choice_(connection, range_.count) {}

    double weight(double value) const {
        if (channel_.takes_magnitude) value = std::abs(value);
        return range_.is_negative ? -value : value;
    }
    std::uint32_t of(const DrawnSynapse& drawn) const {
        if (!is_elm_) return static_cast<std::uint32_t>(channel_.input);
        return static_cast<std::uint32_t>(range_.first + choice_(drawn.synapse_word, drawn.index));
    }

private:
    Channel channel_;
    SynapseRange range_;
    bool is_elm_;
    SynapseChoice choice_;
};

}  // namespace

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
        const Population& to = network.populations[connection.to];
        const EventInput positive(to, connection, channel_of(model, connection.input, false)),
            negative(to, connection, channel_of(model, connection.input, true));
        const Draw weight(connection.weight), delay(connection.delay_ms);
        projection.for_each_synapse(0, projection.n_targets(), [&](const DrawnSynapse& drawn) {
            double value = weight(drawn.weight_word, drawn.index);
            const EventInput& input = value < 0 ? negative : positive;
            const auto source = static_cast<std::size_t>(first_ids[connection.from] + drawn.source);
            const double delay_ms = delay(drawn.delay_word, drawn.index);
            longest_ = std::max(longest_, delay_ms);
            synapses_[static_cast<std::size_t>(next[source]++)] = {
                input.weight(value), delay_ms,
                static_cast<std::uint32_t>(first_ids[connection.to] + drawn.target),
                input.of(drawn)};
        });
    }
}

}  // namespace elm::network
