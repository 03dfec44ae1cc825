#include "tasks/comparison/index/compositional_index.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernels/core/support/error.h"
#include "kernels/io/fingerprint.h"

namespace elm {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// What counts of a value; NaN where that is no number, as the logarithm of 0.
double counted(const IndexMetric& metric, double value) {
    const double counts = metric.of_logarithm ? std::log(value) : value;
    return std::isfinite(counts) ? counts : none;
}

IndexConstant constant_of(const IndexMetric& metric,
                          const std::map<std::string, MetricValues>& population) {
    std::vector<double> values;
    for (const auto& [name, all] : population) {
        const auto found = all.find({metric.task, metric.metric});
        if (found == all.end()) continue;
        const double value = counted(metric, found->second);
        if (std::isfinite(value)) values.push_back(value);
    }
    IndexConstant constant{
        .metric = metric, .mean = none, .deviation = none, .count = std::ssize(values)};
    if (values.empty()) return constant;
    double sum = 0, squares = 0;
    for (const double value : values) sum += value;
    constant.mean = sum / static_cast<double>(values.size());
    for (const double value : values) {
        squares += (value - constant.mean) * (value - constant.mean);
    }
    if (values.size() > 1 && squares > 0) {
        constant.deviation = std::sqrt(squares / static_cast<double>(values.size() - 1));
    }
    return constant;
}

/// JSON has no NaN.
nlohmann::ordered_json number_or_null(double value) {
    return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

double number_of(const nlohmann::ordered_json& value) {
    return value.is_null() ? none : value.get<double>();
}

IndexConstants read_pattern(const nlohmann::ordered_json& object) {
    IndexConstants constants{.pattern = object.at("pattern").get<std::string>(),
                             .metrics = {},
                             .population = object.at("population").get<std::vector<std::string>>()};
    for (const auto& one : object.at("metrics")) {
        constants.metrics.push_back({.metric = {.task = one.at("task").get<std::string>(),
                                                .metric = one.at("metric").get<std::string>(),
                                                .higher_is_better = one.at("sign").get<int>() > 0,
                                                .of_logarithm = one.at("logarithm").get<bool>()},
                                     .mean = number_of(one.at("mu")),
                                     .deviation = number_of(one.at("sigma")),
                                     .count = one.at("n").get<std::int64_t>()});
    }
    return constants;
}

}  // namespace

bool IndexConstant::tells_nothing() const noexcept { return count > 1 && std::isnan(deviation); }

std::string IndexConstants::population_hash() const {
    std::vector<std::string> names = population;
    std::sort(names.begin(), names.end());
    Fingerprint fingerprint;
    for (const std::string& name : names) {
        fingerprint.add(name);
        fingerprint.add("\n");
    }
    return fingerprint.text();
}

IndexConstants constants_of(std::string pattern, const std::vector<IndexMetric>& metrics,
                            const std::map<std::string, MetricValues>& population) {
    IndexConstants constants{.pattern = std::move(pattern), .metrics = {}, .population = {}};
    for (const auto& [name, values] : population) constants.population.push_back(name);
    for (const IndexMetric& metric : metrics) {
        constants.metrics.push_back(constant_of(metric, population));
    }
    return constants;
}

double z_score(const IndexConstant& constant, double value) {
    return (constant.metric.higher_is_better ? 1 : -1) *
           (counted(constant.metric, value) - constant.mean) / constant.deviation;
}

IndexScore score_of(const IndexConstants& constants, const MetricValues& values) {
    std::map<std::string, std::vector<double>> by_task;
    for (const IndexConstant& constant : constants.metrics) {
        const auto found = values.find({constant.metric.task, constant.metric.metric});
        std::vector<double>& own = by_task[constant.metric.task];
        if (found == values.end() || std::isnan(counted(constant.metric, found->second))) {
            own.push_back(none);
        } else if (!constant.tells_nothing()) {
            own.push_back(z_score(constant, found->second));
        }
    }
    IndexScore score{.tasks = {}, .index = 0};
    double n_tasks = 0;
    for (const auto& [task, all] : by_task) {
        double sum = 0;
        for (const double z : all) sum += z;
        score.tasks[task] = all.empty() ? none : sum / static_cast<double>(all.size());
        if (all.empty()) continue;
        score.index += score.tasks[task];
        ++n_tasks;
    }
    score.index = n_tasks > 0 ? score.index / n_tasks : none;
    return score;
}

std::string constants_to_json(const FrozenConstants& all) {
    nlohmann::ordered_json settings = nlohmann::ordered_json::object();
    for (const auto& [section, values] : all.settings.sections) {
        for (const auto& [name, value] : values) settings[section][name] = to_text(value);
    }
    nlohmann::ordered_json patterns = nlohmann::ordered_json::array();
    for (const IndexConstants& constants : all.patterns) {
        nlohmann::ordered_json metrics = nlohmann::ordered_json::array();
        for (const IndexConstant& one : constants.metrics) {
            metrics.push_back({{"task", one.metric.task},
                               {"metric", one.metric.metric},
                               {"sign", one.metric.higher_is_better ? 1 : -1},
                               {"logarithm", one.metric.of_logarithm},
                               {"mu", number_or_null(one.mean)},
                               {"sigma", number_or_null(one.deviation)},
                               {"n", one.count}});
        }
        patterns.push_back({{"pattern", constants.pattern},
                            {"population", constants.population},
                            {"population_hash", constants.population_hash()},
                            {"metrics", metrics}});
    }
    return nlohmann::ordered_json{{"settings", settings}, {"patterns", patterns}}.dump(2) + "\n";
}

FrozenConstants constants_from_json(const std::string& text, const std::string& origin) {
    FrozenConstants all;
    try {
        const auto whole = nlohmann::ordered_json::parse(text);
        for (const auto& [section, values] : whole.at("settings").items()) {
            for (const auto& [name, value] : values.items()) {
                all.settings.sections[section][name] = value.get<std::string>();
            }
        }
        for (const auto& object : whole.at("patterns")) {
            IndexConstants& own = all.patterns.emplace_back(read_pattern(object));
            if (object.at("population_hash").get<std::string>() != own.population_hash()) {
                throw Error(ErrorKind::data,
                            fmt::format("{}: the population of {} is not the one that its mean and "
                                        "deviation were taken of.",
                                        origin, own.pattern));
            }
        }
    } catch (const nlohmann::ordered_json::exception& error) {
        throw Error(ErrorKind::data,
                    fmt::format("{} holds no constants of an index: {}.", origin, error.what()));
    }
    return all;
}

}  // namespace elm
