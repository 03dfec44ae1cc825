#pragma once

#include <string>

#include "tasks/validation/check.h"

namespace elm {

/// One HTML file with the table and the pictures in it. Without gnuplot the pictures are left out,
/// and the page says so. Throws Error{invalid} if `path` exists and `force` is false, Error{write}.
void write_report_page(const ValidationReport& report, const std::string& title,
                       const std::string& path, bool force);

}  // namespace elm
