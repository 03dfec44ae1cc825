#include "kernels/ops/elm/gradient.h"

#include <algorithm>
#include <span>
#include <utility>

#include "kernels/core/check.h"
#include "kernels/core/parallel.h"
#include "kernels/ops/elm/cpu/gradient_tile.h"
#include "kernels/ops/elm/cpu/gradient_unpack.h"

namespace elm {

using namespace gradient;

namespace {

constexpr std::int64_t most_groups = 8;  // partial gradients; fixed, so that sums keep their order

/// Tiles of 4, 2 and 1 samples: the same cut for any number of threads.
struct Tile {
    std::int64_t first;
    int count;
};

std::vector<Tile> cut(std::int64_t batch) {
    std::vector<Tile> tiles;
    for (std::int64_t first = 0; first < batch;) {
        const std::int64_t left = batch - first;
        const int count = left >= 4 ? 4 : left >= 2 ? 2 : 1;
        tiles.push_back({first, count});
        first += count;
    }
    return tiles;
}

template <class Real, Unit unit>
void run_tile(const ElmGradientArgs<Real>& args, const std::vector<int>& row_widths,
              const Tile& tile, PartialGradient<Real>& sums) {
    if (tile.count == 4) {
        GradientTile<Real, 4, unit>(args, row_widths, tile.first, sums).run();
    } else if (tile.count == 2) {
        GradientTile<Real, 2, unit>(args, row_widths, tile.first, sums).run();
    } else {
        GradientTile<Real, 1, unit>(args, row_widths, tile.first, sums).run();
    }
}

}  // namespace

template <class Real>
std::shared_ptr<ElmGradientWorkspace<Real>> make_elm_gradient_workspace() {
    return std::make_shared<ElmGradientWorkspace<Real>>();
}

template <class Real>
void run_elm_gradient(const ElmGradientArgs<Real>& args, ElmGradientWorkspace<Real>& workspace,
                      const ElmScanNumbers<Real>& gradients) {
    const ElmScanWeights<Real>& w = *args.weights->forward;
    ELM_ASSERT((args.spikes != nullptr) != (args.input.data != nullptr));
    ELM_ASSERT(args.trace_state.data == nullptr || args.weights->has_branches());
    const std::vector<int> row_widths = row_widths_of(*args.weights);
    const std::int64_t batch = args.output.extent[0], n_steps = args.output.extent[1];
    const std::vector<Tile> tiles = n_steps > 0 ? cut(batch) : std::vector<Tile>{};
    const auto n_tiles = static_cast<std::int64_t>(tiles.size());
    if (n_tiles == 0) return;
    const std::int64_t n_groups = std::min(n_tiles, most_groups);
    if (std::ssize(workspace.groups) < n_groups) {
        workspace.groups.resize(static_cast<std::size_t>(n_groups));
    }
    Cpu::for_each_task(n_groups, [&](std::int64_t group) {
        PartialGradient<Real>& sums = workspace.groups[static_cast<std::size_t>(group)];
        sums.prepare(*args.weights, row_widths, gradients.memory_decay != nullptr);
        for (std::int64_t t = n_tiles * group / n_groups; t < n_tiles * (group + 1) / n_groups;
             ++t) {
            const Tile& tile = tiles[static_cast<std::size_t>(t)];
            if (w.hidden_unit == HiddenUnit::relu) {
                run_tile<Real, Unit::relu>(args, row_widths, tile, sums);
            } else {
                run_tile<Real, Unit::silu>(args, row_widths, tile, sums);
            }
        }
    });
    add_gradients<Real>(*args.weights, row_widths,
                        std::span<const PartialGradient<Real>>(workspace.groups)
                            .first(static_cast<std::size_t>(n_groups)),
                        workspace.columns, gradients);
}

#define ELM_INSTANTIATE(Real)                                                                 \
    template std::shared_ptr<ElmGradientWorkspace<Real>> make_elm_gradient_workspace<Real>(); \
    template void run_elm_gradient<Real>(                                                     \
        const ElmGradientArgs<Real>&, ElmGradientWorkspace<Real>&, const ElmScanNumbers<Real>&);
ELM_INSTANTIATE(float)
ELM_INSTANTIATE(double)
#undef ELM_INSTANTIATE

}  // namespace elm
