#include "tasks/comparison/comparison_results.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/toml_config.h"
#include "tasks/training/plan/curriculum.h"
#include "tasks/training/record/run_files.h"

namespace elm {
namespace {

/// Of the recipe, or of each stage where a curriculum sets it.
std::string learning_rate_of(const Config& config) {
    const auto find = [&](const char* section, const char* name) -> const Value* {
        const auto found = config.sections.find(section);
        if (found == config.sections.end()) return nullptr;
        const auto value = found->second.find(name);
        return value == found->second.end() ? nullptr : &value->second;
    };
    const Value* rate = find(curriculum_section, "training.learning_rate");
    if (rate == nullptr) rate = find("training", "learning_rate");
    return rate == nullptr ? "-" : to_text(*rate);
}

std::string count_text(double value) {
    return std::isnan(value) ? "-" : fmt::format("{:.0f}", value);
}
std::string short_text(double value) {
    return std::isnan(value) ? "-" : fmt::format("{:.3g}", value);
}
std::string memory_text(double bytes) {
    constexpr double mega = 1e6;
    return std::isnan(bytes) ? "-" : fmt::format("{:.3g}", bytes / mega);
}
std::string p_text(double p) {
    constexpr double least = 1e-4;
    return std::isnan(p) ? "-" : p < least ? "0.0001 or less" : fmt::format("{:.4f}", p);
}

}  // namespace

ComparisonResults::ComparisonResults(const TaskSpec& task, std::vector<CellResult> cells,
                                     const std::vector<std::string>& models,
                                     const ResultOptions& options)
    : task_(task), cells_(std::move(cells)), against_(options.against) {
    for (const std::string& name : models) {
        ModelSummary model{.model = name};
        for (const CellResult& cell : cells_) {
            if (cell.model != name) continue;
            ++model.n_cells;
            if (cell.done()) model.done.push_back(&cell);
        }
        models_.push_back(std::move(model));
    }
    estimate();
    choose_reference();
    compare(options);
}

void ComparisonResults::estimate() {
    for (ModelSummary& model : models_) {
        std::vector<double> scores;
        for (const CellResult* cell : model.done) scores.push_back(cell->scores[task_.headline]);
        if (!scores.empty()) model.estimate = estimate_over_seeds(scores);
    }
}

void ComparisonResults::choose_reference() {
    if (!against_.empty()) {
        const auto found =
            std::find_if(models_.begin(), models_.end(),
                         [&](const ModelSummary& model) { return model.model == against_; });
        if (found == models_.end()) {
            std::vector<std::string> names;
            for (const ModelSummary& model : models_) names.push_back(model.model);
            throw Error(
                ErrorKind::invalid,
                fmt::format("{} is none of the models that are compared: expected {}.{}", against_,
                            fmt::join(names, ", "), nearest_hint(against_, names)));
        }
        if (!found->done.empty()) return;
        log::warn("no cell of {} is done: the best model stands in its place", against_);
        against_.clear();
    }
    const double sign = metric().higher_is_better ? -1 : 1;
    const ModelSummary* best = nullptr;
    for (const ModelSummary& model : models_) {
        if (!model.estimate) continue;
        if (best == nullptr || sign * model.estimate->mean < sign * best->estimate->mean) {
            best = &model;
        }
    }
    if (best != nullptr) against_ = best->model;
}

/// Sums of the headline metric by sample, of the cells that are done in their order; empty where
/// they are not known.
std::vector<SampleFigures> ComparisonResults::figures_of_samples() const {
    std::vector<SampleFigures> all;
    for (const CellResult& cell : cells_) {
        if (!cell.done()) continue;
        if (cell.on_samples.sums.empty()) return {};
        SampleFigures figures;
        for (const LossSums& one : cell.on_samples.sums) {
            const auto count = static_cast<double>(one.count);
            figures.counts.push_back(count);
            figures.sums.push_back(one.count > 0 ? count * value_of(metric(), task_, one) : 0);
        }
        all.push_back(std::move(figures));
    }
    return all;
}

void ComparisonResults::compare(const ResultOptions& options) {
    if (against_.empty()) return;
    const RandomKey key = RandomKey{options.seed}.for_purpose("compared");
    const std::vector<SampleFigures> figures = figures_of_samples();
    ResampledScores all;
    std::vector<const CellResult*> done;
    for (const CellResult& cell : cells_) {
        if (cell.done()) done.push_back(&cell);
    }
    if (figures.empty()) {
        for (const CellResult* cell : done) all.scores.push_back(cell->scores[task_.headline]);
    } else {
        all = resample(figures, options.rounds, key.for_purpose("samples"));
    }
    const std::int64_t n_samples = figures.empty() ? 0 : std::ssize(figures.front().sums);
    const auto place = [&](const std::string& model, std::uint64_t seed) {
        const auto found = std::find_if(done.begin(), done.end(), [&](const CellResult* cell) {
            return cell->model == model && cell->seed == seed;
        });
        return static_cast<std::size_t>(found - done.begin());
    };
    std::vector<double> p;
    for (ModelSummary& model : models_) {
        p.push_back(CellResult::unknown);
        if (model.model == against_) continue;
        std::vector<std::size_t> first, second;  // of the seeds that both have
        for (const CellResult* cell : model.done) {
            const std::size_t other = place(against_, cell->seed);
            if (other == done.size()) continue;
            first.push_back(place(model.model, cell->seed));
            second.push_back(other);
        }
        if (first.empty()) continue;
        model.difference =
            paired_difference(all, first, second, n_samples, key.for_purpose("seeds"));
        p.back() = model.difference->p;
    }
    const std::vector<double> adjusted = holm_adjusted(p);
    for (std::size_t k = 0; k < models_.size(); ++k) models_[k].adjusted_p = adjusted[k];
}

std::string ComparisonResults::metric_label() const {
    return (task_.has_test ? "test " : "validation ") + metric().label;
}

std::string ComparisonResults::score_text(double score) const {
    return std::isnan(score) ? "-" : fmt::format("{:.{}f}", score, metric().digits);
}

Table ComparisonResults::model_table() const {
    Table table({"model", "seeds", metric_label(), "95 % interval",
                 against_.empty() ? "difference" : "minus " + against_, "95 % of that", "p (Holm)",
                 "parameters", "updates", "FLOP/sample", "training/s", "inference/s", "memory MB",
                 "energy J", "GPU J"});
    const auto interval_text = [&](const Interval& interval) {
        return std::isnan(interval.low)
                   ? std::string("-")
                   : score_text(interval.low) + " to " + score_text(interval.high);
    };
    for (const ModelSummary& model : models_) {
        std::vector<std::string> row{model.model, fmt::format("{}", model.done.size())};
        if (std::ssize(model.done) < model.n_cells) {
            row.back() += fmt::format(" of {}", model.n_cells);
        }
        row.push_back(model.estimate ? score_text(model.estimate->mean) : "-");
        row.push_back(model.estimate ? interval_text(model.estimate->interval) : "-");
        row.push_back(model.difference ? score_text(model.difference->value) : "-");
        row.push_back(model.difference ? interval_text(model.difference->interval) : "-");
        row.push_back(p_text(model.adjusted_p));
        const auto add = [&](const auto& text, const auto& figure) {
            row.push_back(text(model.mean(figure)));
        };
        add(count_text, [](const CellResult& cell) { return cell.parameters; });
        add(count_text, [](const CellResult& cell) { return cell.updates; });
        add(short_text, [](const CellResult& cell) { return cell.flops_per_sample; });
        add(short_text, [](const CellResult& cell) { return cell.training_rate; });
        add(short_text, [](const CellResult& cell) { return cell.inference_rate; });
        add(memory_text, [](const CellResult& cell) { return cell.peak_memory_bytes; });
        add(short_text, [](const CellResult& cell) { return cell.joules; });
        add(short_text, [](const CellResult& cell) { return cell.gpu_joules; });
        table.add(row);
    }
    return table;
}

Table ComparisonResults::cell_table() const {
    std::vector<std::string> header{"model", "seed", "state", "updates", "best at"};
    for (const Metric& metric : task_.metrics) {
        header.push_back((task_.has_test ? "test " : "") + metric.label);
    }
    header.insert(header.end(), {"seconds", "FLOP", "learning rate"});
    Table table(header);
    for (const CellResult& cell : cells_) {
        std::vector<std::string> row{
            cell.model, fmt::format("{}", cell.seed), std::string(name_of(cell.state)),
            fmt::format("{}", cell.updates), fmt::format("{}", cell.best_update)};
        for (std::size_t k = 0; k < task_.metrics.size(); ++k) {
            row.push_back(cell.done()
                              ? fmt::format("{:.{}f}", cell.scores[k], task_.metrics[k].digits)
                              : "-");
        }
        row.push_back(short_text(cell.training_seconds + cell.validation_seconds));
        row.push_back(fmt::format("{:.2e}", cell.flops));
        row.push_back(learning_rate_of(cell.config));
        table.add(row);
    }
    return table;
}

Record ComparisonResults::record_of(const CellResult& cell) const {
    Record record;
    record.set("model", cell.model)
        .set("seed", parse_value(std::to_string(cell.seed)))
        .set("state", std::string(name_of(cell.state)));
    if (!cell.done()) record.set("message", cell.message);
    record.set("parameters", cell.parameters).set("metric", metric().name);
    if (cell.done()) {
        record.set("value", cell.scores[task_.headline]);
    } else {
        record.set_null("value");
    }
    record.set("updates", cell.updates)
        .set("samples", cell.samples)
        .set("flops", cell.flops)
        .set("seconds", cell.training_seconds + cell.validation_seconds)
        .set("samples_per_second", cell.training_rate)
        .set("inference_samples_per_second", cell.inference_rate)
        .set("peak_memory_bytes", cell.peak_memory_bytes)
        .set("flops_per_sample", cell.flops_per_sample)
        .set("joules", cell.joules)
        .set("gpu_joules", cell.gpu_joules);
    if (cell.done()) {
        Record all, validation;
        set_scores(all, task_, cell.scores);
        set_scores(validation, task_, cell.validation);
        record.set(std::string(name_of(scored_split(task_))), all);
        if (task_.has_test) record.set("validation", validation);
        record.set("best_update", cell.best_update);
    }
    return record;
}

Record ComparisonResults::record_of(const ModelSummary& model) const {
    Record record;
    record.set("model", model.model).set("seeds", std::ssize(model.done));
    if (model.estimate) {
        record.set("mean", model.estimate->mean)
            .set("sd", model.estimate->deviation)
            .set("95_low", model.estimate->interval.low)
            .set("95_high", model.estimate->interval.high);
    }
    if (model.difference) {
        record.set("difference", model.difference->value)
            .set("difference_95_low", model.difference->interval.low)
            .set("difference_95_high", model.difference->interval.high)
            .set("p", model.difference->p)
            .set("p_holm", model.adjusted_p);
    }
    return record;
}

void ComparisonResults::add_to(Record& record) const {
    record.set("task", task_.name).set("metric", metric().name);
    if (!std::isnan(metric().chance)) record.set("chance", metric().chance);
    record.set("against", against_);
    std::vector<Record> cells, models;
    for (const CellResult& cell : cells_) cells.push_back(record_of(cell));
    for (const ModelSummary& model : models_) models.push_back(record_of(model));
    record.set("cells", cells).set("models", models);
}

}  // namespace elm
