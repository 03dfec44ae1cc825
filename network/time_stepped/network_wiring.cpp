#include "network/time_stepped/network_wiring.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernels/core/memory.h"
#include "kernels/core/support/error.h"
#include "kernels/core/support/log.h"
#include "network/connectivity/delay_steps.h"
#include "network/neurons/channel.h"
#include "network/neurons/population_neuron.h"
#include "network/plasticity/plastic_synapses.h"
#include "neuron/elm/elm_model.h"

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
        const std::size_t n = population.is_source() ? 0 : model_of(population).inputs.size();
        rows.emplace_back(n, false);
    }
    const auto need = [&](std::size_t to, const Channel& channel) {
        const NeuronModel& model = model_of(network.populations[to]);
        if (!is_deposit(model, channel.input)) rows[to][channel.input] = true;
    };
    for (const Connection& connection : network.connections) {
        const NeuronModel& model = model_of(network.populations[connection.to]);
        for (const Channel& channel : channels_of(model, connection)) need(connection.to, channel);
    }
    for (const PoissonInput& input : network.poisson) {
        const NeuronModel& model = model_of(network.populations[input.to]);
        need(input.to, channel_of(model, input.input, input.weight < 0));
    }
    return rows;
}

std::int64_t steps_at_once(const NetworkDescription& network) {
    std::int64_t steps = 64;
    for (const Connection& connection : network.connections) {
        const NeuronModel& model = model_of(network.populations[connection.to]);
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
    double synapses = 0, bytes = 64.0 * sizeof(Real) * static_cast<double>(network.n_neurons());
    for (const Connection& connection : network.connections) {
        const double count = expected_synapses(network, connection);
        synapses += count;
        bytes += connection.is_plastic()
                     ? count * static_cast<double>(PlasticSynapses<Real>::bytes_each())
                     : building_bytes<Real>(count);
    }
    for (const Population& population : network.populations) {
        if (!population.elm) continue;
        bytes += static_cast<double>(sizeof(Real)) * static_cast<double>(population.size) *
                 static_cast<double>(population.elm->model->options.n_input);
    }
    const double room = free_memory_bytes(Device{});
    if (bytes > 1e8)
        log::info(
            "{:.4g} synapses of {} neurons take {:.3g} GB while they are made; {:.3g} GB are free",
            synapses, network.n_neurons(), bytes / 1e9, room / 1e9);
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
    const std::vector<double>& factors = part.factors[channel.input];
    SynapseTarget target{.factor = factors.empty() ? nullptr : factors.data(),
                         .takes_magnitude = channel.takes_magnitude};
    if (state < 0) {
        target.slot = slice.slot_of(part.rows[channel.input]);
        target.stride = part.row_stride;
        target.synapses = synapses_of(*part.population, channel.input).count;
    } else {
        target.slot = slice.slot_of(part.states[static_cast<std::size_t>(state)]);
        target.extra_steps = 1;
    }
    return target;
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
        if (projection->connection().is_plastic()) continue;
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
