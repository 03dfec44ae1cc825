#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tasks/report/results_writer.h"

namespace elm {

/// Findings of `inspect` about a file.
struct Findings {
    std::string kind;
    std::vector<std::pair<std::string, Value>> facts;
    std::string tables = {};                                              // for people
    std::vector<std::pair<std::string, std::vector<Record>>> lists = {};  // the same for scripts
    std::function<void(const std::string& path, bool force)> draw = {};   // if it can be drawn
};

}  // namespace elm
