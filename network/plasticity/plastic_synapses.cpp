#include "network/plasticity/plastic_synapses.h"

#include <algorithm>

#include "network/connectivity/delay_steps.h"

namespace elm::network {
namespace {

constexpr std::int64_t steps_between_cleanings = 10000;

/// Of connections whose weights are scaled alone.
constexpr Stdp no_pairs{.rate = 0, .unit_weight = 1, .is_power_law = true};

}  // namespace

template <class Real>
PlasticSynapses<Real>::PlasticSynapses(const ProjectionPart& part)
    : part_(part),
      rule_(part.projection->connection().stdp.value_or(no_pairs)),
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
    if (rule_.pairs() == StdpPairs::presynaptic_centred || rule_.pairs() == StdpPairs::restricted) {
        open_traces_.resize(synapses_.size());
    }
    if (connection.homeostasis) {
        homeostasis_.emplace(*connection.homeostasis, part.time_step_ms);
        if (homeostasis_->needs_rates()) rates_.resize(n_targets);
    }
    part_.projection = nullptr;
}

template <class Real>
std::int64_t PlasticSynapses<Real>::bytes() const {
    return static_cast<std::int64_t>(
        synapses_.size() * sizeof(Plastic) + sources_.size() * sizeof(Source) +
        begins_.size() * sizeof(std::int64_t) + rates_.size() * sizeof(RateEstimate) +
        open_traces_.size() * sizeof(double));
}

template <class Real>
typename PlasticSynapses<Real>::Potentiated PlasticSynapses<Real>::potentiated(
    double weight, const Source& source, double open_trace, const std::vector<PostSpike>& history,
    std::int64_t until) const {
    if (source.last < 0) return {weight, open_trace};  // its trace is 0
    auto spike = std::upper_bound(
        history.begin(), history.end(), source.taken,
        [](std::int64_t step, const PostSpike& other) { return step < other.step; });
    for (; spike != history.end() && spike->step <= until; ++spike) {
        const auto gap = static_cast<double>(spike->step + delay_ - source.last);
        const double trace = open_traces_.empty() ? source.trace : open_trace;
        open_trace = 0;
        weight = rule_.potentiated(weight, rule_.plus_after(trace, gap * part_.time_step_ms));
    }
    return {weight, open_trace};
}

/// By the trace of the spikes before step `at`, not of one in it.
template <class Real>
double PlasticSynapses<Real>::depressed(double weight, const std::vector<PostSpike>& history,
                                        std::int64_t at) const {
    const auto behind = std::lower_bound(
        history.begin(), history.end(), at,
        [](const PostSpike& other, std::int64_t step) { return other.step < step; });
    if (behind == history.begin()) return rule_.depressed(weight, 0);
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
        auto [weight, open] = potentiated(synapse.weight, state, open_trace(i), history, meeting);
        // Restricted: not by a postsynaptic spike that has ended a pair with the last one here.
        const bool is_restricted = rule_.pairs() == StdpPairs::restricted;
        if (!is_restricted || open == 0) weight = depressed(weight, history, meeting);
        if (!open_traces_.empty()) {
            const double gap = static_cast<double>(step - state.last) * part_.time_step_ms;
            open_traces_[static_cast<std::size_t>(i)] =
                is_restricted || open == 0 ? 1 : rule_.plus_after(open, gap) + 1;
        }
        synapse.weight = static_cast<Real>(weight);
        const double factor =
            part_.positive.factor == nullptr ? 1 : part_.positive.factor[synapse.target];
        arriving[synapse.target] += static_cast<Real>(share * factor * weight);
        ++n_events_;
    }
    const double gap = static_cast<double>(step - state.last) * part_.time_step_ms;
    state.trace = state.last < 0 ? 1 : rule_.behind_spike(rule_.plus_after(state.trace, gap));
    state.last = step;
    state.taken = std::max(state.taken, meeting);
}

template <class Real>
void PlasticSynapses<Real>::postsynaptic(std::int64_t target, std::int64_t step) {
    if (target < part_.first || target >= part_.last) return;
    auto& history = histories_[static_cast<std::size_t>(target - part_.first)];
    double trace = 0;
    if (!history.empty()) {
        const auto gap = static_cast<double>(step - history.back().step);
        trace = rule_.minus_after(history.back().trace, gap * part_.time_step_ms);
    }
    trace = rule_.behind_spike(trace);
    history.push_back({step, trace});
    if (!rates_.empty()) {
        homeostasis_->spike(rates_[static_cast<std::size_t>(target - part_.first)], step);
    }
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
    bring_up_to(until);
    for (auto& history : histories_) {
        // The last one before `until` still depresses.
        const auto behind = std::lower_bound(
            history.begin(), history.end(), until,
            [](const PostSpike& other, std::int64_t at) { return other.step < at; });
        if (behind - history.begin() > 1) history.erase(history.begin(), behind - 1);
    }
}

template <class Real>
void PlasticSynapses<Real>::bring_up_to(std::int64_t until) {
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        Source& state = sources_[s];
        for (std::int64_t i = begins_[s]; i < begins_[s + 1]; ++i) {
            Plastic& synapse = synapses_[static_cast<std::size_t>(i)];
            const Potentiated now = potentiated(synapse.weight, state, open_trace(i),
                                                histories_[synapse.target], until);
            synapse.weight = static_cast<Real>(now.weight);
            if (!open_traces_.empty()) open_traces_[static_cast<std::size_t>(i)] = now.open_trace;
        }
        state.taken = std::max(state.taken, until);
    }
}

template <class Real>
void PlasticSynapses<Real>::end_spikes_of(std::int64_t step) {
    if (homeostasis_ && homeostasis_->is_due(step)) scale(step);
}

template <class Real>
void PlasticSynapses<Real>::scale(std::int64_t step) {
    bring_up_to(step - delay_);
    std::vector<double> factors(histories_.size(), 0.0);
    if (rates_.empty()) {
        for (const Plastic& synapse : synapses_) factors[synapse.target] += synapse.weight;
        for (double& value : factors) value = homeostasis_->normalising(value);
    } else {
        for (std::size_t i = 0; i < factors.size(); ++i) {
            factors[i] = homeostasis_->scaling(rates_[i], step);
        }
    }
    const double largest = rule_.largest();
    for (Plastic& synapse : synapses_) {
        synapse.weight =
            static_cast<Real>(std::min(largest, factors[synapse.target] * synapse.weight));
    }
}

template class PlasticSynapses<float>;
template class PlasticSynapses<double>;

}  // namespace elm::network
