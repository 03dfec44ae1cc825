#include <algorithm>
#include <utility>

#include "network/plasticity/plastic_synapses.h"
#include "network/recording/state_file.h"

namespace elm::network {

void PlasticState::exchange(StateFile& state, const std::string& name, bool has_rates,
                            bool has_open_traces) {
    state.array(name + "/sources", sources, true);
    state.array(name + "/targets", targets, true);
    state.array(name + "/weights", weights, true);
    state.array(name + "/last", last, true);
    state.array(name + "/taken", taken, true);
    state.array(name + "/traces", traces, true);
    state.array(name + "/history_sizes", history_sizes, true);
    state.array(name + "/history_steps", history_steps, true);
    state.array(name + "/history_traces", history_traces, true);
    state.array(name + "/arriving", arriving, true);
    state.number(name + "/next_cleaning", next_cleaning);
    if (has_open_traces) state.array(name + "/open_traces", open_traces, true);
    if (!has_rates) return;
    state.array(name + "/rates", rates, true);
    state.array(name + "/rates_before", rates_before, true);
    state.array(name + "/rate_steps", rate_steps, true);
    state.array(name + "/rate_spikes", rate_spikes, true);
}

template <class Real>
void PlasticSynapses<Real>::add_to(PlasticState& state) const {
    for (std::size_t s = 0; s + 1 < begins_.size(); ++s) {
        for (std::int64_t i = begins_[s]; i < begins_[s + 1]; ++i) {
            const Plastic& synapse = synapses_[static_cast<std::size_t>(i)];
            state.sources.push_back(static_cast<std::int64_t>(s));
            state.targets.push_back(synapse.target + part_.first);
            state.weights.push_back(synapse.weight);
            if (!open_traces_.empty()) state.open_traces.push_back(open_trace(i));
        }
    }
    // All slices know the same of the sources.
    state.last.clear();
    state.taken.clear();
    state.traces.clear();
    for (const Source& source : sources_) {
        state.last.push_back(source.last);
        state.taken.push_back(source.taken);
        state.traces.push_back(source.trace);
    }
    for (const auto& history : histories_) {
        state.history_sizes.push_back(std::ssize(history));
        for (const PostSpike& spike : history) {
            state.history_steps.push_back(spike.step);
            state.history_traces.push_back(spike.trace);
        }
    }
    const std::size_t n_targets = histories_.size();
    for (std::size_t target = 0; target < n_targets; ++target) {
        for (std::size_t slot = 0; slot < static_cast<std::size_t>(slots_); ++slot) {
            state.arriving.push_back(arriving_[slot * n_targets + target]);
        }
    }
    state.next_cleaning = next_cleaning_;
    for (const RateEstimate& estimate : rates_) {
        state.rates.push_back(estimate.rate);
        state.rates_before.push_back(estimate.before);
        state.rate_steps.push_back(estimate.step);
        state.rate_spikes.push_back(estimate.n_spikes);
    }
}

template <class Real>
bool PlasticSynapses<Real>::take_from(const PlasticState& state) {
    if (state.last.size() != sources_.size() || state.taken.size() != sources_.size() ||
        state.traces.size() != sources_.size()) {
        return false;
    }
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        sources_[s] = {state.last[s], state.taken[s], state.traces[s]};
    }
    next_cleaning_ = state.next_cleaning;
    return take_weights(state) && take_histories(state) && take_arriving(state) &&
           take_rates(state);
}

