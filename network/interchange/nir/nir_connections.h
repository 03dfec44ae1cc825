#pragma once

#include <span>
#include <vector>

#include "network/interchange/nir/nir_shapes.h"

namespace elm::network {

/// A linear map as connections, by source: what an element adds to the elements of the output.
struct NirConnections {
    std::int64_t n_sources = 0, n_targets = 0;
    /// Connections of source j: begins[j] .. begins[j + 1] - 1. Without targets all sources lead to
    /// all targets, in order.
    std::vector<std::int64_t> begins = {0};
    std::vector<std::int32_t> targets = {};
    std::vector<double> weights = {};
    std::vector<double> bias = {};  // of each target; empty: none
};

/// True for nodes that are a linear map from one set of elements to another.
bool has_connections(NirKind kind);

/// The map of a matrix, a convolution or a pool. Throws Error{data} for one of more than 2^28
/// connections.
NirConnections connections_of(const NirNode& node, const NirShape& input, const NirShape& output);

}  // namespace elm::network
