#include "neuron/point/neuron_registry.h"

#include <cmath>
#include <iterator>

#include "kernels/core/support/check.h"
#include "kernels/io/registry.h"
#include "neuron/point/neuron_headers.h"

namespace elm {
namespace {

template <PointNeuron Neuron>
NeuronEntry entry_of() {
    return {.name = Neuron::name,
            .summary = Neuron::summary,
            .source = Neuron::source,
            .parameters = neuron_options<Neuron>(),
            .inputs = {std::begin(Neuron::inputs), std::end(Neuron::inputs)},
            .states = {std::begin(Neuron::states), std::end(Neuron::states)},
            .is_event = EventNeuron<Neuron>,
            .is_trainable = TrainableNeuron<Neuron>};
}

}  // namespace

const std::vector<NeuronEntry>& all_neurons() {
    static const std::vector<NeuronEntry> entries{
#define ELM_ENTRY(id) entry_of<id##_neuron>(),
#include "neuron/point/neurons.def"
#undef ELM_ENTRY
    };
    return entries;
}

const NeuronEntry& find_neuron(std::string_view name) {
    return find_entry(all_neurons(), name, "neuron");
}

namespace detail {

OptionSet options_of_neuron(std::span<const NeuronQuantity> parameters,
                            std::span<const ResetKind> resets) {
    OptionSet options;
    for (const NeuronQuantity& parameter : parameters) {
        options.declare({.name = parameter.name,
                         .value = parameter.value,
                         .help = parameter.help,
                         .unit = parameter.unit,
                         .lowest = parameter.lowest,
                         .highest = parameter.highest});
    }
    std::vector<std::string> choices;
    for (const ResetKind reset : resets) choices.emplace_back(reset_name(reset));
    options.declare({.name = "reset",
                     .value = choices.front(),
                     .help = "what a spike does to the potential",
                     .choices = choices});
    return options;
}

}  // namespace detail

const char* reset_name(ResetKind reset) noexcept {
    return reset == ResetKind::by_subtraction ? "by subtraction" : "to a value";
}

ResetKind reset_of(const OptionSet& options) {
    return options.get<std::string>("reset") == reset_name(ResetKind::to_value)
               ? ResetKind::to_value
               : ResetKind::by_subtraction;
}

std::int64_t refractory_steps_of(double refractory_period_ms, double time_step_ms) {
    ELM_CHECK(time_step_ms > 0 && std::isfinite(time_step_ms),
              "a time step of {} ms, expected a positive finite one", time_step_ms);
    ELM_CHECK(refractory_period_ms >= 0 && std::isfinite(refractory_period_ms),
              "a refractory period of {} ms, expected a finite one of at least 0 ms",
              refractory_period_ms);
    return std::llround(refractory_period_ms / time_step_ms);
}

}  // namespace elm
