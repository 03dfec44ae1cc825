// Along the distance s from where a dendrite leaves the soma, N(s) branches are alive: a fork adds
// one, a tip takes one away. A rule says how many forks and tips lie in every 50 um; which branch
// forks or ends is drawn, young ones being more likely to fork and old ones to end. So counts, and
// lengths in each range of s (the integral of N), are the same for every draw; of these, one with
// the rule's number of segments is taken.

#include "neuron/cable/shape/layer5_bush.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/core/support/check.h"
#include "neuron/cable/shape/layer5_draws.h"

namespace elm::cable {
namespace {

constexpr double bin_um = 50, segment_um = 40, shortest_stem_um = 8;

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

}  // namespace

double value_at(const std::vector<Knot>& knots, double at_um) {
    if (at_um <= knots.front().at_um) return knots.front().value;
    for (std::size_t i = 1; i < knots.size(); ++i) {
        if (at_um > knots[i].at_um) continue;
        const double share = (at_um - knots[i - 1].at_um) / (knots[i].at_um - knots[i - 1].at_um);
        return knots[i - 1].value + share * (knots[i].value - knots[i - 1].value);
    }
    return knots.back().value;
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

}  // namespace elm::cable
