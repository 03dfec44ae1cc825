#include "kernels/ops/elm/scan.h"

#include <algorithm>

#include "kernels/core/support/parallel.h"
#include "kernels/core/support/pool.h"
#include "kernels/ops/elm/cpu/scan_tile.h"

namespace elm {

using namespace scan;

namespace {

/// The forms of tiles for a model, from the widest. With two 512-bit units two vectors of samples
/// share each weight that is loaded, and units fill whole vectors.
template <class Real>
std::vector<TileForm> tile_forms(const ElmScanWeights<Real>& w) {
    constexpr int N = native<Real>;
    std::vector<TileForm> forms;
    if (w.unit_lanes != unit_lanes<Real>) {
        // Two chains of eight samples by units would leave one vector a block.
        const bool eight_by_unit = N == 16 && !w.layers.front().two_chains();
        forms.push_back({2 * N, false});
        if (!eight_by_unit) forms.push_back({N, false});
        if (N == 16) forms.push_back({8, eight_by_unit});
    } else {
        forms.push_back({N, N < 4});
        if (N / 2 >= 4) forms.push_back({N / 2, false});
    }
    for (const std::int64_t width : {4, 2, 1}) {
        if (width < forms.back().width) forms.push_back({width, true});
    }
    return forms;
}

/// Cuts a batch into tiles that are as wide as the threads' shares allow. A tile of samples as
/// lanes may have a few empty lanes where that is cheaper than narrower tiles.
template <class Real>
void add_tiles(std::size_t run, const ElmScanArgs<Real>& args, std::int64_t share,
               std::vector<Tile>& tiles) {
    const std::vector<TileForm> forms = tile_forms(*args.weights);
    const std::int64_t batch = args.output.extent[0];
    for (std::int64_t first = 0; first < batch;) {
        const std::int64_t left = std::min(batch - first, std::max<std::int64_t>(share, 1));
        const auto fits = [&](const TileForm& form) {
            return left >= (form.by_unit ? form.width : form.width - form.width / 8);
        };
        const TileForm form = *std::find_if(forms.begin(), forms.end() - 1, fits);
        const std::int64_t count = std::min(form.width, left);
        tiles.push_back({run, first, count, form});
        first += count;
    }
}

}  // namespace

template <class Real>
struct ElmScanWorkspace {
    Pool<TileMemory<Real>> tiles;
};

template <class Real>
std::shared_ptr<ElmScanWorkspace<Real>> make_elm_scan_workspace() {
    return std::make_shared<ElmScanWorkspace<Real>>();
}

template <class Real>
void run_elm_scans(const std::vector<ElmScanArgs<Real>>& runs) {
    ElmScanWorkspace<Real> alone;
    std::vector<Tile> tiles;
    for (std::size_t run = 0; run < runs.size(); ++run) {
        const std::int64_t batch = runs[run].output.extent[0];
        const auto threads = static_cast<std::int64_t>(thread_count());
        const auto n_runs = static_cast<std::int64_t>(runs.size());
        const std::int64_t threads_a_run = std::max<std::int64_t>(1, threads / n_runs);
        add_tiles(run, runs[run], (batch + threads_a_run - 1) / threads_a_run, tiles);
    }
    Cpu::for_each_task(static_cast<std::int64_t>(tiles.size()), [&](std::int64_t index) {
        const Tile& tile = tiles[static_cast<std::size_t>(index)];
        const ElmScanArgs<Real>& args = runs[tile.run];
        const auto memory =
            (args.workspace != nullptr ? *args.workspace : alone)
                .tiles.take(
                    [&](const TileMemory<Real>& found) { return found.lanes == tile.form.width; },
                    [] { return TileMemory<Real>(); });
        run_tile(args, tile, *memory);
    });
}

template <class Backend, class Real>
void run_elm_scan(Stream&, const ElmScanArgs<Real>& args) {
    run_elm_scans<Real>({args});
}

#define ELM_INSTANTIATE(Real)                                                         \
    template std::shared_ptr<ElmScanWorkspace<Real>> make_elm_scan_workspace<Real>(); \
    template void run_elm_scans<Real>(const std::vector<ElmScanArgs<Real>>&);         \
    template void run_elm_scan<Cpu, Real>(Stream&, const ElmScanArgs<Real>&);
ELM_INSTANTIATE(float)
ELM_INSTANTIATE(double)
#undef ELM_INSTANTIATE

}  // namespace elm
