#include "tasks/program/compare/compare_results.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/output_file.h"
#include "tasks/comparison/comparison_figures.h"
#include "tasks/comparison/comparison_page.h"
#include "tasks/comparison/comparison_ratings.h"
#include "tasks/comparison/comparison_results.h"
#include "tasks/comparison/equal_budget.h"
#include "tasks/program/arguments.h"
#include "tasks/program/outputs.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

/// What a comparison came to, as far as it is shown.
struct Shown {
    ComparisonResults results;
    std::optional<ComparisonRatings> ratings;
    std::string budget;  // what all cells got
};

Shown show(const Arguments& arguments, const Comparison& comparison) {
    const PlanOptions& plan = comparison.options().plan;
    ResultOptions options{.seed = plan.seed};
    if (arguments.has("against")) options.against = arguments.text("against");
    std::vector<CellResult> cells = comparison.results();
    std::string budget = equal_budget(parse_budget(plan.recipe.get<std::string>("budget")), cells);
    Shown shown{{comparison.task().spec(), std::move(cells), plan.models, options},
                std::nullopt,
                std::move(budget)};
    const auto& models = shown.results.models();
    const auto whole = std::count_if(models.begin(), models.end(), [](const ModelSummary& model) {
        return !model.done.empty() && std::ssize(model.done) == model.n_cells;
    });
    if (arguments.has("ratings") && whole < 2) {
        log::warn("{} of the models have all their cells done: ratings take two at least", whole);
    } else if (arguments.has("ratings")) {
        shown.ratings = with_flag("--ratings", [&] {
            return ComparisonRatings(
                shown.results, {.margin = arguments.number("margin"), .key = RandomKey{plan.seed}});
        });
    }
    return shown;
}

std::vector<std::pair<std::string, Table>> tables_of(const Shown& shown) {
    std::vector<std::pair<std::string, Table>> tables{{"Models", shown.results.model_table()},
                                                      {"Cells", shown.results.cell_table()}};
    if (shown.ratings) {
        tables.emplace_back("Ratings", rating_table(shown.ratings->judged()));
        tables.emplace_back("Judges", agreement_table(shown.ratings->judged()));
        tables.emplace_back("Wins", win_table(shown.ratings->judged().front().ratings));
    }
    return tables;
}

/// "lstm is best: test accuracy 0.9312 (0.9100 to 0.9524); chance is 0.1".
std::string verdict(const ComparisonResults& results) {
    for (const ModelSummary& model : results.models()) {
        if (model.model != results.against() || !model.estimate) continue;
        std::string text = fmt::format("{}: {} {}", model.model, results.metric_label(),
                                       results.score_text(model.estimate->mean));
        if (model.estimate->count > 1) {
            text += fmt::format(" ({} to {})", results.score_text(model.estimate->interval.low),
                                results.score_text(model.estimate->interval.high));
        }
        if (!std::isnan(results.metric().chance)) {
            text += fmt::format("; chance is {}", results.score_text(results.metric().chance));
        }
        return text;
    }
    return "no model has a cell that is done";
}

std::string commands_of(const Arguments& arguments, const Comparison& comparison) {
    std::string text = arguments.command_line() + "\n\n# one cell again\n";
    for (const GridCell& cell : grid_of(comparison.options(), comparison.chosen())) {
        text += fmt::format("elmsim train --config {}/config.toml --out again/{}\n", cell.plan.out,
                            cell.name);
    }
    return text;
}

std::string text_of(const Arguments& arguments, const Shown& shown, const std::string& folder) {
    const auto tables = tables_of(shown);
    std::string text;
    for (const auto& [name, table] : tables) {
        const bool plain = !arguments.has("csv") && !arguments.has("markdown");
        if (!plain && name == "Cells") continue;  // cells.csv has them
        if (!text.empty()) text += '\n';
        text += table_text(arguments, table);
    }
    for (const CellResult& cell : shown.results.cells()) {
        if (cell.done()) continue;
        log::warn("{}, seed {}: {}: {}", cell.model, cell.seed, name_of(cell.state), cell.message);
    }
    log::info("each cell got {}", shown.budget);
    log::info("tables, pictures and report.html are in {}", folder);
    return text;
}

Record name_missing(const Arguments& arguments, RunContext& context, const Comparison& comparison,
                    const std::vector<std::string>& missing) {
    if (!arguments.has("json")) {
        print_result(fmt::format(
            "{} cells are not through yet: {}\nOnce the other shares are, the same command with "
            "--resume and without --cells shows the comparison.\n",
            missing.size(), fmt::join(missing, ", ")));
    }
    Record record = result_header(arguments, context.stream().device());
    return record.set("task", comparison.task().spec().name).set("missing", missing);
}

