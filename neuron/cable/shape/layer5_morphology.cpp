// A stand-in for a traced cell: bushes of branches (layer5_bush.h) on a soma and an apical trunk,
// laid into space. Diameters follow a profile of the distance from the soma, times a factor of each
// branch.
//
// The counts and profiles are rounded from the cell of Hay et al. 2011
// (doi:10.1371/journal.pcbi.1002107), cell 1: 8 basal stems with 46 tips and 5133 um, 55 apical
// tips and 7441 um, main fork at 627 um, longest path 1301 um, 642 segments with its axon.
//
// Only + - * / and square roots, without fused multiply-add: the same bits everywhere.

#include "neuron/cable/shape/layer5_morphology.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "kernels/core/support/check.h"
#include "neuron/cable/shape/layer5_bush.h"
#include "neuron/cable/shape/layer5_draws.h"
#include "neuron/cable/shape/morphology_edit.h"

namespace elm::cable {
namespace {

constexpr double point_distance_um = 8;

const BushRule basal_rule{.name = "basal",
                          .region = Region::basal,
                          .first_um = 0,
                          .forks = {21, 14, 3, 0, 0, 0},
                          .tips = {0, 7, 13, 17, 8, 1},
                          .longest_um = 282,
                          .first_order = 1,
                          .last_order = 7,
                          .reaches_last_order = true,
                          .segments = 262,
                          .diameter = {{0, 1.45},
                                       {8, 1.3},
                                       {16, 0.95},
                                       {28, 0.66},
                                       {50, 0.6},
                                       {110, 0.55},
                                       {150, 0.46},
                                       {190, 0.31},
                                       {282, 0.27}},
                          .thinnest_um = 0.29};
const BushRule oblique_rule{
    .name = "oblique",
    .region = Region::apical,
    .first_um = 0,
    .forks = {0, 2, 2, 5, 7, 3, 3, 1, 1, 0},
    .tips = {0, 0, 2, 1, 4, 7, 5, 6, 6, 2},
    .longest_um = 480,
    .first_order = 2,
    .last_order = 16,
    .reaches_last_order = false,
    .segments = 163,
    .diameter =
        {{45, 0.95}, {150, 0.9}, {200, 0.82}, {250, 0.7}, {300, 0.63}, {400, 0.56}, {480, 0.5}},
    .thinnest_um = 0.26};
const std::vector<Knot> tuft_diameter{{630, 1.85},  {700, 1.65},  {760, 1.25},  {880, 1.2},
                                      {940, 0.8},   {1000, 0.72}, {1100, 0.64}, {1150, 0.5},
                                      {1200, 0.38}, {1301, 0.26}};
const BushRule thin_tuft_rule{.name = "thin tuft",
                              .region = Region::apical,
                              .first_um = 600,
                              .forks = {0, 0, 0, 0, 0, 0, 1, 3, 0, 0, 0, 1, 1, 0},
                              .tips = {0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 2, 1},
                              .longest_um = 1290,
                              .first_order = 11,
                              .last_order = 16,
                              .reaches_last_order = false,
                              .segments = 55,
                              .diameter = tuft_diameter,
                              .thinnest_um = 0.26};
const BushRule thick_tuft_rule{.name = "thick tuft",
                               .region = Region::apical,
                               .first_um = 600,
                               .forks = {0, 0, 1, 0, 0, 0, 2, 0, 1, 3, 4, 1, 2, 0, 0},
                               .tips = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 4, 1, 1, 7, 1},
                               .longest_um = 1301,
                               .first_order = 11,
                               .last_order = 16,
                               .reaches_last_order = true,
                               .segments = 125,
                               .diameter = tuft_diameter,
                               .thinnest_um = 0.26};

/// Where the trunk forks; at the last place into the two tufts, elsewhere an oblique leaves.
constexpr std::array<double, 10> trunk_forks_um{45, 110, 139, 181, 189, 254, 300, 315, 382, 630};
const std::vector<Knot> trunk_diameter{{0, 8.2},   {8, 7.4},   {15, 6.2},  {25, 4.2}, {35, 3.3},
                                       {50, 3.12}, {190, 3.1}, {250, 2.8}, {630, 2.7}};
constexpr int basal_stems = 8;
/// Share of the profile's slope that branches above the first fork have along them; the rest of it
/// is made up by steps at forks.
constexpr double fork_taper = 0.1;
constexpr double soma_length_um = 23.2, soma_width_um = 17.0;

/// How branches of a bush run through space.
struct Course {
    Vector drift;        // added to the direction at every point
    double outward = 0;  // the same, away from the soma
    double jitter = 0;   // a random direction, likewise
    double spread = 0;   // of the two branches of a fork, to either side
};

/// Where a branch ends and how it gets there.
struct Tip {
    Vector place, direction;
    double factor = 1;  // of the diameter
};

class Grower {
public:
    explicit Grower(std::uint64_t seed) : key_(RandomKey{seed}.for_purpose("layer 5 morphology")) {}

