#include "tasks/arena/flywheel/threshold_sweep.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernels/core/support/log.h"
#include "kernels/core/support/parallel.h"
#include "tasks/arena/flywheel/flywheel_stages.h"
#include "tasks/training/record/run_files.h"

namespace elm {
namespace {

constexpr int highest_threshold = 5;  // of Luo et al. 2024, arXiv 2407.10627

/// The kinds of stages that have a threshold of their own.
std::vector<StageKind> swept_kinds(const FlywheelOptions& options) {
    std::vector<StageKind> kinds;
    for (const StageKind kind :
         {StageKind::replay, StageKind::distillation, StageKind::reward, StageKind::preference}) {
        const bool shares_one = kind != StageKind::preference && !kinds.empty();
        const bool is_there =
            std::find(options.stages.begin(), options.stages.end(), kind) != options.stages.end();
        if (is_there && !shares_one) kinds.push_back(kind);
    }
    return kinds;
}

/// The flywheel of one stage with one threshold.
FlywheelOptions of_one_stage(FlywheelOptions options, StageKind kind, double threshold) {
    options.rounds = 1;
    options.stages = {kind};
    options.controls.clear();
    options.thresholds = {threshold};
    options.pair_threshold = threshold;
    return options;
}

SweptThreshold sweep_one(Stream& stream, const ArenaPool& pool, const ArenaSet& arena,
                         const FlywheelOptions& options, const OpponentChoice& opponents,
                         StageKind kind, double threshold, const std::function<void()>& poll) {
    const FlywheelOptions own = of_one_stage(options, kind, threshold);
    const FlywheelStages stages(
        stream, pool, arena, own,
        {.folder = fmt::format("{}/sweep/{}-{:.0f}", options.out, name_of(kind), threshold),
         .parts = {part::dev}},
        poll);
    make_folder(fmt::format("{}/sweep/{}-{:.0f}/stages", options.out, name_of(kind), threshold));
    Cpu::for_each_task(options.n_seeds, [&](std::int64_t k) {
        poll();
        stages.run(Arm::flywheel, stages.seed_of(k), 0, opponents);
    });
    SweptThreshold swept{.kind = kind, .threshold = threshold};
    const auto n = static_cast<double>(options.n_seeds);
    for (std::int64_t k = 0; k < options.n_seeds; ++k) {
        const StageResult result =
            stages.files(name_of(Arm::flywheel), stages.seed_of(k), 0).read();
        swept.used += result.threshold / n;
        swept.chosen += static_cast<double>(result.chosen) / n;
        swept.score += mean_score(result.predictions, part::dev, opponents.usual) / n;
    }
    return swept;
}

}  // namespace

std::vector<SweptThreshold> sweep_thresholds(Stream& stream, const ArenaPool& pool,
                                             const ArenaSet& arena, const FlywheelOptions& options,
                                             const OpponentChoice& opponents,
                                             const std::function<void()>& poll) {
    std::vector<SweptThreshold> all;
    for (const StageKind kind : swept_kinds(options)) {
        const std::size_t first = all.size();
        for (int threshold = 0; threshold <= highest_threshold; ++threshold) {
            all.push_back(
                sweep_one(stream, pool, arena, options, opponents, kind, threshold, poll));
            log::info("threshold {} of a {}: {:.4f} on ARENA-DEV", threshold, name_of(kind),
                      all.back().score);
        }
        const auto best =
            std::max_element(all.begin() + static_cast<std::ptrdiff_t>(first), all.end(),
                             [](const auto& a, const auto& b) { return a.score < b.score; });
        best->is_best = true;
    }
    return all;
}

void take_best(const std::vector<SweptThreshold>& sweep, FlywheelOptions& options) {
    for (const SweptThreshold& one : sweep) {
        if (!one.is_best) continue;
        if (one.kind == StageKind::preference) {
            options.pair_threshold = one.threshold;
        } else {
            options.thresholds = {one.threshold};
        }
    }
}

Table sweep_table(const std::vector<SweptThreshold>& sweep) {
    Table table({"stage", "threshold", "used", "chosen", "score on ARENA-DEV", "best"});
    for (const SweptThreshold& one : sweep) {
        table.add({name_of(one.kind), fmt::format("{:.0f}", one.threshold),
                   fmt::format("{:.2f}", one.used), fmt::format("{:.0f}", one.chosen),
                   fmt::format("{:.4f}", one.score), one.is_best ? "yes" : ""});
    }
    return table;
}

}  // namespace elm
