#include "tasks/arena/flywheel/flywheel.h"

#include <string>
#include <utility>
#include <vector>

#include "kernels/core/support/log.h"
#include "kernels/core/support/parallel.h"
#include "tasks/arena/flywheel/flywheel_stages.h"
#include "tasks/arena/flywheel/stage_plan.h"
#include "tasks/arena/flywheel/threshold_sweep.h"
#include "tasks/training/record/run_files.h"

namespace elm {
namespace {

/// The order of a flywheel's phases.
class Flywheel {
public:
    Flywheel(Stream& stream, const ArenaPool& pool, const ArenaSet& arena,
             const FlywheelOptions& options, const std::function<void()>& poll)
        : stream_(stream),
          pool_(pool),
          arena_(arena),
          options_(options),
          poll_(poll),
          stages_(stream, pool, arena, options_, {.folder = options.out}, poll) {}

    FlywheelResults run() {
        make_folder(options_.out + "/stages");
        for_each_seed([&](std::uint64_t seed) { stages_.start(seed); });
        find_opponents();
        std::vector<SweptThreshold> sweep;
        if (options_.sweeps_thresholds) {
            sweep = sweep_thresholds(stream_, pool_, arena_, options_, opponents_, poll_);
            take_best(sweep, options_);
        }
        std::vector<Arm> arms{Arm::flywheel};
        arms.insert(arms.end(), options_.controls.begin(), options_.controls.end());
        for (std::int64_t stage = 0; stage < stages_.n_stages(); ++stage) {
            for_each_seed(
                [&](std::uint64_t seed) { stages_.run(Arm::flywheel, seed, stage, opponents_); });
            const std::int64_t n = options_.n_seeds;
            Cpu::for_each_task(std::ssize(options_.controls) * n, [&](std::int64_t k) {
                poll_();
                stages_.run(options_.controls[static_cast<std::size_t>(k / n)],
                            stages_.seed_of(k % n), stage, opponents_);
            });
            log::info("stage {} of {} is done", stage + 1, stages_.n_stages());
        }
        for_each_seed([&](std::uint64_t seed) { stages_.train_from_scratch(seed); });
        return collect(arms, std::move(sweep));
    }

private:
    template <class Work>
    void for_each_seed(const Work& work) {
        Cpu::for_each_task(options_.n_seeds, [&](std::int64_t k) {
            poll_();
            work(stages_.seed_of(k));
        });
    }
    /// Trains all on OPP and keeps the best of those that are better than the target.
    void find_opponents() {
        const BattleOptions battle_options{.models = options_.opponents,
                                           .model_options = options_.model_options,
                                           .updates = options_.opponent_updates,
                                           .recipe = options_.recipe,
                                           .out = options_.out + "/opponents",
                                           .resume = true};
        std::vector<Predictions> all = battle(stream_, pool_, arena_, battle_options, poll_),
                                 starts;
        for (std::int64_t k = 0; k < options_.n_seeds; ++k) {
            starts.push_back(stages_.start_files(stages_.seed_of(k)).read().predictions);
        }
        double usual = 1;
        if (answer_kind_of(pool_) == AnswerKind::numbers) {
            std::vector<Predictions> everybody = all;
            everybody.insert(everybody.end(), starts.begin(), starts.end());
            usual = usual_loss(everybody, part::calibration);
        }
        double target = 0;
        for (const Predictions& one : starts) {
            target += mean_score(one, part::dev, usual) / static_cast<double>(options_.n_seeds);
        }
        opponents_ =
            choose_opponents(std::move(all), part::dev, target, options_.n_opponents, usual);
        for (const Predictions& one : opponents_.chosen) {
            log::info("opponent {}: mean score {:.3f} on ARENA-DEV, the target {:.3f}", one.model,
                      mean_score(one, part::dev, usual), target);
        }
    }

    FlywheelResults collect(const std::vector<Arm>& arms, std::vector<SweptThreshold> sweep) {
        FlywheelResults results{.opponents = opponents_.chosen,
                                .stages = {},
                                .left_out = opponents_.left_out,
                                .usual = opponents_.usual,
                                .loss_parts = pool_.spec().loss_parts,
                                .sweep = std::move(sweep)};
        for (std::int64_t k = 0; k < options_.n_seeds; ++k) {
            results.stages.push_back(stages_.start_files(stages_.seed_of(k)).read());
        }
        for (const Arm arm : arms) {
            for (std::int64_t k = 0; k < options_.n_seeds; ++k) {
                for (std::int64_t stage = 0; stage < stages_.n_stages(); ++stage) {
                    results.stages.push_back(
                        stages_.files(name_of(arm), stages_.seed_of(k), stage).read());
                }
            }
        }
        for (std::int64_t k = 0; k < options_.n_seeds; ++k) {
            results.stages.push_back(
                stages_
                    .files(FlywheelStages::scratch_arm, stages_.seed_of(k), stages_.n_stages() - 1)
                    .read());
        }
        return results;
    }

    Stream& stream_;
    const ArenaPool& pool_;
    const ArenaSet& arena_;
    FlywheelOptions options_;  // thresholds may follow from a sweep
    const std::function<void()>& poll_;
    FlywheelStages stages_;
    OpponentChoice opponents_;
};

}  // namespace

FlywheelResults run_flywheel(Stream& stream, const ArenaPool& pool, const ArenaSet& arena,
                             const FlywheelOptions& options, const std::function<void()>& poll) {
    return Flywheel(stream, pool, arena, options, poll).run();
}

}  // namespace elm
