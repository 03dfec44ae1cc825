#include "network/time_stepped/cuda/host_network.h"

#include <iterator>
#include <string>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "network/time_stepped/network_wiring.h"

namespace elm::network {
namespace {

[[noreturn]] void refuse(const std::string& place, const std::string& what) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{}{}{}: not on a CUDA device. Run it on the CPU.", place,
                            place.empty() ? "" : ": ", what));
}

}  // namespace

void require_cuda_support(const NetworkDescription& network) {
    for (const Population& p : network.populations) {
        if (p.elm) refuse(p.place, fmt::format("population {} of ELM neurons", p.name));
        if (p.short_term) {
            refuse(p.place, fmt::format("population {} with short-term plasticity", p.name));
        }
    }
    for (const Connection& c : network.connections) {
        if (!c.is_plastic()) continue;
        refuse(c.place,
               fmt::format("the plastic connection from {} to {}", network.populations[c.from].name,
                           network.populations[c.to].name));
    }
}

template <class Real>
HostNetwork<Real>::HostNetwork(const NetworkDescription& network) {
    require_memory<Real>(network);
    const auto needed = rows_needed(network);
    const auto projections = projections_of(network);
    const int count = thread_count();
    for (int i = 0; i < count; ++i) slices.emplace_back(network, i, count, needed);
    for (NetworkSlice<Real>& slice : slices) {
        drives.emplace_back(network, slice);
        first_slots.push_back(first_slots.back() +
                              static_cast<std::int64_t>(slice.bytes() / sizeof(Real)));
    }
    rows.resize(slices.size());
    Cpu::for_each_task(std::ssize(slices), [&](std::int64_t i) {
        const auto s = static_cast<std::size_t>(i);
        rows[s] = wire(network, projections, slices[s]);
    });
}

template <class Real>
std::int64_t HostNetwork<Real>::synapse_bytes() const {
    std::int64_t bytes = 0;
    for (const SynapseRows<Real>& part : rows) {
        bytes += static_cast<std::int64_t>(part.entries().size_bytes());
    }
    return bytes;
}

template <class Real>
std::int64_t HostNetwork<Real>::n_synapses() const {
    std::int64_t count = 0;
    for (const SynapseRows<Real>& part : rows) count += part.n_synapses();
    return count;
}

template struct HostNetwork<float>;
template struct HostNetwork<double>;

}  // namespace elm::network
