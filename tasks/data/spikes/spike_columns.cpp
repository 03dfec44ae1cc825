#include "tasks/data/spikes/spike_columns.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <fstream>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "tasks/data/spikes/spike_listing.h"

namespace elm {
namespace {

constexpr std::string_view blanks = " \t";
constexpr int lines_looked_at = 1000;  // for fractions where no line names the columns
constexpr const char* example = "such as 'time_ms,unit'";

constexpr std::array<std::string_view, 11> time_names{
    "time",        "times",     "t",          "timestamp", "timestamps", "spike_time",
    "spike_times", "spiketime", "spiketimes", "spike_t",   "spikes"};
constexpr std::array<std::string_view, 26> unit_names{
    "unit",  "units",   "unit_id", "unit_ids", "node",    "nodes",   "node_id", "node_ids",  "gid",
    "gids",  "id",      "ids",     "sender",   "senders", "neuron",  "neurons", "neuron_id", "cell",
    "cells", "cell_id", "channel", "channels", "input",   "synapse", "index",   "neuron_ids"};
constexpr std::array<std::string_view, 3> population_names{"population", "populations", "pop"};

[[noreturn]] void fail(const std::string& path, std::int64_t line, std::int64_t column,
                       const std::string& what) {
    throw Error(ErrorKind::data, fmt::format("{}:{}:{}: {}", path, line, column, what));
}

std::string_view trimmed(std::string_view text, std::string_view letters = blanks) {
    const std::size_t begin = text.find_first_not_of(letters);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(letters) - begin + 1);
}

/// The name of a column in small letters, and the unit of time in it: "Time (s)", "t [ms]",
/// "spike_times_us", "time/ms".
struct ColumnName {
    std::string name, unit;
};

ColumnName parse_column_name(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    ColumnName column{lower, {}};
    if (const std::size_t open = lower.find_first_of("([/"); open != std::string::npos) {
        column = {lower.substr(0, open), lower.substr(open + 1)};
        column.unit = column.unit.substr(0, column.unit.find_first_of(")]"));
    } else if (const std::size_t mark = lower.find_last_of("_ "); mark != std::string::npos) {
        if (ms_per_time_unit(lower.substr(mark + 1))) {
            column = {lower.substr(0, mark), lower.substr(mark + 1)};
        }
    }
    column.name = trimmed(column.name, " \t_");
    std::replace_if(
        column.name.begin(), column.name.end(), [](char letter) { return letter == ' '; }, '_');
    if (!column.unit.empty() && column.name.ends_with("_in")) {
        column.name.resize(column.name.size() - 3);
    }
    return column;
}

template <class Names>
bool contains(const Names& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

char separator_of(std::string_view line) {
    for (const char separator : {';', '\t', ','}) {
        if (line.find(separator) != std::string_view::npos) return separator;
    }
    return ' ';
}

/// "time (s) unit" between blanks: a unit belongs to the name before it.
void join_units(std::vector<TextField>& fields) {
    for (std::size_t at = 1; at < fields.size(); ++at) {
        const std::string_view unit = fields[at].text;
        if (!unit.starts_with('(') && !unit.starts_with('[')) continue;
        const char* const begin = fields[at - 1].text.data();
        fields[at - 1].text = {begin, static_cast<std::size_t>(unit.data() + unit.size() - begin)};
        fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(at--));
    }
}

/// Takes the columns from a line of names; false if it names no time or no unit.
bool take_names(SpikeColumns& table, const TextFile& file, std::string_view line,
                std::int64_t number) {
    std::vector<TextField> fields;
    table.separator = separator_of(line);
    split_fields(line, table.separator, fields);
    if (table.separator == ' ') join_units(fields);
    std::vector<std::size_t> times, units;
    for (std::size_t at = 0; at < fields.size(); ++at) {
        const ColumnName column = parse_column_name(fields[at].text);
        if (contains(time_names, column.name)) {
            times.push_back(at);
            table.time_unit = column.unit;
        } else if (contains(unit_names, column.name)) {
            units.push_back(at);
        } else if (contains(population_names, column.name)) {
            table.population = at;
        }
    }
    if (times.empty() || units.empty()) return false;
    for (const auto* columns : {&times, &units}) {
        if (columns->size() == 1) continue;
        fail(file.path, number, fields[(*columns)[1]].column,
             fmt::format("'{}' and '{}' both name the {}. Rename one of the columns.",
                         fields[(*columns)[0]].text, fields[(*columns)[1]].text,
                         columns == &times ? "time" : "unit"));
    }
    table.n_columns = fields.size();
    table.time = times[0];
    table.unit = units[0];
    if (!table.time_unit.empty()) {
        table.ms_per_unit = require_time_unit(
            table.time_unit,
            fmt::format("{}:{}:{}: the time", file.path, number, fields[table.time].column));
    }
    table.has_names = true;
    return true;
}

bool is_whole(std::string_view text) {
    const auto number = read_number(text);
    return number && *number == std::floor(*number);
}

/// Two columns of numbers that nobody named, `lines` standing at the first.
void take_unnamed(SpikeColumns& table, const TextFile& file, TableLines& lines,
                  std::vector<TextField>& fields) {
    if (fields.size() != 2) {
        fail(file.path, lines.number(), 1,
             fmt::format("{} columns without names, expected two: time in ms and unit. Put a line "
                         "with their names above, {}.",
                         fields.size(), example));
    }
    if (file.path.ends_with(".gdf")) {
        std::swap(table.time, table.unit);
        return;
    }
    bool first_whole = true, second_whole = true;
    std::int64_t number = lines.number();
    for (int looked = 0; looked < lines_looked_at; ++looked) {
        if (fields.size() == 2) {
            first_whole = first_whole && is_whole(fields[0].text);
            second_whole = second_whole && is_whole(fields[1].text);
            if (first_whole && !second_whole) number = lines.number();
        }
        if (!lines.next()) break;
        split_fields(lines.text(), table.separator, fields);
    }
    if (first_whole && second_whole && file.path.ends_with(".dat")) {
        fail(file.path, number, 1,
             "two columns of whole numbers, which may be time in ms and unit or, as NEST writes "
             "such files, unit and time. Put a line with the names of the columns above, such as "
             "'unit,time_ms'.");
    }
    if (first_whole && !second_whole) {
        fail(file.path, number, 1,
             "whole numbers before fractions, where time in ms and unit are expected. Put a line "
             "with the names of the columns above, such as 'unit,time_ms'.");
    }
}

}  // namespace

