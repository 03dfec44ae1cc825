#include "tasks/training/plan/plan_results.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "baselines/model_file.h"
#include "tasks/metrics.h"
#include "tasks/training/record/learning_curve.h"

namespace elm {
namespace {

Split scored_split(const TaskSpec& spec) { return spec.has_test ? Split::test : Split::validation; }

bool has_interval(const Metric& metric) { return metric.is_proportion || metric.has_interval; }

/// The 95 % interval of metric `k`: of a proportion that of Wilson, of a mean that of a normal
/// distribution, over the samples that were scored.
Interval interval(const Metric& metric, const Scores& scores, std::size_t k) {
    if (metric.is_proportion) return wilson_interval(scores.values[k], scores.samples);
    constexpr double normal_quantile = 1.959964;
    const double half = normal_quantile * scores.standard_errors[k];
    return {scores.values[k] - half, scores.values[k] + half};
}

/// The update of the best model, counted through all stages.
std::int64_t best_update(const PlannedRun& run) {
    return run.earlier.updates + run.training->best()->update;
}

struct Spread {
    double mean, deviation;  // of a sample: divided by n - 1
};
Spread spread_of(const std::vector<double>& values) {
    const Moments all = moments(values);
    const auto n = static_cast<double>(values.size());
    return {all.mean, all.standard_deviation * std::sqrt(n / (n - 1))};
}

}  // namespace

PlanResults::PlanResults(Stream& stream, RunPlan& plan, DType precision)
    : stream_(stream), plan_(plan) {
    for (PlannedRun& run : plan.runs()) {
        FittedModel model = load_model(stream, run.files.model(), precision);
        const ScoredSamples& some = run.training->settings().scored;
        const Split split = scored_split(task().spec());
        Scores scores =
            task().score(stream, model, split, split == Split::test ? some.test : some.validation);
        outcomes_.push_back({&run, std::move(model), std::move(scores)});
    }
}

const Outcome& PlanResults::best() const {
    const double sign = task().spec().metrics.front().higher_is_better ? -1 : 1;
    const auto cost = [&](const Outcome& one) {
        return sign * one.run->training->best()->scores.front();
    };
    return *std::min_element(outcomes_.begin(), outcomes_.end(),
                             [&](const Outcome& a, const Outcome& b) { return cost(a) < cost(b); });
}

std::string PlanResults::score_label(const Metric& metric) const {
    return task().spec().has_test ? "test " + metric.label : metric.label;
}

std::string PlanResults::score_text(const Metric& metric, double score) const {
    return fmt::format("{:.{}f}", score, metric.digits);
}

Table PlanResults::run_table() const {
    const TaskSpec& spec = task().spec();
    const Metric& headline = spec.metrics[spec.headline];
    std::vector<std::string> header{"model", "parameters", "updates", "best at"};
    if (spec.has_test) header.push_back("validation " + headline.label);
    for (const Metric& metric : spec.metrics) {
        header.push_back(score_label(metric));
        if (has_interval(metric)) header.emplace_back("95 % interval");
    }
    header.insert(header.end(), {"seconds", "FLOP"});
    Table table(header);
    for (const auto& [run, model, scores] : outcomes_) {
        Training& training = *run->training;
        const WorkDone work = training.work_with_earlier();
        std::vector<std::string> row{
            run->name, fmt::format("{}", trainable_count(training.module())),
            fmt::format("{}", work.updates), fmt::format("{}", best_update(*run))};
        if (spec.has_test) {
            row.push_back(score_text(headline, training.best()->scores[spec.headline]));
        }
        for (std::size_t k = 0; k < scores.values.size(); ++k) {
            const Metric& metric = spec.metrics[k];
            row.push_back(score_text(metric, scores.values[k]));
            if (!has_interval(metric)) continue;
            const auto [low, high] = interval(metric, scores, k);
            row.push_back(score_text(metric, low) + " to " + score_text(metric, high));
        }
        row.push_back(fmt::format("{:.3g}", work.seconds));
        row.push_back(fmt::format("{:.2e}", work.flops));
        table.add(row);
    }
    std::vector<std::string> chance(header.size(), "-");
    chance.front() = "chance";
    bool known = false;
    for (const Metric& metric : spec.metrics) {
        if (std::isnan(metric.chance)) continue;
        const auto column = std::find(header.begin(), header.end(), score_label(metric));
        chance[static_cast<std::size_t>(column - header.begin())] =
            score_text(metric, metric.chance);
        known = true;
    }
    if (known) table.add(chance);
    return table;
}

std::vector<PlanResults::Group> PlanResults::groups() const {
    std::vector<Group> groups;
    for (const Outcome& outcome : outcomes_) {
        const std::string& name = outcome.run->model_name;
        auto found = std::find_if(groups.begin(), groups.end(),
                                  [&](const Group& group) { return group.name == name; });
        if (found == groups.end()) found = groups.insert(groups.end(), {name, {}});
        found->members.push_back(&outcome);
    }
    return groups;
}

std::optional<Table> PlanResults::seed_table() const {
    std::vector<std::string> header{"model", "seeds"};
    for (const Metric& metric : task().spec().metrics) {
        header.push_back(score_label(metric) + ", mean");
        header.emplace_back("SD");
    }
    Table table(header);
    for (const Group& group : groups()) {
        if (group.members.size() < 2) continue;
        std::vector<std::string> row{group.name, fmt::format("{}", group.members.size())};
        for (std::size_t k = 0; k < task().spec().metrics.size(); ++k) {
            std::vector<double> scores;
            for (const Outcome* one : group.members) scores.push_back(one->scores.values[k]);
            const auto [mean, deviation] = spread_of(scores);
            row.push_back(score_text(task().spec().metrics[k], mean));
            row.push_back(score_text(task().spec().metrics[k], deviation));
        }
        table.add(row);
    }
    return table.empty() ? std::nullopt : std::optional(table);
}

Record PlanResults::record_of(const Outcome& outcome) const {
    const TaskSpec& spec = task().spec();
    Training& training = *outcome.run->training;
    Record record, best;
    const WorkDone work = training.work_with_earlier();
    best.set("update", best_update(*outcome.run));
    set_scores(best, spec, training.best()->scores);
    record.set("model", outcome.run->name)
        .set("parameters", trainable_count(training.module()))
        .set("output", outcome.run->files.model())
        .set("updates", work.updates)
        .set("training_seconds", work.seconds)
        .set("flops", work.flops)
        .set("best", best);
    if (spec.has_test) {
        Record test;
        set_scores(test, spec, outcome.scores.values);
        for (std::size_t k = 0; k < spec.metrics.size(); ++k) {
            if (!has_interval(spec.metrics[k])) continue;
            const auto [low, high] = interval(spec.metrics[k], outcome.scores, k);
            test.set(spec.metrics[k].name + "_95_low", low)
                .set(spec.metrics[k].name + "_95_high", high);
        }
        test.set("samples", outcome.scores.samples);
        record.set("test", test);
    }
    return record.set("checkpoint", outcome.run->files.checkpoint());
}

void PlanResults::add_to(Record& record) const {
    const TaskSpec& spec = task().spec();
    record.set("task", spec.name);
    Record chance;
    bool known = false;
    for (const Metric& metric : spec.metrics) {
        if (std::isnan(metric.chance)) continue;
        chance.set(metric.name, metric.chance);
        known = true;
    }
    if (known) record.set("chance", chance);
    record.append(record_of(best()));
    std::vector<Record> runs, models;
    for (const Outcome& outcome : outcomes_) runs.push_back(record_of(outcome));
    record.set("fits", runs);
    for (const Group& group : groups()) {
        if (group.members.size() < 2) continue;
        Record scores;
        for (std::size_t k = 0; k < spec.metrics.size(); ++k) {
            std::vector<double> all;
            for (const Outcome* one : group.members) all.push_back(one->scores.values[k]);
            const auto [mean, deviation] = spread_of(all);
            scores.set(spec.metrics[k].name + "_mean", mean)
                .set(spec.metrics[k].name + "_sd", deviation);
        }
        models.push_back(Record()
                             .set("model", group.name)
                             .set("seeds", std::ssize(group.members))
                             .set(std::string(name_of(scored_split(spec))), scores));
    }
    if (!models.empty()) record.set("models", models);
}

std::optional<Figure> PlanResults::sweep() const {
    if (outcomes_.size() < 2) return {};
    const TaskSpec& spec = task().spec();
    std::vector<SweepPoint> points;
    for (const Outcome& outcome : outcomes_) {
        Training& training = *outcome.run->training;
        points.push_back({outcome.run->spec.model,
                          static_cast<double>(trainable_count(training.module())),
                          training.best()->scores[spec.headline]});
    }
    return score_against_parameters(spec.metrics[spec.headline], points);
}

std::optional<Figure> PlanResults::prediction() const {
    const Outcome& one = best();
    return task().prediction(stream_, one.model,
                             std::filesystem::path(one.run->files.model()).stem().string());
}

}  // namespace elm
