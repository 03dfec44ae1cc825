#pragma once

#include <vector>

#include "network/interchange/nir/nir_graph.h"

namespace elm::network {

/// What goes into each node and out of it.
struct NirShapes {
    std::vector<NirShape> in, out;
};

/// Follows the shapes along the edges, from the nodes that say theirs. Axes of one element do not
/// count where two shapes are compared. Throws Error{data} that begins with the place of a node
/// whose input has another shape than it takes, whose shape nothing says, or that is larger than
/// 2^27 elements.
NirShapes shapes_of(const NirGraph& graph);

/// Kernel, step, padding and dilation of a convolution or a pool along one axis.
struct NirWindow {
    std::int64_t kernel = 1, stride = 1, padding = 0, padding_after = 0, dilation = 1;

    std::int64_t outputs(std::int64_t inputs) const {
        const std::int64_t span = dilation * (kernel - 1) + 1;
        return (inputs + padding + padding_after - span) / stride + 1;
    }
    /// The input that element k of the window of an output sees; it may lie outside.
    std::int64_t input(std::int64_t output, std::int64_t k) const {
        return output * stride - padding + k * dilation;
    }
};
/// One for each axis of the image. Throws Error{data} for arrays of other lengths.
std::vector<NirWindow> windows_of(const NirNode& node);

}  // namespace elm::network
