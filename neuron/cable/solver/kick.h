#pragma once

namespace elm::cable {

/// An event on the grid of steps: it acts from step `step` on, `late_ms` before the time that the
/// synaptic states of that step stand for.
struct Kick {
    int step = 0;
    int channel = 0;
    float late_ms = 0;
};

}  // namespace elm::cable
