#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tasks/validation/check.h"

namespace elm {

/// Head of a page.
struct ReportHead {
    std::string title;
    std::vector<std::pair<std::string, std::string>> facts;  // name and value: time, machine, ...
};

/// One HTML file that needs no other: the head, failed checks first, then for each family its
/// pictures and its checks. Without gnuplot the pictures are left out, and the page says so. Throws
/// Error{invalid} if `path` exists and `force` is false, Error{write}.
void write_report_page(const ValidationReport& report, const ReportHead& head,
                       const std::string& path, bool force);

}  // namespace elm
