#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/core/spike_train.h"
#include "tasks/report/plot.h"

namespace elm {

/// A long trace kept at the resolution of a picture: at most `max_columns` columns of equal
/// duration, each with its lowest and highest value. Memory does not depend on the length.
class TraceDecimator {
public:
    static constexpr std::int64_t max_columns = 1500;

    TraceDecimator() = default;
    /// For `n_steps` steps from `start_s` on, each `step_s` long, in s.
    TraceDecimator(std::int64_t n_steps, double start_s, double step_s);

    /// The next values in time; those past the end are left out.
    void add(std::span<const double> values);

    bool empty() const noexcept { return position_ == 0; }
    /// A line where a column is one step, else a line through lowest and highest of each column.
    Curve curve(std::string title, std::string colour, Mark mark = Mark::line) const;

private:
    std::int64_t n_steps_ = 0, steps_per_column_ = 1, position_ = 0;
    double start_s_ = 0, step_s_ = 0;
    std::vector<double> lowest_, highest_;
};

/// Spikes kept at the resolution of a picture: one mark per cell of time columns and unit rows.
class RasterDecimator {
public:
    static constexpr std::int64_t max_rows = 320;

    RasterDecimator() = default;
    RasterDecimator(std::int64_t n_units, std::int64_t n_steps, double start_s, double step_s);

    /// Steps [begin, end) of sample 0 of a chunk.
    void add(const SpikeTrain& spikes, std::int64_t begin, std::int64_t end);

    /// Marks of units [first, last).
    Curve curve(std::int64_t first, std::int64_t last, std::string title, std::string colour) const;

private:
    std::int64_t n_units_ = 0, n_steps_ = 0, position_ = 0;
    std::int64_t steps_per_column_ = 1, units_per_row_ = 1, n_columns_ = 0;
    double start_s_ = 0, step_s_ = 0;
    std::vector<std::uint8_t> cells_;  // (rows, columns)
};

}  // namespace elm
