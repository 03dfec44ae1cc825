#include "network/time_stepped/slice_count.h"

#include <algorithm>

#include "kernels/core/support/parallel.h"
#include "network/connectivity/projection.h"
#include "neuron/elm/elm_model.h"

namespace elm::network {

/// Starting threads for a window of steps costs some microseconds.
int slices_for(const NetworkDescription& network, std::int64_t window, int processes) {
    double synapses = 0;
    for (const Connection& connection : network.connections) {
        synapses += expected_synapses(network, connection);
    }
    double inputs = 0;
    for (const PoissonInput& input : network.poisson) {
        inputs += static_cast<double>(network.populations[input.to].size);
    }
    double parameters = 0;
    for (const Population& population : network.populations) {
        if (!population.elm) continue;
        parameters += static_cast<double>(population.size) *
                      static_cast<double>(population.elm->model->parameter_count());
    }
    // Nanoseconds: 0.5 a neuron, 0.02 a parameter of an ELM neuron, 1 a Poisson draw, 1 an event at
    // 5 Hz.
    const double step = 0.5 * static_cast<double>(network.n_neurons()) + 0.02 * parameters +
                        inputs + 5e-3 * network.time_step_ms * synapses;
    const double worth = step * static_cast<double>(window) / 10'000 / processes;
    return std::clamp(static_cast<int>(std::min(worth, 1e4)), 1, thread_count());
}

}  // namespace elm::network
