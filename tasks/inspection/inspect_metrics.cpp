#include "tasks/inspection/inspect_metrics.h"

#include <fstream>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

using Line = nlohmann::ordered_json;

/// "step 300, loss 0.21, auc 0.97".
std::string values_of(const Line& line) {
    std::string text;
    for (const auto& [name, value] : line.items()) {
        if (name == "split" || !value.is_primitive()) continue;
        text += fmt::format(
            "{}{} {}", text.empty() ? "" : ", ", name,
            value.is_number_float() ? fmt::format("{:.6g}", value.get<double>()) : value.dump());
    }
    return text;
}

}  // namespace

std::string last_validation(const std::string& path) {
    std::ifstream file(path);
    std::string last;
    for (std::string text; std::getline(file, text);) {
        const Line line = Line::parse(text, nullptr, false);
        if (!line.is_object() || !line.contains("split")) continue;
        if (line["split"] == "validation") last = values_of(line);
    }
    return last;
}

bool is_metrics_name(const std::string& path) { return path.ends_with(".jsonl"); }

Findings inspect_metrics(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw Error(ErrorKind::data, fmt::format("{} cannot be read.", path));
    std::int64_t count = 0;
    std::map<std::string, Line> last;
    for (std::string text; std::getline(file, text);) {
        ++count;
        const Line line = Line::parse(text, nullptr, false);
        if (!line.is_object() || !line.contains("step") || !line.contains("split") ||
            !line["split"].is_string()) {
            throw Error(ErrorKind::data,
                        fmt::format("{}:{}: expected an object with step and split, as a fit "
                                    "writes its metrics, one a line.",
                                    path, count));
        }
        last[line["split"].get<std::string>()] = line;
    }
    Findings findings{"metrics of a fit", {{"lines", count}}};
    for (const auto& [split, line] : last) {
        findings.facts.emplace_back("last of " + split, values_of(line));
    }
    return findings;
}

}  // namespace elm
