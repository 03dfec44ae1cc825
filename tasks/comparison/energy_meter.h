#pragma once

#include <optional>
#include <string>
#include <vector>

namespace elm {

/// Energy that the processors of this machine take, all programs together, where the kernel tells
/// (RAPL under /sys/class/powercap) and lets this user read it.
class EnergyMeter {
public:
    /// `folder`: where the domains stand, intel-rapl:0 and so on.
    explicit EnergyMeter(const std::string& folder = "/sys/class/powercap");

    /// Joules since the meter was made; none where nothing can be read. Counters that begin anew
    /// are followed as long as this is called once in each of their rounds, which last minutes.
    std::optional<double> joules();

private:
    struct Domain {
        std::string counter;
        double range = 0;  // microjoules of a round
        double last = 0, sum = 0;
    };
    std::vector<Domain> domains_;
};

}  // namespace elm
