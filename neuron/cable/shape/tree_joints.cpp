#include "neuron/cable/shape/tree_joints.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "neuron/cable/shape/morphology_edit.h"
#include "neuron/cable/shape/traced_tree.h"

namespace elm::cable {
namespace {

/// A place along a section: between points `piece` - 1 and `piece`.
struct Place {
    std::size_t section = 0, piece = 1;
    double share = 0;        // along the piece
    double distance_um = 0;  // of the tree's first point from the neurite's surface
};

MorphologyPoint point_at(const Section& section, const Place& place) {
    const MorphologyPoint &a = section.points[place.piece - 1], &b = section.points[place.piece];
    const double share = place.share;
    return {a.x + share * (b.x - a.x), a.y + share * (b.y - a.y), a.z + share * (b.z - a.z),
            a.diameter + share * (b.diameter - a.diameter)};
}

double distance(const MorphologyPoint& a, const MorphologyPoint& b) {
    return std::hypot(a.x - b.x, a.y - b.y, a.z - b.z);
}

/// Lengths of a section before and behind a place.
std::pair<double, double> lengths_around(const Section& section, const Place& place) {
    const MorphologyPoint at = point_at(section, place);
    const auto& points = section.points;
    double before = distance(points[place.piece - 1], at),
           behind = distance(at, points[place.piece]);
    for (std::size_t k = 1; k < place.piece; ++k) before += distance(points[k - 1], points[k]);
    for (std::size_t k = place.piece + 1; k < points.size(); ++k) {
        behind += distance(points[k - 1], points[k]);
    }
    return {before, behind};
}

class Joiner {
public:
    explicit Joiner(Morphology& morphology) : sections_(morphology.sections) {}

    /// Where the tree of root section `tree` begins on another neurite.
    std::optional<Place> find(std::size_t tree) const {
        const MorphologyPoint& root = sections_[tree].points.front();
        Place best;
        best.distance_um = std::numeric_limits<double>::infinity();
        const std::vector<char> own = sections_of(tree);
        for (std::size_t i = 1; i < sections_.size(); ++i) {
            if (own[i] != 0) continue;
            const std::vector<MorphologyPoint>& points = sections_[i].points;
            for (std::size_t k = 1; k < points.size(); ++k) {
                Place place{i, k, 0, 0};
                const MorphologyPoint &a = points[k - 1], &b = points[k];
                const double dx = b.x - a.x, dy = b.y - a.y, dz = b.z - a.z;
                const double square = dx * dx + dy * dy + dz * dz;
                const double along =
                    (root.x - a.x) * dx + (root.y - a.y) * dy + (root.z - a.z) * dz;
                if (square > 0) place.share = std::clamp(along / square, 0.0, 1.0);
                const MorphologyPoint at = point_at(sections_[i], place);
                place.distance_um = distance(at, root) - at.diameter / 2;
                if (at.diameter > 0 && place.distance_um < best.distance_um) best = place;
            }
        }
        if (!(best.distance_um <= joint_um)) return std::nullopt;
        // The begin of a section is the end of its parent; that of a stem is no place to join.
        while (lengths_around(sections_[best.section], best).first == 0) {
            const int parent = sections_[best.section].parent;
            if (parent == 0) return std::nullopt;
            best.section = static_cast<std::size_t>(parent);
            best.piece = sections_[best.section].points.size() - 1;
            best.share = 1;
        }
        return best;
    }

    /// Hangs `tree` on `place`. Indices of sections stay as they are.
    void hang(std::size_t tree, const Place& place) {
        const MorphologyPoint joint = point_at(sections_[place.section], place);
        if (lengths_around(sections_[place.section], place).second > 0) cut(place, joint);
        Section& section = sections_[tree];
        section.parent = static_cast<int>(place.section);
        section.parent_x = 1;
        MorphologyPoint begin = joint;
        begin.diameter = section.points.front().diameter;
        section.points.insert(section.points.begin(), begin);
    }

private:
    /// True for each section of a tree, and of those that were hung on it.
    std::vector<char> sections_of(std::size_t tree) const {
        enum : char { unknown = 2 };
        std::vector<char> member(sections_.size(), unknown);
        member[0] = 0;
        member[tree] = 1;
        std::vector<std::size_t> path;
        for (std::size_t i = 0; i < sections_.size(); ++i) {
            std::size_t at = i;
            for (; member[at] == unknown; at = static_cast<std::size_t>(sections_[at].parent)) {
                path.push_back(at);
            }
            for (const std::size_t below : path) member[below] = member[at];
            path.clear();
        }
        return member;
    }

    /// Cuts at the place: the part beyond becomes a section at the end of the list.
    void cut(const Place& place, const MorphologyPoint& joint) {
        Section& near = sections_[place.section];
        Section far{"", near.region, static_cast<int>(place.section), 1, {joint}};
        const auto split = near.points.begin() + static_cast<std::ptrdiff_t>(place.piece);
        const auto beyond = place.share == 1 ? split + 1 : split;
        far.points.insert(far.points.end(), beyond, near.points.end());
        near.points.erase(split, near.points.end());
        near.points.push_back(joint);
        for (Section& section : sections_) {
            if (section.parent == static_cast<int>(place.section) && section.parent_x == 1) {
                section.parent = static_cast<int>(sections_.size());
            }
        }
        sections_.push_back(std::move(far));
    }

    std::vector<Section>& sections_;
};

}  // namespace

Morphology with_trees_joined(
    Morphology morphology, const std::function<double(const MorphologyPoint&)>& distance_from_soma,
    double slack_um, double soma_width_um) {
    Joiner joiner(morphology);
    std::vector<std::pair<MorphologyPoint, double>> joined;  // first points, and how far they were
    const std::size_t count = morphology.sections.size();
    for (std::size_t i = 1; i < count; ++i) {
        if (morphology.sections[i].parent != 0) continue;
        const MorphologyPoint begin = morphology.sections[i].points.front();
        const double from_soma = distance_from_soma(begin);
        if (from_soma <= slack_um) continue;
        if (const auto place = joiner.find(i)) {
            joiner.hang(i, *place);
            joined.emplace_back(begin, std::max(0.0, place->distance_um));
        } else if (from_soma > soma_width_um) {
            morphology.notes.push_back(fmt::format(
                "{} begins {:.1f} um from the outline of the soma, which is {:.1f} um wide, and is "
                "hung on it all the same",
                morphology.sections[i].name, from_soma, soma_width_um));
        }
    }
    if (joined.empty()) return morphology;
    morphology = ordered_by_region(depth_first(std::move(morphology)));
    check_morphology(morphology);
    for (const auto& [begin, distance_um] : joined) {
        for (const Section& section : morphology.sections) {
            if (section.parent <= 0 || !same_place(section.points[1], begin)) continue;
            morphology.notes.push_back(fmt::format(
                "{} begins {:.1f} um beside the end of {} and is hung there, not on the soma",
                section.name, distance_um,
                morphology.sections[static_cast<std::size_t>(section.parent)].name));
            break;
        }
    }
    return morphology;
}

}  // namespace elm::cable
