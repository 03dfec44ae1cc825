// Segments of a tree of tapering cables. Along a section of length L, s is the distance along its
// points and d(s) the diameter, linear between points. Segment k of n covers [k L/n, (k+1) L/n];
// its node is its middle. Pieces of one slope, cut at ends and middles, are frusta of length l and
// diameters d0, d1:
//   area        pi (d0 + d1)/2 sqrt(l^2 + (d1 - d0)^2 / 4)       um2
//   resistance  R_a 4 l / (pi d0 d1)                             R_a in ohm cm: 1e-2 R_a ... Mohm
// Points at one place with two diameters add the ring between them, which is a frustum without
// length, to the segment that ends there. Source: these are the sums that the simulator NEURON
// takes (Hines & Carnevale 1997, doi:10.1162/neco.1997.9.6.1179), so that both give the same tree.

#include "neuron/cable/shape/compartments.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <numbers>
#include <utility>

#include "kernels/core/support/check.h"
#include "kernels/io/nearest_name.h"

namespace elm::cable {
namespace {

/// Sums over a piece of a section.
struct Piece {
    double area_um2 = 0;
    double diameter_um2 = 0;        // integral of the diameter along the length
    double resistance_per_ohm = 0;  // Mohm for R_a = 1 ohm cm
};

/// Walks along a section; each call of advance() goes on to a place further on.
class SectionWalk {
public:
    explicit SectionWalk(const Section& section) : points_(section.points) {
        arc_.push_back(0);
        for (std::size_t i = 1; i < points_.size(); ++i) {
            const MorphologyPoint &a = points_[i - 1], &b = points_[i];
            arc_.push_back(arc_.back() + std::hypot(b.x - a.x, b.y - a.y, b.z - a.z));
        }
    }

    double length() const { return arc_.back(); }

    Piece advance(double place) {
        Piece piece;
        while (at_ + 1 < arc_.size() && arc_[at_] <= place) {
            add(piece, arc_[at_]);
            ++at_;
        }
        add(piece, place);
        return piece;
    }

private:
    /// The frustum from now_ to `stop`, which both lie between points at_ - 1 and at_.
    void add(Piece& piece, double stop) {
        const bool ring = arc_[at_] == arc_[at_ - 1];
        const double length = stop - now_;
        if (!(length > 0) && !ring) return;
        const double d0 = ring ? points_[at_ - 1].diameter : diameter_at(now_);
        const double d1 = ring ? points_[at_].diameter : diameter_at(stop);
        piece.area_um2 += std::numbers::pi * (d0 + d1) / 2 * std::hypot(length, (d1 - d0) / 2);
        if (ring) return;
        piece.diameter_um2 += (d0 + d1) / 2 * length;
        piece.resistance_per_ohm += 1e-2 * 4 * length / (std::numbers::pi * d0 * d1);
        now_ = stop;
    }

    double diameter_at(double place) const {
        const double step = arc_[at_] - arc_[at_ - 1];
        const double share = std::clamp((place - arc_[at_ - 1]) / step, 0.0, 1.0);
        return points_[at_ - 1].diameter +
               share * (points_[at_].diameter - points_[at_ - 1].diameter);
    }

    const std::vector<MorphologyPoint>& points_;
    std::vector<double> arc_;
    std::size_t at_ = 1;
    double now_ = 0;
};

class Cutter {
public:
    Cutter(const Morphology& morphology, const SegmentRule& rule)
        : morphology_(morphology), rule_(rule) {}

    Compartments cut() {
        find_ends();
        for (std::size_t i = 0; i < morphology_.sections.size(); ++i) cut_section(i);
        return std::move(result_);
    }

private:
    /// Which ends of sections need a node, because another section begins there.
    void find_ends() {
        const std::size_t count = morphology_.sections.size();
        has_child_at_end_.assign(count, 0);
        end_node_.assign(count, -1);
        for (const Section& section : morphology_.sections) {
            if (section.parent < 0) continue;
            const auto parent = static_cast<std::size_t>(section.parent);
            if (section.parent_x == 1) has_child_at_end_[parent] = 1;
            if (section.parent_x == 0 && parent == 0) has_child_at_start_ = true;
        }
    }

    /// The node on which a section begins.
    int start_node_of(const Section& section) const {
        if (section.parent < 0) return -1;
        const auto parent = static_cast<std::size_t>(section.parent);
        if (section.parent_x == 1) return end_node_[parent];
        if (section.parent_x == 0) return start_node_[parent];
        const SectionCut& cut = result_.sections[parent];
        return result_.segments[static_cast<std::size_t>(cut.first_segment + cut.segment_count / 2)]
            .node;
    }

    /// Distance from the soma's centre of the place where a section begins.
    double start_distance_of(const Section& section, double length) const {
        if (section.parent < 0) return length / 2;
        const SectionCut& parent = result_.sections[static_cast<std::size_t>(section.parent)];
        if (section.parent == 0) return std::abs(section.parent_x - 0.5) * parent.length_um;
        return parent.start_distance_um + section.parent_x * parent.length_um;
    }

