#pragma once

#include <string>
#include <vector>

namespace elm {

/// One quantity over the simulations of a file.
struct StatisticRow {
    std::string name, unit;
    std::int64_t count = 0;  // of simulations that have it
    double mean = 0, standard_error = 0, standard_deviation = 0;
    double lowest = 0, median = 0, highest = 0;
};

/// Statistics that tell whether NeuronIO data are right: output rate and its irregularity,
/// voltages, input of each kind. A quantity that no simulation has is left out.
struct NeuronIoStatistics {
    std::int64_t simulations = 0, output_spikes = 0, silent = 0;
    std::vector<StatisticRow> rows;
    std::vector<double> rates_hz;  // (simulations): of the output

    /// The row of this name; throws std::out_of_range.
    const StatisticRow& row(const std::string& name) const;
};

/// Reads all simulations of a file. Throws Error{data} as NeuronIoFile does. `tick` is called
/// between simulations and may throw.
NeuronIoStatistics neuronio_statistics(const std::string& path, void (*tick)() = nullptr);

}  // namespace elm
