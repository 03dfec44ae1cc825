// A stand-in for a traced cell. Along the distance s from where a dendrite leaves the soma, N(s)
// branches are alive: a fork adds one, a tip takes one away. The rules below say how many forks and
// tips lie in every 50 um; which branch forks or ends is drawn, young ones being more likely to
// fork and old ones to end. So counts, and lengths in each range of s (the integral of N), are the
// same for every seed. Diameters follow a profile of s, times a factor of each branch.
//
// The counts and profiles are rounded from the cell of Hay et al. 2011
// (doi:10.1371/journal.pcbi.1002107), cell 1: 8 basal stems with 46 tips and 5133 um, 55 apical
// tips and 7441 um, main fork at 627 um, longest path 1301 um, 642 segments with its axon.
//
// Only + - * / and square roots, without fused multiply-add: the same bits everywhere.

#include "neuron/cable/layer5_morphology.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "kernels/core/check.h"
#include "kernels/core/random_key.h"
#include "neuron/cable/morphology_edit.h"

namespace elm::cable {
namespace {

constexpr double bin_um = 50, point_distance_um = 8, segment_um = 40;

/// Value at a distance; linear between them.
struct Knot {
    double at_um, value;
};

/// How a bush of branches grows out of its roots.
struct BushRule {
    std::string_view name;
    Region region;
    double first_um;               // where the first bin of 50 um begins
    std::vector<int> forks, tips;  // in each bin
    double longest_um;             // the last tip lies here
    int first_order, last_order;   // sections from the soma: at the first root, at most
    bool reaches_last_order;
    int segments;                // of at most 40 um
    std::vector<Knot> diameter;  // um
    double thinnest_um;
};

/// A branch of a bush, or a piece of the trunk.
struct Branch {
    int parent = -1;  // -1: a root
    double begin_um = 0, end_um = 0;
    int order = 1;
    int root = 0;  // of which root it comes
};

const BushRule basal_rule{"basal",
                          Region::basal,
                          0,
                          {21, 14, 3, 0, 0, 0},
                          {0, 7, 13, 17, 8, 1},
                          282,
                          1,
                          7,
                          true,
                          262,
                          {{0, 1.45},
                           {8, 1.3},
                           {16, 0.95},
                           {28, 0.66},
                           {50, 0.6},
                           {110, 0.55},
                           {150, 0.46},
                           {190, 0.31},
                           {282, 0.27}},
                          0.29};
const BushRule oblique_rule{
    "oblique",
    Region::apical,
    0,
    {0, 2, 2, 5, 7, 3, 3, 1, 1, 0},
    {0, 0, 2, 1, 4, 7, 5, 6, 6, 2},
    480,
    2,
    16,
    false,
    163,
    {{45, 0.95}, {150, 0.9}, {200, 0.82}, {250, 0.7}, {300, 0.63}, {400, 0.56}, {480, 0.5}},
    0.26};
const std::vector<Knot> tuft_diameter{{630, 1.85},  {700, 1.65},  {760, 1.25},  {880, 1.2},
                                      {940, 0.8},   {1000, 0.72}, {1100, 0.64}, {1150, 0.5},
                                      {1200, 0.38}, {1301, 0.26}};
const BushRule thin_tuft_rule{"thin tuft",
                              Region::apical,
                              600,
                              {0, 0, 0, 0, 0, 0, 1, 3, 0, 0, 0, 1, 1, 0},
                              {0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 2, 1},
                              1290,
                              11,
                              16,
                              false,
                              55,
                              tuft_diameter,
                              0.26};
const BushRule thick_tuft_rule{"thick tuft",
                               Region::apical,
                               600,
                               {0, 0, 1, 0, 0, 0, 2, 0, 1, 3, 4, 1, 2, 0, 0},
                               {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 4, 1, 1, 7, 1},
                               1301,
                               11,
                               16,
                               true,
                               125,
                               tuft_diameter,
                               0.26};

/// Where the trunk forks; at the last place into the two tufts, elsewhere an oblique leaves.
constexpr std::array<double, 10> trunk_forks_um{45, 110, 139, 181, 189, 254, 300, 315, 382, 630};
const std::vector<Knot> trunk_diameter{{0, 8.2},   {8, 7.4},   {15, 6.2},  {25, 4.2}, {35, 3.3},
                                       {50, 3.12}, {190, 3.1}, {250, 2.8}, {630, 2.7}};
constexpr int basal_stems = 8;
constexpr double shortest_stem_um = 8;
/// Share of the profile's slope that branches above the first fork have along them; the rest of it
/// is made up by steps at forks.
constexpr double fork_taper = 0.1;
constexpr double soma_length_um = 23.2, soma_width_um = 17.0;

double value_at(const std::vector<Knot>& knots, double at_um) {
    if (at_um <= knots.front().at_um) return knots.front().value;
    for (std::size_t i = 1; i < knots.size(); ++i) {
        if (at_um > knots[i].at_um) continue;
        const double share = (at_um - knots[i - 1].at_um) / (knots[i].at_um - knots[i - 1].at_um);
        return knots[i - 1].value + share * (knots[i].value - knots[i - 1].value);
    }
    return knots.back().value;
}

struct Vector {
    double x = 0, y = 0, z = 0;
};
Vector operator+(const Vector& a, const Vector& b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
Vector operator*(double s, const Vector& a) { return {s * a.x, s * a.y, s * a.z}; }
double dot(const Vector& a, const Vector& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
Vector unit(const Vector& a) { return 1 / std::sqrt(dot(a, a)) * a; }

/// Numbers in a row, for one purpose.
class Draws {
public:
    explicit Draws(const RandomKey& key) : key_(key) {}
    /// In [0, 1).
    double uniform() { return unit_uniform<double>(random_word(key_, next_++)); }
    double between(double low, double high) { return low + (high - low) * uniform(); }
    Vector direction() {
        while (true) {
            const double x = between(-1, 1), y = between(-1, 1), z = between(-1, 1);
            const double square = x * x + y * y + z * z;
            if (square > 0.01 && square <= 1) return unit({x, y, z});
        }
    }
    /// Perpendicular to a unit vector.
    Vector across(const Vector& axis) {
        while (true) {
            const Vector any = direction();
            const Vector rest = any + -dot(any, axis) * axis;
            if (dot(rest, rest) > 0.04) return unit(rest);
        }
    }
    /// Index, each as likely as its weight. There must be one above 0.
    std::size_t weighted(const std::vector<double>& weights) {
        double total = 0;
        for (const double weight : weights) total += weight;
        double left = uniform() * total;
        std::size_t last = 0;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            if (!(weights[i] > 0)) continue;
            last = i;
            left -= weights[i];
            if (left < 0) break;
        }
        return last;
    }

private:
    RandomKey key_;
    std::int64_t next_ = 0;
};

/// A fork, a tip, or a root that joins.
struct Event {
    enum class Kind { root, fork, tip };
    double at_um;
    Kind kind;
};

/// The events of a bin share it evenly, each somewhere in the middle of its part.
void add_events(std::vector<Event>& events, const BushRule& rule, const std::vector<int>& counts,
                Event::Kind kind, Draws& draws) {
    for (std::size_t bin = 0; bin < counts.size(); ++bin) {
        const double edge = rule.first_um + bin_um * static_cast<double>(bin);
        const double low = std::max(edge, shortest_stem_um);
        const double high = std::min(edge + bin_um, rule.longest_um);
        for (int k = 0; k < counts[bin]; ++k) {
            const double share = (k + draws.between(0.2, 0.8)) / counts[bin];
            events.push_back({low + share * (high - low), kind});
        }
    }
}

/// Draws which branches fork and end. Empty if the draw leads nowhere, or misses the rule's number
/// of segments or order.
std::vector<Branch> try_bush(const BushRule& rule, const std::vector<double>& roots,
                             const std::vector<int>& root_orders, Draws draws) {
    std::vector<Event> events;
    for (const double root : roots) events.push_back({root, Event::Kind::root});
    add_events(events, rule, rule.forks, Event::Kind::fork, draws);
    add_events(events, rule, rule.tips, Event::Kind::tip, draws);
    std::stable_sort(events.begin(), events.end(),
                     [](const Event& a, const Event& b) { return a.at_um < b.at_um; });
    events.back().at_um = rule.longest_um;

    std::vector<Branch> branches;
    std::vector<std::size_t> alive;
    std::size_t next_root = 0;
    for (const Event& event : events) {
        if (event.kind == Event::Kind::root) {
            alive.push_back(branches.size());
            branches.push_back(
                {-1, event.at_um, 0, root_orders[next_root], static_cast<int>(next_root)});
            ++next_root;
            continue;
        }
        const bool fork = event.kind == Event::Kind::fork;
        std::vector<double> weights;
        bool possible = false;
        for (const std::size_t index : alive) {
            const double age = event.at_um - branches[index].begin_um;
            double weight = 0;
            if (fork && age > 3 && branches[index].order < rule.last_order) weight = 1 / (age + 15);
            if (!fork && age > 12) weight = age * age;
            possible = possible || weight > 0;
            weights.push_back(weight);
        }
        if (!possible) return {};
        const std::size_t at = draws.weighted(weights);
        const std::size_t index = alive[at];
        branches[index].end_um = event.at_um;
        alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(at));
        if (!fork) continue;
        for (int child = 0; child < 2; ++child) {
            alive.push_back(branches.size());
            branches.push_back({static_cast<int>(index), event.at_um, 0, branches[index].order + 1,
                                branches[index].root});
        }
    }
    int segments = 0, deepest = 0;
    for (const Branch& branch : branches) {
        const double parts = (branch.end_um - branch.begin_um) / segment_um;
        const double whole = std::floor(parts);
        // A length this close to a limit could be cut in another way by another sum.
        if (parts - whole < 1e-6 || parts - whole > 1 - 1e-6) return {};
        segments += 1 + 2 * static_cast<int>(whole);
        deepest = std::max(deepest, branch.order);
    }
    const bool fits =
        segments == rule.segments && (deepest == rule.last_order || !rule.reaches_last_order);
    return fits ? branches : std::vector<Branch>{};
}

std::vector<Branch> draw_bush(const BushRule& rule, const std::vector<double>& roots,
                              const std::vector<int>& root_orders, const RandomKey& key) {
    constexpr std::uint32_t attempts = 100000;
    for (std::uint32_t attempt = 0; attempt < attempts; ++attempt) {
        std::vector<Branch> branches =
            try_bush(rule, roots, root_orders, Draws(key.for_part(attempt)));
        if (!branches.empty()) return branches;
    }
    throw Error(ErrorKind::numeric,
                fmt::format("layer-5 cell: seed {} gives no {} bush in {} attempts; take another",
                            key.seed, rule.name, attempts));
}

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