    void cut_section(std::size_t index) {
        const Section& section = morphology_.sections[index];
        SectionWalk walk(section);
        const double length = walk.length();
        const double whole_cuts = std::floor(length / rule_.max_length_um);
        if (!(whole_cuts < 1e8)) {
            throw Error(ErrorKind::data,
                        fmt::format("{}: {} is {} um long, too long for segments of {} um",
                                    morphology_.source, section.name, length, rule_.max_length_um));
        }
        const int count = 1 + 2 * static_cast<int>(whole_cuts);
        SectionCut cut{section.name,
                       section.region,
                       section.parent,
                       section.parent_x,
                       length,
                       start_distance_of(section, length),
                       static_cast<int>(result_.segments.size()),
                       count};
        const double ohm_cm =
            rule_.axial_resistance_ohm_cm[static_cast<std::size_t>(section.region)];

        const int start = start_node_of(section);
        start_node_.push_back(start);
        int previous = start;
        double left_behind = 0;  // resistance from the last node to the end of its segment
        for (int k = 0; k < count; ++k) {
            const double n = count;
            const Piece left = walk.advance(length * ((k + 0.5) / n));
            const Piece right = walk.advance(k + 1 == count ? length : length * ((k + 1) / n));
            Segment segment;
            segment.section = static_cast<int>(index);
            segment.node = static_cast<int>(result_.nodes.size());
            segment.region = section.region;
            segment.x = (k + 0.5) / n;
            segment.length_um = length / n;
            segment.diameter_um = (left.diameter_um2 + right.diameter_um2) / segment.length_um;
            segment.area_um2 = left.area_um2 + right.area_um2;
            segment.distance_um = section.parent < 0 ? std::abs(segment.x - 0.5) * length
                                                     : cut.start_distance_um + segment.x * length;
            const double to_parent = left_behind + ohm_cm * left.resistance_per_ohm;
            result_.nodes.push_back({previous, static_cast<int>(result_.segments.size()),
                                     static_cast<int>(index), segment.x, segment.area_um2,
                                     previous < 0 ? 0 : to_parent});
            if (index == 0 && k == 0) half_of_root_ = ohm_cm * left.resistance_per_ohm;
            previous = segment.node;
            left_behind = ohm_cm * right.resistance_per_ohm;
            result_.segments.push_back(segment);
        }
        result_.sections.push_back(cut);
        if (index == 0 && has_child_at_start_) {
            start_node_[0] = add_end(0, index, 0, half_of_root_);
        }
        if (has_child_at_end_[index] != 0) {
            end_node_[index] = add_end(previous, index, 1, left_behind);
        }
    }

    /// A node without membrane.
    int add_end(int parent, std::size_t section, double x, double resistance) {
        result_.nodes.push_back({parent, -1, static_cast<int>(section), x, 0, resistance});
        return static_cast<int>(result_.nodes.size()) - 1;
    }

    const Morphology& morphology_;
    const SegmentRule& rule_;
    Compartments result_;
    std::vector<char> has_child_at_end_;
    bool has_child_at_start_ = false;  // of the root
    double half_of_root_ = 0;
    std::vector<int> start_node_, end_node_;  // (sections)
};

}  // namespace

int Compartments::segment_at(const std::string& name, double x) const {
    ELM_CHECK(x >= 0 && x <= 1, "{}({}): a position along a section is from 0 to 1", name, x);
    std::vector<std::string_view> names;
    std::map<Region, std::pair<std::string, std::string>> range;  // first and last of each region
    for (const SectionCut& section : sections) {
        if (section.name == name) {
            const int along = static_cast<int>(x * section.segment_count);
            return section.first_segment + std::min(along, section.segment_count - 1);
        }
        names.push_back(section.name);
        range.try_emplace(section.region, section.name, "").first->second.second = section.name;
    }
    std::string there;
    for (const auto& [region, ends] : range) {
        there += there.empty() ? ends.first : ", " + ends.first;
        if (ends.second != ends.first) there += " to " + ends.second;
    }
    const std::string nearest = nearest_name(name, names);
    ELM_CHECK(false, "there is no section \"{}\" among the {} of this cell: {}{}", name,
              sections.size(), there,
              nearest.empty() ? "" : fmt::format(". Did you mean {}?", nearest));
    return -1;
}

Compartments discretise(const Morphology& morphology, const SegmentRule& rule) {
    check_morphology(morphology);
    ELM_CHECK(std::isfinite(rule.max_length_um) && rule.max_length_um > 0,
              "segments of at most {} um: expected a length above 0", rule.max_length_um);
    for (const double ohm_cm : rule.axial_resistance_ohm_cm) {
        ELM_CHECK(std::isfinite(ohm_cm) && ohm_cm > 0,
                  "an axial resistance of {} ohm cm: expected more than 0", ohm_cm);
    }
    return Cutter(morphology, rule).cut();
}

}  // namespace elm::cable
