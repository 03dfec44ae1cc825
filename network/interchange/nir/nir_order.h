#pragma once

#include <vector>

#include "network/interchange/nir/nir_graph.h"

/// The order in which nodes are evaluated within a step. A Delay whose elements all wait for a step
/// or more gives what it got before, so its output is known first of all.
namespace elm::network {

/// Steps that the elements of a Delay wait, one number for all where it is a scalar. Throws
/// Error{data} for one that is no whole number of steps or longer than 60000 of them.
std::vector<std::int64_t> delay_steps(const NirNode& node, double time_step_s);

/// True for a Delay of a step or more everywhere.
bool waits_a_step(const NirNode& node, double time_step_s);

/// The graph with a Delay of one step in each edge that closes a cycle: those that lead back to a
/// node on the way from the inputs, where edges are followed in their order. Throws Error{data}
/// naming the nodes of a cycle that has neither a neuron nor a Delay of a step.
NirGraph without_closed_cycles(NirGraph graph, double time_step_s);

/// Each node after all that lead to it, but for the Delays that wait a step.
std::vector<std::size_t> order_of(const NirGraph& graph, double time_step_s);

}  // namespace elm::network
