// What a training leaves beside its models: the folder, the configuration, the summary.

#include "tasks/inspection/inspect_run.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernels/core/support/error.h"
#include "kernels/io/toml_config.h"
#include "tasks/inspection/inspect_metrics.h"
#include "tasks/report/table.h"

namespace elm {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char *configuration_name = "config.toml", *summary_name = "summary.json",
                     *metrics_name = "metrics.jsonl";
constexpr const char* comparison_kind = "summary of a comparison";

/// "mse 0.0012, update 300".
std::string values_of(const Json& object) {
    std::string text;
    for (const auto& [name, value] : object.items()) {
        text += fmt::format(
            "{}{} {}", text.empty() ? "" : ", ", name,
            value.is_number_float() ? fmt::format("{:.6g}", value.get<double>()) : value.dump());
    }
    return text;
}

void add_fact(Findings& findings, const Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end()) return;
    findings.facts.emplace_back(name, found->is_object()   ? values_of(*found)
                                      : found->is_string() ? found->get<std::string>()
                                                           : found->dump());
}

}  // namespace

bool is_run_folder(const std::string& path) {
    return fs::is_regular_file(fs::path(path) / configuration_name);
}

bool is_run_configuration(const std::string& path) {
    if (!path.ends_with(".toml")) return false;
    constexpr std::array commands{"train", "compare", "fit", "simulate", "evaluate", "generate"};
    try {
        const Config config = Config::load(path);
        return std::any_of(commands.begin(), commands.end(),
                           [&](const char* command) { return config.sections.contains(command); });
    } catch (const Error&) {
        return false;  // of another form: a cell, whose reader says what is wrong
    }
}

bool is_summary_name(const std::string& path) { return path.ends_with(".json"); }

Findings inspect_run_configuration(const std::string& path) {
    Findings findings{"configuration of a run", {}};
    const Config config = Config::load(path);
    for (const auto& [section, values] : config.sections) {
        for (const auto& [name, value] : values) {
            findings.facts.emplace_back(section + "." + name, value);
        }
    }
    return findings;
}

Findings inspect_summary(const std::string& path) {
    std::ifstream file(path);
    const Json summary = Json::parse(file, nullptr, false);
    const auto has_list = [&](const char* name) {
        return summary.is_object() && summary.contains("task") && summary.contains(name) &&
               summary[name].is_array();
    };
    const bool compares = has_list("cells");
    if (!compares && !has_list("fits")) {
        throw Error(ErrorKind::data,
                    fmt::format("{} is no summary of a training: expected a JSON object with task "
                                "and fits, as {} of a run folder, or cells, as of a comparison.",
                                path, summary_name));
    }
    Findings findings{compares ? comparison_kind : "summary of a training", {}};
    for (const char* const name :
         {"command", "version", "device", "threads", "seconds", "task", "model", "parameters",
          "updates", "best", "test", "chance", "metric", "against", "budget", "budget_of_each"}) {
        add_fact(findings, summary, name);
    }
    findings.facts.emplace_back("runs", std::ssize(summary[compares ? "cells" : "fits"]));
    if (compares) {
        for (const Json& model : summary["models"]) {
            findings.facts.emplace_back(model.value("model", "?"), values_of(model));
        }
    }
    if (const auto stages = summary.find("stages"); stages != summary.end() && stages->is_array()) {
        for (std::size_t k = 0; k < stages->size(); ++k) {
            findings.facts.emplace_back(fmt::format("row {} of stages", k + 1),
                                        values_of((*stages)[k]));
        }
    }
    return findings;
}

/// The folders of runs and stages in a folder, and itself, where they have metrics.
std::vector<fs::path> run_folders(const fs::path& folder) {
    std::vector<fs::path> found;
    if (fs::is_regular_file(folder / metrics_name)) found.push_back(folder);
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_directory() && fs::is_regular_file(entry.path() / metrics_name)) {
            found.push_back(entry.path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

Findings inspect_run_folder(const std::string& path) {
    const fs::path folder(path);
    Findings findings{"folder of a run", {}};
    if (fs::is_regular_file(folder / summary_name)) {
        findings = inspect_summary((folder / summary_name).string());
        findings.kind = findings.kind == comparison_kind ? "folder of a comparison that is done"
                                                         : "folder of a run that is done";
    }
    for (const fs::path& one : run_folders(folder)) {
        const std::string last = last_validation((one / metrics_name).string());
        const std::string name = fs::relative(one, folder).string();
        findings.facts.emplace_back(name == "." ? "last validation" : name,
                                    last.empty() ? "no validation yet" : last);
    }
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
        names.push_back(entry.path().filename().string() + (entry.is_directory() ? "/" : ""));
    }
    std::sort(names.begin(), names.end());
    findings.facts.emplace_back("files", fmt::format("{}", fmt::join(names, ", ")));
    return findings;
}

}  // namespace elm
