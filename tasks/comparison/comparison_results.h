#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tasks/comparison/cell_result.h"
#include "tasks/comparison/statistics/intervals.h"
#include "tasks/report/table.h"

namespace elm {

/// A model over its seeds.
struct ModelSummary {
    std::string model;
    std::vector<const CellResult*> done = {};  // by seed
    std::int64_t n_cells = 0;
    std::optional<SeedEstimate> estimate = {};  // of the headline metric; none where none is done
    std::optional<PairedDifference> difference = {};  // from the model that others are held against
    double adjusted_p = CellResult::unknown;

    /// Mean of a figure over the cells that are done; NaN of none.
    template <class Figure>
    double mean(const Figure& figure) const {
        double sum = 0;
        for (const CellResult* cell : done) sum += static_cast<double>(figure(*cell));
        return done.empty() ? CellResult::unknown : sum / static_cast<double>(done.size());
    }
};

struct ResultOptions {
    std::string against = {};    // the model that others are held against; empty: the best one
    std::int64_t rounds = 2000;  // of the bootstrap
    std::uint64_t seed = 0;      // of it
};

/// What a comparison says: intervals over seeds, differences with their tests, figures of cost.
class ComparisonResults {
public:
    /// Throws Error{invalid} for cells on other samples than the rest, and where `against` is none
    /// of the models; one without a cell that is done gives its place to the best.
    ComparisonResults(const TaskSpec& task, std::vector<CellResult> cells,
                      const std::vector<std::string>& models, const ResultOptions& options = {});
    ComparisonResults(ComparisonResults&&) = default;  // summaries point into the cells
    ComparisonResults& operator=(ComparisonResults&&) = default;

    const TaskSpec& task() const noexcept { return task_; }
    const std::vector<CellResult>& cells() const noexcept { return cells_; }
    const std::vector<ModelSummary>& models() const noexcept { return models_; }
    const std::string& against() const noexcept { return against_; }
    const Metric& metric() const { return task_.metrics[task_.headline]; }
    /// "test accuracy"
    std::string metric_label() const;
    std::string score_text(double score) const;

    /// A row for each model.
    Table model_table() const;
    /// A row for each cell, with every metric.
    Table cell_table() const;
    /// "task", "metric", "cells", "models", as scripts read them.
    void add_to(Record& record) const;

private:
    void estimate();
    void choose_reference();
    void compare(const ResultOptions& options);
    std::vector<SampleFigures> figures_of_samples() const;
    Record record_of(const CellResult& cell) const;
    Record record_of(const ModelSummary& model) const;

    TaskSpec task_;
    std::vector<CellResult> cells_;
    std::vector<ModelSummary> models_;
    std::string against_;
};

}  // namespace elm
