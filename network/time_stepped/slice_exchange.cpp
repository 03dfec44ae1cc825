#include "network/time_stepped/slice_exchange.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include <fmt/format.h>

namespace elm::network {
namespace {

/// Copies rows of `stride` numbers of neurons [first, first + count) into `whole`, or out of it.
template <class Real>
void copy_part(bool is_saving, std::vector<Real>& whole, std::int64_t first, std::int64_t count,
               std::int64_t stride, Real* part) {
    Real* const own = whole.data() + first * stride;
    if (is_saving) {
        std::copy_n(part, count * stride, own);
    } else {
        std::copy_n(own, count * stride, part);
    }
}

/// One of the tensors (neurons, width) of the ELM neurons.
template <class Real>
void exchange_elm(StateFile& state, const std::string& name, Tensor ElmState::*member,
                  std::size_t p, std::span<const SliceParts<Real>> parts) {
    std::int64_t width = 0;
    for (const SliceParts<Real>& part : parts) {
        ElmPopulation<Real>* const elm = part.drive->elm(p);
        if (elm == nullptr || !(elm->state().*member).defined()) continue;
        width = (elm->state().*member).shape()[1];
    }
    if (width == 0) return;
    const std::int64_t size = parts.front().slice->populations()[p].population->size;
    std::vector<Real> whole(static_cast<std::size_t>(size * width));
    const auto copy_all = [&] {
        for (const SliceParts<Real>& part : parts) {
            ElmPopulation<Real>* const elm = part.drive->elm(p);
            if (elm == nullptr) continue;
            const auto& slice = part.slice->populations()[p];
            copy_part(state.is_saving(), whole, slice.first, slice.count(), width,
                      (elm->state().*member).template host<Real>().data());
        }
    };
    if (state.is_saving()) copy_all();
    state.array(name, whole);
    if (!state.is_saving()) copy_all();
}

auto key_of(const SpikeOnItsWay& spike) { return std::tie(spike.step, spike.source); }

/// In the order in which they were sent. Each slice knows those that still have a synapse there.
template <class Real>
std::vector<SpikeOnItsWay> spikes_on_their_way(std::span<const SliceParts<Real>> parts) {
    std::vector<SpikeOnItsWay> spikes;
    for (const SliceParts<Real>& part : parts) {
        part.delivery->for_each_waiting([&](std::int64_t source, std::int64_t step, double share) {
            spikes.push_back({step, source, share});
        });
    }
    std::sort(spikes.begin(), spikes.end(),
              [](const SpikeOnItsWay& a, const SpikeOnItsWay& b) { return key_of(a) < key_of(b); });
    spikes.erase(std::unique(spikes.begin(), spikes.end(),
                             [](const SpikeOnItsWay& a, const SpikeOnItsWay& b) {
                                 return key_of(a) == key_of(b);
                             }),
                 spikes.end());
    return spikes;
}

}  // namespace

template <class Real>
void exchange_neurons(StateFile& state, std::size_t p, std::span<const SliceParts<Real>> parts) {
    const PopulationSlice<Real>& some = parts.front().slice->populations()[p];
    const std::int64_t size = some.population->size;
    for (std::size_t a = 0; a < some.arrays.size(); ++a) {
        const std::int64_t stride = some.arrays[a].stride;
        std::vector<Real> whole(static_cast<std::size_t>(size * stride));
        const auto copy_all = [&] {
            for (const SliceParts<Real>& part : parts) {
                const auto& slice = part.slice->populations()[p];
                copy_part(state.is_saving(), whole, slice.first, slice.count(), stride,
                          slice.arrays[a].data);
            }
        };
        if (state.is_saving()) copy_all();
        state.array(fmt::format("neurons/{}/{}", p, some.arrays[a].name), whole);
        if (!state.is_saving()) copy_all();
    }
    if (!some.population->elm) return;
    exchange_elm(state, fmt::format("neurons/{}/elm_memory", p), &ElmState::memory, p, parts);
    exchange_elm(state, fmt::format("neurons/{}/elm_trace", p), &ElmState::trace, p, parts);
    exchange_elm(state, fmt::format("neurons/{}/elm_drive", p), &ElmState::drive, p, parts);
}

void exchange_spikes(StateFile& state, std::int64_t step, std::int64_t n_sources,
                     std::vector<SpikeOnItsWay>& spikes) {
    std::vector<std::int64_t> sources, steps;
    std::vector<double> shares;
    for (const SpikeOnItsWay& spike : spikes) {
        sources.push_back(spike.source);
        steps.push_back(spike.step);
        shares.push_back(spike.share);
    }
    state.array("delivery/sources", sources, true);
    state.array("delivery/steps", steps, true);
    state.array("delivery/shares", shares, true);
    if (state.is_saving()) return;
    if (steps.size() != sources.size() || shares.size() != sources.size()) {
        refuse_state(state, "delivery");
    }
    spikes.clear();
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (sources[i] < 0 || sources[i] >= n_sources || steps[i] < 0 || steps[i] >= step) {
            refuse_state(state, "delivery");
        }
        spikes.push_back({steps[i], sources[i], shares[i]});
    }
}

template <class Real>
void exchange_spikes_on_their_way(StateFile& state, std::int64_t step,
                                  std::span<const SliceParts<Real>> parts) {
    std::vector<SpikeOnItsWay> spikes;
    if (state.is_saving()) spikes = spikes_on_their_way(parts);
    exchange_spikes(state, step, parts.front().delivery->rows().n_sources(), spikes);
    if (state.is_saving()) return;
    for (const SpikeOnItsWay& spike : spikes) {
        for (const SliceParts<Real>& part : parts) {
            part.delivery->send_rest(spike.source, spike.step, spike.share, step);
        }
    }
}

#define ELM_INSTANCES(Real)                                                    \
    template void exchange_neurons<Real>(StateFile&, std::size_t,              \
                                         std::span<const SliceParts<Real>>);   \
    template void exchange_spikes_on_their_way<Real>(StateFile&, std::int64_t, \
                                                     std::span<const SliceParts<Real>>);
ELM_INSTANCES(float)
ELM_INSTANCES(double)
#undef ELM_INSTANCES

}  // namespace elm::network
