#include "network/description/network_description.h"

namespace elm::network {

const std::vector<std::string> rule_names{
    "all-to-all",  "one-to-one", "fixed-probability", "fixed-in-degree", "fixed-out-degree",
    "fixed-total", "list"};
const std::vector<std::string> stdp_pairs_names{"all", "nearest", "presynaptic-centred",
                                                "restricted"};

std::int64_t NetworkDescription::n_neurons() const {
    std::int64_t count = 0;
    for (const Population& population : populations) {
        if (!population.is_source()) count += population.size;
    }
    return count;
}

double expected_synapses(const NetworkDescription& network, const Connection& connection) {
    const auto sources = static_cast<double>(network.populations[connection.from].size);
    const auto targets = static_cast<double>(network.populations[connection.to].size);
    const auto degree = static_cast<double>(connection.degree);
    switch (connection.rule) {
        case ConnectionRule::all_to_all:
            return sources * targets;
        case ConnectionRule::one_to_one:
            return targets;
        case ConnectionRule::fixed_probability:
            return connection.probability * sources * targets;
        case ConnectionRule::fixed_in_degree:
            return degree * targets;
        case ConnectionRule::fixed_out_degree:
            return degree * sources;
        case ConnectionRule::fixed_total:
            return degree;
        case ConnectionRule::list:
            return static_cast<double>(connection.targets.size());
    }
    return 0;
}

}  // namespace elm::network
