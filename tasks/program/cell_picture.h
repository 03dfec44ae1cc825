#pragma once

#include <string>

#include "neuron/cable/solver/cable_run.h"
#include "tasks/program/arguments.h"

namespace elm {

/// What colours the picture of a cell: --plot-morphology and --colour-by.
class CellPicture {
public:
    /// Reads "voltage" (the highest of a run), "voltage@MS", "calcium", "calcium@MS" or
    /// "density:CHANNEL". Throws Error{invalid} with the nearest name.
    CellPicture(const Arguments& arguments, const cable::Cell& cell);

    /// Colours that follow from the cell alone.
    bool needs_run() const noexcept { return channel_.empty(); }

    /// Draws; simulates `trial` once more where the colours need it.
    void draw(const cable::Trial& trial, const cable::RunOptions& options) const;

private:
    std::vector<double> colours(const cable::Trial& trial, const cable::RunOptions& options) const;

    const Arguments& arguments_;
    const cable::Cell& cell_;
    std::string channel_;  // empty: what the run does
    cable::Quantity quantity_ = cable::Quantity::voltage;
    double time_ms_ = -1;  // below 0: the highest of the run
};

}  // namespace elm
