#pragma once

#include <cstdint>
#include <span>
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
    /// The last window of a slice that another process holds.
    const WindowSpikes& window(int slice) const {
        return windows_[static_cast<std::size_t>(slice)];
    }
    /// Sums over all processes. A call for all of them.
    std::int64_t sum(std::int64_t value) const;
    void sum(std::span<double> values) const;

private:
    bool is_alone() const { return processes_ == nullptr || processes_->size() == 1; }
    void pack(std::span<const WindowSpikes* const> own);
    void unpack(int rank, const std::uint32_t* message);

    Communicator* processes_;
    int n_slices_, first_own_ = 0, n_own_;
    std::int64_t ends_;
    std::vector<std::int64_t> slices_of_;  // by rank
    std::vector<WindowSpikes> windows_;    // by slice
    // A message: its length; the ends of each slice; the numbers of each slice.
    std::size_t room_ = 0;  // words that travel of each process
    std::vector<std::uint32_t> message_, received_;
};

}  // namespace elm::network
