#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tasks/neuronio/evaluation.h"
#include "tasks/report/plot.h"
#include "tasks/report/table.h"

namespace elm {

/// A model to be scored.
struct NamedModel {
    std::string name;  // a path, or a built-in name
    FittedModel model;
    std::optional<double> published_auc = {};
};

/// Scores of a model on one file.
struct ModelScores {
    std::string model, data;
    Protocol protocol = Protocol::published;
    std::int64_t parameters = 0;
    std::optional<double> published_auc = {};
    NeuronIoScores scores = {};
};

/// Callbacks of a scoring; all three may throw.
struct ScoringWatch {
    std::function<void(std::int64_t)> read = [](std::int64_t) {};  // the number of simulations
    /// Neuron-steps done and in all, between pieces of work.
    std::function<void(Protocol, std::int64_t, std::int64_t)> progress = [](Protocol, std::int64_t,
                                                                            std::int64_t) {};
    std::function<void()> tick = [] {};  // often
};

/// Scores all models on one file, which is read once; protocol after protocol, in the order of the
/// models. Throws Error{data} as NeuronIoFile does, and as predict() and score() do.
std::vector<ModelScores> score_models(Stream& stream, std::span<const NamedModel> models,
                                      const std::string& data, std::span<const Protocol> protocols,
                                      const ScoringWatch& watch);

/// Stems of these paths, with as much of the folders before them as tells them apart.
std::vector<std::string> short_names(const std::vector<std::string>& paths);

/// Scores for people and for scripts, one row each.
Table score_table(const std::vector<ModelScores>& scores);
std::vector<Record> score_records(const std::vector<ModelScores>& scores);
/// ROC curves, one colour for each of `n_models`: the first protocol solid, a second one dashed.
Figure roc_figure(const std::vector<ModelScores>& scores, std::size_t n_models);

}  // namespace elm
