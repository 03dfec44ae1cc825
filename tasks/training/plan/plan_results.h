#pragma once

#include <optional>
#include <string>
#include <vector>

#include "baselines/fitted_model.h"
#include "tasks/report/plot.h"
#include "tasks/report/results_writer.h"
#include "tasks/report/table.h"
#include "tasks/training/plan/run_plan.h"

namespace elm {

/// A run that is done.
struct Outcome {
    PlannedRun* run;
    FittedModel model;  // its best
    Scores scores;      // of that, on the test split where there is one
};

/// Results of all runs of a plan: scores of the best model of each, and over the seeds of a model.
class PlanResults {
public:
    /// Reads the best models and scores them. `plan` must outlive this. Throws as load_model and
    /// Task::score do.
    PlanResults(Stream& stream, RunPlan& plan, DType precision);

    const Task& task() const noexcept { return plan_.task(); }
    const std::vector<Outcome>& outcomes() const noexcept { return outcomes_; }
    /// The run that is best on the validation samples.
    const Outcome& best() const;

    /// A row for each run, and one of the chance level where the task knows it.
    Table run_table() const;
    /// Mean and standard deviation over the seeds of each model; none where no model has several.
    std::optional<Table> seed_table() const;
    /// The same as fields: of the best run first, then "fits", all runs, and "models", over seeds.
    void add_to(Record& record) const;

    /// The headline metric against the number of parameters; none for a single run.
    std::optional<Figure> sweep() const;
    /// The model of the best run beside the truth, where the task has such a picture.
    std::optional<Figure> prediction() const;

private:
    struct Group {
        std::string name;  // of a model, without a seed
        std::vector<const Outcome*> members;
    };
    std::vector<Group> groups() const;
    std::string score_label(const Metric& metric) const;
    std::string score_text(const Metric& metric, double score) const;
    Record record_of(const Outcome& outcome) const;

    Stream& stream_;
    RunPlan& plan_;
    std::vector<Outcome> outcomes_;
};

}  // namespace elm
