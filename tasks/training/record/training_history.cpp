#include "tasks/training/record/training_history.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// Calls visit(name, value) for every column of a record, in one order for reading and writing.
template <class Visit>
void visit_loss(const TaskSpec& spec, const std::string& prefix, LossSums& loss,
                const Visit& visit) {
    for (std::size_t k = 0; k < spec.loss_parts.size(); ++k) {
        visit(prefix + spec.loss_parts[k].name, loss.parts[k]);
    }
    visit(prefix + "count", loss.count);
}
template <class Visit>
void visit_columns(const TaskSpec& spec, TrainingReport& report, const Visit& visit) {
    visit("train_update", report.update);
    visit_loss(spec, "train_", report.loss, visit);
    visit("train_learning_rate", report.learning_rate);
    visit("train_gradient_norm", report.gradient_norm);
}
template <class Visit>
void visit_columns(const TaskSpec& spec, Validation& validation, const Visit& visit) {
    validation.scores.resize(spec.metrics.size());
    visit("validation_update", validation.update);
    for (std::size_t k = 0; k < spec.metrics.size(); ++k) {
        visit("validation_" + spec.metrics[k].name, validation.scores[k]);
    }
}
template <class Visit>
void visit_columns(const TaskSpec& spec, LossSums& pending, const Visit& visit) {
    visit_loss(spec, "pending_", pending, visit);
}

template <class Visit>
void visit_columns(const TaskSpec& /*spec*/, TimeSpent& spent, const Visit& visit) {
    visit("seconds_training", spent.training);
    visit("seconds_validation", spent.validation);
    visit("seconds_last_validation", spent.last_validation);
}

template <class Entry>
void put(const TaskSpec& spec, std::vector<Entry> entries, HistoryColumns& columns) {
    Entry none{};
    visit_columns(spec, none, [&](const std::string& name, auto&) { columns[name]; });
    for (Entry& entry : entries) {
        visit_columns(spec, entry, [&](const std::string& name, auto& value) {
            columns[name].push_back(static_cast<double>(value));
        });
    }
}

template <class Entry>
std::vector<Entry> take(const TaskSpec& spec, const HistoryColumns& columns,
                        const std::string& first) {
    std::vector<Entry> entries(columns.contains(first) ? columns.at(first).size() : 0);
    Entry none{};
    visit_columns(spec, none, [&](const std::string& name, auto&) {
        const auto found = columns.find(name);
        if (found == columns.end() || found->second.size() != entries.size()) {
            throw Error(ErrorKind::data,
                        fmt::format("the history {} is missing or cut. This is not a checkpoint of "
                                    "a training on the task {}.",
                                    name, spec.name));
        }
    });
    for (std::size_t k = 0; k < entries.size(); ++k) {
        visit_columns(spec, entries[k], [&]<class Number>(const std::string& name, Number& value) {
            value = static_cast<Number>(columns.at(name)[k]);
        });
    }
    return entries;
}

/// Columns as older programs named them, and metrics that they did not keep.
void bring_up_to_date(const TaskSpec& spec, HistoryColumns& columns) {
    const auto rename = [&](const std::string& old_name, const std::string& name) {
        if (!columns.contains(name) && columns.contains(old_name)) {
            columns[name] = std::move(columns[old_name]);
        }
    };
    rename("train_bins", "train_count");
    rename("pending_bins", "pending_count");
    for (const Metric& metric : spec.metrics) {
        if (metric.name.starts_with("voltage_")) {
            rename("validation_" + metric.name.substr(8), "validation_" + metric.name);
        }
        const auto [column, is_new] = columns.try_emplace("validation_" + metric.name);
        if (is_new) column->second.resize(columns["validation_update"].size(), NAN);
    }
}

}  // namespace

HistoryColumns to_history(const TaskSpec& spec, const TrainingHistory& history) {
    HistoryColumns columns;
    put(spec, history.reports, columns);
    put(spec, history.validations, columns);
    put(spec, std::vector<LossSums>{history.pending}, columns);
    put(spec, std::vector<TimeSpent>{history.spent}, columns);
    return columns;
}

TrainingHistory from_history(const TaskSpec& spec, HistoryColumns columns) {
    bring_up_to_date(spec, columns);
    TrainingHistory history;
    history.reports = take<TrainingReport>(spec, columns, "train_update");
    history.validations = take<Validation>(spec, columns, "validation_update");
    const auto pending = take<LossSums>(spec, columns, "pending_count");
    if (pending.size() != 1) {
        throw Error(ErrorKind::data,
                    "the loss since the last report is missing. This is not a "
                    "checkpoint of a training.");
    }
    history.pending = pending.front();
    if (columns.contains("seconds_training")) {  // older programs did not keep it
        const auto spent = take<TimeSpent>(spec, columns, "seconds_training");
        if (!spent.empty()) history.spent = spent.front();
    }
    return history;
}

}  // namespace elm
