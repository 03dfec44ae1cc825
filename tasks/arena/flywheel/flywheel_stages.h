#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tasks/arena/flywheel/flywheel.h"
#include "tasks/arena/flywheel/stage_files.h"
#include "tasks/arena/flywheel/stage_plan.h"

namespace elm {

/// Where stages leave their files, and what their models are asked when they are finished.
struct StageScope {
    std::string folder;
    std::vector<std::string> parts = {part::arena, part::test};
};

/// The pieces of work of a flywheel, each of one seed, which leaves its files when it is finished
/// and is left out where they are there. From several threads at once.
class FlywheelStages {
public:
    static constexpr const char *start_arm = "C0", *scratch_arm = "U";

    /// Throws Error{invalid} for options that do not go together or with the arena. `scope` is of
    /// all but the start, which stands in the flywheel's own folder.
    FlywheelStages(Stream& stream, const ArenaPool& pool, const ArenaSet& arena,
                   const FlywheelOptions& options, StageScope scope,
                   const std::function<void()>& poll);

    std::int64_t n_stages() const { return options_.rounds * std::ssize(options_.stages); }
    std::uint64_t seed_of(std::int64_t k) const {
        return options_.recipe.seed + static_cast<std::uint64_t>(k);
    }
    StageFiles files(const std::string& arm, std::uint64_t seed, std::int64_t stage) const {
        return {scope_.folder, arm, seed, stage};
    }
    StageFiles start_files(std::uint64_t seed) const { return {options_.out, start_arm, seed, -1}; }

    /// Seed training on D0.
    void start(std::uint64_t seed) const;
    /// A stage of an arm, after the one before it and, of a control, after the same one of F.
    void run(Arm arm, std::uint64_t seed, std::int64_t stage,
             const OpponentChoice& opponents) const;
    /// The reference: D0 and all parts of all rounds at once, for what all stages cost together.
    void train_from_scratch(std::uint64_t seed) const;

private:
    StageFiles files_before(Arm arm, std::uint64_t seed, std::int64_t stage) const;
    ArenaRecipe recipe_for(std::uint64_t seed, std::int64_t stage, double share) const;
    /// A new target that learns from the beginning.
    EpochTraining first_training(std::uint64_t seed, std::int64_t updates) const;
    Predictions ask(const FittedModel& model, std::uint64_t seed, const std::string& path,
                    const std::vector<std::string>& parts) const;
    void finish(StageResult& result, const StageFiles& files, const SampleNumbers& selected,
                const std::vector<std::string>& parts) const;
    ArmKnowledge knowledge_of(Arm arm, std::uint64_t seed, std::int64_t stage,
                              const PartAnswers* target, const OpponentChoice& opponents) const;
    /// How lessons of a kind are weighed for a model as it is when the stage begins.
    LessonSettings settings_for(StageKind kind, const FittedModel& model) const;
    SampleNumbers old_samples(Arm arm, std::uint64_t seed, std::int64_t stage) const;
    /// Updates of this stage; leaves what all stages up to it cost. Parts may differ in size.
    std::int64_t charged(Arm arm, std::int64_t stage, double& forwards) const;

    Stream& stream_;
    const ArenaPool& pool_;
    const ArenaSet& arena_;
    const FlywheelOptions& options_;
    StageScope scope_;
    const std::function<void()>& poll_;
    AnswerKind answers_ = AnswerKind::one_class;
    std::int64_t batch_ = 1;
};

}  // namespace elm
