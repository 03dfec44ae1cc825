#include "tasks/report/table.h"

#include <algorithm>
#include <cctype>
#include <numeric>

#include <fmt/core.h>

#include "kernels/core/support/check.h"
#include "kernels/io/toml_config.h"

namespace elm {
namespace {

constexpr char no_number = '-';

bool is_numeric(const std::string& cell) {
    if (cell.size() == 1 && cell.front() == no_number) return true;
    const std::size_t first = cell.starts_with('-') ? 1 : 0;
    return cell.size() > first && std::isdigit(static_cast<unsigned char>(cell[first])) != 0;
}

std::string quoted(const std::string& cell) {
    if (cell.find_first_of(",\"\n") == std::string::npos) return cell;
    std::string result = "\"";
    for (const char letter : cell) result += letter == '"' ? "\"\"" : std::string(1, letter);
    return result + '"';
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
    ELM_ASSERT(cells.size() == rows_.front().size());
    rows_.push_back(std::move(cells));
}

std::vector<std::vector<std::string>> Table::shown_rows() const {
    auto rows = rows_;
    for (auto& row : rows) {
        for (std::string& cell : row) {
            if (cell == "nan" || cell == "-nan") cell.assign(1, no_number);
        }
    }
    return rows;
}

std::vector<bool> Table::numeric_columns() const {
    const auto rows = shown_rows();
    std::vector<bool> numeric(rows.front().size(), rows.size() > 1);
    for (std::size_t row = 1; row < rows.size(); ++row) {
        for (std::size_t column = 0; column < numeric.size(); ++column) {
            const std::string& cell = rows[row][column];
            if (!cell.empty() && !is_numeric(cell)) numeric[column] = false;
        }
    }
    return numeric;
}

std::string Table::to_text(std::size_t most) const {
    const auto rows = shown_rows();
    const std::size_t n_columns = rows.front().size();
    std::vector<std::size_t> width(n_columns, 0);
    const std::vector<bool> right = numeric_columns();
    for (const auto& row : rows) {
        for (std::size_t column = 0; column < n_columns; ++column) {
            width[column] = std::max(width[column], row[column].size());
        }
    }
    constexpr const char *between = "  ", *below = "\n    ";
    const std::size_t total = std::accumulate(width.begin(), width.end(), 2 * (n_columns - 1));
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t column = 0; column < n_columns; ++column) {
            if (column > 0 && column + 1 == n_columns && total > most) {
                if (row[column].empty()) break;
                line.erase(line.find_last_not_of(' ') + 1);
                line += below;
            } else if (column > 0) {
                line += between;
            }
            line += right[column] ? fmt::format("{:>{}}", row[column], width[column])
                                  : fmt::format("{:<{}}", row[column], width[column]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

std::string Table::to_markdown() const {
    const auto rows = shown_rows();
    std::string text;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        for (const std::string& cell : rows[row]) text += "| " + cell + " ";
        text += "|\n";
        if (row > 0) continue;
        for (std::size_t column = 0; column < rows.front().size(); ++column) text += "| --- ";
        text += "|\n";
    }
    return text;
}

std::string Table::to_csv() const {
    std::string text;
    for (const auto& row : shown_rows()) {
        for (std::size_t column = 0; column < row.size(); ++column) {
            if (column > 0) text += ',';
            text += quoted(row[column]);
        }
        text += '\n';
    }
    return text;
}

std::vector<Record> Table::to_records() const {
    std::vector<Record> records;
    for (std::size_t row = 1; row < rows_.size(); ++row) {
        Record record;
        for (std::size_t column = 0; column < rows_[row].size(); ++column) {
            record.set(rows_.front()[column], parse_value(rows_[row][column]));
        }
        records.push_back(std::move(record));
    }
    return records;
}

}  // namespace elm
