#pragma once

#include <limits>
#include <string>
#include <vector>

#include "tasks/report/results_writer.h"

namespace elm {

/// A table of text cells for people and for scripts. A number that is none, as a score of nothing,
/// is shown as "-" and is null in records.
class Table {
public:
    explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
    /// A row has as many cells as the header.
    void add(std::vector<std::string> cells);
    bool empty() const noexcept { return rows_.size() == 1; }

    /// Columns aligned with spaces; cells that start like a number stand to the right. Where that
    /// is wider than `width` letters, the last column has lines of its own below the others.
    std::string to_text(std::size_t width = std::numeric_limits<std::size_t>::max()) const;
    std::string to_markdown() const;
    /// RFC 4180: quotes where a cell needs them.
    std::string to_csv() const;
    /// One object per row, named by the header; numbers as numbers.
    std::vector<Record> to_records() const;

    /// The header and the rows as people see them.
    std::vector<std::vector<std::string>> shown_rows() const;
    /// Columns whose cells all start like a number.
    std::vector<bool> numeric_columns() const;

private:
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace elm
