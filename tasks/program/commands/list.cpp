// elmsim list: what the program knows by name.

#include <fmt/format.h>

#include <optional>

#include "baselines/model_registry.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "neuron/cable/cell/cell_file.h"
#include "neuron/elm/elm_builtin.h"
#include "tasks/lra/published_table.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/run_context.h"
#include "tasks/report/known_tables.h"
#include "tasks/report/mixer_table.h"

namespace elm {
namespace {

constexpr std::size_t most_columns = 120;

/// A table, its name in JSON, and what its abbreviations mean.
struct NamedTable {
    std::string name;
    Table table;
    std::string legend = {};
};

std::vector<NamedTable> models(const char*) {
    return {{"models", builtin_model_table()},
            {"kinds", model_kind_table()},
            {"options", model_option_table()}};
}

/// Neurons that simulate runs and fit trains: fitted models, point neurons, cells.
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

std::vector<NamedTable> neurons(const char* name) {
    return {{name, neuron_table()},
            {"point_neurons", point_neuron_table()},
            {"parameters", point_neuron_parameter_table()}};
}

std::vector<NamedTable> tasks(const char* name) {
    return {{name, task_table()}, {"options", task_option_table()}};
}

std::vector<NamedTable> encoders(const char* name) {
    return {{name, encoder_table()}, {"options", encoder_option_table()}};
}

Table command_table() {
    Table table({"command", "does"});
    for (const Command& command : all_commands()) table.add({command.name, command.summary});
    return table;
}

template <Table (*make)()>
std::vector<NamedTable> alone(const char* name) {
    return {{name, make()}};
}

std::vector<NamedTable> patterns(const char* name) {
    return {{name, mixer_pattern_table(), mixer_pattern_legend()}};
}

std::vector<NamedTable> published(const char* name) {
    return {{name, published_model_table(), published_model_legend()}};
}

/// Topic that can be listed: one line each.
struct Topic {
    const char* name;
    std::vector<NamedTable> (*tables)(const char* name);
};
constexpr Topic topics[] = {{"models", models},
                            {"neurons", neurons},
                            {"tasks", tasks},
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
    for (const auto& [name, table, legend] : tables) {
        if (!text.empty()) text += '\n';
        if (!legend.empty()) text += legend + '\n';
        text += arguments.has("markdown") ? table.to_markdown() : table.to_text(most_columns);
    }
    print_result(text);
}

/// Other tables of models that a flag asks for; null without one.
std::vector<NamedTable> (*other_tables(const Arguments& arguments,
                                       const std::string& topic))(const char*) {
    const bool of_patterns = arguments.has("patterns"), of_papers = arguments.has("published");
    if (!of_patterns && !of_papers) return nullptr;
    ELM_CHECK(topic == "models", "elmsim list {}: --{} is of models.", topic,
              of_patterns ? "patterns" : "published");
    ELM_CHECK(!(of_patterns && of_papers),
              "elmsim list models: --patterns or --published, not both.");
    return of_patterns ? patterns : published;
}

int run(const Arguments& arguments) {
    std::vector<std::string> names;
    for (const Topic& topic : topics) names.emplace_back(topic.name);
    ELM_CHECK(arguments.words().size() == 1, "elmsim list: expected one of {}.",
              fmt::join(names, ", "));
    const std::string& wanted = arguments.words().front();
    for (const Topic& topic : topics) {
        if (wanted != topic.name) continue;
        const auto other = other_tables(arguments, wanted);
        print(arguments, other != nullptr ? other(topic.name) : topic.tables(topic.name));
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
    return {
        .name = "list",
        .summary = "what the program knows by name",
        .examples = {"elmsim list models", "elmsim list models --patterns"},
        .words = "TOPIC",
        .word_choices = names,
        .options = {{"markdown", "", "as a Markdown table"},
                    {"patterns", "", "of models: what each sequence mixer may read, and why not"},
                    {"published", "", "of models: sizes and scores on Long Range Arena"}},
        .run = run};
}

}  // namespace elm
