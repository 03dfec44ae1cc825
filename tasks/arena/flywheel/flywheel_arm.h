#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/arena/flywheel/arena_selection.h"
#include "tasks/arena/learning/lesson_task.h"

namespace elm {

/// What a stage does with the samples that were chosen. Numbers have no reward: it is of answers
/// that can be counted through.
enum class StageKind : std::uint8_t { replay, distillation, preference, reward };
std::string name_of(StageKind kind);
/// Throws Error{invalid} with the nearest name.
StageKind stage_kind_called(const std::string& name);

/// A way to choose what a stage trains on: the loop itself and its controls, which have the same
/// start, optimiser, schedule and compute.
enum class Arm : std::uint8_t {
    flywheel,        // F: what battles chose
    everything,      // C1: all of the part
    random_subset,   // C2: as many, with the same classes
    own_losses,      // C3: as many, of the target's highest losses
    another_target,  // C4: what battles chose for another seed's target
    lost_by_all,     // C5: also what nobody answered rightly
    teacher_random,  // C6: distillation on a random subset
    shuffled_pairs,  // C7: chosen and rejected exchanged at random
};
inline constexpr int n_arms = 8;
std::string name_of(Arm arm);      // "F", "C1", ...
std::string question_of(Arm arm);  // what the comparison with it answers
Arm arm_called(const std::string& name);

/// Whether the arm's own target answers the part before it is trained: a pass that costs as much
/// as a third of a training. Others have so much more training.
bool answers_part(Arm arm);

/// What an arm knows when it chooses.
struct ArmKnowledge {
    PartBattle battle;          // the target's answers are there where answers_part() says so
    SampleNumbers chosen_by_f;  // places, of the flywheel of this seed; not for the flywheel
    SampleNumbers of_another;   // and of another seed
    double threshold = 3, pair_threshold = 2;
    RandomKey key = {};
};

/// Samples with their lessons, by place in the part.
struct ArmChoice {
    SampleNumbers places = {};
    std::vector<Lesson> lessons = {};  // of each place, or empty: labels
    double threshold = 0;
};

ArmChoice choose(Arm arm, StageKind kind, const ArmKnowledge& knowledge);

/// Sample-forwards: what a training sample costs are three.
struct ComputeLedger {
    double spent = 0;
    double carried = 0;  // that did not fill an update

    /// Updates of a stage that may cost `updates` and a pass over `part` samples, which is taken
    /// if `passes`, else turned into updates.
    std::int64_t charge(std::int64_t updates, std::int64_t batch, std::int64_t part, bool passes);
};

}  // namespace elm