    Morphology grow() {
        add_soma();
        add_basal();
        add_apical();
        Morphology cell{fmt::format("layer-5 cell, seed {}", key_.seed), std::move(sections_)};
        return with_axon_stub(ordered_by_region(depth_first(std::move(cell))));
    }

private:
    /// A spheroid, as 21 points along y.
    void add_soma() {
        Section soma{"", Region::soma, -1, 1, {}};
        for (int k = -10; k <= 10; ++k) {
            const double along = k / 10.0;
            const double width = soma_width_um * std::sqrt(1 - along * along);
            soma.points.push_back({0, along * soma_length_um / 2, 0, std::max(width, 4.0)});
        }
        sections_.push_back(std::move(soma));
    }

    static Vector on_soma(const Vector& direction) {
        const double a = soma_length_um / 2, b = soma_width_um / 2;
        const double square = (direction.x * direction.x + direction.z * direction.z) / (b * b) +
                              direction.y * direction.y / (a * a);
        return 1 / std::sqrt(square) * direction;
    }

    void add_basal() {
        const RandomKey key = key_.for_purpose("basal");
        Draws draws(key.for_purpose("stems"));
        std::vector<Tip> stems;
        while (stems.size() < basal_stems) {
            // To the sides and down; of some directions, the one farthest from the others.
            Vector direction;
            double nearest = 2;
            for (int candidate = 0; candidate < 16;) {
                const Vector one = draws.direction();
                if (one.y > 0.35) continue;
                ++candidate;
                double largest = -1;
                for (const Tip& other : stems) {
                    largest = std::max(largest, dot(one, other.direction));
                }
                if (largest >= nearest) continue;
                nearest = largest;
                direction = one;
            }
            // 0.67 to 1.4 of the profile, evenly.
            const double factor =
                0.67 + 0.73 * static_cast<double>(stems.size()) / (basal_stems - 1);
            stems.push_back({on_soma(direction), direction, factor});
        }
        const std::vector<double> roots(basal_stems, 0.0);
        const std::vector<int> orders(basal_stems, basal_rule.first_order);
        add_bush(basal_rule, draw_bush(basal_rule, roots, orders, key), stems,
                 std::vector<int>(basal_stems, 0), {{0, -0.01, 0}, 0.06, 0.25, 0.45}, key);
    }

    void add_apical() {
        const RandomKey key = key_.for_purpose("apical");
        Draws draws(key.for_purpose("trunk"));
        Tip tip{{0, soma_length_um / 2, 0}, {0, 1, 0}, 1};
        std::vector<int> trunk;
        std::vector<double> oblique_roots;
        std::vector<int> oblique_orders, oblique_parents;
        std::vector<Tip> obliques;
        double begin = 0;
        for (const double end : trunk_forks_um) {
            const int parent = trunk.empty() ? 0 : trunk.back();
            trunk.push_back(static_cast<int>(sections_.size()));
            tip = add_section(Region::apical, parent, tip, begin, end, trunk_diameter, 0.26, 1,
                              {{0, 0.08, 0}, 0, 0.06, 0}, draws);
            begin = end;
            if (end == trunk_forks_um.back()) break;
            oblique_roots.push_back(end);
            oblique_orders.push_back(static_cast<int>(trunk.size()) + 1);
            oblique_parents.push_back(trunk.back());
            obliques.push_back({tip.place, unit(draws.across(tip.direction) + Vector{0, 0.4, 0}),
                                draws.between(0.85, 1.15)});
        }
        const RandomKey oblique_key = key.for_purpose("oblique");
        add_bush(oblique_rule, draw_bush(oblique_rule, oblique_roots, oblique_orders, oblique_key),
                 obliques, oblique_parents, {{0, 0.02, 0}, 0.02, 0.22, 0.5}, oblique_key);

        const Vector side = draws.across(tip.direction);
        add_tuft(thin_tuft_rule, trunk.back(), tip, 0.45 * side, key.for_purpose("thin tuft"));
        add_tuft(thick_tuft_rule, trunk.back(), tip, -0.35 * side, key.for_purpose("thick tuft"));
    }

    void add_tuft(const BushRule& rule, int parent, const Tip& trunk, const Vector& side,
                  const RandomKey& key) {
        const Tip root{trunk.place, unit(trunk.direction + side), 1};
        add_bush(rule, draw_bush(rule, {trunk_forks_um.back()}, {rule.first_order}, key), {root},
                 {parent}, {{0, 0.06, 0}, 0, 0.2, 0.45}, key);
    }

