#include "network/time_stepped/plastic_connections.h"

#include <fmt/format.h>

#include "network/time_stepped/network_wiring.h"

namespace elm::network {

template <class Real>
std::vector<PlasticConnection<Real>> plastic_onto(
    const NetworkDescription& network, const std::vector<std::unique_ptr<Projection>>& projections,
    NetworkSlice<Real>& slice) {
    std::vector<PlasticConnection<Real>> plastic;
    for (std::size_t c = 0; c < projections.size(); ++c) {
        const Connection& connection = projections[c]->connection();
        if (!connection.is_plastic()) continue;
        const auto part = part_of(network, *projections[c], slice);
        if (!part) continue;
        plastic.push_back({c, connection.from, connection.to, PlasticSynapses<Real>(*part)});
    }
    return plastic;
}

template <class Real>
void exchange_plastic(StateFile& state, const NetworkDescription& network, std::size_t connection,
                      std::span<PlasticSynapses<Real>* const> parts) {
    const std::string name = fmt::format("plastic/{}", connection);
    PlasticState whole;
    if (state.is_saving()) {
        for (const PlasticSynapses<Real>* const part : parts) part->add_to(whole);
    }
    const Connection& described = network.connections[connection];
    const StdpPairs pairs = described.stdp ? described.stdp->pairs : StdpPairs::all;
    whole.exchange(state, name,
                   described.homeostasis && described.homeostasis->rule == Homeostasis::Rule::scale,
                   pairs == StdpPairs::presynaptic_centred || pairs == StdpPairs::restricted);
    if (state.is_saving()) return;
    for (PlasticSynapses<Real>* const part : parts) {
        if (!part->take_from(whole)) refuse_state(state, name);
    }
}

#define ELM_INSTANCES(Real)                                                                  \
    template std::vector<PlasticConnection<Real>> plastic_onto(                              \
        const NetworkDescription&, const std::vector<std::unique_ptr<Projection>>&,          \
        NetworkSlice<Real>&);                                                                \
    template void exchange_plastic<Real>(StateFile&, const NetworkDescription&, std::size_t, \
                                         std::span<PlasticSynapses<Real>* const>);
ELM_INSTANCES(float)
ELM_INSTANCES(double)
#undef ELM_INSTANCES

}  // namespace elm::network
