#include "network/plasticity/plastic_synapses.h"

#include <algorithm>
#include <utility>

#include "network/recording/state_file.h"

#include "network/connectivity/delay_steps.h"

namespace elm::network {
namespace {

constexpr std::int64_t steps_between_cleanings = 10000;

}  // namespace

template <class Real>
PlasticSynapses<Real>::PlasticSynapses(const ProjectionPart& part)
    : part_(part),
      rule_(*part.projection->connection().stdp),
      n_all_targets_(part.projection->n_targets()) {
    const Projection& projection = *part.projection;
    const Connection& connection = projection.connection();
    delay_ = delay_steps_of(connection.delay_ms.first, part.time_step_ms);
    slots_ = delay_ + part.positive.extra_steps + 1;
    begins_.assign(static_cast<std::size_t>(projection.n_sources()) + 1, 0);
    projection.for_each_synapse(part.first, part.last, [&](const DrawnSynapse& drawn) {
        ++begins_[static_cast<std::size_t>(drawn.source) + 1];
    });
    for (std::size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
    synapses_.resize(static_cast<std::size_t>(begins_.back()));
    std::vector<std::int64_t> next(begins_.begin(), begins_.end() - 1);
    const Draw weight(connection.weight);
    projection.for_each_synapse(part.first, part.last, [&](const DrawnSynapse& drawn) {
        const std::int64_t place = next[static_cast<std::size_t>(drawn.source)]++;
        synapses_[static_cast<std::size_t>(place)] = {
            static_cast<Real>(weight(drawn.weight_word, drawn.index)),
            static_cast<std::uint32_t>(drawn.target - part.first)};
    });
    const auto n_targets = static_cast<std::size_t>(part.last - part.first);
    sources_.resize(static_cast<std::size_t>(projection.n_sources()));
    histories_.resize(n_targets);
    arriving_.resize(static_cast<std::size_t>(slots_) * n_targets);
    part_.projection = nullptr;
}

template <class Real>
std::int64_t PlasticSynapses<Real>::bytes() const {
    return static_cast<std::int64_t>(synapses_.size() * sizeof(Plastic) +
                                     sources_.size() * sizeof(Source) +
                                     begins_.size() * sizeof(std::int64_t));
}

template <class Real>
double PlasticSynapses<Real>::potentiated(double weight, const Source& source,
                                          const std::vector<PostSpike>& history,
                                          std::int64_t until) const {
    if (source.last < 0) return weight;  // its trace is 0
    auto spike = std::upper_bound(
        history.begin(), history.end(), source.taken,
        [](std::int64_t step, const PostSpike& other) { return step < other.step; });
    for (; spike != history.end() && spike->step <= until; ++spike) {
        const auto gap = static_cast<double>(spike->step + delay_ - source.last);
        weight =
            rule_.potentiated(weight, rule_.plus_after(source.trace, gap * part_.time_step_ms));
    }
    return weight;
}

/// By the trace of the spikes before step `at`, not of one in it.
template <class Real>
double PlasticSynapses<Real>::depressed(double weight, const std::vector<PostSpike>& history,
                                        std::int64_t at) const {
    const auto behind = std::lower_bound(
        history.begin(), history.end(), at,
        [](const PostSpike& other, std::int64_t step) { return other.step < step; });
    if (behind == history.begin()) return weight;
    const PostSpike& last = *(behind - 1);
    const auto gap = static_cast<double>(at - last.step);
    return rule_.depressed(weight, rule_.minus_after(last.trace, gap * part_.time_step_ms));
}

template <class Real>
void PlasticSynapses<Real>::presynaptic(std::int64_t source, std::int64_t step, double share) {
    Source& state = sources_[static_cast<std::size_t>(source)];
    const std::int64_t meeting = step - delay_;
    const auto n_targets = static_cast<std::size_t>(part_.last - part_.first);
    Real* const arriving =
        arriving_.data() + static_cast<std::size_t>((step + slots_ - 1) % slots_) * n_targets;
    for (std::int64_t i = begins_[static_cast<std::size_t>(source)];
         i < begins_[static_cast<std::size_t>(source) + 1]; ++i) {
        Plastic& synapse = synapses_[static_cast<std::size_t>(i)];
        const auto& history = histories_[synapse.target];
        double weight = potentiated(synapse.weight, state, history, meeting);
        weight = depressed(weight, history, meeting);
        synapse.weight = static_cast<Real>(weight);
        const double factor =
            part_.positive.factor == nullptr ? 1 : part_.positive.factor[synapse.target];
        arriving[synapse.target] += static_cast<Real>(share * factor * weight);
        ++n_events_;
    }
    const double gap = static_cast<double>(step - state.last) * part_.time_step_ms;
    state.trace = state.last < 0 ? 1 : rule_.plus_after(state.trace, gap) + 1;
    state.last = step;
    state.taken = std::max(state.taken, meeting);
}

template <class Real>
void PlasticSynapses<Real>::postsynaptic(std::int64_t target, std::int64_t step) {
    if (target < part_.first || target >= part_.last) return;
    auto& history = histories_[static_cast<std::size_t>(target - part_.first)];
    double trace = 1;
    if (!history.empty()) {
        const auto gap = static_cast<double>(step - history.back().step);
        trace += rule_.minus_after(history.back().trace, gap * part_.time_step_ms);
    }
    history.push_back({step, trace});
}

template <class Real>
void PlasticSynapses<Real>::arrive(std::int64_t step, Real* arena) {
    const std::int64_t n_targets = part_.last - part_.first;
    Real* const arriving = arriving_.data() + step % slots_ * n_targets;
    Real* const to = arena + part_.positive.slot;
    for (std::int64_t i = 0; i < n_targets; ++i) {
        to[i] += arriving[i];
        arriving[i] = 0;
    }
}

template <class Real>
void PlasticSynapses<Real>::begin_spikes_of(std::int64_t step) {
    if (step < next_cleaning_) return;
    next_cleaning_ = step + steps_between_cleanings;
    const std::int64_t until = step - 1 - delay_;
    if (until < 0) return;
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        Source& state = sources_[s];
        for (std::int64_t i = begins_[s]; i < begins_[s + 1]; ++i) {
            Plastic& synapse = synapses_[static_cast<std::size_t>(i)];
            synapse.weight = static_cast<Real>(
                potentiated(synapse.weight, state, histories_[synapse.target], until));
        }
        state.taken = std::max(state.taken, until);
    }
    for (auto& history : histories_) {
        // The last one before `until` still depresses.
        const auto behind = std::lower_bound(
            history.begin(), history.end(), until,
            [](const PostSpike& other, std::int64_t at) { return other.step < at; });
        if (behind - history.begin() > 1) history.erase(history.begin(), behind - 1);
    }
}

void PlasticState::exchange(StateFile& state, const std::string& name) {
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
}

template <class Real>
void PlasticSynapses<Real>::add_to(PlasticState& state) const {
    for (std::size_t s = 0; s + 1 < begins_.size(); ++s) {
        for (std::int64_t i = begins_[s]; i < begins_[s + 1]; ++i) {
            const Plastic& synapse = synapses_[static_cast<std::size_t>(i)];
            state.sources.push_back(static_cast<std::int64_t>(s));
            state.targets.push_back(synapse.target + part_.first);
            state.weights.push_back(synapse.weight);
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
    return take_weights(state) && take_histories(state) && take_arriving(state);
}

/// Both sides by source and target: synapses of one pair lie in one slice, in the order of the
/// rule.
template <class Real>
bool PlasticSynapses<Real>::take_weights(const PlasticState& state) {
    if (state.targets.size() != state.sources.size() ||
        state.weights.size() != state.sources.size()) {
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

template class PlasticSynapses<float>;
template class PlasticSynapses<double>;

}  // namespace elm::network
