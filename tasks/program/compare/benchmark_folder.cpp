#include "tasks/program/compare/benchmark_folder.h"

#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/log.h"
#include "kernels/io/output_file.h"
#include "tasks/data/file_bytes.h"
#include "tasks/program/compare/compare_results.h"

namespace elm {

std::string runs_path(const std::string& folder) { return folder + "/cab_runs.csv"; }
std::string costs_path(const std::string& folder) { return folder + "/cab_cost.csv"; }
std::string constants_path(const std::string& folder) { return folder + "/cab_constants.json"; }

bool is_there(const std::string& path) {
    std::error_code missing;
    return std::filesystem::exists(path, missing);
}

std::vector<BenchmarkRun> read_runs(const std::string& folder) {
    const std::string path = runs_path(folder);
    return runs_from_csv(read_file_bytes(path, "runs of a benchmark"), path);
}

FrozenConstants read_constants(const std::string& folder) {
    const std::string path = constants_path(folder);
    return constants_from_json(read_file_bytes(path, "constants of an index"), path);
}

BenchmarkRecord read_benchmark(const std::string& folder) {
    BenchmarkRecord record;
    const std::string costs = costs_path(folder);
    record.runs = read_runs(folder);
    record.constants = read_constants(folder).patterns;
    if (is_there(costs)) {
        record.costs = costs_from_csv(read_file_bytes(costs, "costs of a benchmark"), costs);
    }
    return record;
}

void write_benchmark(const BenchmarkRecord& record, const std::string& folder) {
    write_text_file(folder + "/cab_ci.csv", true, index_to_csv(record));
    std::string text;
    for (const auto& [title, table] : benchmark_tables(record)) {
        text += fmt::format("{}### {}\n\n{}", text.empty() ? "" : "\n", title, table.to_markdown());
    }
    write_text_file(folder + "/tables.md", true, text);
    for (const std::string& pattern : patterns_of(record)) {
        const Figure figure = index_figure(record, pattern);
        if (figure.panels.empty()) {
            log::warn("no picture of {}: no mixer has a result in every task", pattern);
            continue;
        }
        draw_if_possible(figure, fmt::format("{}/cab_{}.png", folder, pattern));
    }
}

}  // namespace elm
