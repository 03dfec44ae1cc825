#include "neuron/cable/shape/swc_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>

#include "kernels/core/support/check.h"
#include "kernels/io/counted.h"
#include "neuron/cable/shape/morphology_text.h"
#include "neuron/cable/shape/traced_tree.h"

namespace elm::cable {
namespace {

constexpr std::array<std::string_view, swc_columns> column_names{
    "an id", "a type", "x", "y", "z", "a radius", "the id of a parent"};
constexpr std::size_t index_of(SwcColumn column) { return static_cast<std::size_t>(column); }

class RowReader {
public:
    RowReader(std::string_view text, const std::string& origin) : text_(text), origin_(origin) {}

    SwcRows read() {
        read_lines();
        if (rows_.empty()) {
            fail_at(origin_, {},
                    "there is no point; expected lines \"id type x y z radius "
                    "parent\"");
        }
        find_parents();
        begin_at_soma();
        find_children();
        order_rows();
        name_regions();
        return std::move(result_);
    }

private:
    void read_lines() {
        std::size_t line = 0, begin = 0;
        if (text_.substr(0, 3) == "\xEF\xBB\xBF") begin = 3;  // mark of UTF-8
        while (begin < text_.size()) {
            // Lines end as on any system: with LF, CR LF or CR.
            const std::size_t end = std::min(text_.find_first_of("\r\n", begin), text_.size());
            read_line(text_.substr(begin, end - begin), ++line);
            begin = end + (text_.substr(end, 2) == "\r\n" ? 2 : 1);
        }
    }

    /// Commas may separate columns, but not beside blanks that do.
    void refuse_decimal_commas(std::string_view text, std::size_t line) const {
        const auto is_digit = [](char letter) { return letter >= '0' && letter <= '9'; };
        bool has_blank = false;
        std::size_t comma = 0;
        for (std::size_t at = 1; at + 1 < text.size(); ++at) {
            const bool between = is_digit(text[at - 1]) && is_digit(text[at + 1]);
            if (text[at] == ',' && between && comma == 0) comma = at;
            const bool blank = text[at] == ' ' || text[at] == '\t';
            has_blank = has_blank || (blank && is_digit(text[at - 1]) && text[at + 1] != ',');
        }
        if (comma == 0 || !has_blank) return;
        fail_at(origin_, {line, comma + 1},
                "a comma inside a number, in a line whose columns stand between blanks. Write "
                "decimals with a point");
    }

    /// Columns after the seventh are those of some extension and are not read.
    void read_line(std::string_view text, std::size_t line) {
        text = text.substr(0, text.find('#'));
        refuse_decimal_commas(text, line);
        SwcRow row;
        row.line = line;
        std::array<double, swc_columns> values{};
        std::size_t count = 0, at = 0;
        constexpr std::string_view space = " \t\r\f\v,";
        while (count < swc_columns &&
               (at = text.find_first_not_of(space, at)) != std::string_view::npos) {
            const std::size_t stop = std::min(text.find_first_of(space, at), text.size());
            values[count] = parse_number(text.substr(at, stop - at), column_names[count], origin_,
                                         {line, at + 1});
            row.columns[count++] = static_cast<std::uint32_t>(
                std::min<std::size_t>(at + 1, std::numeric_limits<std::uint32_t>::max()));
            at = stop;
        }
        if (count == 0) return;
        if (count < swc_columns) {
            fail_at(origin_, {line, text.size() + 1},
                    fmt::format("the line ends after {} columns; expected \"id type x y z radius "
                                "parent\"",
                                count));
        }
        for (const SwcColumn column : {SwcColumn::id, SwcColumn::type, SwcColumn::parent}) {
            const double value = values[index_of(column)];
            if (value != std::floor(value) || std::abs(value) > 1e15) {
                fail(row, column,
                     fmt::format("expected {} as a whole number, got {}",
                                 column_names[index_of(column)], value));
            }
        }
        row.id = static_cast<std::int64_t>(values[index_of(SwcColumn::id)]);
        if (row.id < 0) fail(row, SwcColumn::id, fmt::format("id {} is below 0", row.id));
        row.type = static_cast<std::int64_t>(values[index_of(SwcColumn::type)]);
        const double radius = values[index_of(SwcColumn::radius)];
        if (!(radius >= 0) || !std::isfinite(2 * radius)) {
            fail(row, SwcColumn::radius,
                 fmt::format("the radius is {} um; expected 0 or more, and finite", radius));
        }
        row.point = {values[index_of(SwcColumn::x)], values[index_of(SwcColumn::y)],
                     values[index_of(SwcColumn::z)], 2 * radius};
        rows_.push_back(row);
        parent_ids_.push_back(static_cast<std::int64_t>(values[index_of(SwcColumn::parent)]));
    }

