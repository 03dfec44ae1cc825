#include "tasks/training/training_group.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace elm {
namespace {

/// Null where they do not gain from each other.
std::unique_ptr<PassGroup> group_of(std::span<Training* const> trainings) {
    std::vector<TrainingPass*> passes;
    for (Training* const training : trainings) passes.push_back(training->pass());
    const Training& first = *trainings.front();
    return passes.front()->group(passes, first.settings().batch, first.task().spec().n_steps);
}

}  // namespace

std::vector<Training*> TrainingGroup::choose(std::span<Training* const> trainings) {
    std::vector<Training*> members;
    for (Training* const training : trainings) {
        if (training->pass() != nullptr && training->settings().accumulation_steps == 1 &&
            training->settings().batch_parts == 1 && !training->shares_batches()) {
            members.push_back(training);
        }
    }
    const auto size = [](Training* training) { return trainable_count(training->module()); };
    std::stable_sort(members.begin(), members.end(),
                     [&](Training* a, Training* b) { return size(a) < size(b); });
    while (members.size() > 1 && group_of(members) == nullptr) members.pop_back();
    return members.size() > 1 ? members : std::vector<Training*>{};
}

TrainingGroup::TrainingGroup(std::vector<Training*> members)
    : members_(std::move(members)), passes_(group_of(members_)), calls_(members_.size()) {}

void TrainingGroup::update(std::int64_t now) {
    const Batch* any = nullptr;
    std::vector<const Batch*> batches;
    for (Training* const member : members_) {
        const bool moves = member->update_count() == now && !member->done();
        batches.push_back(moves ? &member->next_batch() : nullptr);
        if (any == nullptr) any = batches.back();
    }
    for (std::size_t m = 0; m < members_.size(); ++m) {
        // One that waits keeps its lanes; what they compute is thrown away.
        const Batch& batch = batches[m] != nullptr ? *batches[m] : *any;
        calls_[m] = members_[m]->call(batch);
    }
    passes_->run(calls_);
    for (std::size_t m = 0; m < members_.size(); ++m) {
        Training& member = *members_[m];
        if (batches[m] == nullptr) {
            member.discard_gradient();
        } else {
            member.finish_update(member.loss_of_pass());
        }
    }
}

void TrainingGroup::advance(std::int64_t interval, double seconds) {
    using Clock = std::chrono::steady_clock;
    const auto stop = Clock::now() + std::chrono::duration<double>(seconds);
    while (true) {
        Training* last = nullptr;
        for (Training* const member : members_) {
            if (member->done()) continue;
            if (last == nullptr || member->update_count() < last->update_count()) last = member;
        }
        if (last == nullptr) return;
        update(last->update_count());
        if (last->update_count() % interval == 0 || last->done() || Clock::now() >= stop) return;
    }
}

}  // namespace elm
