#include "tasks/training/fit_group.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace elm {
namespace {

std::vector<ElmModel> structures_of(std::span<Fit* const> fits) {
    std::vector<ElmModel> structures;
    for (Fit* const fit : fits) structures.push_back(fit->model().group_member()->structure());
    return structures;
}

bool gain(std::span<Fit* const> fits) {
    const ElmGroupPass pass(structures_of(fits), fits.front()->settings().precision);
    std::vector<ElmPassCall> calls;
    Stream host{Device{}};
    for (Fit* const fit : fits) {
        const WindowOptions& windows = fit->settings().windows;
        ElmPassCall call;
        call.outputs.output =
            Tensor::empty(host, {windows.samples(), windows.window_steps, 2}, windows.dtype);
        calls.push_back(std::move(call));
    }
    return pass.side_by_side(calls);
}

}  // namespace

std::vector<Fit*> FitGroup::choose(std::span<Fit* const> fits) {
    std::vector<Fit*> members;
    for (Fit* const fit : fits) {
        if (fit->model().group_member() != nullptr && fit->settings().passes == 1 &&
            fit->settings().windows.parts == 1) {
            members.push_back(fit);
        }
    }
    const auto size = [](Fit* fit) {
        return fit->model().group_member()->structure().options.n_memory;
    };
    std::stable_sort(members.begin(), members.end(),
                     [&](Fit* a, Fit* b) { return size(a) < size(b); });
    while (members.size() > 1 && !gain(members)) members.pop_back();
    return members.size() > 1 ? members : std::vector<Fit*>{};
}

FitGroup::FitGroup(std::vector<Fit*> members)
    : members_(std::move(members)),
      pass_(structures_of(members_), members_.front()->settings().precision),
      calls_(members_.size()) {}

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
        calls_[m] = members_[m]->model().group_member()->call(batch);
    }
    pass_.run(calls_);
    for (std::size_t m = 0; m < members_.size(); ++m) {
        Fit& fit = *members_[m];
        if (batches[m] == nullptr) {
            fit.discard_gradient();
        } else {
            fit.finish_update(fit.model().group_member()->loss());
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
