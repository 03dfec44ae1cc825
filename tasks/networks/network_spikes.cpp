#include "tasks/networks/network_spikes.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "tasks/data/spikes/spike_file.h"

namespace elm {
namespace {

TakenSpikes take(SpikeSample& sample, const SpikeTaker& taker) {
    const SpikeSummary summary = check_spikes(*sample.spikes, taker.size, std::nullopt);
    if (!summary.in_order && sample.sorting == "by_time") {
        log::warn("{}: marked as sorted by time, but it is not", sample.name);
    }
    TakenSpikes taken{.name = taker.name, .duration_ms = sample.duration_ms};
    sample.spikes->rewind();
    while (true) {
        const SpikeBlock& block = sample.spikes->next();
        if (block.size() == 0) return taken;
        taken.times_ms.insert(taken.times_ms.end(), block.times_ms.begin(), block.times_ms.end());
        for (const double unit : block.units) {
            taken.units.push_back(static_cast<std::int64_t>(unit));
        }
    }
}

/// "population a", "populations a, b and c".
template <class Named>
std::string names_of(const std::string& what, const std::vector<Named>& all) {
    std::string names = what + (all.size() > 1 ? "s " : " ");
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i > 0) names += i + 1 == all.size() ? " and " : ", ";
        names += all[i].name;
    }
    return names;
}

}  // namespace

std::vector<TakenSpikes> take_spikes(const std::string& path, const std::vector<SpikeTaker>& takers,
                                     const TakerWords& words) {
    ELM_CHECK(!takers.empty(), "{}: {} has no {} that takes spikes.", path, words.whole,
              words.part);
    std::vector<SpikeSample> samples = find_spikes(path);
    std::vector<TakenSpikes> taken;
    for (SpikeSample& sample : samples) {
        for (const SpikeTaker& taker : takers) {
            if (sample.name == taker.name) taken.push_back(take(sample, taker));
        }
    }
    if (taken.empty() && samples.size() == 1 && takers.size() == 1) {
        taken.push_back(take(samples[0], takers[0]));
    }
    if (taken.empty()) {
        throw Error(ErrorKind::data,
                    fmt::format("{} has {}; {} takes spikes at {}.", path,
                                samples.empty() ? "no spikes"
                                                : "spikes of " + names_of("population", samples),
                                words.whole, names_of(words.part, takers)));
    }
    return taken;
}

void give_spikes(network::NetworkDescription& network, const std::string& path,
                 const std::string& population) {
    std::vector<SpikeTaker> takers;
    for (const network::Population& source : network.populations) {
        const bool is_meant = population.empty() || source.name == population;
        if (source.model == "spikes" && is_meant) takers.push_back({source.name, source.size});
    }
    ELM_CHECK(population.empty() || !takers.empty(),
              "{}: there is no source of spikes {} in this network.", path, population);
    const std::vector<TakenSpikes> all = take_spikes(path, takers);
    for (network::Population& source : network.populations) {
        const auto is_its = [&](const TakenSpikes& taken) { return taken.name == source.name; };
        if (std::none_of(all.begin(), all.end(), is_its)) continue;
        if (population.empty()) {
            source.spike_times.clear();
            source.spike_neurons.clear();
        }
        for (const TakenSpikes& taken : all) {
            if (!is_its(taken)) continue;
            source.spike_times.insert(source.spike_times.end(), taken.times_ms.begin(),
                                      taken.times_ms.end());
            source.spike_neurons.insert(source.spike_neurons.end(), taken.units.begin(),
                                        taken.units.end());
        }
    }
}

}  // namespace elm
