#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tasks/samples/open_samples.h"
#include "tasks/task_registry.h"
#include "tasks/training/training.h"
#include "tests/support/temporary_directory.h"

namespace elm::test {

/// A text of 4,000 characters in a folder of its own, whose windows are read one after the other.
class CarriedText {
public:
    static constexpr std::int64_t steps = 8;  // of a window

    CarriedText() {
        std::string text;
        for (int k = 0; text.size() < 4000; ++k) text += std::to_string(k * k % 997) + " of ";
        std::ofstream(folder_ / "text", std::ios::binary) << text;
    }

    std::unique_ptr<Task> task_of(Values chosen) const {
        chosen["steps"] = steps;
        const TaskEntry& entry = find_task("byte-language");
        OptionSet options = entry.options();
        for (const auto& [option, value] : chosen) options.set(option, to_text(value));
        TaskInput input{.files = {folder_ / "text"}};
        input.samples = open_samples(entry, options, chosen, input);
        return entry.make(options, input);
    }

    std::string path_of(const std::string& name) const { return folder_ / name; }

private:
    TemporaryDirectory folder_;
};

/// A small one of this kind.
inline FittedModel model_for(const Task& task, const std::string& name) {
    const Values sizes =
        name == "elm_network"
            ? Values{{"neurons", std::int64_t{6}},       {"num_memory", std::int64_t{2}},
                     {"branches", std::int64_t{3}},      {"memory_tau_max", 50.0},
                     {"output_memory", std::int64_t{1}}, {"activity_penalty", 0.1}}
        : name == "elm" ? Values{{"num_memory", std::int64_t{5}}}
                        : Values{};
    return make_model({.model = name, .options = sizes, .shape = task.spec().shape});
}

/// Twelve updates, or what is left of them.
inline TrainingSettings twelve_updates(std::int64_t batch, double learning_rate) {
    TrainingSettings s;
    s.updates = 12;
    s.batch = batch;
    s.seed = 3;
    s.learning_rate = {.schedule = Schedule::constant, .peak = learning_rate, .total_steps = 12};
    return s;
}

template <class Real>
std::vector<Real> parameters_of(Training& training) {
    std::vector<Real> all;
    for (const NamedParameter& named : training.module().parameters()) {
        const std::span<const Real> values = named.parameter->value.host<Real>();
        all.insert(all.end(), values.begin(), values.end());
    }
    return all;
}

}  // namespace elm::test
