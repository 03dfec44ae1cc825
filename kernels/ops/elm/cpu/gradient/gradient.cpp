#include "kernels/ops/elm/gradient.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/elm/cpu/gradient/gradient_stages.h"
#include "kernels/ops/elm/cpu/gradient/gradient_unpack.h"

namespace elm {

using namespace gradient;

namespace {

constexpr std::int64_t most_groups = 8;  // partial gradients; fixed, so that sums keep their order

/// Tiles of 4, 2 and 1 samples: the same cut for any number of threads.
std::vector<SampleRange> cut(std::int64_t batch) {
    std::vector<SampleRange> tiles;
    for (std::int64_t first = 0; first < batch;) {
        const std::int64_t left = batch - first;
        const int count = left >= 4 ? 4 : left >= 2 ? 2 : 1;
        tiles.push_back({first, count});
        first += count;
    }
    return tiles;
}

/// The arrays for a tile: those of a tile of this shape if there are any, for they need no
/// clearing.
template <class Real>
auto room_for(const ElmGradientArgs<Real>& args, const SampleRange& tile, bool time_constants,
              ElmGradientWorkspace<Real>& workspace) {
    const TileShape shape = tile_shape(*args.weights, args.output.extent[1], args.segment_steps,
                                       args.keep_updates, tile.count, time_constants);
    auto room =
        workspace.tiles.take([&](const TileWorkspace<Real>& work) { return work.shape == shape; },
                             [] { return TileWorkspace<Real>(); });
    room->prepare(shape);
    return room;
}

template <class Real>
std::vector<SampleRange> tiles_of(const ElmGradientArgs<Real>& args) {
    ELM_ASSERT((args.spikes != nullptr) != (args.input.data != nullptr));
    ELM_ASSERT(args.trace_state.data == nullptr || args.weights->has_branches());
    return args.output.extent[1] > 0 ? cut(args.output.extent[0]) : std::vector<SampleRange>{};
}

/// Calls body(index of the tile, sums of its group) and adds all sums to `gradients`.
template <class Real, class Body>
void sum_over_tiles(const ElmGradientArgs<Real>& args, std::int64_t n_tiles,
                    ElmGradientWorkspace<Real>& workspace, const ElmParameters<Real*>& gradients,
                    const Body& body) {
    if (n_tiles == 0) return;
    const std::vector<int> row_widths = row_widths_of(*args.weights);
    const std::int64_t n_groups = std::min(n_tiles, most_groups);
    if (std::ssize(workspace.groups) < n_groups) {
        workspace.groups.resize(static_cast<std::size_t>(n_groups));
    }
    Cpu::for_each_task(n_groups, [&](std::int64_t group) {
        PartialGradient<Real>& sums = workspace.groups[static_cast<std::size_t>(group)];
        sums.prepare(*args.weights, row_widths, gradients.memory_decay != nullptr);
        for (std::int64_t t = n_tiles * group / n_groups; t < n_tiles * (group + 1) / n_groups;
             ++t) {
            body(static_cast<std::size_t>(t), sums);
        }
    });
    add_gradients<Real>(*args.weights, row_widths,
                        std::span<const PartialGradient<Real>>(workspace.groups)
                            .first(static_cast<std::size_t>(n_groups)),
                        workspace.columns, gradients);
}

}  // namespace

template <class Real>
std::shared_ptr<ElmGradientWorkspace<Real>> make_elm_gradient_workspace() {
    return std::make_shared<ElmGradientWorkspace<Real>>();
}

template <class Real>
void run_elm_gradient(const ElmGradientArgs<Real>& args, ElmGradientWorkspace<Real>& workspace,
                      const ElmParameters<Real*>& gradients) {
    const std::vector<SampleRange> tiles = tiles_of(args);
    sum_over_tiles(args, std::ssize(tiles), workspace, gradients,
                   [&](std::size_t t, PartialGradient<Real>& sums) {
                       const SampleRange& tile = tiles[t];
                       const auto room =
                           room_for(args, tile, gradients.memory_decay != nullptr, workspace);
                       with_stages(*args.weights->forward, [&](auto stages) {
                           stages.forward(args, tile, *room);
                           if (args.loss) args.loss(tile.first, tile.count);
                           stages.backward(args, tile, *room, sums);
                       });
                   });
}

template <class Real>
std::shared_ptr<ElmStoredPass<Real>> run_elm_forward(const ElmGradientArgs<Real>& args,
                                                     ElmGradientWorkspace<Real>& workspace,
                                                     const ElmForwardOptions& options) {
    ELM_ASSERT(options.keep_steps || !args.keep_updates);
    const std::vector<SampleRange> tiles = tiles_of(args);
    auto pass = std::make_shared<ElmStoredPass<Real>>();
    pass->tiles.resize(tiles.size());
    Cpu::for_each_task(std::ssize(tiles), [&](std::int64_t index) {
        const auto t = static_cast<std::size_t>(index);
        auto room = room_for(args, tiles[t], options.time_constants, workspace);
        with_stages(*args.weights->forward,
                    [&](auto stages) { stages.forward(args, tiles[t], *room); });
        if (options.keep_steps) {
            pass->tiles[t].room = std::move(room);
        } else {
            pass->tiles[t].checkpoints = std::move(room->checkpoints);
        }
    });
    return pass;
}

template <class Real>
void run_elm_backward(const ElmGradientArgs<Real>& args, ElmStoredPass<Real>& pass,
                      ElmGradientWorkspace<Real>& workspace,
                      const ElmParameters<Real*>& gradients) {
    const std::vector<SampleRange> tiles = tiles_of(args);
    ELM_ASSERT(pass.tiles.size() == tiles.size());
    sum_over_tiles(
        args, std::ssize(tiles), workspace, gradients,
        [&](std::size_t t, PartialGradient<Real>& sums) {
            // Named one by one: clang 14 captures no structured bindings.
            auto room = std::move(pass.tiles[t].room);
            if (room == nullptr) {
                room = room_for(args, tiles[t], gradients.memory_decay != nullptr, workspace);
                room->checkpoints = std::move(pass.tiles[t].checkpoints);
                room->filled = false;
            }
            with_stages(*args.weights->forward,
                        [&](auto stages) { stages.backward(args, tiles[t], *room, sums); });
        });
}

template <class Real>
std::int64_t elm_gradient_bytes(const ElmGradientWeights<Real>& weights, std::int64_t n_samples,
                                std::int64_t n_steps, std::int64_t segment_steps, bool keep_updates,
                                bool time_constants) {
    if (n_steps == 0) return 0;
    std::vector<std::int64_t> sizes;
    for (const SampleRange& tile : cut(n_samples)) {
        sizes.push_back(TileWorkspace<Real>::bytes(
            tile_shape(weights, n_steps, segment_steps, keep_updates, tile.count, time_constants),
            n_steps));
    }
    const auto at_once =
        std::min<std::size_t>(sizes.size(), static_cast<std::size_t>(thread_count()));
    const auto groups = std::min<std::int64_t>(std::ssize(sizes), most_groups);
    return std::accumulate(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(at_once),
                           std::int64_t{0}) +
           groups * PartialGradient<Real>::bytes(weights, time_constants);
}

template <class Real>
std::int64_t elm_segment_steps(const ElmGradientWeights<Real>& weights, std::int64_t n_steps) {
    const TileShape shape = tile_shape(weights, n_steps, 0, false, 1, true);
    const double least_memory = std::sqrt(static_cast<double>(n_steps * shape.state_values()) /
                                          static_cast<double>(shape.step_values()));
    return std::max<std::int64_t>(1, std::llround(least_memory / chunk_steps)) * chunk_steps;
}

#define ELM_INSTANTIATE(Real)                                                                     \
    template std::shared_ptr<ElmGradientWorkspace<Real>> make_elm_gradient_workspace<Real>();     \
    template std::int64_t elm_segment_steps<Real>(const ElmGradientWeights<Real>&, std::int64_t); \
    template std::int64_t elm_gradient_bytes<Real>(const ElmGradientWeights<Real>&, std::int64_t, \
                                                   std::int64_t, std::int64_t, bool, bool);       \
    template void run_elm_gradient<Real>(                                                         \
        const ElmGradientArgs<Real>&, ElmGradientWorkspace<Real>&, const ElmParameters<Real*>&);  \
    template std::shared_ptr<ElmStoredPass<Real>> run_elm_forward<Real>(                          \
        const ElmGradientArgs<Real>&, ElmGradientWorkspace<Real>&, const ElmForwardOptions&);     \
    template void run_elm_backward<Real>(const ElmGradientArgs<Real>&, ElmStoredPass<Real>&,      \
                                         ElmGradientWorkspace<Real>&,                             \
                                         const ElmParameters<Real*>&);
ELM_INSTANTIATE(float)
ELM_INSTANTIATE(double)
#undef ELM_INSTANTIATE

}  // namespace elm
