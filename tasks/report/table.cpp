#include "tasks/report/table.h"

#include <algorithm>
#include <cctype>

#include <fmt/core.h>

#include "kernels/core/check.h"
#include "kernels/core/toml_config.h"

namespace elm {
namespace {

bool is_numeric(const std::string& cell) {
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

std::string Table::to_text() const {
    const std::size_t n_columns = rows_.front().size();
    std::vector<std::size_t> width(n_columns, 0);
    std::vector<bool> right(n_columns, rows_.size() > 1);
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        for (std::size_t column = 0; column < n_columns; ++column) {
            const std::string& cell = rows_[row][column];
            width[column] = std::max(width[column], cell.size());
            if (row > 0 && !cell.empty() && !is_numeric(cell)) right[column] = false;
        }
    }
    std::string text;
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t column = 0; column < n_columns; ++column) {
            if (column > 0) line += "  ";
            line += right[column] ? fmt::format("{:>{}}", row[column], width[column])
                                  : fmt::format("{:<{}}", row[column], width[column]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

std::string Table::to_markdown() const {
    std::string text;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        for (const std::string& cell : rows_[row]) text += "| " + cell + " ";
        text += "|\n";
        if (row > 0) continue;
        for (std::size_t column = 0; column < rows_.front().size(); ++column) text += "| --- ";
        text += "|\n";
    }
    return text;
}

std::string Table::to_csv() const {
    std::string text;
    for (const auto& row : rows_) {
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