    /// Sorts rows by id, and fills SwcRow::parent and the root.
    void find_parents() {
        std::vector<std::size_t> by_id(rows_.size());
        std::iota(by_id.begin(), by_id.end(), std::size_t{0});
        std::stable_sort(by_id.begin(), by_id.end(),
                         [&](std::size_t a, std::size_t b) { return rows_[a].id < rows_[b].id; });
        std::vector<SwcRow> rows;
        std::vector<std::int64_t> parent_ids;
        for (const std::size_t at : by_id) {
            rows.push_back(rows_[at]);
            parent_ids.push_back(parent_ids_[at]);
        }
        rows_ = std::move(rows);
        for (std::size_t i = 1; i < rows_.size(); ++i) {
            if (rows_[i].id != rows_[i - 1].id) continue;
            fail(rows_[i], SwcColumn::id,
                 fmt::format("id {} stands twice, first in line {}", rows_[i].id,
                             rows_[i - 1].line));
        }
        std::optional<std::size_t> root;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (parent_ids[i] < 0) {
                if (root) fail_second_root(i, *root);
                root = i;
                rows_[i].parent = i;
                continue;
            }
            const auto found =
                std::lower_bound(rows_.begin(), rows_.end(), parent_ids[i],
                                 [](const SwcRow& row, std::int64_t id) { return row.id < id; });
            if (found == rows_.end() || found->id != parent_ids[i]) {
                fail(rows_[i], SwcColumn::parent,
                     fmt::format("there is no point with id {}, the parent of {}. The root has the "
                                 "parent -1",
                                 parent_ids[i], rows_[i].id));
            }
            rows_[i].parent = static_cast<std::size_t>(found - rows_.begin());
        }
        if (!root) {
            fail(rows_[0], SwcColumn::parent,
                 "no point has the parent -1, so all hang on each other in a cycle; "
                 "expected one root");
        }
        root_ = *root;
    }

    [[noreturn]] void fail_second_root(std::size_t second, std::size_t first) const {
        const auto distance = [&](const SwcRow& row) {
            const MorphologyPoint &a = row.point, &b = rows_[second].point;
            return std::hypot(a.x - b.x, a.y - b.y, a.z - b.z);
        };
        const auto nearest = std::min_element(
            rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(second),
            [&](const SwcRow& a, const SwcRow& b) { return distance(a) < distance(b); });
        fail(rows_[second], SwcColumn::parent,
             fmt::format("a second point without a parent (the first stands in line {}): these are "
                         "two trees. Expected one: take it out, or give it a parent (the nearest "
                         "point before it is {}, {:.1f} um away)",
                         rows_[first].line, nearest->id, distance(*nearest)));
    }

    /// Turns a tree round whose root is none of the soma.
    void begin_at_soma() {
        constexpr std::int64_t soma = 1;
        if (rows_[root_].type == soma) return;
        const auto first = std::find_if(rows_.begin(), rows_.end(),
                                        [](const SwcRow& row) { return row.type == soma; });
        if (first == rows_.end()) return;
        // A cycle on the way up is left as it is, and found later.
        std::vector<std::size_t> path{static_cast<std::size_t>(first - rows_.begin())};
        while (path.back() != root_ && path.size() <= rows_.size()) {
            path.push_back(rows_[path.back()].parent);
        }
        if (path.back() != root_) return;
        for (std::size_t k = path.size() - 1; k > 0; --k) rows_[path[k]].parent = path[k - 1];
        root_ = path.front();
        rows_[root_].parent = root_;
        result_.notes.push_back(fmt::format(
            "the soma (line {}) is not the root: the tree is read from it on", rows_[root_].line));
    }

