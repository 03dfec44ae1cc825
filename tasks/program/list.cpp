// elmsim list: what the program knows by name.

#include <fmt/format.h>

#include <map>

#include "kernels/core/check.h"
#include "kernels/ops/kernel_list.h"
#include "neuron/elm/elm_builtin.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/run_context.h"
#include "tasks/report/table.h"

namespace elm {
namespace {

Table models() {
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

Table commands() {
    Table table({"command", "does"});
    for (const Command& command : all_commands()) table.add({command.name, command.summary});
    return table;
}

/// One line a kernel: its types, and where it runs in this build.
Table kernels() {
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

/// What can be listed: one line each.
struct Topic {
    const char* name;
    Table (*table)();
};
constexpr Topic topics[] = {{"models", models}, {"kernels", kernels}, {"commands", commands}};

int run(const Arguments& arguments) {
    std::vector<std::string> names;
    for (const Topic& topic : topics) names.emplace_back(topic.name);
    ELM_CHECK(arguments.words().size() == 1, "elmsim list: expected one of {}.",
              fmt::join(names, ", "));
    const std::string& wanted = arguments.words().front();
    for (const Topic& topic : topics) {
        if (wanted != topic.name) continue;
        const Table table = topic.table();
        print_result(
            arguments.has("json")
                ? result_header(arguments, Device{}).set(wanted, table.to_records()).to_json()
            : arguments.has("markdown") ? table.to_markdown()
                                        : table.to_text());
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