TextFile text_file(const std::string& path) {
    return {path, [path]() -> std::unique_ptr<std::istream> {
                return std::make_unique<std::ifstream>(path, std::ios::binary);
            }};
}

TableLines::TableLines(const TextFile& file) : path_(file.path), input_(file.open()) {
    if (!*input_) throw Error(ErrorKind::data, fmt::format("{}: there is no such file.", path_));
}

bool TableLines::next() {
    while (std::getline(*input_, line_)) {
        ++number_;
        text_ = line_;
        if (number_ == 1 && text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
        if (const std::size_t mark = text_.find_first_of("#%"); mark != std::string_view::npos) {
            comment_ = trimmed(text_.substr(mark), "#% \t\r");
            text_ = text_.substr(0, mark);
        }
        // Tabs in front of a field are separators: only those of an empty line are blanks.
        text_ = text_.substr(0, text_.find_last_not_of(" \r") + 1);
        if (!trimmed(text_).empty()) return true;
    }
    if (input_->bad()) throw Error(ErrorKind::data, fmt::format("{} cannot be read.", path_));
    return false;
}

void split_fields(std::string_view line, char separator, std::vector<TextField>& fields) {
    fields.clear();
    const std::string_view between = separator == ' ' ? blanks : std::string_view(&separator, 1);
    for (std::size_t begin = 0; begin <= line.size();) {
        const std::size_t end = std::min(line.size(), line.find_first_of(between, begin));
        const std::string_view field = trimmed(line.substr(begin, end - begin), " \t\"'");
        const bool is_blank = field.empty() && separator == ' ';
        if (!is_blank) {
            const char* const place = field.empty() ? line.data() + begin : field.data();
            fields.push_back({field, place - line.data() + 1});
        }
        begin = end + 1;
    }
    if (!fields.empty() && fields.back().text.empty() && separator == '\t') fields.pop_back();
}

std::optional<double> read_number(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
    return number;
}

SpikeColumns find_spike_columns(const TextFile& file) {
    TableLines lines(file);
    SpikeColumns table;
    if (!lines.next()) {
        throw Error(ErrorKind::data, fmt::format("{} holds no spikes: expected lines with a time "
                                                 "in ms and a unit.",
                                                 file.path));
    }
    std::vector<TextField> fields;
    table.separator = separator_of(lines.text());
    split_fields(lines.text(), table.separator, fields);
    const auto odd = std::find_if(fields.begin(), fields.end(),
                                  [](const TextField& field) { return !read_number(field.text); });
    if (odd == fields.end()) {
        table.first_line = lines.number();
        SpikeColumns named = table;
        const bool is_named = take_names(named, file, lines.comment(), lines.number());
        if (!is_named || named.n_columns != fields.size()) {
            take_unnamed(table, file, lines, fields);
            return table;
        }
        named.separator = table.separator;
        return named;
    }
    if (!take_names(table, file, lines.text(), lines.number())) {
        const bool has_number = std::any_of(fields.begin(), fields.end(), [](const auto& field) {
            return read_number(field.text).has_value();
        });
        fail(file.path, lines.number(), odd->column,
             has_number
                 ? fmt::format("'{}' is no number.", odd->text)
                 : fmt::format("'{}' does not name the columns of time and unit. Expected a line "
                               "{}, or two columns of numbers, time in ms and unit.",
                               lines.text(), example));
    }
    table.first_line = lines.number() + 1;
    return table;
}

}  // namespace elm
