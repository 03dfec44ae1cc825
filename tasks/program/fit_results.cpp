#include "tasks/program/fit_results.h"

#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "tasks/neuronio/evaluation.h"
#include "tasks/program/arguments.h"
#include "tasks/program/run_context.h"
#include "tasks/report/plot.h"
#include "tasks/report/table.h"
#include "tasks/simulation/simulation_plot.h"
#include "tasks/training/learning_curve.h"

namespace elm {
namespace {

/// One run over a simulation, drawn over its ground truth.
Figure prediction_figure(RunContext& context, const std::string& path,
                         const NeuronIoSimulation& simulation, const std::string& data_path) {
    const FittedModel fitted = load_model(context.stream(), path, context.precision());
    SimulationPlot plot(fitted, std::filesystem::path(path).stem().string(), simulation.name, 0,
                        simulation.input.n_steps, {data_path, false});
    Stream host{Device{}};
    const auto runner = fitted.model->runner(context.stream());
    runner->start(context.stream(), 1);
    plot.add(simulation.input, runner->advance(context.stream(), simulation.input).output.to(host));
    return plot.figure();
}

Table result_table(RunContext& context, const std::vector<std::unique_ptr<RunningFit>>& fits,
                   std::span<const NeuronIoSimulation> validation) {
    Table table({"model", "parameters", "updates", "best at", "AUC", "TPR at 0.0025",
                 "expl. var. %", "RMSE mV", "MAE mV"});
    for (const auto& running : fits) {
        const FittedModel model =
            load_model(context.stream(), running->files.model(), context.precision());
        const NeuronIoScores scores =
            evaluate(context.stream(), model, validation, Protocol::published);
        table.add(
            {running->candidate.name, fmt::format("{}", trainable_count(running->fit->module())),
             fmt::format("{}", running->fit->update_count()),
             fmt::format("{}", running->fit->best()->update), fmt::format("{:.5f}", scores.auc),
             fmt::format("{:.4f}", scores.tpr_at_fpr_0_0025),
             fmt::format("{:.2f}", scores.voltage.explained_variance_percent),
             fmt::format("{:.4f}", scores.voltage.root_mean_square_error),
             fmt::format("{:.4f}", scores.voltage.mean_absolute_error)});
    }
    return table;
}

void add_outcome(Record& record, const RunningFit& running) {
    const FitScores& best = *running.fit->best();
    Record scores;
    scores.set("update", best.update)
        .set("loss", best.loss)
        .set("auc", best.auc)
        .set("voltage_explained_variance_percent", best.explained_variance_percent)
        .set("voltage_rmse_mV", best.rmse_mV)
        .set("voltage_mae_mV", best.mae_mV);
    record.set("updates", running.fit->update_count())
        .set("best", scores)
        .set("checkpoint", running.files.checkpoint());
}

void print_summary(const Arguments& arguments, RunContext& context,
                   const std::vector<std::unique_ptr<RunningFit>>& fits, const Table& table) {
    if (!arguments.has("json")) {
        std::string text = table.to_text();
        for (const auto& running : fits) {
            text += fmt::format("{}: model {}, checkpoint {}\n", running->candidate.name,
                                running->files.model(), running->files.checkpoint());
        }
        print_result(text);
        return;
    }
    std::vector<Record> records;
    for (const auto& running : fits) {
        Record record;
        record.set("model", running->candidate.name)
            .set("parameters", trainable_count(running->fit->module()))
            .set("output", running->files.model());
        add_outcome(record, *running);
        records.push_back(record);
    }
    Record result = result_header(arguments, context.stream().device());
    // One fit stands at the top, as scripts expect it; `fits` holds every one.
    add_outcome(result, *fits.front());
    result.set("fits", records);
    print_result(result.to_json());
}

}  // namespace

void finish(const Arguments& arguments, RunContext& context,
            const std::vector<std::unique_ptr<RunningFit>>& fits,
            std::span<const NeuronIoSimulation> validation, const NeuronIoSimulation& shown,
            const std::string& shown_file) {
    const FitFiles whole(arguments.text("out"));
    const bool force = arguments.has("force") || arguments.has("resume");
    std::vector<FitRun> runs;
    std::vector<SweepPoint> points;
    for (const auto& running : fits) {
        Fit& fit = *running->fit;
        runs.push_back({running->candidate.name, &fit, &running->files, running->config});
        points.push_back({running->candidate.spec.model,
                          static_cast<double>(trainable_count(fit.module())), fit.best()->auc});
        if (arguments.has("safetensors")) {
            const FittedModel best =
                load_model(context.stream(), running->files.model(), context.precision());
            save_safetensors(best, running->files.beside("safetensors"), force);
        }
    }
    print_summary(arguments, context, fits, result_table(context, fits, validation));
    draw(learning_curve(runs), whole.beside("png"), force);
    if (fits.size() > 1) draw(auc_against_parameters(points), whole.beside("sweep.png"), force);
    if (!arguments.has("plot")) return;
    draw(prediction_figure(context, fits.front()->files.model(), shown, shown_file),
         arguments.text("plot"), force);
}

}  // namespace elm
