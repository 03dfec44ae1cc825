#pragma once

namespace elm::cable {

/// An event on the grid of steps: it acts from step `step` on, `offset_ms` before the time that the
/// synaptic states of that step stand for.
struct ScheduledEvent {
    int step = 0;
    int channel = 0;
    float offset_ms = 0;
};

}  // namespace elm::cable
