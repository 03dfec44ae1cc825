#include "tasks/neuronio/neuronio_defaults.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace elm {

Values neuronio_suited_options(std::int64_t n_channels) {
    const std::int64_t n_branch = std::min<std::int64_t>(45, n_channels);
    const std::int64_t advance = (n_channels + n_branch - 1) / n_branch;
    return {{"num_memory", std::int64_t{20}},
            {"num_branch", n_branch},
            {"num_synapse_per_branch", (advance * 100 + 28) / 29},
            {"input_to_synapse_routing",
             std::string(n_channels % 2 == 0 ? "neuronio_routing" : "random_routing")},
            {"memory_tau_max", 150.0}};
}

std::vector<double> neuronio_readout_bias(double output_rate_hz) {
    const double probability = output_rate_hz * 1e-3;
    const double drawn = std::numeric_limits<double>::quiet_NaN();
    if (probability <= 0 || probability >= 1) return {};
    return {std::log(probability / (1 - probability)), drawn};
}

}  // namespace elm
