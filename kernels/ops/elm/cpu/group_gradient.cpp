#include "kernels/ops/elm/group_gradient.h"

#include "kernels/core/support/check.h"
#include "kernels/core/support/pool.h"
#include "kernels/ops/elm/cpu/gradient/gradient_unpack.h"
#include "kernels/ops/elm/cpu/group_workspace.h"

namespace elm {

using namespace gradient;

template <class Real>
struct ElmGroupWorkspace {
    std::vector<std::vector<LanePart<Real>>> tiles;
    std::vector<std::vector<PartialGradient<Real>>> sums;  // of each member, one for each part
    std::vector<AlignedVector<Real>> columns;              // of each member
    Pool<LaneWorkspace<Real>> rooms;
};

namespace {

/// Fills tiles with the samples of one member after the other: whatever the threads.
template <class Real>
void cut(std::span<const ElmGroupMember<Real>> members, ElmGroupWorkspace<Real>& workspace) {
    constexpr int N = native<Real>;
    workspace.tiles.clear();
    workspace.sums.resize(members.size());
    workspace.columns.resize(members.size());
    int lane = N;
    for (std::size_t m = 0; m < members.size(); ++m) {
        const std::int64_t batch = members[m].args.output.extent[0];
        for (std::int64_t first = 0; first < batch;) {
            if (lane == N) {
                workspace.tiles.emplace_back();
                lane = 0;
            }
            const auto count = static_cast<int>(std::min<std::int64_t>(batch - first, N - lane));
            workspace.tiles.back().push_back({&members[m], nullptr, first, lane, count});
            first += count;
            lane += count;
        }
    }
    std::vector<std::size_t> used(members.size(), 0);
    const auto index_of = [&](const LanePart<Real>& part) {
        return static_cast<std::size_t>(part.member - members.data());
    };
    for (const auto& tile : workspace.tiles) {
        for (const LanePart<Real>& part : tile) ++used[index_of(part)];
    }
    for (std::size_t m = 0; m < members.size(); ++m) workspace.sums[m].resize(used[m]);
    std::fill(used.begin(), used.end(), 0);
    for (auto& tile : workspace.tiles) {
        for (LanePart<Real>& part : tile) {
            const std::size_t m = index_of(part);
            part.sums = &workspace.sums[m][used[m]++];
        }
    }
}

}  // namespace

template <class Real>
std::shared_ptr<ElmGroupWorkspace<Real>> make_elm_group_workspace() {
    return std::make_shared<ElmGroupWorkspace<Real>>();
}

template <class Real>
bool lanes_hold(std::span<const ElmGradientWeights<Real>* const> models) {
    constexpr std::int64_t most_weights = 512;  // weights of a tile that stay near the core
    for (const ElmGradientWeights<Real>* model : models) {
        const ElmScanWeights<Real>& w = *model->forward;
        if (model->has_branches() || w.layers.size() != 2 ||
            w.hidden_unit != models.front()->forward->hidden_unit ||
            std::int64_t{2} * w.n_memory * w.layers.front().n_out() > most_weights) {
            return false;
        }
    }
    return !models.empty();
}

template <class Real>
void run_elm_group_gradient(std::span<const ElmGroupMember<Real>> members,
                            ElmGroupWorkspace<Real>& workspace) {
    if (members.empty() || members.front().args.output.extent[1] == 0) return;
    const std::int64_t n_steps = members.front().args.output.extent[1];
    for (const ElmGroupMember<Real>& member : members) {
        ELM_ASSERT(!member.args.weights->has_branches());
        ELM_ASSERT(member.args.output.extent[1] == n_steps);
        ELM_ASSERT(member.args.memory_state.data == nullptr &&
                   member.args.trace_state.data == nullptr && member.args.segment_steps == 0);
    }
    cut(members, workspace);
    Cpu::for_each_task(std::ssize(workspace.tiles), [&](std::int64_t t) {
        const std::vector<LanePart<Real>>& tile = workspace.tiles[static_cast<std::size_t>(t)];
        for (const LanePart<Real>& part : tile) {
            const ElmGradientWeights<Real>& weights = *part.member->args.weights;
            part.sums->prepare(weights, row_widths_of(weights),
                               part.member->gradients.memory_decay != nullptr);
        }
        const auto room = workspace.rooms.take([] { return LaneWorkspace<Real>(); });
        run_lane_tile(tile, n_steps, *room);
    });
    Cpu::for_each_task(std::ssize(members), [&](std::int64_t i) {
        const auto m = static_cast<std::size_t>(i);
        if (workspace.sums[m].empty()) return;
        const ElmGradientWeights<Real>& weights = *members[m].args.weights;
        add_gradients<Real>(weights, row_widths_of(weights), workspace.sums[m],
                            workspace.columns[m], members[m].gradients);
    });
}

#define ELM_INSTANTIATE(Real)                                                           \
    template std::shared_ptr<ElmGroupWorkspace<Real>> make_elm_group_workspace<Real>(); \
    template bool lanes_hold<Real>(std::span<const ElmGradientWeights<Real>* const>);   \
    template void run_elm_group_gradient<Real>(std::span<const ElmGroupMember<Real>>,   \
                                               ElmGroupWorkspace<Real>&);
ELM_INSTANTIATE(float)
ELM_INSTANTIATE(double)
#undef ELM_INSTANTIATE

}  // namespace elm
