#include "tasks/program/compare/compare_benchmark.h"

#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/output_file.h"
#include "tasks/program/arguments.h"
#include "tasks/program/compare/benchmark_costs.h"
#include "tasks/program/compare/benchmark_folder.h"
#include "tasks/program/compare/benchmark_options.h"
#include "tasks/program/compare/benchmark_program.h"
#include "tasks/program/compare/compare_results.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

std::string folder_of(const Arguments& arguments) {
    std::string folder = arguments.text("out");
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    return folder;
}

void show(const Arguments& arguments, RunContext& context, const BenchmarkRecord& record,
          const std::optional<Table>& left_out) {
    auto tables = benchmark_tables(record);
    if (left_out && !left_out->empty()) tables.emplace_back("Left out", *left_out);
    if (arguments.has("json")) {
        Record result = result_header(arguments, context.stream().device());
        for (const auto& [title, table] : tables) result.set(title, table.to_records());
        print_result(result.to_json());
        return;
    }
    std::string text;
    for (const auto& [title, table] : tables) {
        text += fmt::format("{}{}\n\n{}", text.empty() ? "" : "\n", title,
                            table_text(arguments, table));
    }
    print_result(text);
}

void require_flags(const Arguments& arguments) {
    for (const char* const other : {"task", "cells", "ratings", "against", "preset", "data",
                                    "train", "validate", "speed", "plot", "report"}) {
        ELM_CHECK(!arguments.has(other),
                  "--{} does not go with --cab, which has tasks, tables and pictures of its own.",
                  other);
    }
    ELM_CHECK(!(arguments.has("resume") && arguments.has("force")),
              "--resume goes on with a benchmark and --force begins anew: give one.");
    ELM_CHECK(arguments.has("tables-only") || arguments.has("budget"),
              "--budget is missing: expected what each model and seed gets, such as 200u.");
}

}  // namespace

int compare_benchmark(const Arguments& arguments) {
    require_flags(arguments);
    const std::string folder = folder_of(arguments);
    RunContext context(arguments, true);
    if (arguments.has("tables-only")) {
        BenchmarkRecord record = read_benchmark(folder);
        record.seed = arguments.seed();
        write_benchmark(record, folder);
        show(arguments, context, record, {});
        return 0;
    }
    const bool goes_on = arguments.has("resume") || arguments.has("force");
    if (!goes_on && is_there(folder) && !std::filesystem::is_empty(folder)) {
        throw Error(ErrorKind::exists, fmt::format("{} exists.", folder));
    }
    BenchmarkProgram program(arguments, context, folder);
    program.require_seats();
    const bool resumes = arguments.has("resume");
    const bool is_frozen = resumes && is_there(constants_path(folder));
    const Config settings = common_settings(arguments);
    if (is_frozen) {
        require_same_settings(read_constants(folder).settings, settings, constants_path(folder));
    }
    context.announce();
    // Mixers that were run before stay.
    std::vector<BenchmarkRun> runs;
    if (resumes && is_there(runs_path(folder))) runs = read_runs(folder);
    runs = joined_runs(std::move(runs), program.run());
    set_extra_parameters(runs);
    write_text_file(runs_path(folder), true, runs_to_csv(runs));
    // Constants stay as they are once they are there: a mixer that joins is held against them.
    if (!is_frozen) {
        write_text_file(constants_path(folder), true,
                        constants_to_json({settings, freeze_constants(runs)}));
    }
    measure_costs(arguments, context, program.mixers(), costs_path(folder), resumes);
    BenchmarkRecord record = read_benchmark(folder);
    record.seed = arguments.seed();
    write_benchmark(record, folder);
    show(arguments, context, record, program.left_out());
    log::info("tables and pictures are in {}", folder);
    return 0;
}

}  // namespace elm
