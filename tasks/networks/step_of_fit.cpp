#include "tasks/networks/step_of_fit.h"

#include <cmath>
#include <set>

#include "kernels/core/support/log.h"
#include "neuron/elm/elm_model.h"

namespace elm {

namespace {

const char* is_or_may_be(ElmVersion version) { return version == ElmVersion::v1 ? "is" : "may be"; }

}  // namespace

void warn_of_other_step(const std::string& name, ElmVersion version, double step_ms,
                        double fit_step_ms) {
    if (std::abs(step_ms - fit_step_ms) <= 1e-9 * fit_step_ms) return;
    log::warn(
        "{} was fitted to steps of {:g} ms, and in steps of {:g} ms it {} another neuron, with "
        "other rates. Keep to {:g} ms unless that is meant.",
        name, fit_step_ms, step_ms, is_or_may_be(version), fit_step_ms);
}

void warn_of_other_steps(const NetworkPlan& plan) {
    std::set<std::string> told;
    for (const network::Population& population : plan.network.populations) {
        if (!population.elm || !population.elm->is_fit) continue;
        const network::ElmNode& node = *population.elm;
        if (!told.insert(node.name).second) continue;
        if (plan.engine == NetworkEngine::time_stepped) {
            warn_of_other_step(node.name, node.model->options.version, plan.network.time_step_ms,
                               node.fit_step_ms);
            continue;
        }
        log::warn(
            "{} was fitted to steps of {:g} ms, and without a grid, advanced at every event, it {} "
            "another neuron, with other rates: see ELM neurons in network/README.md.",
            node.name, node.fit_step_ms, is_or_may_be(node.model->options.version));
    }
}

}  // namespace elm
