#include "neuron/cable/swc_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/core/check.h"
#include "neuron/cable/morphology_edit.h"
#include "neuron/cable/swc_rows.h"

namespace elm::cable {
namespace {

/// Makes sections of the rows of one tree.
class Builder {
public:
    Builder(const SwcRows& rows, const std::string& origin) : rows_(rows), origin_(origin) {}

    Morphology build() {
        if (soma_is_cylinder()) {
            add_cylinder();
        } else {
            add_run({rows_.root, -1, 1});
        }
        while (!waiting_.empty()) {
            const Start start = waiting_.back();
            waiting_.pop_back();
            add_run(start);
        }
        Morphology result = ordered_by_region({origin_, std::move(sections_)});
        check_morphology(result);
        return result;
    }

private:
    /// A run that is still to be read: its first own row, and where it begins.
    struct Start {
        std::size_t row;
        int parent;
        double parent_x;
    };

    const SwcRow& row(std::size_t index) const { return rows_.rows[index]; }
    std::vector<std::size_t> soma_children(std::size_t index) const {
        std::vector<std::size_t> result;
        for (const std::size_t child : rows_.children_of(index)) {
            if (row(child).region == Region::soma) result.push_back(child);
        }
        return result;
    }

    bool soma_is_cylinder() const {
        const std::vector<std::size_t> ends = soma_children(rows_.root);
        if (ends.empty()) return true;
        if (ends.size() != 2) return false;
        const MorphologyPoint& centre = row(rows_.root).point;
        return std::all_of(ends.begin(), ends.end(), [&](std::size_t end) {
            const MorphologyPoint& point = row(end).point;
            const double distance =
                std::hypot(point.x - centre.x, point.y - centre.y, point.z - centre.z);
            // Files hold two or three decimals.
            const double radius = centre.diameter / 2, slack = 0.01 * radius + 0.01;
            return soma_children(end).empty() && std::abs(distance - radius) <= slack &&
                   std::abs(point.diameter / 2 - radius) <= slack;
        });
    }

    void add_cylinder() {
        const MorphologyPoint centre = row(rows_.root).point;
        const std::vector<std::size_t> ends = soma_children(rows_.root);
        MorphologyPoint first = centre, last = centre;
        if (ends.empty()) {
            first.x -= centre.diameter / 2;
            last.x += centre.diameter / 2;
        } else {
            first = row(ends[0]).point;
            last = row(ends[1]).point;
            first.diameter = last.diameter = centre.diameter;
        }
        sections_.push_back({"", Region::soma, -1, 1, {first, centre, last}});
        std::vector<std::size_t> members{rows_.root};
        members.insert(members.end(), ends.begin(), ends.end());
        add_neurites(members, 0);
    }

    /// Neurites on rows of soma section `soma`, to be read in the order of the file.
    void add_neurites(const std::vector<std::size_t>& members, int soma) {
        std::vector<Start> starts;
        for (const std::size_t member : members) {
            for (const std::size_t child : rows_.children_of(member)) {
                if (row(child).region != Region::soma) starts.push_back({child, soma, 0.5});
            }
        }
        push_reversed(starts);
    }

    void push_reversed(const std::vector<Start>& starts) {
        waiting_.insert(waiting_.end(), starts.rbegin(), starts.rend());
    }

    /// The row that continues the run after `index`, or rows_.size() if it ends there.
    std::size_t next_of_run(std::size_t index) const {
        const bool soma = row(index).region == Region::soma;
        std::size_t next = rows_.rows.size(), count = 0;
        for (const std::size_t child : rows_.children_of(index)) {
            if (soma && row(child).region != Region::soma) continue;
            // At the root of a soma the first branch goes on, the others begin at its start.
            if (++count == 1) next = child;
        }
        const bool goes_on = count == 1 || (count > 1 && index == rows_.root);
        if (!goes_on || row(next).region != row(index).region) return rows_.rows.size();
        return next;
    }

    void add_run(const Start& start) {
        Section section{"", row(start.row).region, start.parent, start.parent_x, {}};
        std::vector<std::size_t> members{start.row};
        for (std::size_t next = next_of_run(start.row); next < rows_.rows.size();
             next = next_of_run(next)) {
            members.push_back(next);
        }
        const bool on_soma =
            start.parent >= 0 && section.region != Region::soma && start.parent_x == 0.5;
        if (start.parent >= 0 && (!on_soma || members.size() == 1)) {
            MorphologyPoint begin = row(row(start.row).parent).point;
            begin.diameter = row(start.row).point.diameter;
            section.points.push_back(begin);
        }
        for (const std::size_t member : members) section.points.push_back(row(member).point);
        if (section.region == Region::soma && section.points.size() == 1) {
            rows_.fail(start.row, SwcColumn::id,
                       "the soma has one point here and branches; expected a line of points");
        }
        const double length = length_of(section);
        if (!(length > 0) || !std::isfinite(length)) {
            rows_.fail(start.row, SwcColumn::x,
                       fmt::format("the branch that begins here has length {} um; expected more "
                                   "than 0, and finite",
                                   length));
        }
        const int index = static_cast<int>(sections_.size());
        const bool soma = section.region == Region::soma;
        sections_.push_back(std::move(section));

        std::vector<Start> starts;
        for (const std::size_t child : rows_.children_of(members.back())) {
            if (!soma || row(child).region == Region::soma) starts.push_back({child, index, 1});
        }
        if (soma && start.row == rows_.root) {
            const std::vector<std::size_t> others = soma_children(rows_.root);
            for (std::size_t i = 1; i < others.size(); ++i) starts.push_back({others[i], index, 0});
        }
        push_reversed(starts);
        if (soma) add_neurites(members, index);
    }

    const SwcRows& rows_;
    const std::string& origin_;
    std::vector<Section> sections_;
    std::vector<Start> waiting_;  // the next one last
};

}  // namespace

Morphology read_swc(std::string_view text, const std::string& origin) {
    const SwcRows rows = read_swc_rows(text, origin);
    return Builder(rows, origin).build();
}

}  // namespace elm::cable
