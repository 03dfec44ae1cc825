#pragma once

#include <cstdint>

namespace elm {

/// Errors of one who says the mean rate and the mean voltage of some steps: what losses of fits are
/// held against.
class UsualErrors {
public:
    /// A step with a spike or none, and the voltage in any unit.
    void add(bool spikes, double voltage);

    double cross_entropy() const;  // of the spikes, nats a step; of all or none a tiny number
    double variance() const;       // of the voltage, in its unit squared; above 0

private:
    double n_ = 0, spikes_ = 0, sum_ = 0, squares_ = 0;
};

}  // namespace elm
