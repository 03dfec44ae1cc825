#include "tasks/program/made_of.h"

#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/log.h"
#include "kernels/io/fingerprint.h"
#include "tasks/program/arguments.h"

namespace elm {

void add_file(Values& made_of, const std::string& name, const std::string& path) {
    std::error_code status;
    if (std::filesystem::is_regular_file(path, status)) made_of[name] = fingerprint_of_file(path);
}

void warn_of_changes(const Arguments& arguments, const char* section, const Values& now) {
    const Values before = arguments.component(section);
    std::vector<std::string> changes;
    for (const auto& [name, value] : now) {
        const auto then = before.find(name);
        if (then == before.end() || then->second == value) continue;
        changes.push_back(
            fmt::format("{} (was {}, is {})", name, to_text(then->second), to_text(value)));
    }
    if (changes.empty()) return;
    log::warn("not as it was when {} was written, so that results may differ: {}",
              arguments.text("config"), fmt::join(changes, ", "));
}

}  // namespace elm
