#include "neuron/cable/swc_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "kernels/core/check.h"
#include "neuron/cable/morphology_text.h"

namespace elm::cable {
namespace {

constexpr std::array<std::string_view, swc_columns> column_names{
    "an id", "a type", "x", "y", "z", "a radius", "the id of a parent"};
constexpr std::size_t index_of(SwcColumn column) { return static_cast<std::size_t>(column); }

/// What the numbers of a row refer to, before ids are looked up.
struct RawRow {
    int type = 0;
    std::int64_t parent_id = 0;
};

class RowReader {
public:
    RowReader(std::string_view text, const std::string& origin) : text_(text) {
        result_.origin = origin;
    }

    SwcRows read() {
        read_lines();
        if (result_.rows.empty()) {
            fail_at(result_.origin, {},
                    "there is no point; expected lines \"id type x y z radius "
                    "parent\"");
        }
        find_parents();
        find_children();
        walk();
        return std::move(result_);
    }

private:
    void read_lines() {
        std::size_t line = 0, begin = 0;
        if (text_.substr(0, 3) == "\xEF\xBB\xBF") begin = 3;  // mark of UTF-8
        while (begin < text_.size()) {
            const std::size_t end = std::min(text_.find('\n', begin), text_.size());
            read_line(text_.substr(begin, end - begin), ++line);
            begin = end + 1;
        }
    }

    void read_line(std::string_view text, std::size_t line) {
        text = text.substr(0, text.find('#'));
        SwcRow row;
        row.line = line;
        std::array<double, swc_columns> values{};
        std::size_t count = 0, at = 0;
        constexpr std::string_view space = " \t\r\f\v,";
        while ((at = text.find_first_not_of(space, at)) != std::string_view::npos) {
            const std::size_t stop = std::min(text.find_first_of(space, at), text.size());
            const TextPlace place{line, at + 1};
            if (count == swc_columns) {
                fail_at(result_.origin, place,
                        "an eighth column; expected \"id type x y z radius parent\"");
            }
            values[count] = parse_number(text.substr(at, stop - at), column_names[count],
                                         result_.origin, place);
            row.columns[count++] = static_cast<std::uint32_t>(
                std::min<std::size_t>(at + 1, std::numeric_limits<std::uint32_t>::max()));
            at = stop;
        }
        if (count == 0) return;
        if (count < swc_columns) {
            fail_at(result_.origin, {line, text.size() + 1},
                    fmt::format("the line ends after {} columns; expected \"id type x y z radius "
                                "parent\"",
                                count));
        }
        const auto fail = [&](SwcColumn column, std::string_view message) {
            fail_at(result_.origin, {line, row.columns[index_of(column)]}, message);
        };
        for (const SwcColumn column : {SwcColumn::id, SwcColumn::type, SwcColumn::parent}) {
            const double value = values[index_of(column)];
            if (value != std::floor(value) || std::abs(value) > 1e15) {
                fail(column, fmt::format("expected {} as a whole number, got {}",
                                         column_names[index_of(column)], value));
            }
        }
        row.id = static_cast<std::int64_t>(values[index_of(SwcColumn::id)]);
        if (row.id < 0) fail(SwcColumn::id, fmt::format("id {} is below 0", row.id));
        const double type = values[index_of(SwcColumn::type)];
        if (type < 1 || type > 6) {
            fail(SwcColumn::type, fmt::format("type {} is not known; expected 1 (soma), 2 (axon), "
                                              "3 (basal), 4 (apical), 5 (fork) or 6 (end)",
                                              type));
        }
        const double radius = values[index_of(SwcColumn::radius)];
        if (!(radius > 0) || !std::isfinite(2 * radius)) {
            fail(SwcColumn::radius,
                 fmt::format("the radius is {} um; expected more than 0, and finite", radius));
        }
        row.point = {values[index_of(SwcColumn::x)], values[index_of(SwcColumn::y)],
                     values[index_of(SwcColumn::z)], 2 * radius};
        result_.rows.push_back(row);
        raw_.push_back({static_cast<int>(type),
                        static_cast<std::int64_t>(values[index_of(SwcColumn::parent)])});
    }

