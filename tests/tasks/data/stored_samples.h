#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tasks/samples/open_samples.h"
#include "tasks/sets/set_folder.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm::test {

using Options = std::vector<std::pair<std::string, std::string>>;

/// A folder of files of samples, and tasks that learn from them.
class StoredSamples : public testing::Test {
protected:
    std::string path(const std::string& name) const { return folder_ / name; }

    /// A set of samples first, first + 1, .. of seed 7.
    void make(const std::string& task, std::int64_t count, const Options& options,
              const std::string& out, const SplitPercent& split = published_split,
              std::int64_t first = 3) const {
        const SampleKind& kind = *find_task(task).samples;
        OptionSet values = open_options(kind);
        for (const auto& [name, value] : options) values.set(name, value);
        SetPlan plan{.generator = make_generator(kind, all_options(kind, values)),
                     .path = path(out),
                     .seed = 7,
                     .first = first,
                     .count = count,
                     .force = true};
        const bool is_folder = out.ends_with('/');
        SetFolderMaker maker(is_folder ? split_plans(plan, split) : std::vector{plan}, {});
        ASSERT_TRUE(maker.make([](std::int64_t) { return true; }));
    }
    struct Opened {
        OptionSet options;
        std::unique_ptr<Task> task;
    };
    Opened open(const std::string& task, const std::vector<std::string>& files,
                const Options& chosen = {}, const std::string& train = {},
                const std::string& validation = {}) const {
        const TaskEntry& entry = find_task(task);
        Opened opened{entry.options(), nullptr};
        Values given;
        for (const auto& [name, value] : chosen) {
            opened.options.set(name, value);
            given[name] = to_values(opened.options).at(name);
        }
        TaskInput input{.train = train, .validation = validation};
        for (const std::string& file : files) input.files.push_back(path(file));
        input.samples = open_samples(entry, opened.options, given, input);
        opened.task = entry.make(opened.options, input);
        return opened;
    }
    std::string refusal(const std::string& task, const std::vector<std::string>& files,
                        const Options& chosen = {}, const std::string& train = {}) const {
        return message_of([&] { open(task, files, chosen, train); });
    }
    static Batch batch_of(const Task& task, const BatchRequest& request) {
        Batch batch;
        task.fill(request, batch);
        return batch;
    }
    static std::vector<std::int32_t> labels_of(const Batch& batch) {
        const auto labels = batch.targets.front().host<std::int32_t>();
        return {labels.begin(), labels.end()};
    }
    /// Units of a sample's spikes, without those of padding.
    static std::vector<std::int32_t> units_of(const Batch& batch, std::int64_t sample) {
        std::vector<std::int32_t> units;
        for (std::int64_t step = 0; step < batch.spikes.n_steps; ++step) {
            const auto row = batch.spikes.row(sample, step);
            units.insert(units.end(), row.begin(), row.end());
        }
        return units;
    }
    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name), std::ios::binary) << text;
    }

    TemporaryDirectory folder_;
};

}  // namespace elm::test
