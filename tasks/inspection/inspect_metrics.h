#pragma once

#include <string>

#include "tasks/inspection/findings.h"

namespace elm {

/// True for a name that ends in .jsonl.
bool is_metrics_name(const std::string& path);

/// How far a fit came, and the last values of each split, by its stream of metrics: one object a
/// line with "step" and "split". Throws Error{data} naming the line that is none.
Findings inspect_metrics(const std::string& path);

/// The last line of metrics about the validation samples, for people; empty where there is none
/// yet. Lines that are cut are left out.
std::string last_validation(const std::string& path);

}  // namespace elm
