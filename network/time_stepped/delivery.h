#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "network/connectivity/synapse_rows.h"

namespace elm::network {

/// Spikes on their way to the neurons of one slice.
///
/// A spike waits with the place of its next group of synapses. In each step those that are due are
/// added to the arena, spike after spike in the order in which they were sent, so that the sums of
/// a neuron have one order however the network is cut into slices. Groups stand behind each other
/// in memory, and those of the next spikes are fetched while one is added.
template <class Real>
class Delivery {
public:
    explicit Delivery(SynapseRows<Real> rows) : rows_(std::move(rows)) {
        times_.reserve(4096);
        waiting_.reserve(4096);
        due_.reserve(4096);
    }

    const SynapseRows<Real>& rows() const { return rows_; }
    std::int64_t n_events() const { return n_events_; }

    /// Fetches what send() of this source will look at.
    void prefetch(std::int64_t source) const {
        const Synapse<Real>* const row = rows_.row(source);
        if (row != nullptr) __builtin_prefetch(row);
    }
    /// The source spiked in `step` and transmits `share` of its weights. Calls follow in order of
    /// step and source.
    void send(std::int64_t source, std::int64_t step, double share) {
        const Synapse<Real>* const row = rows_.row(source);
        if (row == nullptr) return;
        times_.push_back(static_cast<std::uint32_t>(step + delay_of(*row)));
        waiting_.push_back({row + 1, row->slot, static_cast<Real>(share)});
    }

    /// Adds what acts in `step`.
    void arrive(std::int64_t step, Real* arena) {
        const auto now = static_cast<std::uint32_t>(step);
        due_.clear();
        const std::size_t n = times_.size();
        for (std::size_t i = 0; i < n; ++i) {
            if (times_[i] == now) due_.push_back(static_cast<std::uint32_t>(i));
        }
        if (due_.empty()) return;
        for (std::size_t i = 0; i < std::min(ahead, due_.size()); ++i) fetch(waiting_[due_[i]]);
        bool ended = false;
        for (std::size_t i = 0; i < due_.size(); ++i) {
            if (i + ahead < due_.size()) fetch(waiting_[due_[i + ahead]]);
            times_[due_[i]] += add(waiting_[due_[i]], arena);
            ended |= waiting_[due_[i]].count == 0;
        }
        if (ended) drop_ended();
    }

private:
    struct Waiting {
        const Synapse<Real>* group;  // its first synapse
        std::uint32_t count;         // synapses of the group; 0: none are left
        Real share;
    };
    static constexpr std::size_t ahead = 3;

    static std::int64_t delay_of(const Synapse<Real>& head) {
        return static_cast<std::int64_t>(head.weight);
    }
    void drop_ended() {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < waiting_.size(); ++i) {
            if (waiting_[i].count == 0) continue;
            times_[kept] = times_[i];
            waiting_[kept++] = waiting_[i];
        }
        times_.resize(kept);
        waiting_.resize(kept);
    }
    /// The first kilobyte; what follows the processor sees coming.
    static void fetch(const Waiting& spike) {
        const char* const begin = reinterpret_cast<const char*>(spike.group);
        const std::size_t bytes =
            std::min<std::size_t>(1024, spike.count * sizeof(Synapse<Real>) + 64);
        for (std::size_t at = 0; at < bytes; at += 64) __builtin_prefetch(begin + at);
    }
    /// Adds a group, goes on to the next one, and returns how many steps later that is due.
    std::uint32_t add(Waiting& spike, Real* arena) {
        const Synapse<Real>* const head = spike.group - 1;
        const Synapse<Real>* const end = spike.group + spike.count;
        n_events_ += spike.count;
        if (spike.share == Real(1)) {
            add_weights(spike.group, end, arena, [](Real weight) { return weight; });
        } else {
            add_weights(spike.group, end, arena,
                        [share = spike.share](Real weight) { return share * weight; });
        }
        spike.group = end + 1;
        spike.count = end->slot;
        return static_cast<std::uint32_t>(delay_of(*end) - delay_of(*head));
    }
    template <class Effect>
    static void add_weights(const Synapse<Real>* synapse, const Synapse<Real>* end, Real* arena,
                            const Effect& effect) {
        for (; end - synapse >= 4; synapse += 4) {
            arena[synapse[0].slot] += effect(synapse[0].weight);
            arena[synapse[1].slot] += effect(synapse[1].weight);
            arena[synapse[2].slot] += effect(synapse[2].weight);
            arena[synapse[3].slot] += effect(synapse[3].weight);
        }
        for (; synapse != end; ++synapse) arena[synapse->slot] += effect(synapse->weight);
    }

    SynapseRows<Real> rows_;
    std::vector<std::uint32_t> times_;  // steps in which they are due, modulo 2^32
    std::vector<Waiting> waiting_;      // beside each time
    std::vector<std::uint32_t> due_;
    std::int64_t n_events_ = 0;
};

}  // namespace elm::network
