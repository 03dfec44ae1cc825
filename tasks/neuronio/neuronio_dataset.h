#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tasks/neuronio/neuronio_file.h"

namespace elm {

/// Parts of one simulation that training needs, in as little memory as copies of windows allow.
struct CompactSimulation {
    std::vector<std::int32_t> row_begin;      // steps + 1 entries: input spikes before each step
    std::vector<std::int32_t> channels;       // of the input spikes, by step, then channel
    std::vector<float> soma_voltage_mV;       // one per step
    std::vector<std::uint8_t> output_spikes;  // one per step: 1 where the cell spikes

    std::int64_t bytes() const noexcept;
};

/// Throws Error{data} where there are more than 2^31 - 1 input spikes.
CompactSimulation make_compact(const NeuronIoSimulation& simulation);

struct NeuronIoDatasetOptions {
    std::string selection = {};  // of all simulations of all files, as parse_selection takes it
    /// Data that is larger stays on disk and is read on demand, this much of it being kept.
    std::int64_t memory_budget_bytes = std::int64_t{8} << 30;
    /// Called after each simulation that is read at the start; may throw to break off.
    std::function<void(std::int64_t done, std::int64_t total)> progress = {};
};

/// The simulations of many files of ground truth as one list: files in the order given, simulations
/// in the order of their names. Threads may read from it at the same time.
class NeuronIoDataset {
public:
    /// Throws Error{data} if there is no file, one is damaged or given twice, nothing is selected,
    /// or files disagree in channels or steps (all that differ from the first are named). Data that
    /// fits into the budget is read and checked here; other data is checked where it is read.
    explicit NeuronIoDataset(const std::vector<std::string>& paths,
                             const NeuronIoDatasetOptions& options = {});
    ~NeuronIoDataset();
    NeuronIoDataset(NeuronIoDataset&&) noexcept;

    std::int64_t size() const noexcept;
    std::int64_t n_channels() const noexcept;
    std::int64_t n_steps() const noexcept;
    std::int64_t n_input_spikes() const noexcept;   // of all simulations together
    std::int64_t n_output_spikes() const noexcept;  // likewise
    double output_rate_hz() const noexcept;         // mean over simulations
    bool in_memory() const noexcept;
    std::int64_t bytes() const noexcept;  // of all simulations in compact form

    const std::string& path(std::int64_t index) const;      // file of a simulation
    const std::string& name(std::int64_t index) const;      // "sim_00003"
    std::int64_t index_in_files(std::int64_t index) const;  // before the selection

    /// The pointer keeps the simulation while newer ones take its place.
    /// Throws Error{data} if it is read only now and breaks a rule.
    std::shared_ptr<const CompactSimulation> compact(std::int64_t index) const;
    /// Everything about a simulation, read from its file.
    NeuronIoSimulation read(std::int64_t index) const;

private:
    struct Implementation;
    std::unique_ptr<Implementation> data_;
};

}  // namespace elm
