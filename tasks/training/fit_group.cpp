#include "tasks/training/fit_group.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace elm {
namespace {

/// Null where the fits do not gain from each other.
std::unique_ptr<PassGroup> group_of(std::span<Fit* const> fits) {
    std::vector<TrainingPass*> passes;
    for (Fit* const fit : fits) passes.push_back(fit->pass());
    const WindowOptions& windows = fits.front()->settings().windows;
    return passes.front()->group(passes, windows.samples(), windows.window_steps);
}

}  // namespace

std::vector<Fit*> FitGroup::choose(std::span<Fit* const> fits) {
    std::vector<Fit*> members;
    for (Fit* const fit : fits) {
        if (fit->pass() != nullptr && fit->settings().passes == 1 &&
            fit->settings().windows.parts == 1) {
            members.push_back(fit);
        }
    }
    const auto size = [](Fit* fit) { return trainable_count(fit->module()); };
    std::stable_sort(members.begin(), members.end(),
                     [&](Fit* a, Fit* b) { return size(a) < size(b); });
    while (members.size() > 1 && group_of(members) == nullptr) members.pop_back();
    return members.size() > 1 ? members : std::vector<Fit*>{};
}

FitGroup::FitGroup(std::vector<Fit*> members)
    : members_(std::move(members)), passes_(group_of(members_)), calls_(members_.size()) {}

void FitGroup::update(std::int64_t now) {
    const NeuronIoBatch* any = nullptr;
    std::vector<const NeuronIoBatch*> batches;
    for (Fit* const fit : members_) {
        batches.push_back(fit->update_count() == now ? &fit->next_batch() : nullptr);
        if (any == nullptr) any = batches.back();
    }
    for (std::size_t m = 0; m < members_.size(); ++m) {
        // One that waits keeps its lanes; what they compute is thrown away.
        const NeuronIoBatch& batch = batches[m] != nullptr ? *batches[m] : *any;
        calls_[m] = members_[m]->call(batch);
    }
    passes_->run(calls_);
    for (std::size_t m = 0; m < members_.size(); ++m) {
        Fit& fit = *members_[m];
        if (batches[m] == nullptr) {
            fit.discard_gradient();
        } else {
            fit.finish_update(fit.loss_of_pass());
        }
    }
}

void FitGroup::advance(std::int64_t interval, double seconds) {
    using Clock = std::chrono::steady_clock;
    const auto stop = Clock::now() + std::chrono::duration<double>(seconds);
    while (true) {
        const Fit& last = **std::min_element(members_.begin(), members_.end(), [](Fit* a, Fit* b) {
            return a->update_count() < b->update_count();
        });
        if (last.done()) return;
        update(last.update_count());
        const std::int64_t now = last.update_count();
        if (now % interval == 0 || last.done() || Clock::now() >= stop) return;
    }
}

}  // namespace elm
