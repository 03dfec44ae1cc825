#include "network/time_stepped/network_wiring.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernels/core/memory.h"
#include "kernels/core/support/error.h"
#include "network/neurons/channel.h"

namespace elm::network {
namespace {

bool is_deposit(const NeuronModel& model, std::size_t input) {
    return model.deposits[input].state >= 0;
}

/// Channels that the weights of a connection can act on.
std::vector<Channel> channels_of(const NeuronModel& model, const Connection& connection) {
    if (connection.rule == ConnectionRule::list && connection.targets.empty()) return {};
    const Draw weight(connection.weight);
    std::vector<Channel> channels;
    if (weight.highest() >= 0) channels.push_back(channel_of(model, connection.input, false));
    if (weight.lowest() < 0) channels.push_back(channel_of(model, connection.input, true));
    return channels;
}

}  // namespace

std::vector<std::vector<bool>> rows_needed(const NetworkDescription& network) {
    std::vector<std::vector<bool>> rows;
    for (const Population& population : network.populations) {
        const std::size_t n =
            population.is_source() ? 0 : neuron_model(population.model).inputs.size();
        rows.emplace_back(n, false);
    }
    const auto need = [&](std::size_t to, const Channel& channel) {
        const NeuronModel& model = neuron_model(network.populations[to].model);
        if (!is_deposit(model, channel.input)) rows[to][channel.input] = true;
    };
    for (const Connection& connection : network.connections) {
        const NeuronModel& model = neuron_model(network.populations[connection.to].model);
        for (const Channel& channel : channels_of(model, connection)) need(connection.to, channel);
    }
    for (const PoissonInput& input : network.poisson) {
        const NeuronModel& model = neuron_model(network.populations[input.to].model);
        need(input.to, channel_of(model, input.input, input.weight < 0));
    }
    return rows;
}

std::int64_t steps_at_once(const NetworkDescription& network) {
    std::int64_t steps = 64;
    for (const Connection& connection : network.connections) {
        const NeuronModel& model = neuron_model(network.populations[connection.to].model);
        for (const Channel& channel : channels_of(model, connection)) {
            const std::int64_t delay =
                delay_steps_of(Draw(connection.delay_ms).lowest(), network.time_step_ms);
            steps = std::min(steps, delay + (is_deposit(model, channel.input) ? 1 : 0));
        }
    }
    return steps;
}

template <class Real>
void require_memory(const NetworkDescription& network) {
    double synapses = 0;
    for (const Connection& connection : network.connections) {
        synapses += expected_synapses(network, connection);
    }
    const double bytes =
        building_bytes<Real>(synapses) +
        64 * static_cast<double>(sizeof(Real)) * static_cast<double>(network.n_neurons());
    const double room = free_memory_bytes(Device{});
    if (bytes <= room) return;
    throw Error(ErrorKind::memory,
                fmt::format("{:.4g} synapses of {} neurons need {:.3g} GB while they are made, and "
                            "{:.3g} GB are free. Take fewer synapses, or a smaller scale.",
                            synapses, network.n_neurons(), bytes / 1e9, room / 1e9));
}

std::vector<std::unique_ptr<Projection>> projections_of(const NetworkDescription& network) {
    std::vector<std::unique_ptr<Projection>> projections;
    for (std::size_t i = 0; i < network.connections.size(); ++i) {
        projections.push_back(std::make_unique<Projection>(network, i));
    }
    return projections;
}

template <class Real>
SynapseTarget target_of(NetworkSlice<Real>& slice, std::size_t population, const Channel& channel) {
    PopulationSlice<Real>& part = slice.populations()[population];
    const int state = part.model->deposits[channel.input].state;
    if (state < 0) {
        return {slice.slot_of(part.rows[channel.input]), nullptr, 0, channel.takes_magnitude};
    }
    const std::vector<double>& factors = part.factors[channel.input];
    return {slice.slot_of(part.states[static_cast<std::size_t>(state)]),
            factors.empty() ? nullptr : factors.data(), 1, channel.takes_magnitude};
}

template <class Real>
std::optional<ProjectionPart> part_of(const NetworkDescription& network,
                                      const Projection& projection, NetworkSlice<Real>& slice) {
    const Connection& connection = projection.connection();
    const PopulationSlice<Real>& part = slice.populations()[connection.to];
    const std::vector<Channel> channels = channels_of(*part.model, connection);
    if (part.count() == 0 || channels.empty()) return std::nullopt;
    std::int64_t first_source = 0;
    for (std::size_t p = 0; p < connection.from; ++p) first_source += network.populations[p].size;
    // Weights of one sign alone use one channel.
    return ProjectionPart{&projection,
                          first_source,
                          part.first,
                          part.last,
                          target_of(slice, connection.to, channels.front()),
                          target_of(slice, connection.to, channels.back()),
                          network.time_step_ms};
}

template <class Real>
SynapseRows<Real> wire(const NetworkDescription& network,
                       const std::vector<std::unique_ptr<Projection>>& projections,
                       NetworkSlice<Real>& slice) {
    std::int64_t n_sources = 0;
    for (const Population& population : network.populations) n_sources += population.size;
    std::vector<ProjectionPart> parts;
    for (const auto& projection : projections) {
        if (projection->connection().stdp) continue;
        if (const auto part = part_of(network, *projection, slice)) parts.push_back(*part);
    }
    return SynapseRows<Real>(parts, n_sources);
}

#define ELM_INSTANCES(Real)                                                                      \
    template void require_memory<Real>(const NetworkDescription&);                               \
    template SynapseTarget target_of(NetworkSlice<Real>&, std::size_t, const Channel&);          \
    template std::optional<ProjectionPart> part_of(const NetworkDescription&, const Projection&, \
                                                   NetworkSlice<Real>&);                         \
    template SynapseRows<Real> wire(const NetworkDescription&,                                   \
                                    const std::vector<std::unique_ptr<Projection>>&,             \
                                    NetworkSlice<Real>&);
ELM_INSTANCES(float)
ELM_INSTANCES(double)
#undef ELM_INSTANCES

}  // namespace elm::network
