#include "network/interchange/nir/nir_order.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace elm::network {
namespace {

constexpr double longest_delay_steps = 60000;

/// Edges that lead out of each node, by their index.
std::vector<std::vector<std::size_t>> edges_out(const NirGraph& graph) {
    std::vector<std::vector<std::size_t>> out(graph.nodes.size());
    for (std::size_t e = 0; e < graph.edges.size(); ++e) out[graph.edges[e].from].push_back(e);
    return out;
}

/// Walks along edges, depth first, from each node of `starts` that was not met before.
class Walk {
public:
    /// `passes(node)`: edges into it are followed.
    template <class Passes, class Closing>
    Walk(const NirGraph& graph, const std::vector<std::size_t>& starts, const Passes& passes,
         const Closing& closing)
        : graph_(&graph), out_(edges_out(graph)), marks_(graph.nodes.size(), Mark::unseen) {
        for (const std::size_t start : starts) {
            if (marks_[start] == Mark::unseen) follow(start, passes, closing);
        }
        std::reverse(finished_.begin(), finished_.end());
    }
    /// Nodes, each after those that lead to it, closing edges not counted.
    const std::vector<std::size_t>& order() const { return finished_; }

private:
    enum class Mark : std::uint8_t { unseen, on_the_way, done };
    struct Stop {
        std::size_t node, next;  // edge that is followed next
    };

    template <class Passes, class Closing>
    void follow(std::size_t start, const Passes& passes, const Closing& closing) {
        std::vector<Stop> way{{start, 0}};
        marks_[start] = Mark::on_the_way;
        while (!way.empty()) {
            Stop& stop = way.back();
            const std::vector<std::size_t>& edges = out_[stop.node];
            if (stop.next == edges.size()) {
                marks_[stop.node] = Mark::done;
                finished_.push_back(stop.node);
                way.pop_back();
                continue;
            }
            const std::size_t edge = edges[stop.next++], to = graph_->edges[edge].to;
            if (!passes(to)) continue;
            if (marks_[to] == Mark::on_the_way) {
                std::vector<std::size_t> cycle;
                for (std::size_t i = way.size(); i-- > 0;) {
                    cycle.push_back(way[i].node);
                    if (way[i].node == to) break;
                }
                std::reverse(cycle.begin(), cycle.end());
                closing(edge, cycle);
            } else if (marks_[to] == Mark::unseen) {
                marks_[to] = Mark::on_the_way;
                way.push_back({to, 0});
            }
        }
    }

    const NirGraph* graph_;
    std::vector<std::vector<std::size_t>> out_;
    std::vector<Mark> marks_;
    std::vector<std::size_t> finished_;
};

/// Inputs first, then the others.
std::vector<std::size_t> starts_of(const NirGraph& graph) {
    std::vector<std::size_t> starts;
    for (const bool inputs : {true, false}) {
        for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
            if ((graph.nodes[i].kind == NirKind::input) == inputs) starts.push_back(i);
        }
    }
    return starts;
}

std::vector<bool> waiting_nodes(const NirGraph& graph, double time_step_s) {
    std::vector<bool> waits;
    for (const NirNode& node : graph.nodes) waits.push_back(waits_a_step(node, time_step_s));
    return waits;
}

void require_state_in_cycles(const NirGraph& graph, const std::vector<bool>& waits) {
    const auto passes = [&](std::size_t i) {
        return !waits[i] && !graph.nodes[i].type().is_neuron;
    };
    std::vector<std::size_t> starts;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        if (passes(i)) starts.push_back(i);
    }
    Walk(graph, starts, passes, [&](std::size_t, const std::vector<std::size_t>& cycle) {
        std::string names;
        for (const std::size_t i : cycle) names += graph.nodes[i].name + " -> ";
        const NirNode& first = graph.nodes[cycle.front()];
        fail_nir(first.place,
                 fmt::format("the cycle {}{} has neither a neuron nor a Delay of a step: there is "
                             "no order to evaluate it in.",
                             names, first.name));
    });
}

}  // namespace

std::vector<std::int64_t> delay_steps(const NirNode& node, double time_step_s) {
    std::vector<std::int64_t> steps;
    for (const double delay : node.array("delay").values) {
        const double count = delay / time_step_s, whole = std::round(count);
        // Single precision is enough to say a time.
        if (std::abs(count - whole) > 1e-6 * std::max(1.0, whole)) {
            fail_nir(node.place, fmt::format("a delay of {} s is no whole number of steps of {} s.",
                                             delay, time_step_s));
        }
        if (whole > longest_delay_steps) {
            fail_nir(node.place, fmt::format("a delay of {} s is {} steps, expected at most {}.",
                                             delay, whole, longest_delay_steps));
        }
        steps.push_back(static_cast<std::int64_t>(whole));
    }
    return steps;
}

bool waits_a_step(const NirNode& node, double time_step_s) {
    if (node.kind != NirKind::delay) return false;
    const std::vector<std::int64_t> steps = delay_steps(node, time_step_s);
    return std::all_of(steps.begin(), steps.end(), [](std::int64_t s) { return s >= 1; });
}

NirGraph without_closed_cycles(NirGraph graph, double time_step_s) {
    const std::vector<bool> waits = waiting_nodes(graph, time_step_s);
    require_state_in_cycles(graph, waits);
    std::vector<std::size_t> closing;
    [[maybe_unused]] const Walk walk(
        graph, starts_of(graph), [&](std::size_t i) { return !waits[i]; },
        [&](std::size_t edge, const std::vector<std::size_t>&) { closing.push_back(edge); });
    for (const std::size_t edge : closing) {
        const NirNode& from = graph.nodes[graph.edges[edge].from];
        const NirNode& to = graph.nodes[graph.edges[edge].to];
        NirNode delay{.name = from.name + " to " + to.name,
                      .kind = NirKind::delay,
                      .arrays = {{"delay", {.shape = {}, .values = {time_step_s}}}},
                      .place = to.place};
        const std::size_t index = graph.nodes.size();
        graph.nodes.push_back(std::move(delay));
        graph.edges.push_back({index, graph.edges[edge].to});
        graph.edges[edge].to = index;
    }
    return graph;
}

std::vector<std::size_t> order_of(const NirGraph& graph, double time_step_s) {
    const std::vector<bool> waits = waiting_nodes(graph, time_step_s);
    return Walk(
               graph, starts_of(graph), [&](std::size_t i) { return !waits[i]; },
               [&](std::size_t, const std::vector<std::size_t>& cycle) {
                   fail_nir(graph.nodes[cycle.front()].place, "stands in a cycle.");
               })
        .order();
}

}  // namespace elm::network
