#include "tasks/program/arena/arena_context.h"

#include "kernels/core/support/check.h"
#include "tasks/comparison/comparison_page.h"
#include "tasks/program/compare/compare_results.h"
#include "tasks/program/data_files.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/training/training_options.h"
#include "tasks/samples/open_samples.h"

namespace elm {

ArenaRecipe arena_recipe(const Arguments& arguments, const RunContext& context) {
    return {.training = options_of(arena_training_options(), "training", arguments, {}),
            .rate_share = 1,
            .seed = arguments.seed(),
            .precision = context.precision()};
}

std::map<std::string, Values> arena_model_options(const Arguments& arguments) {
    std::map<std::string, Values> options;
    for (const ModelEntry& entry : all_models()) {
        const Values own = arguments.component(entry.name);
        if (!own.empty()) options[entry.name] = own;
    }
    return options;
}

std::string arena_folder(const Arguments& arguments) {
    ELM_CHECK(arguments.has("out"), "--out is missing: expected a folder for the results.");
    std::string folder = arguments.text("out");
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    return folder;
}

ArenaSet given_arena(const Arguments& arguments) {
    return with_flag("--arena, which elmsim arena build makes",
                     [&] { return read_arena(arguments.text("arena")); });
}

BuildOptions arena_build_options(const Arguments& arguments, const RunContext& context,
                                 std::string out) {
    const TaskEntry& entry = with_flag(
        "--task", [&]() -> const TaskEntry& { return find_task(arguments.text("task")); });
    BuildOptions build{.task = {.name = entry.name, .options = {}, .files = {}, .drawn = 0},
                       .recipe = arena_recipe(arguments, context)};
    apply(options_of(arena_parts_options(), arena_parts_section, arguments, {}), build);
    build.task.options = arguments.component(entry.name);
    if (arguments.has("data")) {
        build.task.files = arguments.list("data");
    } else {
        build.task.drawn = build.sizes.total();
    }
    build.model_options = arena_model_options(arguments);
    build.seed = arguments.seed();
    build.out = std::move(out);
    build.force = arguments.has("force");
    return build;
}

void print_tables(const Arguments& arguments, const NamedTables& tables) {
    std::string text;
    for (const auto& [name, table] : tables) {
        if (!text.empty()) text += '\n';
        if (!arguments.has("csv")) text += name + "\n\n";
        text += table_text(arguments, table);
    }
    print_result(text);
}

void write_arena_page(const Arguments& arguments, RunContext& context, const std::string& title,
                      const std::string& verdict, const NamedTables& tables,
                      const std::vector<Figure>& figures, const std::string& path) {
    write_page({.title = title,
                .verdict = verdict,
                .facts = page_facts(arguments, context.stream().device()),
                .tables = tables,
                .figures = figures,
                .commands = arguments.command_line(),
                .config = arguments.effective()},
               path, true);
}

}  // namespace elm
