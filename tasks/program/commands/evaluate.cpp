// elmsim evaluate: scores fitted neurons on NeuronIO ground truth.

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/check.h"
#include "kernels/core/log.h"
#include "kernels/core/progress.h"
#include "kernels/io/output_file.h"
#include "neuron/elm/elm_builtin.h"
#include "neuron/elm/elm_model_file.h"
#include "tasks/neuronio/evaluation.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/data_files.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/resolve_model.h"
#include "tasks/program/run_context.h"
#include "tasks/report/plot.h"
#include "tasks/report/table.h"

namespace elm {
namespace {

struct Candidate {
    std::string name;
    FittedModel model;
    std::optional<double> published_auc;
};

struct Result {
    std::string model, data;
    Protocol protocol;
    std::int64_t parameters;
    std::optional<double> published_auc;
    NeuronIoScores scores;
};

std::vector<Candidate> load_candidates(RunContext& context, const Arguments& arguments) {
    std::vector<Candidate> candidates;
    for (const std::string& name : expand_folders(arguments, "model")) {
        candidates.push_back({name, resolve_model(arguments, context, name),
                              find_builtin(name) ? std::nullopt : published_test_auc(name)});
    }
    return candidates;
}

std::vector<NeuronIoSimulation> read_all(const std::string& path) {
    const NeuronIoFile file(path);
    std::vector<NeuronIoSimulation> simulations;
    for (std::int64_t index = 0; index < file.size(); ++index) {
        simulations.push_back(file.read(index));
        throw_if_interrupted();
    }
    return simulations;
}

std::vector<Result> evaluate_on(RunContext& context, const std::vector<Candidate>& candidates,
                                const std::string& data, Protocol protocol,
                                std::span<const NeuronIoSimulation> simulations) {
    std::vector<const FittedModel*> models;
    for (const Candidate& candidate : candidates) models.push_back(&candidate.model);
    Progress progress(
        fmt::format("{}, {}", std::filesystem::path(data).filename().string(), name_of(protocol)),
        0, "neuron-steps");
    const auto predictions = with_context("evaluating on " + data, [&] {
        return predict(context.stream(), models, simulations, protocol,
                       [&](std::int64_t done, std::int64_t total) {
                           throw_if_interrupted();
                           progress.update(done, fmt::format("{} %", 100 * done / total));
                       });
    });
    std::vector<Result> results;
    for (std::size_t k = 0; k < candidates.size(); ++k) {
        const Candidate& candidate = candidates[k];
        results.push_back({candidate.name, data, protocol, trainable_count(*candidate.model.model),
                           candidate.published_auc, score(simulations, predictions[k], protocol)});
        throw_if_interrupted();
    }
    return results;
}

Table table_of(const std::vector<Result>& results) {
    Table table({"model", "data", "protocol", "parameters", "AUC", "published AUC", "TPR at 0.0025",
                 "TPR at 0.01", "mean TPR below 0.0025", "below 0.01", "expl. var. %", "RMSE mV",
                 "MAE mV"});
    for (const Result& result : results) {
        const NeuronIoScores& s = result.scores;
        table.add({std::filesystem::path(result.model).stem().string(),
                   std::filesystem::path(result.data).stem().string(),
                   std::string(name_of(result.protocol)), fmt::format("{}", result.parameters),
                   fmt::format("{:.6f}", s.auc),
                   result.published_auc ? fmt::format("{:.4f}", *result.published_auc) : "",
                   fmt::format("{:.5f}", s.tpr_at_fpr_0_0025),
                   fmt::format("{:.5f}", s.tpr_at_fpr_0_01),
                   fmt::format("{:.5f}", s.mean_tpr_below_fpr_0_0025),
                   fmt::format("{:.5f}", s.mean_tpr_below_fpr_0_01),
                   fmt::format("{:.4f}", s.voltage.explained_variance_percent),
                   fmt::format("{:.5f}", s.voltage.root_mean_square_error),
                   fmt::format("{:.5f}", s.voltage.mean_absolute_error)});
    }
    return table;
}

std::vector<Record> records_of(const std::vector<Result>& results) {
    std::vector<Record> records;
    for (const Result& result : results) {
        const NeuronIoScores& s = result.scores;
        Record record;
        record.set("model", result.model)
            .set("data", result.data)
            .set("protocol", std::string(name_of(result.protocol)))
            .set("parameters", result.parameters)
            .set("auc", s.auc)
            .set("tpr_at_fpr_0_0025", s.tpr_at_fpr_0_0025)
            .set("tpr_at_fpr_0_01", s.tpr_at_fpr_0_01)
            .set("mean_tpr_below_fpr_0_0025", s.mean_tpr_below_fpr_0_0025)
            .set("mean_tpr_below_fpr_0_01", s.mean_tpr_below_fpr_0_01)
            .set("voltage_explained_variance_percent", s.voltage.explained_variance_percent)
            .set("voltage_rmse_mV", s.voltage.root_mean_square_error)
            .set("voltage_mae_mV", s.voltage.mean_absolute_error)
            .set("simulations", s.n_simulations)
            .set("bins", s.n_bins);
        if (result.published_auc) record.set("published_auc", *result.published_auc);
        records.push_back(std::move(record));
    }
    return records;
}

/// One colour per model; the first protocol drawn solid, a second one dashed.
Figure roc_figure(const std::vector<Result>& results, std::size_t n_models) {
    const Protocol first = results.front().protocol;
    const bool two_protocols = results.back().protocol != first;
    Panel whole{.title = "all", .x_label = "false positive rate", .y_label = "true positive rate"};
    whole.x_range = whole.y_range = {0.0, 1.0};
    whole.key = n_models > 10 ? "bottom right font ',9' spacing 0.9" : "bottom right";
    for (std::size_t k = 0; k < results.size(); ++k) {
        const Result& result = results[k];
        const bool solid = result.protocol == first;
        whole.curves.push_back(
            {.title = !solid ? ""
                             : fmt::format("{}, AUC {:.4f}",
                                           std::filesystem::path(result.model).stem().string(),
                                           result.scores.auc),
             .mark = solid ? Mark::line : Mark::dashed_line,
             .colour = colour::of_series(k % n_models, n_models),
             .x = result.scores.roc.false_positive_rate,
             .y = result.scores.roc.true_positive_rate});
    }
    Panel zoom = whole;
    zoom.title = "low false positive rates";
    zoom.x_range = {0.0, 0.01};
    for (Curve& curve : zoom.curves) curve.title.clear();
    std::string title = fmt::format("ROC of spike prediction, {} protocol", name_of(first));
    if (two_protocols) title += fmt::format(" ({} dashed)", name_of(results.back().protocol));
    return {.title = std::move(title),
            .panels = {std::move(whole), std::move(zoom)},
            .side_by_side = true};
}

int run(const Arguments& arguments) {
    const bool force = arguments.has("force");
    if (arguments.has("roc")) require_plot_place(arguments.text("roc"), force);
    if (arguments.has("out")) const OutputFile probe(arguments.text("out"), force);
    std::vector<Protocol> protocols;
    for (const std::string& name : arguments.list("protocol")) {
        protocols.push_back(parse_protocol(name));
    }
    const auto data_files = expand_folders(arguments, "data");
    RunContext context(arguments);
    const auto candidates = load_candidates(context, arguments);
    context.announce();
    std::vector<Result> results;
    for (const std::string& data : data_files) {
        const auto simulations = read_all(data);
        log::info("{}: {} simulations", data, simulations.size());
        for (const Protocol protocol : protocols) {
            const auto some = evaluate_on(context, candidates, data, protocol, simulations);
            results.insert(results.end(), some.begin(), some.end());
        }
    }
    const Table table = table_of(results);
    const std::string json = result_header(arguments, context.stream().device())
                                 .set("results", records_of(results))
                                 .to_json();
    if (arguments.has("out")) write_text_file(arguments.text("out"), force, json + "\n");
    print_result(arguments.has("json")       ? json
                 : arguments.has("csv")      ? table.to_csv()
                 : arguments.has("markdown") ? table.to_markdown()
                                             : table.to_text());
    if (arguments.has("roc"))
        draw(roc_figure(results, candidates.size()), arguments.text("roc"), force);
    return 0;
}

}  // namespace

Command evaluate_command() {
    return {
        .name = "evaluate",
        .summary = "scores fitted neurons on ground truth with the published protocol",
        .examples = {"elmsim evaluate --model fit.h5 --data test.h5",
                     "elmsim evaluate --model fits/ --data test.h5 --roc roc.png --markdown"},
        .shared = {"model", "data", "out", "force", "device", "precision", "threads", "seed"},
        .options = {{"protocol",
                     "NAME",
                     "windows of 500 ms as published, or one continuous run",
                     "published",
                     true,
                     {"published", "continuous"}},
                    {"roc", "FILE", "draw the ROC curves to .png, .svg or .pdf; - in the terminal"},
                    {"csv", "", "the table as CSV"},
                    {"markdown", "", "the table as Markdown"}},
        .run = run,
    };
}

}  // namespace elm
