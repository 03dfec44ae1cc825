#include "network/connectivity/synapse_rows.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/support/check.h"

namespace elm::network {
namespace {

/// Different delays that the synapses of each source may have, and no more.
std::vector<std::int64_t> head_counts(const std::vector<ProjectionPart>& parts,
                                      std::int64_t n_sources) {
    std::vector<std::int64_t> heads(static_cast<std::size_t>(n_sources), 1);  // the one at the end
    for (const ProjectionPart& part : parts) {
        const Connection& connection = part.projection->connection();
        if (connection.rule == ConnectionRule::list && connection.targets.empty()) continue;
        const Draw delay(connection.delay_ms);
        const std::int64_t range = delay_steps_of(delay.highest(), part.time_step_ms) -
                                   delay_steps_of(delay.lowest(), part.time_step_ms) + 1;
        // Channels that act a step later may double them.
        const bool differ = part.positive.extra_steps != part.negative.extra_steps;
        for (std::int64_t i = 0; i < part.projection->n_sources(); ++i) {
            heads[static_cast<std::size_t>(part.first_source + i)] += range + (differ ? 1 : 0);
        }
    }
    return heads;
}

}  // namespace

std::int64_t delay_steps_of(double delay_ms, double time_step_ms) {
    return std::max<std::int64_t>(1, std::llround(delay_ms / time_step_ms * (1 + 1e-12)));
}

template <class Real>
void SynapseRows<Real>::count(const std::vector<ProjectionPart>& parts,
                              std::vector<std::uint32_t>& counts) {
    for (const ProjectionPart& part : parts) {
        std::uint32_t* const of_source = counts.data() + part.first_source;
        part.projection->for_each_synapse(
            part.first, part.last, [&](const DrawnSynapse& drawn) { ++of_source[drawn.source]; });
    }
}

template <class Real>
SynapseRows<Real>::SynapseRows(const std::vector<ProjectionPart>& parts, std::int64_t n_sources)
    : begins_(n_sources) {
    std::vector<std::uint32_t> counts(static_cast<std::size_t>(n_sources));
    count(parts, counts);
    std::vector<std::int64_t> heads = head_counts(parts, n_sources);
    // A row is filled behind the room for its heads, and sorted forward into its place.
    std::vector<std::int64_t> next(counts.size());
    std::int64_t total = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        heads[i] = std::min(heads[i], std::int64_t{counts[i]} + 1);
        begins_[static_cast<std::int64_t>(i)] = counts[i] == 0 ? -1 : total;
        next[i] = total + heads[i];
        if (counts[i] > 0) total += heads[i] + counts[i];
        n_synapses_ += counts[i];
    }
    synapses_ = HugeArray<Synapse<Real>>(total);
    HugeArray<std::uint16_t> delays(total);
    for (const ProjectionPart& part : parts) {
        const Connection& connection = part.projection->connection();
        const Draw weight(connection.weight), delay(connection.delay_ms);
        std::int64_t* const places = next.data() + part.first_source;
        part.projection->for_each_synapse(part.first, part.last, [&](const DrawnSynapse& drawn) {
            double value = weight(drawn.weight_word, drawn.index);
            const SynapseTarget& to = value < 0 ? part.negative : part.positive;
            const std::int64_t local = drawn.target - part.first;
            if (to.takes_magnitude) value = std::abs(value);
            if (to.factor != nullptr) value *= to.factor[local];
            const std::int64_t place = places[drawn.source]++;
            synapses_[place] = {static_cast<std::uint32_t>(to.slot + local),
                                static_cast<Real>(value)};
            delays[place] = static_cast<std::uint16_t>(
                delay_steps_of(delay(drawn.delay_word, drawn.index), part.time_step_ms) +
                to.extra_steps);
        });
    }
    std::vector<Synapse<Real>> scratch;
    std::vector<std::uint32_t> starts;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] == 0) continue;
        sort_row(static_cast<std::int64_t>(i), counts[i], heads[i], delays.data(), scratch, starts);
    }
}

template <class Real>
void SynapseRows<Real>::sort_row(std::int64_t source, std::uint32_t count, std::int64_t heads,
                                 std::uint16_t* delays, std::vector<Synapse<Real>>& scratch,
                                 std::vector<std::uint32_t>& starts) {
    Synapse<Real>* const row = synapses_.data() + begins_[source];
    const Synapse<Real>* const filled = row + heads;
    const std::uint16_t* const own = delays + begins_[source] + heads;
    const auto [low, high] = std::minmax_element(own, own + count);
    const std::uint16_t lowest = *low, highest = *high;
    longest_delay_ = std::max<std::int64_t>(longest_delay_, highest);
    // starts[d]: how many have a delay below lowest + d.
    starts.assign(static_cast<std::size_t>(highest - lowest) + 2, 0);
    for (std::uint32_t i = 0; i < count; ++i) ++starts[own[i] - lowest + 1U];
    for (std::size_t d = 1; d < starts.size(); ++d) starts[d] += starts[d - 1];
    scratch.assign(filled, filled + count);
    Synapse<Real>* group = row;
    std::vector<std::uint32_t>& places = starts;
    // Heads first, while starts still are those of the groups; then the synapses, in order.
    std::uint32_t n_heads = 0;
    for (std::size_t d = 0; d + 1 < starts.size(); ++d) {
        const std::uint32_t begin = starts[d], size = starts[d + 1] - begin;
        if (size > 0) ++n_heads;
        group = row + begin + n_heads;
        if (size > 0) group[-1] = {size, static_cast<Real>(lowest + d)};
        places[d] = begin + n_heads;
    }
    row[count + n_heads] = {0, Real(0)};
    for (std::uint32_t i = 0; i < count; ++i) row[places[own[i] - lowest + 0U]++] = scratch[i];
}

template class SynapseRows<float>;
template class SynapseRows<double>;

}  // namespace elm::network
