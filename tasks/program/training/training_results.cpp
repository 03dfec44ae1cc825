#include "tasks/program/training/training_results.h"

#include <fmt/format.h>

#include "baselines/model_file.h"
#include "kernels/core/support/check.h"
#include "kernels/io/output_file.h"
#include "tasks/program/arguments.h"
#include "tasks/program/run_context.h"
#include "tasks/report/plot.h"
#include "tasks/training/plan/plan_results.h"
#include "tasks/training/record/learning_curve.h"
#include "tasks/training/record/training_page.h"

namespace elm {
namespace {

std::string text_of(const PlanResults& results) {
    std::string text = results.run_table().to_text();
    if (const auto seeds = results.seed_table()) text += '\n' + seeds->to_text();
    for (const Outcome& outcome : results.outcomes()) {
        text += fmt::format("{}: model {}, checkpoint {}\n", outcome.run->name,
                            outcome.run->files.model(), outcome.run->files.checkpoint());
    }
    if (results.outcomes().size() > 1) {
        text += fmt::format("best on the validation samples: {}\n", results.best().run->name);
    }
    return text;
}

html::Facts facts_of(const Arguments& arguments, RunContext& context, const Task& task) {
    html::Facts facts = page_facts(arguments, context.stream().device());
    facts.emplace_back("samples", task.summary());
    return facts;
}

}  // namespace

void show_results(const Arguments& arguments, RunContext& context, RunPlan& plan,
                  const std::optional<Table>& stages) {
    const bool force = arguments.has("force") || arguments.has("resume");
    const RunFiles& files = plan.files();
    const PlanResults results(context.stream(), plan, context.precision());
    for (const Outcome& outcome : results.outcomes()) {
        if (arguments.has("safetensors")) {
            save_safetensors(outcome.model, outcome.run->files.safetensors(), force);
        }
    }
    Record record = result_header(arguments, context.stream().device());
    for (const auto& [name, value] : plan.task().about()) record.set(name, to_text(value));
    results.add_to(record);
    if (stages) record.set("stages", stages->to_records());
    print_result(arguments.has("json")
                     ? record.to_json()
                     : text_of(results) + (stages ? '\n' + stages->to_text() : ""));
    if (files.is_folder()) {
        write_text_file(files.beside("summary.json"), force, record.to_json() + "\n");
    }
    std::vector<Figure> figures{learning_curve(plan.trainer_runs())};
    draw(figures.front(), files.learning_curve(), force);
    if (const auto sweep = results.sweep()) {
        draw(*sweep, files.beside("sweep.png"), force);
        figures.push_back(*sweep);
    }
    const auto prediction = results.prediction();
    if (prediction) figures.push_back(*prediction);
    if (arguments.has("plot")) {
        ELM_CHECK(prediction.has_value(),
                  "--plot: the task {} has no picture of a prediction. The learning curve is {}.",
                  plan.task().spec().name, files.learning_curve());
        draw(*prediction, arguments.text("plot"), force);
    }
    const auto write_page = [&](const std::string& path) {
        write_training_page(results, stages, facts_of(arguments, context, plan.task()), figures,
                            plan.configuration(), path, force);
    };
    if (files.is_folder()) write_page(files.beside("report.html"));
    if (arguments.has("report")) write_page(arguments.text("report"));
}

}  // namespace elm