/// Both sides by source and target: synapses of one pair lie in one slice, in the order of the
/// rule.
template <class Real>
bool PlasticSynapses<Real>::take_weights(const PlasticState& state) {
    if (state.targets.size() != state.sources.size() ||
        state.weights.size() != state.sources.size() ||
        (!open_traces_.empty() && state.open_traces.size() != state.sources.size())) {
        return false;
    }
    struct Place {
        std::int64_t source, target;
        std::size_t at;
        auto pair() const { return std::pair(source, target); }
    };
    const auto is_before = [](const Place& a, const Place& b) { return a.pair() < b.pair(); };
    std::vector<Place> saved, own;
    for (std::size_t i = 0; i < state.sources.size(); ++i) {
        if (state.targets[i] < part_.first || state.targets[i] >= part_.last) continue;
        saved.push_back({state.sources[i], state.targets[i], i});
    }
    for (std::size_t s = 0; s + 1 < begins_.size(); ++s) {
        for (std::int64_t i = begins_[s]; i < begins_[s + 1]; ++i) {
            const auto at = static_cast<std::size_t>(i);
            own.push_back({static_cast<std::int64_t>(s), synapses_[at].target + part_.first, at});
        }
    }
    if (saved.size() != own.size()) return false;
    std::stable_sort(saved.begin(), saved.end(), is_before);
    std::stable_sort(own.begin(), own.end(), is_before);
    for (std::size_t i = 0; i < own.size(); ++i) {
        if (saved[i].pair() != own[i].pair()) return false;
        synapses_[own[i].at].weight = static_cast<Real>(state.weights[saved[i].at]);
        if (!open_traces_.empty()) open_traces_[own[i].at] = state.open_traces[saved[i].at];
    }
    return true;
}

template <class Real>
bool PlasticSynapses<Real>::take_histories(const PlasticState& state) {
    if (std::ssize(state.history_sizes) != n_all_targets_ ||
        state.history_traces.size() != state.history_steps.size()) {
        return false;
    }
    std::int64_t begin = 0;
    for (std::int64_t target = 0; target < part_.last; ++target) {
        const std::int64_t size = state.history_sizes[static_cast<std::size_t>(target)];
        if (size < 0 || size > std::ssize(state.history_steps) - begin) return false;
        if (target >= part_.first) {
            auto& history = histories_[static_cast<std::size_t>(target - part_.first)];
            history.clear();
            for (std::int64_t i = begin; i < begin + size; ++i) {
                history.push_back({state.history_steps[static_cast<std::size_t>(i)],
                                   state.history_traces[static_cast<std::size_t>(i)]});
            }
        }
        begin += size;
    }
    return true;
}

template <class Real>
bool PlasticSynapses<Real>::take_arriving(const PlasticState& state) {
    if (std::ssize(state.arriving) != n_all_targets_ * slots_) return false;
    const auto n_targets = static_cast<std::size_t>(part_.last - part_.first);
    const auto first = static_cast<std::size_t>(part_.first);
    const auto slots = static_cast<std::size_t>(slots_);
    for (std::size_t target = 0; target < n_targets; ++target) {
        for (std::size_t slot = 0; slot < slots; ++slot) {
            arriving_[slot * n_targets + target] =
                static_cast<Real>(state.arriving[(first + target) * slots + slot]);
        }
    }
    return true;
}

template <class Real>
bool PlasticSynapses<Real>::take_rates(const PlasticState& state) {
    if (rates_.empty()) return true;
    for (const std::int64_t size : {std::ssize(state.rates), std::ssize(state.rates_before),
                                    std::ssize(state.rate_steps), std::ssize(state.rate_spikes)}) {
        if (size != n_all_targets_) return false;
    }
    for (std::size_t i = 0; i < rates_.size(); ++i) {
        const std::size_t at = static_cast<std::size_t>(part_.first) + i;
        rates_[i] = {state.rates[at], state.rates_before[at], state.rate_steps[at],
                     state.rate_spikes[at]};
    }
    return true;
}

template void PlasticSynapses<float>::add_to(PlasticState&) const;
template void PlasticSynapses<double>::add_to(PlasticState&) const;
template bool PlasticSynapses<float>::take_from(const PlasticState&);
template bool PlasticSynapses<double>::take_from(const PlasticState&);

}  // namespace elm::network
