#include "network/time_stepped/cuda/device_sources.h"

#include <algorithm>
#include <utility>

#include "network/time_stepped/cuda/device_kernels.h"

namespace elm::network {

template <class Real>
DeviceSources::DeviceSources(Stream& stream, const NetworkDescription& network,
                             const std::vector<SliceDrive<Real>>& drives) {
    std::vector<std::pair<std::int64_t, std::uint32_t>> listed;
    std::uint32_t first_id = 0;
    for (std::size_t p = 0; p < network.populations.size(); ++p) {
        const Population& population = network.populations[p];
        const auto& any = drives.front().source(p);
        if (population.is_source() && any.probability > 0) {
            poisson_.push_back({any.key, any.probability, population.size, first_id, {}, 0, 0});
        }
        for (const SliceDrive<Real>& drive : drives) {
            for (const auto& [step, neuron] : drive.source(p).spikes) {
                listed.emplace_back(step, first_id + static_cast<std::uint32_t>(neuron));
            }
        }
        first_id += static_cast<std::uint32_t>(population.size);
    }
    std::sort(listed.begin(), listed.end());
    std::vector<std::uint32_t> ids;
    for (const auto& [step, id] : listed) {
        steps_.push_back(step);
        ids.push_back(id);
    }
    device_steps_ = NetworkArray<std::int64_t>(stream, std::span<const std::int64_t>(steps_));
    device_ids_ = NetworkArray<std::uint32_t>(stream, std::span<const std::uint32_t>(ids));
}

void DeviceSources::advance(Stream& stream, const SpikeLog& log, std::int64_t first,
                            std::int64_t end) const {
    for (PoissonSourceAdvance args : poisson_) {
        args.log = log;
        args.first_step = first;
        args.end_step = end;
        poisson_source_kernel()(stream, args);
    }
    const auto from = std::lower_bound(steps_.begin(), steps_.end(), first);
    const std::int64_t count = std::lower_bound(from, steps_.end(), end) - from;
    if (count == 0) return;
    const std::int64_t at = from - steps_.begin();
    listed_spikes_kernel()(stream,
                           {device_steps_.data() + at, device_ids_.data() + at, count, log});
}

template DeviceSources::DeviceSources(Stream&, const NetworkDescription&,
                                      const std::vector<SliceDrive<float>>&);
template DeviceSources::DeviceSources(Stream&, const NetworkDescription&,
                                      const std::vector<SliceDrive<double>>&);

}  // namespace elm::network
