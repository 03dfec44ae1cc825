#include "tasks/report/known_tables.h"

#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "baselines/front_end.h"
#include "baselines/model_registry.h"
#include "encoders/encoder_registry.h"
#include "kernels/io/option_set.h"
#include "kernels/ops/kernel_list.h"
#include "network/neurons/population_neuron.h"
#include "neuron/cable/cell/cell_file.h"
#include "neuron/cable/channels/channel.h"
#include "neuron/elm/elm_builtin.h"
#include "neuron/point/neuron_registry.h"
#include "tasks/task_registry.h"
#include "tasks/training/recipe.h"

namespace elm {
namespace {

Table option_table() { return Table({"option", "default", "unit", "range", "meaning"}); }

void add_options(Table& table, const std::string& section, const OptionSet& defaults) {
    for (const Option& option : defaults.options()) {
        table.add({fmt::format("{}.{}", section, option.name), defaults.text(option.name),
                   option.unit, describe_range(option), option.help});
    }
}

/// "membrane_potential (mV), adaptation"
std::string names_of(const std::vector<NeuronQuantity>& quantities) {
    std::string text;
    for (const NeuronQuantity& quantity : quantities) {
        const std::string_view unit = quantity.unit;
        text += fmt::format("{}{}{}", text.empty() ? "" : ", ", quantity.name,
                            unit.empty() ? "" : fmt::format(" ({})", unit));
    }
    return text;
}

}  // namespace

Table builtin_model_table() {
    Table table({"model", "inputs", "outputs", "memory", "parameters", "what it is"});
    for (const BuiltinModel& builtin : builtin_models()) {
        const ElmModel model = builtin.make(1.0);
        table.add({builtin.name, fmt::format("{}", model.options.n_input),
                   fmt::format("{}", model.options.n_output),
                   fmt::format("{}", model.options.n_memory),
                   fmt::format("{}", model.parameter_count()), builtin.summary});
    }
    return table;
}

Table model_kind_table() {
    Table kinds({"kind", "parameters for 1278 inputs", "what it is", "source"});
    for (const ModelEntry& entry : all_models()) {
        const auto model = entry.make(entry.options(), {1278, 2}, 0);
        kinds.add(
            {entry.name, fmt::format("{}", trainable_count(*model)), entry.summary, entry.source});
    }
    return kinds;
}

Table model_option_table() {
    Table options = option_table();
    for (const ModelEntry& entry : all_models()) add_options(options, entry.name, entry.options());
    return options;
}

Table point_neuron_table() {
    Table points({"point neuron", "input", "state", "form", "what it is", "source"});
    for (const NeuronEntry& entry : all_neurons()) {
        points.add({entry.name, names_of(entry.inputs), names_of(entry.states),
                    fmt::format("steps{}{}", entry.is_event ? ", events" : "",
                                entry.is_trainable ? ", gradient" : ""),
                    entry.summary, entry.source});
    }
    const NeuronEntry& elm = network::elm_neuron_entry();
    points.add({elm.name, names_of(elm.inputs), names_of(elm.states), "steps of a network",
                elm.summary, elm.source});
    return points;
}

Table point_neuron_parameter_table() {
    Table parameters = option_table();
    for (const NeuronEntry& entry : all_neurons()) {
        add_options(parameters, entry.name, entry.parameters);
    }
    const NeuronEntry& elm = network::elm_neuron_entry();
    add_options(parameters, elm.name, elm.parameters);
    return parameters;
}

Table task_table() {
    Table tasks({"task", "learnt with", "what it is", "source"});
    for (const TaskEntry& task : all_tasks()) {
        tasks.add({task.name,
                   !task.samples      ? "fit"
                   : task.needs_files ? "train --data"
                                      : "train",
                   task.summary, task.source});
    }
    return tasks;
}

Table task_option_table() {
    Table options = option_table();
    for (const TaskEntry& task : all_tasks()) add_options(options, task.name, task.options());
    add_options(options, "training", training_options());
    add_options(options, front_end_section, front_end_options());
    return options;
}

Table encoder_table() {
    Table table({"encoder", "reads", "values", "decodes", "what it is", "source"});
    for (const EncoderEntry& entry : all_encoders()) {
        table.add({entry.name, words_for(entry.reads), words_for(entry.range),
                   entry.decode != nullptr ? "yes" : "", entry.summary, entry.source});
    }
    return table;
}

Table encoder_option_table() {
    Table options = option_table();
    for (const EncoderEntry& entry : all_encoders())
        add_options(options, entry.name, entry.options);
    return options;
}

Table preset_table() {
    Table table({"preset", "task", "what it is"});
    for (const TaskEntry& task : all_tasks()) {
        for (const Preset& preset : task.presets) {
            table.add({preset.name, task.name, preset.summary});
        }
    }
    return table;
}

/// One line a kernel: its types, and where it runs in this build.
Table kernel_table() {
    std::map<std::string_view, std::pair<std::string, const KernelEntry*>> by_name;
    const auto list = all_kernels();
    for (const KernelEntry& kernel : list) {
        auto& [types, first] = by_name[kernel.name];
        if (kernel.type != "-") types += fmt::format("{}{}", types.empty() ? "" : " ", kernel.type);
        first = &kernel;
    }
    Table table({"kernel", "types", "cpu", "cuda"});
    for (const auto& [name, found] : by_name) {
        const auto& [types, kernel] = found;
        table.add(
            {std::string(name), types, kernel->cpu ? "yes" : "no", kernel->cuda ? "yes" : "no"});
    }
    return table;
}

Table cell_table() {
    Table table({"cell", "segments", "synapses", "what it is"});
    for (const cable::BuiltinCell& builtin : cable::builtin_cells()) {
        const cable::Cell cell = cable::load_cell(builtin.name, std::nullopt);
        table.add({builtin.name, fmt::format("{}", cell.compartments.segments.size()),
                   fmt::format("{}", 2 * cell.site_segments.size()), builtin.summary});
    }
    return table;
}

Table channel_table() {
    Table table({"channel", "ion", "gates", "reversal", "rates at", "Q10"});
    for (const cable::Channel& channel : cable::all_channels()) {
        static constexpr const char* ions[] = {"-", "sodium", "potassium", "calcium"};
        std::string gates;
        for (const cable::Gate& gate : channel.gates) {
            gates += fmt::format("{}{}{}", gates.empty() ? "" : " ", gate.name,
                                 gate.power == 1 ? "" : fmt::format("^{}", gate.power));
        }
        table.add({channel.name, ions[static_cast<std::size_t>(channel.ion)],
                   channel.calcium_gated ? gates + " of calcium" : gates,
                   channel.ion == cable::Ion::none ? fmt::format("{} mV", channel.reversal_mV)
                                                   : "of the ion",
                   fmt::format("{} degrees C", channel.celsius),
                   channel.q10 ? fmt::format("{}", *channel.q10) : "none: at no other"});
    }
    return table;
}

}  // namespace elm
