#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tasks/report/plot.h"
#include "tasks/report/table.h"

/// Pages that stand alone: one HTML file that needs no other, in the light or dark scheme of the
/// browser, on a phone too. All but page() make parts of one.
namespace elm::html {

/// Text as it stands between tags and in attributes.
std::string escaped(const std::string& text);

/// Names and values; what follows under the same name is one entry more of it.
using Facts = std::vector<std::pair<std::string, std::string>>;
std::string facts(const Facts& facts);

/// Columns that begin like numbers stand to the right.
std::string table(const Table& table);

/// A script of the page that sorts the rows of a table by the column whose name is clicked, or
/// chosen by the keyboard: numbers as numbers, the other way at the second time.
std::string sorting_script();

/// The whole of a page; `header` and `body` are parts.
std::string page(const std::string& title, const std::string& header, const std::string& body);

/// The pictures of a page.
class Pictures {
public:
    /// A figure of the page. Without gnuplot a sentence that says so, once; then nothing.
    std::string add(const Figure& figure);

private:
    bool can_draw_ = true;
};

}  // namespace elm::html
