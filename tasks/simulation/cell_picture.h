#pragma once

#include <string>
#include <vector>

#include "neuron/cable/shape/morphology.h"
#include "neuron/cable/solver/cable_run.h"

namespace elm {

/// Picture of a cell from the side, and what colours it.
class CellPicture {
public:
    /// Reads "voltage" (the highest of a run), "voltage@MS", "calcium", "calcium@MS" or
    /// "density:CHANNEL". Throws Error{invalid} with the nearest name.
    CellPicture(const cable::Cell& cell, const std::string& colours);

    /// True unless the colours follow from the cell alone.
    bool needs_run() const noexcept { return channel_.empty(); }

    /// Draws the cell, which was cut from `morphology`; simulates `trial` once more where the
    /// colours need it, and draws nothing where options.progress stops that. Throws Error{invalid}
    /// for a time past the end, and as draw_morphology does.
    void draw(const cable::Morphology& morphology, const cable::Trial& trial,
              const cable::RunOptions& options, const std::string& path, bool force) const;

private:
    std::vector<double> densities() const;
    std::vector<double> states(const cable::Trial& trial, cable::RunOptions run) const;

    const cable::Cell& cell_;
    std::string channel_;  // empty: what the run does
    cable::Quantity quantity_ = cable::Quantity::voltage;
    double time_ms_ = -1;  // below 0: the highest of the run
};

}  // namespace elm
