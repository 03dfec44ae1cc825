#include "tasks/training/plan/checkpoint_match.h"

#include <set>
#include <utility>

#include <fmt/format.h>

namespace elm {

std::string differences(const Config& before, const Config& now, const std::string& free) {
    std::string found;
    const auto text = [](const Config& config, const std::string& section, const std::string& key) {
        const auto values = config.sections.find(section);
        if (values == config.sections.end()) return std::string("nothing");
        const auto value = values->second.find(key);
        return value == values->second.end() ? std::string("nothing") : to_text(value->second);
    };
    std::set<std::pair<std::string, std::string>> keys;
    for (const Config* config : {&before, &now}) {
        for (const auto& [section, values] : config->sections) {
            if (section == free) continue;
            for (const auto& [key, value] : values) keys.emplace(section, key);
        }
    }
    for (const auto& [section, key] : keys) {
        const std::string old_value = text(before, section, key), value = text(now, section, key);
        if (old_value != value) {
            found += fmt::format("; {}.{} was {}, is {}", section, key, old_value, value);
        }
    }
    return found.empty() ? found : found.substr(2);
}

}  // namespace elm
