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
        const SynapseGroup<Real> group(row);
        times_.push_back(static_cast<std::uint32_t>(step + group.delay()));
        waiting_.push_back({group, static_cast<Real>(share)});
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
        for (std::size_t i = 0; i < std::min(ahead, due_.size()); ++i) {
            waiting_[due_[i]].group.fetch();
        }
        bool ended = false;
        for (std::size_t i = 0; i < due_.size(); ++i) {
            if (i + ahead < due_.size()) waiting_[due_[i + ahead]].group.fetch();
            Waiting& spike = waiting_[due_[i]];
            times_[due_[i]] += add(spike, arena);
            ended |= spike.group.is_end();
        }
        if (ended) drop_ended();
    }

    /// Calls body(source, step, share) for each send() of which something is still to arrive.
    template <class Body>
    void for_each_waiting(const Body& body) const {
        const auto starts = rows_.row_starts();
        for (std::size_t i = 0; i < waiting_.size(); ++i) {
            const Synapse<Real>* const head = waiting_[i].group.head();
            const auto behind = std::upper_bound(
                starts.begin(), starts.end(), head,
                [](const Synapse<Real>* at, const auto& start) { return at < start.row; });
            const auto step = static_cast<std::uint32_t>(times_[i] - waiting_[i].group.delay());
            body((behind - 1)->source, std::int64_t{step}, double{waiting_[i].share});
        }
    }
    /// As send(), of a spike of which everything that acts up to step `now` has arrived.
    void send_rest(std::int64_t source, std::int64_t step, double share, std::int64_t now) {
        const std::size_t before = waiting_.size();
        send(source, step, share);
        if (waiting_.size() == before) return;
        while (!waiting_.back().group.is_end() &&
               static_cast<std::int32_t>(times_.back() - static_cast<std::uint32_t>(now)) <= 0) {
            times_.back() += to_next_group(waiting_.back());
        }
        if (!waiting_.back().group.is_end()) return;
        waiting_.pop_back();
        times_.pop_back();
    }

private:
    struct Waiting {
        SynapseGroup<Real> group;  // at its end: none is left
        Real share;
    };
    static constexpr std::size_t ahead = 3;

    void drop_ended() {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < waiting_.size(); ++i) {
            if (waiting_[i].group.is_end()) continue;
            times_[kept] = times_[i];
            waiting_[kept++] = waiting_[i];
        }
        times_.resize(kept);
        waiting_.resize(kept);
    }
    /// Adds a group, goes on to the next one, and returns how many steps later that is due.
    std::uint32_t add(Waiting& spike, Real* arena) {
        const SynapseGroup<Real> group = spike.group;
        n_events_ += group.count();
        if (spike.share == Real(1)) {
            group.for_each([arena](std::size_t slot, Real weight) { arena[slot] += weight; });
        } else {
            group.for_each([arena, share = spike.share](std::size_t slot, Real weight) {
                arena[slot] += share * weight;
            });
        }
        return to_next_group(spike);
    }
    static std::uint32_t to_next_group(Waiting& spike) {
        const std::int64_t delay = spike.group.delay();
        spike.group = SynapseGroup<Real>(spike.group.next_head());
        return static_cast<std::uint32_t>(spike.group.delay() - delay);
    }

    SynapseRows<Real> rows_;
    std::vector<std::uint32_t> times_;  // steps in which they are due, modulo 2^32
    std::vector<Waiting> waiting_;      // beside each time
    std::vector<std::uint32_t> due_;
    std::int64_t n_events_ = 0;
};

}  // namespace elm::network