    void find_children() {
        std::vector<std::size_t>& begin = result_.child_begin;
        begin.assign(rows_.size() + 1, 0);
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (i != root_) ++begin[rows_[i].parent + 1];
        }
        for (std::size_t i = 0; i < rows_.size(); ++i) begin[i + 1] += begin[i];
        std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
        result_.children.resize(rows_.size() - 1);
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (i != root_) result_.children[next[rows_[i].parent]++] = i;
        }
    }

    /// Depth first, if a parent does not stand before its child. Finds what is not reached.
    void order_rows() {
        std::vector<std::size_t> order, waiting{root_};
        std::vector<std::size_t> place(rows_.size(), rows_.size());
        while (!waiting.empty()) {
            const std::size_t at = waiting.back();
            waiting.pop_back();
            place[at] = order.size();
            order.push_back(at);
            const auto below = result_.children_of(at);
            waiting.insert(waiting.end(), below.rbegin(), below.rend());
        }
        if (order.size() < rows_.size()) fail_at_cycle(place);
        bool sorted = true;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            sorted = sorted && (i == root_ || rows_[i].parent < i);
        }
        if (sorted) {
            result_.rows = std::move(rows_);
            return;
        }
        for (const std::size_t at : order) {
            result_.rows.push_back(rows_[at]);
            result_.rows.back().parent = place[rows_[at].parent];
        }
        rows_ = result_.rows;
        root_ = 0;
        find_children();
    }

    /// A point that was not reached hangs on a cycle: its ancestors lead into it.
    [[noreturn]] void fail_at_cycle(const std::vector<std::size_t>& place) const {
        std::vector<char> seen(rows_.size(), 0);
        std::size_t at = 0;
        while (place[at] < rows_.size()) ++at;
        for (; seen[at] == 0; at = rows_[at].parent) seen[at] = 1;
        fail(rows_[at], SwcColumn::parent,
             fmt::format("point {} is its own ancestor: a cycle. Expected a tree", rows_[at].id));
    }

    /// Types other than the four are what they hang on; on the soma, and at the root, basal.
    void name_regions() {
        constexpr std::array regions{Region::soma, Region::axon, Region::basal, Region::apical};
        std::map<std::int64_t, std::size_t> others;
        std::size_t stray_somata = 0, line = 0;
        for (std::size_t i = 0; i < result_.rows.size(); ++i) {
            SwcRow& row = result_.rows[i];
            const Region above = i == 0 ? Region::soma : result_.rows[row.parent].region;
            if (row.type >= 1 && row.type <= 4) {
                row.region = regions[static_cast<std::size_t>(row.type - 1)];
            } else {
                row.region = above == Region::soma ? Region::basal : above;
                ++others[row.type];
            }
            if (row.region == Region::soma && above != Region::soma && stray_somata++ == 0) {
                line = row.line;
            }
        }
        if (!others.empty()) {
            std::string types;
            for (const auto& [type, count] : others) {
                types += fmt::format("{}{} ({})", types.empty() ? "" : ", ", type,
                                     counted(count, "point", "points"));
            }
            result_.notes.push_back(
                fmt::format("of no region known here: type {}; taken as what it hangs on, on the "
                            "soma as basal",
                            types));
        }
        if (stray_somata > 0) {
            result_.notes.push_back(
                fmt::format("a point of the soma hangs on a neurite in line {}: a second piece of "
                            "soma there",
                            line));
        }
    }

    [[noreturn]] void fail(const SwcRow& row, SwcColumn column, std::string_view message) const {
        fail_at(origin_, row.place(column), message);
    }

    std::string_view text_;
    const std::string& origin_;
    std::vector<SwcRow> rows_;
    std::vector<std::int64_t> parent_ids_;
    std::size_t root_ = 0;
    SwcRows result_;
};

}  // namespace

SwcRows read_swc_rows(std::string_view text, const std::string& origin) {
    require_text(text, origin);
    return RowReader(text, origin).read();
}

}  // namespace elm::cable