    /// Fills SwcRow::parent and the root.
    void find_parents() {
        std::vector<SwcRow>& rows = result_.rows;
        std::vector<std::size_t> by_id(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) by_id[i] = i;
        std::stable_sort(by_id.begin(), by_id.end(),
                         [&](std::size_t a, std::size_t b) { return rows[a].id < rows[b].id; });
        for (std::size_t i = 1; i < by_id.size(); ++i) {
            if (rows[by_id[i]].id != rows[by_id[i - 1]].id) continue;
            result_.fail(by_id[i], SwcColumn::id,
                         fmt::format("id {} stands twice, first in line {}", rows[by_id[i]].id,
                                     rows[by_id[i - 1]].line));
        }
        std::optional<std::size_t> root;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::int64_t parent = raw_[i].parent_id;
            if (parent == -1) {
                if (root) {
                    result_.fail(i, SwcColumn::parent,
                                 fmt::format("a second point without a parent (the first stands in "
                                             "line {}): these are two trees. Expected one, "
                                             "connected to its soma",
                                             rows[*root].line));
                }
                root = i;
                rows[i].parent = i;
                continue;
            }
            const auto found = std::lower_bound(
                by_id.begin(), by_id.end(), parent,
                [&](std::size_t row, std::int64_t id) { return rows[row].id < id; });
            if (found == by_id.end() || rows[*found].id != parent) {
                result_.fail(i, SwcColumn::parent,
                             fmt::format("there is no point with id {}, the parent of {}", parent,
                                         rows[i].id));
            }
            rows[i].parent = *found;
        }
        if (!root) {
            result_.fail(0, SwcColumn::parent,
                         "no point has the parent -1, so all hang on each other in a cycle; "
                         "expected one root");
        }
        result_.root = *root;
    }

    void find_children() {
        const std::vector<SwcRow>& rows = result_.rows;
        std::vector<std::size_t>& begin = result_.child_begin;
        begin.assign(rows.size() + 1, 0);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (i != result_.root) ++begin[rows[i].parent + 1];
        }
        for (std::size_t i = 0; i < rows.size(); ++i) begin[i + 1] += begin[i];
        std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
        result_.children.resize(rows.size() - 1);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (i != result_.root) result_.children[next[rows[i].parent]++] = i;
        }
    }

    /// Visits parents before children: fills the regions and finds what is not reached.
    void walk() {
        std::vector<SwcRow>& rows = result_.rows;
        if (raw_[result_.root].type != 1) fail_without_soma();
        std::vector<char> seen(rows.size(), 0);
        std::vector<std::size_t> waiting{result_.root};
        std::size_t count = 0;
        while (!waiting.empty()) {
            const std::size_t at = waiting.back();
            waiting.pop_back();
            seen[at] = 1;
            ++count;
            set_region(at);
            for (const std::size_t child : result_.children_of(at)) waiting.push_back(child);
        }
        if (count == rows.size()) return;
        // A point that is not reached hangs on a cycle: its ancestors lead into it.
        std::size_t at = 0;
        while (seen[at] != 0) ++at;
        for (; seen[at] == 0; at = rows[at].parent) seen[at] = 1;
        result_.fail(
            at, SwcColumn::parent,
            fmt::format("point {} is its own ancestor: a cycle. Expected a tree", rows[at].id));
    }

    void set_region(std::size_t at) {
        SwcRow& row = result_.rows[at];
        const Region above = result_.rows[row.parent].region;
        constexpr std::array regions{Region::soma, Region::axon, Region::basal, Region::apical};
        const int type = raw_[at].type;
        row.region = type <= 4 ? regions[static_cast<std::size_t>(type - 1)] : above;
        if (row.region == Region::soma && above != Region::soma) {
            result_.fail(at, SwcColumn::type,
                         "a point of the soma hangs on a neurite: a second soma. Expected one");
        }
    }

    [[noreturn]] void fail_without_soma() const {
        for (std::size_t i = 0; i < raw_.size(); ++i) {
            if (raw_[i].type != 1) continue;
            result_.fail(result_.root, SwcColumn::type,
                         fmt::format("the tree begins with type {}, but its soma stands in line "
                                     "{}. Expected the soma (type 1) as the root",
                                     raw_[result_.root].type, result_.rows[i].line));
        }
        result_.fail(result_.root, SwcColumn::type,
                     "there is no soma: no point has type 1. Expected the soma as the root");
    }

    std::string_view text_;
    SwcRows result_;
    std::vector<RawRow> raw_;
};

}  // namespace

void SwcRows::fail(std::size_t row, SwcColumn column, std::string_view message) const {
    fail_at(origin, {rows[row].line, rows[row].columns[index_of(column)]}, message);
}

SwcRows read_swc_rows(std::string_view text, const std::string& origin) {
    require_text(text, origin);
    return RowReader(text, origin).read();
}

}  // namespace elm::cable
