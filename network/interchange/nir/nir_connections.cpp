#include "network/interchange/nir/nir_connections.h"

#include <array>

#include <fmt/format.h>

namespace elm::network {
namespace {

struct One {
    std::int64_t source;
    std::int32_t target;
    double weight;
};

/// Sorted by source; connections of one source keep their order.
NirConnections by_source(const std::vector<One>& all, std::int64_t n_sources,
                         std::int64_t n_targets) {
    NirConnections map{n_sources, n_targets, {}, {}, {}, {}};
    map.begins.assign(static_cast<std::size_t>(n_sources) + 1, 0);
    for (const One& one : all) ++map.begins[static_cast<std::size_t>(one.source) + 1];
    for (std::size_t j = 1; j < map.begins.size(); ++j) map.begins[j] += map.begins[j - 1];
    std::vector<std::int64_t> next(map.begins.begin(), map.begins.end() - 1);
    map.targets.resize(all.size());
    map.weights.resize(all.size());
    for (const One& one : all) {
        const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(one.source)]++);
        map.targets[at] = one.target;
        map.weights[at] = one.weight;
    }
    return map;
}

NirConnections of_matrix(const NirNode& node) {
    const NirArray& weight = node.array("weight");
    const auto inputs = static_cast<std::size_t>(weight.shape.back());
    const std::size_t outputs = weight.values.size() / inputs;
    NirConnections map{
        static_cast<std::int64_t>(inputs), static_cast<std::int64_t>(outputs), {}, {}, {}, {}};
    map.weights.resize(weight.values.size());
    for (std::size_t j = 0; j <= inputs; ++j) {
        map.begins.push_back(static_cast<std::int64_t>(j * outputs));
    }
    for (std::size_t i = 0; i < outputs; ++i) {
        for (std::size_t j = 0; j < inputs; ++j) {
            map.weights[j * outputs + i] = weight.values[i * inputs + j];
        }
    }
    if (node.has("bias")) map.bias = node.array("bias").values;
    return map;
}

/// An image of channels, rows and columns; one of a single axis has one row.
using Image = std::array<std::int64_t, 3>;

Image image_of(const NirShape& shape, std::size_t axes) {
    const std::size_t skipped = shape.size() - axes - 1;  // axes of one element
    Image image{shape[skipped], 1, shape.back()};
    if (axes == 2) image[1] = shape[skipped + 1];
    return image;
}

/// Calls body(row or column of the input, element of the window) for those that lie inside.
template <class Body>
void for_each_inside(const NirWindow& window, std::int64_t output, std::int64_t extent,
                     const Body& body) {
    for (std::int64_t k = 0; k < window.kernel; ++k) {
        const std::int64_t at = window.input(output, k);
        if (at >= 0 && at < extent) body(at, k);
    }
}

/// Calls body(source, target, channel of the window, element of the window).
template <class Body>
void for_each_pair(const Image& in, const Image& out, const NirWindow& rows,
                   const NirWindow& columns, std::int64_t channels_in_group,
                   std::int64_t channels_out_group, const Body& body) {
    for (std::int64_t c = 0; c < out[0]; ++c) {
        const std::int64_t first = c / channels_out_group * channels_in_group;
        for (std::int64_t row = 0; row < out[1]; ++row) {
            for (std::int64_t column = 0; column < out[2]; ++column) {
                const std::int64_t target = (c * out[1] + row) * out[2] + column;
                for (std::int64_t k = 0; k < channels_in_group; ++k) {
                    for_each_inside(rows, row, in[1], [&](std::int64_t y, std::int64_t ky) {
                        for_each_inside(
                            columns, column, in[2], [&](std::int64_t x, std::int64_t kx) {
                                const std::int64_t source = ((first + k) * in[1] + y) * in[2] + x;
                                body(source, target, c, k, ky * columns.kernel + kx);
                            });
                    });
                }
            }
        }
    }
}

void require_count(const NirNode& node, double count) {
    if (count <= 268435456.0) return;
    fail_nir(node.place, fmt::format("is {:.3g} connections, expected at most 2^28.", count));
}

NirConnections of_windows(const NirNode& node, const NirShape& input, const NirShape& output) {
    const bool is_pool = node.kind == NirKind::sum_pool || node.kind == NirKind::avg_pool;
    const std::size_t axes = node.kind == NirKind::conv1d ? 1 : 2;
    const std::vector<NirWindow> windows = windows_of(node);
    const NirWindow rows = axes == 2 ? windows[0] : NirWindow{}, columns = windows.back();
    const Image in = image_of(input, axes), out = image_of(output, axes);
    const std::int64_t window = rows.kernel * columns.kernel;
    const std::int64_t groups =
        is_pool ? in[0] : static_cast<std::int64_t>(node.array("groups").values[0]);
    const std::int64_t in_group = in[0] / groups, out_group = out[0] / groups;
    require_count(node, static_cast<double>(elements_of(output)) * static_cast<double>(in_group) *
                            static_cast<double>(window));
    const double of_pool = node.kind == NirKind::avg_pool ? 1 / static_cast<double>(window) : 1;
    std::vector<One> all;
    for_each_pair(
        in, out, rows, columns, in_group, out_group,
        [&](std::int64_t source, std::int64_t target, std::int64_t c, std::int64_t k,
            std::int64_t element) {
            const double weight =
                is_pool
                    ? of_pool
                    : node.array("weight")
                          .values[static_cast<std::size_t>((c * in_group + k) * window + element)];
            all.push_back({source, static_cast<std::int32_t>(target), weight});
        });
    NirConnections map = by_source(all, elements_of(input), elements_of(output));
    if (!node.has("bias")) return map;
    for (std::int64_t c = 0; c < out[0]; ++c) {
        const double bias = node.array("bias").values[static_cast<std::size_t>(c)];
        map.bias.insert(map.bias.end(), static_cast<std::size_t>(out[1] * out[2]), bias);
    }
    return map;
}

}  // namespace

bool has_connections(NirKind kind) {
    using enum NirKind;
    return kind == affine || kind == linear || kind == conv1d || kind == conv2d ||
           kind == sum_pool || kind == avg_pool;
}

NirConnections connections_of(const NirNode& node, const NirShape& input, const NirShape& output) {
    if (node.kind == NirKind::affine || node.kind == NirKind::linear) return of_matrix(node);
    return of_windows(node, input, output);
}

}  // namespace elm::network