    /// Adds branches depth first: `roots` and `parents` say where each root begins.
    void add_bush(const BushRule& rule, const std::vector<Branch>& branches,
                  const std::vector<Tip>& roots, const std::vector<int>& parents,
                  const Course& course, const RandomKey& key) {
        Draws draws(key.for_purpose("course"));
        std::vector<std::vector<std::size_t>> children(branches.size());
        struct Start {
            std::size_t branch;
            int parent;
            Tip tip;
        };
        std::vector<Start> waiting;  // the next one last
        for (std::size_t i = branches.size(); i-- > 0;) {
            const Branch& branch = branches[i];
            if (branch.parent >= 0) {
                children[static_cast<std::size_t>(branch.parent)].push_back(i);
            } else {
                const auto root = static_cast<std::size_t>(branch.root);
                waiting.push_back({i, parents[root], roots[root]});
            }
        }
        while (!waiting.empty()) {
            const Start start = waiting.back();
            waiting.pop_back();
            const int section = static_cast<int>(sections_.size());
            const Branch& branch = branches[start.branch];
            const Tip end = add_section(rule.region, start.parent, start.tip, branch.begin_um,
                                        branch.end_um, rule.diameter, rule.thinnest_um,
                                        branch.parent < 0 ? 1 : fork_taper, course, draws);
            const Vector side = draws.across(end.direction);
            double sign = 1;
            for (const std::size_t child : children[start.branch]) {
                Tip tip = end;
                tip.direction =
                    unit(end.direction + sign * course.spread * draws.between(0.7, 1.5) * side);
                tip.factor = 1 + 0.5 * (end.factor - 1) + draws.between(-0.12, 0.12);
                waiting.push_back({child, section, tip});
                sign = -sign;
            }
        }
    }

    /// Adds a branch that begins at `tip` and returns its end.
    Tip add_section(Region region, int parent, Tip tip, double begin_um, double end_um,
                    const std::vector<Knot>& diameter, double thinnest_um, double taper,
                    const Course& course, Draws& draws) {
        Section section{"", region, parent, parent == 0 ? 0.5 : 1.0, {}};
        const int steps = std::max(1, static_cast<int>((end_um - begin_um) / point_distance_um));
        const double step_um = (end_um - begin_um) / steps, middle_um = (begin_um + end_um) / 2;
        for (int k = 0; k <= steps; ++k) {
            if (k > 0) {
                const Vector away = unit(tip.place);
                tip.direction = unit(tip.direction + course.drift + course.outward * away +
                                     course.jitter * draws.direction());
                tip.place = tip.place + step_um * tip.direction;
            }
            const double at = middle_um + taper * (begin_um + step_um * k - middle_um);
            const double width = tip.factor * value_at(diameter, at);
            section.points.push_back(
                {tip.place.x, tip.place.y, tip.place.z, std::max(thinnest_um, width)});
        }
        // Below a fork a branch begins with its own width, as in tracings.
        if (parent != 0) section.points[0].diameter = section.points[1].diameter;
        sections_.push_back(std::move(section));
        return tip;
    }

    RandomKey key_;
    std::vector<Section> sections_;
};

/// Membrane per length, to compare branches.
double mean_diameter(const Section& section) {
    double sum = 0, length = 0;
    for (std::size_t i = 1; i < section.points.size(); ++i) {
        const MorphologyPoint &a = section.points[i - 1], &b = section.points[i];
        const double step = std::hypot(b.x - a.x, b.y - a.y, b.z - a.z);
        sum += step * (a.diameter + b.diameter) / 2;
        length += step;
    }
    return sum / length;
}

}  // namespace

Morphology layer5_morphology(std::uint64_t seed) { return Grower(seed).grow(); }

NexusSite layer5_nexus(const Morphology& morphology, double distance_um) {
    double begin = 0;
    for (int at = 0;;) {
        int next = -1;
        double thickest = 0;
        for (std::size_t i = 1; i < morphology.sections.size(); ++i) {
            const Section& section = morphology.sections[i];
            if (section.parent != at || section.region != Region::apical) continue;
            const double width = mean_diameter(section);
            if (next >= 0 && width <= thickest) continue;
            next = static_cast<int>(i);
            thickest = width;
        }
        if (next < 0) {
            throw Error(ErrorKind::data,
                        fmt::format("{}: the apical dendrite ends {} um from the soma along its "
                                    "thickest path; expected a place at {} um",
                                    morphology.source, begin, distance_um));
        }
        const Section& section = morphology.sections[static_cast<std::size_t>(next)];
        const double length = length_of(section);
        if (begin + length >= distance_um) return {section.name, (distance_um - begin) / length};
        begin += length;
        at = next;
    }
}

}  // namespace elm::cable
