#include <filesystem>
#include <functional>
#include <memory>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/output_file.h"
#include "tasks/arena/flywheel/flywheel_report.h"
#include "tasks/arena/flywheel/threshold_sweep.h"
#include "tasks/arena/stored_values.h"
#include "tasks/program/arena/arena_commands.h"
#include "tasks/program/arena/arena_context.h"
#include "tasks/program/compare/compare_results.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/training/training_options.h"
#include "tasks/training/record/run_files.h"

namespace elm {
namespace {

constexpr const char* description_name = "/flywheel.toml";

std::vector<std::string> own_folders(const FlywheelOptions& options) {
    return {options.out + "/stages", options.out + "/opponents", options.out + "/sweep"};
}

/// What a run that goes on must agree in.
Config description_of(const Arguments& arguments, const FlywheelOptions& options,
                      const ArenaSet& arena, const OptionSet& loop) {
    Config config;
    config.sections["training"] = to_values(options.recipe.training);
    config.sections[flywheel_section] = to_values(loop);
    for (const auto& [model, values] : options.model_options) config.sections[model] = values;
    Values& own = config.sections["arena"];
    own["arena"] = arena.fingerprint();
    own["target"] = options.target;
    own["models"] = fmt::format("{}", fmt::join(options.opponents, ","));
    own["seeds"] = options.n_seeds;
    own["seed"] = std::to_string(options.recipe.seed);
    own["precision"] = std::string(name_of(options.recipe.precision));
    own["margin"] = arguments.number("margin");
    if (options.sweeps_thresholds) own["threshold_sweep"] = true;
    return config;
}

/// Refuses a folder with what this run may not replace: a flywheel that it neither goes on with nor
/// begins anew, and files that no flywheel made.
void require_free(const FlywheelOptions& options) {
    const std::string path = options.out + description_name;
    if (std::filesystem::exists(path)) {
        if (options.resume || options.force) return;
        throw Error(ErrorKind::exists, fmt::format("{} exists already.", path));
    }
    for (const std::string& folder : own_folders(options)) {
        if (!std::filesystem::exists(folder)) continue;
        throw Error(ErrorKind::invalid,
                    fmt::format("{} exists already, and without {} no flywheel made it: choose "
                                "another folder.",
                                folder, path));
    }
}

/// Claims the folder, or finds it to be of the same run.
void claim(const FlywheelOptions& options, const Config& description) {
    const std::string path = options.out + description_name;
    if (options.resume && std::filesystem::exists(path)) {
        const std::string found = made_otherwise(path, description);
        ELM_CHECK(found.empty(),
                  "{} is of another run: {}. To go on as it began, give its options with --config "
                  "{} and its arena with --arena.",
                  path, found, path);
        return;
    }
    require_free(options);
    for (const std::string& folder : own_folders(options)) std::filesystem::remove_all(folder);
    make_folder(options.out);
    write_text_file(path, options.force, description.to_toml());
}

/// An arena that is there, or one that is built. `check` throws where the flywheel cannot turn on
/// such samples, before an arena of them is built.
ArenaSet arena_of(const Arguments& arguments, RunContext& context, const std::string& out,
                  const std::function<void(const ArenaPool&)>& check) {
    if (arguments.has("arena")) return given_arena(arguments);
    const std::string folder = out + "/arena";
    if (arguments.has("resume") && std::filesystem::exists(folder + "/arena.h5")) {
        return read_arena(folder);
    }
    ELM_CHECK(arguments.has("task"), "expected --arena FOLDER, or --task NAME to build one.");
    const BuildOptions build = arena_build_options(arguments, context, folder);
    check(*open_pool(build.task));
    make_folder(out);
    return build_arena(context.stream(), build, throw_if_interrupted);
}

}  // namespace

int flywheel_command(const Arguments& arguments) {
    const std::string out = arena_folder(arguments);
    ELM_CHECK(!(arguments.has("resume") && arguments.has("force")),
              "--resume goes on with a flywheel and --force begins anew: give one.");
    RunContext context(arguments, true);
    context.announce();
    OptionSet loop = options_of(flywheel_options(), flywheel_section, arguments, {});
    FlywheelOptions options{.target = arguments.text("target"),
                            .model_options = arena_model_options(arguments),
                            .n_seeds = arguments.has("seeds") ? arguments.integer("seeds") : 5,
                            .recipe = arena_recipe(arguments, context),
                            .out = out,
                            .resume = arguments.has("resume"),
                            .force = arguments.has("force")};
    with_flag("--target", [&] { find_model(options.target); });
    options.sweeps_thresholds = arguments.has("threshold-sweep");
    options.opponents = arguments.has("models")
                            ? registered_models(arguments, "models")
                            : std::vector<std::string>{"lstm", "gru", "tcn", "transformer"};
    require_free(options);
    const auto check = [&](const ArenaPool& pool) {
        choose_stages(pool, loop);
        apply(loop, options);
        require_possible(pool, options);
    };
    const ArenaSet arena = arena_of(arguments, context, out, check);
    const std::unique_ptr<ArenaPool> opened = open_pool(arena);
    const ArenaPool& pool = *opened;
    check(pool);
    claim(options, description_of(arguments, options, arena, loop));
    const FlywheelResults results =
        run_flywheel(context.stream(), pool, arena, options, throw_if_interrupted);
    const FlywheelReport report(results, options, arguments.number("margin"),
                                bootstrap_rounds_of(loop));
    const Record record =
        result_header(arguments, context.stream().device()).append(report.to_record());
    write_text_file(out + "/flywheel.csv", true, report.stage_rows().to_csv());
    write_text_file(out + "/differences.csv", true, report.difference_table().to_csv());
    write_text_file(out + "/summary.json", true, record.to_json() + "\n");
    if (!results.sweep.empty()) {
        write_text_file(out + "/sweep.csv", true, sweep_table(results.sweep).to_csv());
    }
    draw_if_possible(report.figure(), fmt::format("{}/{}.png", out, report.primary().name));
    write_arena_page(arguments, context, "elmsim: flywheel on " + pool.spec().name,
                     report.verdict(), report.tables(), {report.figure()}, out + "/report.html");
    if (arguments.has("report")) {
        write_arena_page(arguments, context, "elmsim: flywheel on " + pool.spec().name,
                         report.verdict(), report.tables(), {report.figure()},
                         arguments.text("report"));
    }
    if (arguments.has("json")) {
        print_result(record.to_json());
    } else {
        print_tables(arguments, report.tables());
        print_result("\n" + report.verdict() + "\n");
    }
    return 0;
}

}  // namespace elm
