#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "kernels/core/communicator.h"

namespace elm::network {

/// Spikes of a slice in the steps of one window: numbers of neurons, in order of step, population
/// and neuron.
struct WindowSpikes {
    std::vector<std::uint32_t> ids;
    std::vector<std::int64_t> ends;  // by step and population: where its spikes end
};

/// The slices of a network over all processes of a run, and the spikes of those that others hold.
/// Each process holds neighbouring slices, those of lower ranks first.
class SpikeExchange {
public:
    /// `own`: slices of this process; `ends`: steps of a window times populations. `processes`,
    /// null for this one alone, must outlive this. A call for all processes.
    SpikeExchange(Communicator* processes, int own, std::int64_t ends);

    int n_slices() const { return n_slices_; }
    int first_own() const { return first_own_; }
    bool is_own(int slice) const { return slice >= first_own_ && slice < first_own_ + n_own_; }

    /// All processes get the windows of all others: one message, a second one where there are more
    /// spikes than ever before. A call for all processes.
    void exchange(std::span<const WindowSpikes* const> own);
    std::int64_t received_bytes() const { return received_bytes_; }
    std::int64_t n_exchanges() const { return n_exchanges_; }
    int n_ranks() const { return is_alone() ? 1 : processes_->size(); }
    int rank() const { return is_alone() ? 0 : processes_->rank(); }
    /// The last window of another process, all of its slices together.
    const WindowSpikes& window_of(int rank) const {
        return windows_[static_cast<std::size_t>(rank)];
    }
    /// Sums over all processes. A call for all of them.
    std::int64_t sum(std::int64_t value) const;
    void sum(std::span<double> values) const;
    /// What all processes give, in the order of their ranks. A call for all of them.
    template <class Value>
    std::vector<Value> gather(const std::vector<Value>& own) const {
        static_assert(std::is_trivially_copyable_v<Value>);
        if (is_alone()) return own;
        const std::vector<std::int64_t> counts = processes_->gather(std::ssize(own));
        const std::int64_t most = *std::max_element(counts.begin(), counts.end());
        const auto room = static_cast<std::size_t>(most);
        std::vector<Value> padded(own);
        padded.resize(room);
        std::vector<Value> pieces(room * counts.size());
        processes_->gather(padded.data(), room * sizeof(Value), pieces.data());
        std::vector<Value> all;
        for (std::size_t rank = 0; rank < counts.size(); ++rank) {
            const auto piece = pieces.begin() + most * static_cast<std::int64_t>(rank);
            all.insert(all.end(), piece, piece + counts[rank]);
        }
        return all;
    }

private:
    bool is_alone() const { return processes_ == nullptr || processes_->size() == 1; }
    void pack(std::span<const WindowSpikes* const> own);
    void unpack(int rank, const std::uint32_t* message);

    Communicator* processes_;
    int n_slices_, first_own_ = 0, n_own_;
    std::int64_t ends_;
    std::vector<WindowSpikes> windows_;  // by rank
    // A message: its length; the ends of steps and populations, of all slices of the process
    // together; the numbers, by step, population and slice.
    std::size_t room_ = 0;  // words that travel of each process
    std::vector<std::uint32_t> message_, received_;
    std::int64_t received_bytes_ = 0, n_exchanges_ = 0;
};

}  // namespace elm::network