void write_files(const Shown& shown, const Record& record, const ComparisonPage& page,
                 const std::string& folder) {
    constexpr bool replaces = true;  // what an earlier call with fewer cells left
    const auto in = [&](const char* name) { return fmt::format("{}/{}", folder, name); };
    const Table models = shown.results.model_table();
    write_text_file(in("summary.json"), replaces, record.to_json() + "\n");
    write_text_file(in("models.csv"), replaces, models.to_csv());
    write_text_file(in("models.md"), replaces, models.to_markdown());
    write_text_file(in("cells.csv"), replaces, shown.results.cell_table().to_csv());
    if (shown.ratings) {
        write_text_file(in("ratings.csv"), replaces,
                        rating_table(shown.ratings->judged()).to_csv());
        write_text_file(in("judges.csv"), replaces,
                        agreement_table(shown.ratings->judged()).to_csv());
    }
    write_text_file(in("config.toml"), replaces, page.config.to_toml());
    draw_if_possible(page.figures[0], in("pareto.png"));
    draw_if_possible(page.figures[1], in("curves.png"));
    write_page(page, in("report.html"), replaces);
}

}  // namespace

void require_comparison_places(const Arguments& arguments) {
    const bool may_replace = arguments.has("resume") || arguments.has("force");
    require_place(arguments, "plot", may_replace);
    if (!arguments.has("report")) return;
    with_flag("--report", [&] { const OutputFile page(arguments.text("report"), may_replace); });
}

void require_reference(const Arguments& arguments, const std::vector<std::string>& models) {
    if (!arguments.has("against")) return;
    const std::string name = arguments.text("against");
    ELM_CHECK(std::find(models.begin(), models.end(), name) != models.end(),
              "--against {}: it is none of --models: expected {}.{}", name, fmt::join(models, ", "),
              nearest_hint(name, models));
}

std::string table_text(const Arguments& arguments, const Table& table) {
    return arguments.has("csv")        ? table.to_csv()
           : arguments.has("markdown") ? table.to_markdown()
                                       : table.to_text();
}

void draw_if_possible(const Figure& figure, const std::string& path) {
    try {
        draw(figure, path, true);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::unsupported) throw;
        log::warn("{} is not drawn: {}", path, error.message());
    }
}

Record show_comparison(const Arguments& arguments, RunContext& context,
                       const Comparison& comparison, const Config& config) {
    const std::vector<std::string> missing = comparison.missing();
    if (!missing.empty()) return name_missing(arguments, context, comparison, missing);
    const Shown shown = show(arguments, comparison);
    const PlanOptions& plan = comparison.options().plan;
    Record record = result_header(arguments, context.stream().device());
    for (const auto& [name, value] : comparison.task().about()) record.set(name, to_text(value));
    record.set("budget", plan.recipe.get<std::string>("budget"))
        .set("budget_of_each", shown.budget);
    shown.results.add_to(record);
    if (shown.ratings) record.set("ratings", rating_records(shown.ratings->judged()));
    record.set("output", plan.out);
    ComparisonPage page{.title = "elmsim: models on " + comparison.task().spec().name,
                        .verdict = verdict(shown.results),
                        .facts = page_facts(arguments, context.stream().device()),
                        .tables = tables_of(shown),
                        .figures = {pareto_figure(shown.results), curves_figure(shown.results)},
                        .commands = commands_of(arguments, comparison),
                        .config = config};
    page.facts.emplace_back("samples", comparison.task().summary());
    page.facts.emplace_back("each cell got", shown.budget);
    for (const auto& [model, chosen] : comparison.chosen()) {
        page.facts.emplace_back("search chose", chosen.sections.empty()
                                                    ? model + ": the recipe as it stands"
                                                    : model + ": " + chosen.to_toml());
    }
    for (const CellResult& cell : shown.results.cells()) {
        if (cell.done()) continue;
        page.facts.emplace_back(
            "left out", fmt::format("{}, seed {}: {}", cell.model, cell.seed, cell.message));
    }
    write_files(shown, record, page, plan.out);
    const bool replaces = arguments.has("resume") || arguments.has("force");
    draw_figure(arguments, "plot", page.figures.front(), replaces);
    if (arguments.has("report")) write_page(page, arguments.text("report"), replaces);
    if (!arguments.has("json")) print_result(text_of(arguments, shown, plan.out));
    return record;
}

}  // namespace elm
