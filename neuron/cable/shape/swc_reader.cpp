// Sections of an SWC tree. Rows stand in the order of the tracing, parents before children; a run
// is a row and those that follow, each the child of the one before it.

#include "neuron/cable/shape/swc_reader.h"

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "neuron/cable/shape/swc_rows.h"
#include "neuron/cable/shape/traced_tree.h"

namespace elm::cable {
namespace {

constexpr double sphere_tolerance = 0.01;  // files hold two or three decimals

class Builder {
public:
    explicit Builder(const SwcRows& rows) : rows_(rows), run_of_(rows.rows.size()) {
        soma_children_.resize(rows.rows.size(), 0);
        for (std::size_t i = 1; i < rows.rows.size(); ++i) {
            if (is_soma(i) && is_soma(row(i).parent)) ++soma_children_[row(i).parent];
        }
    }

    std::vector<TracedSection> build() {
        for (std::size_t first = 0; first < run_of_.size(); first = runs_.back().last + 1) {
            std::size_t last = first;
            if (first == 0 && is_sphere_of_three_points()) {
                last = 2;
            } else {
                while (goes_on(last)) ++last;
            }
            for (std::size_t i = first; i <= last; ++i) run_of_[i] = runs_.size();
            runs_.push_back({first, last});
            add_section(runs_.back());
        }
        return std::move(sections_);
    }

private:
    struct Run {
        std::size_t first, last;
    };
    /// Where a run begins on another, and whether the piece from there to its own first point is
    /// part of it.
    struct Joint {
        double parent_x = 1;
        bool has_piece = true;
    };

    const SwcRow& row(std::size_t index) const { return rows_.rows[index]; }
    bool is_soma(std::size_t index) const { return row(index).region == Region::soma; }
    bool follows(std::size_t index) const {  // the row before it is its parent
        return index < run_of_.size() && row(index).parent + 1 == index;
    }

    /// As NeuroMorpho.org writes a sphere: two points of its width on the first, as far apart as
    /// that is wide, and no other soma.
    bool is_sphere_of_three_points() const {
        if (run_of_.size() < 3 || !is_soma(0) || soma_children_[0] != 2) return false;
        double distance = 0;
        for (const std::size_t end : {std::size_t{1}, std::size_t{2}}) {
            if (!is_soma(end) || row(end).parent != 0 || !rows_.children_of(end).empty()) {
                return false;
            }
            const MorphologyPoint &a = row(0).point, &b = row(end).point;
            if (a.diameter != b.diameter) return false;
            distance += std::hypot(b.x - a.x, b.y - a.y, b.z - a.z);
        }
        return std::abs(distance / row(0).point.diameter - 1) < sphere_tolerance;
    }

    /// A place where a neurite begins: on the soma, or at the root of a cell without one. Others
    /// that hang there begin where it does.
    bool begins_neurite(std::size_t index) const {
        if (is_soma(index)) return false;
        return index == 0 || (index > 1 && is_soma(row(index).parent));
    }

    /// Whether the run of row `index` holds the next one, too.
    bool goes_on(std::size_t index) const {
        const std::size_t next = index + 1;
        if (!follows(next) || row(next).type != row(index).type) return false;
        // Neurites do not end a run of the soma; at its root the first branch goes on.
        if (is_soma(index)) return index == 0 || soma_children_[index] <= 1;
        const auto children = rows_.children_of(index);
        return children.size() == 1 ||
               (begins_neurite(index) && row(children.back()).type == row(index).type);
    }

    Joint joint_of(const Run& run) const {
        const std::size_t parent = row(run.first).parent;
        const std::size_t above_index = run_of_[parent];
        const Run& above = runs_[above_index];
        const bool on_soma = is_soma(above.first), leaves_soma = on_soma && !is_soma(run.first);
        const bool one_point = run.first == run.last, forks = soma_children_[parent] > 1;
        const bool on_sphere = sections_[above_index].section.points.size() == 1;
        if (begins_neurite(parent) && !follows(run.first) && follows(parent + 1)) return {0, true};
        if (above_index == 0 && leaves_soma && on_sphere) return {0.5, one_point};
        if (above_index == 0 && parent == 0) return {0, !(leaves_soma && forks)};
        if (!on_soma) return {};
        if (parent != above.last) return {0.5, !leaves_soma || one_point};
        return {1, !leaves_soma || one_point || !forks};
    }

    void add_section(const Run& run) {
        TracedSection traced{{"", row(run.first).region, -1, 1, {}}, {}};
        Section& section = traced.section;
        const auto add = [&](std::size_t index) {
            section.points.push_back(row(index).point);
            traced.places.push_back(row(index).place(SwcColumn::radius));
        };
        if (run.first > 0) {
            const Joint joint = joint_of(run);
            const std::size_t parent = row(run.first).parent;
            section.parent = static_cast<int>(run_of_[parent]);
            section.parent_x = joint.parent_x;
            if (joint.has_piece) {
                add(parent);
                if (is_soma(runs_[run_of_[parent]].first) && !is_soma(run.first)) {
                    section.points[0].diameter = row(run.first).point.diameter;
                }
            }
        }
        const bool sphere = run.first == 0 && is_sphere_of_three_points();
        for (std::size_t i = run.first; i <= (sphere ? run.first : run.last); ++i) add(i);
        sections_.push_back(std::move(traced));
    }

    const SwcRows& rows_;
    std::vector<std::size_t> run_of_, soma_children_;  // (rows)
    std::vector<Run> runs_;                            // (sections)
    std::vector<TracedSection> sections_;
};

}  // namespace

Morphology read_swc(std::string_view text, const std::string& origin) {
    SwcRows rows = read_swc_rows(text, origin);
    return morphology_of(Builder(rows).build(), std::move(rows.notes), origin);
}

}  // namespace elm::cable
