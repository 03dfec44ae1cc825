#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kernels/io/toml_config.h"
#include "tasks/report/html_page.h"
#include "tasks/report/plot.h"
#include "tasks/report/table.h"

namespace elm {

/// What a page on a comparison shows.
struct ComparisonPage {
    std::string title;
    std::string verdict;  // one sentence
    html::Facts facts;
    std::vector<std::pair<std::string, Table>> tables;  // with what they are called
    std::vector<Figure> figures;
    std::string commands;  // that make it, or parts of it, again
    Config config;
};

/// One HTML file that needs no other; its tables can be sorted. Throws Error{exists} if `path` is
/// there and `force` is false, Error{write}.
void write_page(const ComparisonPage& page, const std::string& path, bool force);

}  // namespace elm
