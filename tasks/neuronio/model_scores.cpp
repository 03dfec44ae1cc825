#include "tasks/neuronio/model_scores.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include <fmt/format.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

std::vector<NeuronIoSimulation> read_all(const std::string& path, const ScoringWatch& watch) {
    const NeuronIoFile file(path);
    std::vector<NeuronIoSimulation> simulations;
    for (std::int64_t index = 0; index < file.size(); ++index) {
        simulations.push_back(file.read(index));
        watch.tick();
    }
    watch.read(file.size());
    return simulations;
}

/// The last `count` parts of a path, without the ending of the last.
std::string end_of(const std::filesystem::path& path, std::size_t count) {
    const std::vector<std::filesystem::path> parts(path.begin(), path.end());
    std::filesystem::path end;
    for (std::size_t at = parts.size() - std::min(count, parts.size()); at < parts.size(); ++at) {
        end /= at + 1 == parts.size() ? path.stem() : parts[at];
    }
    return end.string();
}

/// Short names of the models and of the data of each row.
std::vector<std::string> names_of(const std::vector<ModelScores>& scores,
                                  std::string ModelScores::*path) {
    std::vector<std::string> paths;
    for (const ModelScores& row : scores) paths.push_back(row.*path);
    return short_names(paths);
}

}  // namespace

std::vector<ModelScores> score_models(Stream& stream, std::span<const NamedModel> models,
                                      const std::string& data, std::span<const Protocol> protocols,
                                      const ScoringWatch& watch) {
    std::vector<const FittedModel*> fitted;
    for (const NamedModel& model : models) fitted.push_back(&model.model);
    const std::vector<NeuronIoSimulation> simulations = read_all(data, watch);
    std::vector<ModelScores> results;
    for (const Protocol protocol : protocols) {
        const auto predictions = with_context("evaluating on " + data, [&] {
            return predict(stream, fitted, simulations, protocol,
                           [&](std::int64_t done, std::int64_t total) {
                               watch.tick();
                               watch.progress(protocol, done, total);
                           });
        });
        for (std::size_t k = 0; k < models.size(); ++k) {
            const NamedModel& model = models[k];
            results.push_back({model.name, data, protocol, trainable_count(*model.model.model),
                               model.published_auc, score(simulations, predictions[k], protocol)});
            watch.tick();
        }
    }
    return results;
}

std::vector<std::string> short_names(const std::vector<std::string>& paths) {
    constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
    std::vector<std::string> names;
    for (const std::string& path : paths) {
        const auto is_shared = [&](std::size_t parts) {
            return std::any_of(paths.begin(), paths.end(), [&](const std::string& other) {
                return other != path && end_of(other, parts) == end_of(path, parts);
            });
        };
        std::size_t parts = 1;
        while (is_shared(parts) && end_of(path, parts) != end_of(path, all)) ++parts;
        names.push_back(is_shared(all) ? path : end_of(path, parts));
    }
    return names;
}

Table score_table(const std::vector<ModelScores>& scores) {
    Table table({"model", "data", "protocol", "parameters", "AUC", "published AUC", "TPR at 0.0025",
                 "TPR at 0.01", "mean TPR below 0.0025", "below 0.01", "expl. var. %", "RMSE mV",
                 "MAE mV"});
    const std::vector<std::string> models = names_of(scores, &ModelScores::model);
    const std::vector<std::string> data = names_of(scores, &ModelScores::data);
    for (std::size_t k = 0; k < scores.size(); ++k) {
        const ModelScores& row = scores[k];
        const NeuronIoScores& s = row.scores;
        table.add({models[k], data[k], std::string(name_of(row.protocol)),
                   fmt::format("{}", row.parameters), fmt::format("{:.6f}", s.auc),
                   row.published_auc ? fmt::format("{:.4f}", *row.published_auc) : "",
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

std::vector<Record> score_records(const std::vector<ModelScores>& scores) {
    std::vector<Record> records;
    for (const ModelScores& row : scores) {
        const NeuronIoScores& s = row.scores;
        Record record;
        record.set("model", row.model)
            .set("data", row.data)
            .set("protocol", std::string(name_of(row.protocol)))
            .set("parameters", row.parameters)
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
        if (row.published_auc) record.set("published_auc", *row.published_auc);
        records.push_back(std::move(record));
    }
    return records;
}

Figure roc_figure(const std::vector<ModelScores>& scores, std::size_t n_models) {
    const Protocol first = scores.front().protocol;
    const bool two_protocols = scores.back().protocol != first;
    const std::vector<std::string> models = names_of(scores, &ModelScores::model);
    Panel whole{.title = "all", .x_label = "false positive rate", .y_label = "true positive rate"};
    whole.x_range = whole.y_range = {0.0, 1.0};
    whole.key = n_models > 10 ? "bottom right font ',9' spacing 0.9" : "bottom right";
    for (std::size_t k = 0; k < scores.size(); ++k) {
        const ModelScores& row = scores[k];
        const bool solid = row.protocol == first;
        whole.curves.push_back(
            {.title = solid ? fmt::format("{}, AUC {:.4f}", models[k], row.scores.auc) : "",
             .mark = solid ? Mark::line : Mark::dashed_line,
             .colour = colour::of_series(k % n_models, n_models),
             .x = row.scores.roc.false_positive_rate,
             .y = row.scores.roc.true_positive_rate});
    }
    Panel zoom = whole;
    zoom.title = "low false positive rates";
    zoom.x_range = {0.0, 0.01};
    for (Curve& curve : zoom.curves) curve.title.clear();
    std::string title = fmt::format("ROC of spike prediction, {} protocol", name_of(first));
    if (two_protocols) title += fmt::format(" ({} dashed)", name_of(scores.back().protocol));
    return {.title = std::move(title),
            .panels = {std::move(whole), std::move(zoom)},
            .side_by_side = true};
}

}  // namespace elm
