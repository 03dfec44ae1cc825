#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "kernels/core/cuda/emulation/scheduler.h"

namespace elm::emulation {
namespace {

std::string triple(const uint3& index) {
    return std::to_string(index.x) + "," + std::to_string(index.y) + "," + std::to_string(index.z);
}

std::string schedule_text(const Schedule& schedule) {
    std::string text;
    switch (schedule.order) {
        case Order::forward:
            text = "forward";
            break;
        case Order::reverse:
            text = "reverse";
            break;
        case Order::random:
            text = "random";
            break;
    }
    if (schedule.preempt) text += ", preempt";
    if (schedule.preempt || schedule.order == Order::random) {
        text += ", seed " + std::to_string(schedule.seed);
    }
    return text;
}

std::string site_text(const Site& site) {
    const std::string_view path = site.file;
    const std::string_view name = path.substr(path.find_last_of('/') + 1);
    return std::string(name) + ":" + std::to_string(site.line);
}

std::string state_text(const Thread& thread, bool one) {
    switch (thread.state) {
        case State::fresh:
            return one ? "has not started" : "have not started";
        case State::ready:
            return one ? "is ready to run" : "are ready to run";
        case State::running:
            return "running";
        case State::exited:
            return "returned";
        case State::at_barrier:
        case State::at_warp_operation:
            break;
    }
    return std::string(one ? "waits in " : "wait in ") + thread.operation + " at " +
           site_text(thread.site);
}

/// "0-63,70,96-127" from ascending numbers given one by one.
class Ranges {
public:
    void add(unsigned number) {
        ++count_;
        if (count_ > 1 && number == last_ + 1) {
            last_ = number;
            return;
        }
        close();
        first_ = last_ = number;
    }
    unsigned count() const { return count_; }
    std::string text() {
        close();
        return text_;
    }

private:
    void close() {
        if (first_ == none) return;
        if (!text_.empty()) text_ += ",";
        text_ += std::to_string(first_);
        if (last_ != first_) text_ += "-" + std::to_string(last_);
        first_ = none;
    }

    static constexpr unsigned none = ~0u;
    std::string text_;
    unsigned first_ = none;
    unsigned last_ = none;
    unsigned count_ = 0;
};

void append_block(std::string& text, const Block& block) {
    struct Group {
        const Thread* example = nullptr;
        Ranges threads;
    };
    std::map<std::tuple<State, std::string_view, std::string_view, int>, Group> groups;
    for (unsigned i = 0; i < block.thread_count; ++i) {
        const Thread& thread = block.threads[i];
        const bool waits =
            thread.state == State::at_barrier || thread.state == State::at_warp_operation;
        const auto key = waits
                             ? std::tuple(thread.state, std::string_view(thread.operation),
                                          std::string_view(thread.site.file), thread.site.line)
                             : std::tuple(thread.state, std::string_view(), std::string_view(), 0);
        Group& group = groups[key];
        if (group.example == nullptr) group.example = &thread;
        group.threads.add(i);
    }
    text += "\n  block " + triple(block.index) + ":";
    for (auto& [key, group] : groups) {
        const bool one = group.threads.count() == 1;
        text += "\n    " + std::to_string(group.threads.count()) +
                (one ? " thread " : " threads ") + state_text(*group.example, one) + ": " +
                group.threads.text();
    }
}

}  // namespace

std::string describe_fault(const Scheduler& state, const std::string& text) {
    std::string report = std::string("kernel \"") + state.kernel_name() + "\": " + text + " (";
    if (const Thread* thread = state.current_or_null()) {
        report +=
            "block " + triple(thread->block->index) + "; thread " + triple(thread->index) + "; ";
    }
    report += schedule_text(state.active_schedule()) + ")";
    constexpr std::size_t listed = 8;
    std::size_t count = 0;
    for (const auto& block : state.blocks()) {
        if (count++ == listed) {
            report += "\n  and " + std::to_string(state.blocks().size() - listed) + " more blocks";
            break;
        }
        append_block(report, *block);
    }
    return report;
}

}  // namespace elm::emulation
