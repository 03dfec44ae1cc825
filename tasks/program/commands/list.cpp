// elmsim list: what the program knows by name.

#include <fmt/format.h>

#include <map>
#include <optional>

#include "baselines/model_registry.h"
#include "kernels/core/check.h"
#include "kernels/io/option_set.h"
#include "kernels/ops/kernel_list.h"
#include "neuron/cable/cell/cell_file.h"
#include "neuron/cable/channels/channel.h"
#include "neuron/elm/elm_builtin.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/known_tasks.h"
#include "tasks/program/run_context.h"
#include "tasks/report/table.h"
#include "tasks/training/fit_presets.h"

namespace elm {
namespace {

/// A table, and its name in JSON.
struct NamedTable {
    std::string name;
    Table table;
    std::string if_empty = {};  // said in place of an empty table
};

Table builtin_table() {
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

std::vector<NamedTable> models(const char*) {
    Table kinds({"kind", "parameters for 1278 inputs", "what it is", "source"});
    Table options({"option", "default", "unit", "range", "meaning"});
    for (const ModelEntry& entry : all_models()) {
        const OptionSet standard = entry.options();
        kinds.add({entry.name,
                   fmt::format("{}", trainable_count(*entry.make(standard, {1278, 2}, 0))),
                   entry.summary, entry.source});
        for (const Option& option : standard.options()) {
            options.add({fmt::format("{}.{}", entry.name, option.name), standard.text(option.name),
                         option.unit, describe_range(option), option.help});
        }
    }
    return {{"models", builtin_table()}, {"kinds", kinds}, {"options", options}};
}

/// What simulate runs and fit trains that is a neuron: fitted models, point neurons, cells.
Table neuron_table() {
    Table table({"neuron", "kind", "inputs", "used by", "what it is"});
    for (const BuiltinModel& builtin : builtin_models()) {
        table.add({builtin.name, "fitted model",
                   fmt::format("{}", builtin.make(1.0).options.n_input),
                   "simulate --model " + builtin.name, builtin.summary});
    }
    for (const ModelEntry& entry : all_models()) {
        if (!entry.of_point_neurons) continue;
        table.add({entry.name, "point neuron", "any", "fit --model " + entry.name, entry.summary});
    }
    for (const cable::BuiltinCell& builtin : cable::builtin_cells()) {
        const cable::Cell cell = cable::load_cell(builtin.name, std::nullopt);
        table.add({builtin.name, "detailed cell", fmt::format("{}", 2 * cell.site_segments.size()),
                   "simulate --cell " + builtin.name, builtin.summary});
    }
    return table;
}

Table task_table() {
    Table table({"task", "commands", "what it is"});
    for (const KnownTask& task : known_tasks()) table.add({task.name, task.commands, task.summary});
    return table;
}

std::vector<NamedTable> encoders(const char* name) {
    return {{name, Table({"encoder", "what it is"}),
             "There are no encoders yet: input comes from a file of spikes, --poisson or "
             "--input-protocol."}};
}

Table command_table() {
    Table table({"command", "does"});
    for (const Command& command : all_commands()) table.add({command.name, command.summary});
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

Table preset_table() {
    Table table({"preset", "what it is"});
    for (const FitPreset& preset : fit_presets()) table.add({preset.name, preset.summary});
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

template <Table (*make)()>
std::vector<NamedTable> alone(const char* name) {
    return {{name, make()}};
}

/// What can be listed: one line each.
struct Topic {
    const char* name;
    std::vector<NamedTable> (*tables)(const char* name);
};
constexpr Topic topics[] = {{"models", models},
                            {"neurons", alone<neuron_table>},
                            {"tasks", alone<task_table>},
                            {"encoders", encoders},
                            {"cells", alone<cell_table>},
                            {"channels", alone<channel_table>},
                            {"presets", alone<preset_table>},
                            {"kernels", alone<kernel_table>},
                            {"commands", alone<command_table>}};

void print(const Arguments& arguments, const std::vector<NamedTable>& tables) {
    if (arguments.has("json")) {
        Record result = result_header(arguments, Device{});
        for (const NamedTable& named : tables) result.set(named.name, named.table.to_records());
        print_result(result.to_json());
        return;
    }
    std::string text;
    for (const auto& [name, table, if_empty] : tables) {
        if (!text.empty()) text += '\n';
        text += table.empty()               ? if_empty + '\n'
                : arguments.has("markdown") ? table.to_markdown()
                                            : table.to_text();
    }
    print_result(text);
}

int run(const Arguments& arguments) {
    std::vector<std::string> names;
    for (const Topic& topic : topics) names.emplace_back(topic.name);
    ELM_CHECK(arguments.words().size() == 1, "elmsim list: expected one of {}.",
              fmt::join(names, ", "));
    const std::string& wanted = arguments.words().front();
    for (const Topic& topic : topics) {
        if (wanted != topic.name) continue;
        print(arguments, topic.tables(topic.name));
        return 0;
    }
    throw Error(ErrorKind::invalid,
                fmt::format("elmsim list {}: expected {}.{}", wanted, fmt::join(names, ", "),
                            nearest_hint(wanted, names)));
}

}  // namespace

Command list_command() {
    std::vector<std::string> names;
    for (const Topic& topic : topics) names.emplace_back(topic.name);
    return {.name = "list",
            .summary = "what the program knows by name",
            .examples = {"elmsim list models"},
            .words = "TOPIC",
            .word_choices = names,
            .options = {{"markdown", "", "as a Markdown table"}},
            .run = run};
}

}  // namespace elm
