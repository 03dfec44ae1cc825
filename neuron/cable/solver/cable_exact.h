#pragma once

#include <vector>

#include "neuron/cable/solver/cable_plan.h"

namespace elm::cable {

/// One trial in double precision, with every rate as its channel writes it: the independent check
/// of the batches, and what `--precision f64` runs. One step is that of NEURON's fixed step
/// (Hines 1984, doi:10.1016/0020-7101(84)90008-4):
///   1. events of the step are added to the synaptic states
///   2. (c C + G + A) dV = -I - A V with the tree's axial matrix A, solved by elimination from the
///      tips to the root; c = 1 / dt, or 2 / dt for Crank-Nicolson
///   3. V += dV, or 2 dV; then every gate moves to its steady state at the new V by 1 -
///   exp(-dt/tau),
///      calcium by the current at the V of before (or of the middle), calcium-gated ones by the new
///      calcium, and synaptic states decay.
class ExactCell {
public:
    ExactCell(const CablePlan& plan, const Trial& trial, std::size_t trial_index);

    /// State and voltage are those at steps_done() * dt, with the events of that time.
    void step();
    int steps_done() const { return step_; }
    double voltage(int node) const { return voltage_[static_cast<std::size_t>(node)]; }
    const std::vector<double>& state() const { return state_; }

private:
    void deliver();
    void assemble();
    void membrane(std::size_t node);
    void solve();
    void advance(std::size_t node);

    const CablePlan& plan_;
    const Trial& trial_;
    std::vector<ScheduledEvent> events_;
    std::size_t next_event_ = 0;
    int step_ = 0;
    std::vector<int> site_nodes_;
    std::vector<double> voltage_, delta_, diagonal_, residual_, state_;
    std::vector<double> calcium_current_, calcium_slope_;  // (nodes), at the V of before
};

}  // namespace elm::cable
