#include "network/interchange/nir/nir_shapes.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace elm::network {
namespace {

constexpr std::int64_t most_elements = std::int64_t{1} << 27;

using MaybeShape = std::optional<NirShape>;

std::string text_of(const NirShape& shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

/// Without the axes of one element.
NirShape squeezed(NirShape shape) {
    std::erase(shape, std::int64_t{1});
    return shape;
}

void require_input(const NirNode& node, const NirShape& got, const NirShape& expected) {
    if (squeezed(got) == squeezed(expected)) return;
    fail_nir(node.place, fmt::format("its input has the shape {}, expected {}.", text_of(got),
                                     text_of(expected)));
}

/// Throws for a shape with no element, or with more than can be held.
void require_size(const NirNode& node, const NirShape& shape) {
    double count = 1;
    for (const std::int64_t extent : shape) count *= static_cast<double>(extent);
    if (count >= 1 && count <= static_cast<double>(most_elements)) return;
    fail_nir(node.place, fmt::format("has the shape {}, expected 1 to {} elements.", text_of(shape),
                                     most_elements));
}

NirShape numbers_in(const NirArray& array) {
    NirShape numbers;
    for (const double value : array.values) numbers.push_back(static_cast<std::int64_t>(value));
    return numbers;
}

/// The size of the input and of the output of a matrix.
std::pair<std::int64_t, std::int64_t> matrix_sizes(const NirNode& node) {
    const NirShape& shape = node.array("weight").shape;
    const std::size_t axes = shape.size();
    const bool is_matrix =
        axes >= 2 && std::all_of(shape.begin(), shape.end() - 2, [](auto n) { return n == 1; });
    if (!is_matrix) {
        fail_nir(node.place, fmt::format("weight has the shape {}, expected (outputs, inputs).",
                                         text_of(shape)));
    }
    const std::int64_t rows = shape[axes - 2];
    if (node.has("bias") && elements_of(node.array("bias").shape) != rows) {
        fail_nir(node.place, fmt::format("bias has the shape {}, expected ({}).",
                                         text_of(node.array("bias").shape), rows));
    }
    return {shape[axes - 1], rows};
}

/// Shape that the parameters of a node have; nothing where all are scalars.
MaybeShape own_shape(const NirNode& node) {
    for (const auto& entry : node.arrays) {
        if (!entry.second.is_scalar()) return entry.second.shape;
    }
    return std::nullopt;
}

/// An image with its channels in front.
NirShape image_of(const NirNode& node, NirShape shape, std::size_t axes) {
    while (shape.size() > axes + 1 && shape.front() == 1) shape.erase(shape.begin());
    if (shape.size() != axes + 1) {
        fail_nir(node.place, fmt::format("its input has the shape {}, expected channels and {} "
                                         "axes of an image.",
                                         text_of(shape), axes));
    }
    return shape;
}

NirShape windows_over(const NirNode& node, NirShape shape) {
    const std::vector<NirWindow> windows = windows_of(node);
    for (std::size_t axis = 0; axis < windows.size(); ++axis) {
        std::int64_t& extent = shape[axis + 1];
        const NirWindow& w = windows[axis];
        if (w.dilation * (w.kernel - 1) + 1 > extent + w.padding + w.padding_after) {
            fail_nir(node.place, fmt::format("its window is larger than the image of {} elements "
                                             "along axis {}.",
                                             extent, axis));
        }
        extent = w.outputs(extent);
    }
    return shape;
}

NirShape convolution_shape(const NirNode& node, const NirShape& input) {
    windows_of(node);  // its weight has all axes
    const NirShape& weight = node.array("weight").shape;
    const std::size_t axes = node.kind == NirKind::conv1d ? 1 : 2;
    NirShape image = image_of(node, input, axes);
    const auto groups = static_cast<std::int64_t>(node.array("groups").values[0]);
    if (image[0] != weight[1] * groups || weight[0] % groups != 0) {
        fail_nir(node.place, fmt::format("its input has {} channels, and weight {} in {} groups "
                                         "takes {}.",
                                         image[0], text_of(weight), groups, weight[1] * groups));
    }
    if (node.has("input_shape")) {
        const NirShape stated = numbers_in(node.array("input_shape"));
        if (stated != NirShape(image.begin() + 1, image.end())) {
            fail_nir(node.place, fmt::format("input_shape is {}, and an image {} comes.",
                                             text_of(stated), text_of(image)));
        }
    }
    if (elements_of(node.array("bias").shape) != weight[0]) {
        fail_nir(node.place, fmt::format("bias has the shape {}, expected ({}).",
                                         text_of(node.array("bias").shape), weight[0]));
    }
    image = windows_over(node, std::move(image));
    image[0] = weight[0];
    return image;
}

/// Axes first to last become one; they count from 0, without a batch, or from the end.
NirShape flattened(const NirNode& node, const NirShape& input) {
    if (node.has("input_type")) require_input(node, input, numbers_in(node.array("input_type")));
    const auto axes = static_cast<double>(input.size());
    const auto axis = [&](const char* name) {
        const double given = node.array(name).values[0];
        const double counted = given < 0 ? given + axes : given;
        if (counted != std::floor(counted) || counted < 0 || counted >= axes) {
            fail_nir(node.place, fmt::format("{} is {}, and its input has the shape {}.", name,
                                             given, text_of(input)));
        }
        return static_cast<std::size_t>(counted);
    };
    const std::size_t first = axis("start_dim"), last = axis("end_dim");
    if (first > last) {
        fail_nir(node.place, fmt::format("start_dim {} comes after end_dim {}.", first, last));
    }
    NirShape shape;
    for (std::size_t i = 0; i < input.size(); ++i) {
        if (i <= first || i > last) {
            shape.push_back(input[i]);
        } else {
            shape.back() *= input[i];
        }
    }
    return shape;
}

/// Shape of what a node gives, where it can be told.
MaybeShape output_of(const NirNode& node, const MaybeShape& input) {
    switch (node.kind) {
        case NirKind::input:
        case NirKind::output:
        case NirKind::port:
            return numbers_in(node.array("shape"));
        case NirKind::affine:
        case NirKind::linear:
            return NirShape{matrix_sizes(node).second};
        case NirKind::conv1d:
        case NirKind::conv2d:
            if (input) return convolution_shape(node, *input);
            return std::nullopt;
        case NirKind::sum_pool:
        case NirKind::avg_pool:
            if (input) return windows_over(node, image_of(node, *input, 2));
            return std::nullopt;
        case NirKind::flatten:
            if (input) return flattened(node, *input);
            return std::nullopt;
        default: {
            const MaybeShape own = own_shape(node);
            return own ? own : input;
        }
    }
}

/// Shape of what a node takes, given what it gives; nothing where any shape will do.
MaybeShape taken_by(const NirNode& node, const NirShape& output) {
    switch (node.kind) {
        case NirKind::input:
        case NirKind::conv1d:
        case NirKind::conv2d:
        case NirKind::sum_pool:
        case NirKind::avg_pool:
        case NirKind::flatten:
            return std::nullopt;
        case NirKind::affine:
        case NirKind::linear:
            return NirShape{matrix_sizes(node).first};
        default:
            return output;
    }
}

void require_edge(const NirGraph& graph, const NirEdge& edge, const NirShape& shape,
                  const NirShape& taken) {
    const NirNode& from = graph.nodes[edge.from];
    const NirNode& to = graph.nodes[edge.to];
    if (squeezed(shape) == squeezed(taken)) return;
    fail_nir(to.place, fmt::format("{} gives it the shape {}, expected {}.", from.name,
                                   text_of(shape), text_of(taken)));
}

}  // namespace

std::vector<NirWindow> windows_of(const NirNode& node) {
    const bool is_pool = node.kind == NirKind::sum_pool || node.kind == NirKind::avg_pool;
    const std::size_t axes = node.kind == NirKind::conv1d ? 1 : 2;
    if (!is_pool && node.array("weight").shape.size() != axes + 2) {
        fail_nir(node.place, fmt::format("weight has the shape {}, expected {} axes.",
                                         text_of(node.array("weight").shape), axes + 2));
    }
    std::vector<NirWindow> windows(axes);
    const auto number = [&](const char* name, std::size_t axis, std::int64_t otherwise) {
        if (!node.has(name)) return otherwise;
        const std::vector<double>& values = node.array(name).values;
        if (values.size() != 1 && values.size() != axes) {
            fail_nir(node.place,
                     fmt::format("{} has {} numbers, expected {}.", name, values.size(), axes));
        }
        return static_cast<std::int64_t>(values[values.size() == 1 ? 0 : axis]);
    };
    for (std::size_t axis = 0; axis < axes; ++axis) {
        NirWindow& w = windows[axis];
        w.kernel = is_pool ? number("kernel_size", axis, 1) : node.array("weight").shape[axis + 2];
        w.stride = number("stride", axis, 1);
        w.dilation = number("dilation", axis, 1);
        w.padding = w.padding_after = number("padding", axis, 0);
        if (node.padding != "same") continue;
        // The odd element of an even window is put behind.
        const std::int64_t outside = w.dilation * (w.kernel - 1);
        w.padding = outside / 2;
        w.padding_after = outside - w.padding;
        if (w.stride != 1) {
            fail_nir(node.place, "padding \"same\" goes with a stride of 1 alone.");
        }
    }
    return windows;
}

NirShapes shapes_of(const NirGraph& graph) {
    const std::size_t n = graph.nodes.size();
    std::vector<MaybeShape> in(n), out(n);
    for (bool changed = true; changed;) {
        changed = false;
        for (std::size_t i = 0; i < n; ++i) {
            if (out[i]) continue;
            out[i] = output_of(graph.nodes[i], in[i]);
            changed = changed || out[i].has_value();
            if (out[i]) require_size(graph.nodes[i], *out[i]);
        }
        for (const NirEdge& edge : graph.edges) {
            if (in[edge.to] || !out[edge.from]) continue;
            in[edge.to] = out[edge.from];
            changed = true;
        }
    }
    NirShapes shapes;
    for (std::size_t i = 0; i < n; ++i) {
        const NirNode& node = graph.nodes[i];
        if (!out[i]) fail_nir(node.place, "nothing says the shape of what goes in.");
        const MaybeShape taken = taken_by(node, *out[i]);
        if (!in[i]) in[i] = taken ? taken : out[i];
        shapes.in.push_back(*in[i]);
        shapes.out.push_back(*out[i]);
    }
    for (const NirEdge& edge : graph.edges) {
        const NirNode& to = graph.nodes[edge.to];
        if (to.kind == NirKind::input) fail_nir(to.place, "is an Input, and an edge leads to it.");
        const MaybeShape taken = taken_by(to, shapes.out[edge.to]);
        require_edge(graph, edge, shapes.out[edge.from], taken ? *taken : shapes.in[edge.to]);
    }
    return shapes;
}

}  // namespace elm::network
