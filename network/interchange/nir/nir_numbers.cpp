#include "network/interchange/nir/nir_numbers.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "network/interchange/nir/nir_connections.h"
#include "network/interchange/nir/nir_order.h"

namespace elm::network {
namespace {

template <class Real>
std::vector<Real> cast(const std::vector<double>& values) {
    std::vector<Real> result;
    for (const double value : values) result.push_back(static_cast<Real>(value));
    return result;
}

/// The numbers of an array, one for each of `size` elements.
std::vector<double> spread(const NirNode& node, const std::string& name, std::int64_t size,
                           double otherwise) {
    const auto count = static_cast<std::size_t>(size);
    if (!node.has(name)) return std::vector<double>(count, otherwise);
    const std::vector<double>& values = node.array(name).values;
    if (values.size() == count) return values;
    return std::vector<double>(count, values[0]);
}

/// Share of the way to where it goes that a state takes in a step.
std::vector<double> shares_of(const NirNode& node, const std::string& tau, std::int64_t size,
                              const NirGrid& grid) {
    std::vector<double> shares = spread(node, tau, size, 1);
    for (double& value : shares) {
        if (grid.rule == NirRule::euler && value < grid.time_step_s * (1 - 1e-6)) {
            fail_nir(node.place,
                     fmt::format("{} is {} s, shorter than the step of {} s: Euler's rule would "
                                 "overshoot. Times are in seconds; take a shorter step, or the "
                                 "exact rule.",
                                 tau, value, grid.time_step_s));
        }
        value = grid.rule == NirRule::euler ? grid.time_step_s / value
                                            : -std::expm1(-grid.time_step_s / value);
    }
    return shares;
}

template <class Real>
void set_neuron(const NirNode& node, std::int64_t size, const NirGrid& grid,
                NodeNumbers<Real>& numbers) {
    std::vector<double> r = spread(node, "r", size, 1);
    const bool leaks = node.has("v_leak");
    if (!leaks) {
        for (double& value : r) value *= grid.time_step_s;
    }
    numbers.r = cast<Real>(r);
    if (leaks) {
        numbers.v_leak = cast<Real>(spread(node, "v_leak", size, 0));
        const char* const tau = node.has("tau") ? "tau" : "tau_mem";
        numbers.a_mem = cast<Real>(shares_of(node, tau, size, grid));
    }
    if (node.has("tau_syn")) {
        numbers.a_syn = cast<Real>(shares_of(node, "tau_syn", size, grid));
        numbers.w_in = cast<Real>(spread(node, "w_in", size, 1));
    }
    if (node.type().spikes) {
        numbers.threshold = cast<Real>(spread(node, "v_threshold", size, 0));
        numbers.reset = cast<Real>(spread(node, "v_reset", size, 0));
    }
}

}  // namespace

template <class Real>
NodeNumbers<Real> numbers_of(const NirNode& node, const NirShape& in, const NirShape& out,
                             const NirGrid& grid) {
    NodeNumbers<Real> numbers;
    const std::int64_t size = elements_of(out);
    if (has_connections(node.kind)) {
        NirConnections map = connections_of(node, in, out);
        numbers.begins = std::move(map.begins);
        numbers.targets = std::move(map.targets);
        numbers.weights = cast<Real>(map.weights);
        numbers.bias = cast<Real>(map.bias);
    } else if (node.kind == NirKind::scale) {
        numbers.scale = cast<Real>(spread(node, "scale", size, 1));
    } else if (node.kind == NirKind::threshold) {
        numbers.threshold = cast<Real>(spread(node, "threshold", size, 0));
    } else if (node.kind == NirKind::delay) {
        numbers.delay = delay_steps(node, grid.time_step_s);
        numbers.delay.resize(static_cast<std::size_t>(size), numbers.delay[0]);
        numbers.slots = *std::max_element(numbers.delay.begin(), numbers.delay.end());
    } else if (node.type().is_neuron) {
        set_neuron(node, size, grid, numbers);
    }
    return numbers;
}
template NodeNumbers<float> numbers_of(const NirNode&, const NirShape&, const NirShape&,
                                       const NirGrid&);
template NodeNumbers<double> numbers_of(const NirNode&, const NirShape&, const NirShape&,
                                        const NirGrid&);

}  // namespace elm::network
