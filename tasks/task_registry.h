#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/io/option_set.h"
#include "kernels/io/toml_config.h"
#include "tasks/samples/sample_kind.h"
#include "tasks/task.h"

namespace elm {

/// A recipe by name: options of the section [training], of the task and of models, as TOML.
struct Preset {
    std::string name, summary;
    std::string toml;
};

/// A task that is known by name: what its file says about it.
struct TaskEntry {
    std::string name;
    std::string summary;
    std::string source;  // authors, year, DOI or arXiv id
    /// The options that it takes, with their defaults; its section is [NAME].
    std::function<OptionSet()> options = {};
    /// Throws Error{invalid} for options that do not go together and Error{data} for files that
    /// cannot be learnt from.
    std::function<std::unique_ptr<Task>(const OptionSet& options, const TaskInput& input)> make =
        {};
    std::vector<Preset> presets = {};
    bool needs_files = false;                // learns from files that are given
    std::vector<std::string> aliases = {};   // other names that it is found by
    std::optional<SampleKind> samples = {};  // see sample_task()
};

/// All of them: those of tasks.def in its order, then those that were added.
const std::vector<TaskEntry>& all_tasks();

/// Adds a task that a program brings with it. Not beside other threads. Throws Error{invalid} for a
/// name that is taken.
void add_task(TaskEntry entry);

/// Throws Error{invalid} with the nearest name if there is no such task.
const TaskEntry& find_task(std::string_view name);

/// Those whose samples can be drawn, in their order.
std::vector<const TaskEntry*> drawn_tasks();
/// Null if there is none of these of this name or alias.
const TaskEntry* drawn_task_called(std::string_view name);

/// The options of one of its presets, by section. Throws Error{invalid} with the nearest name.
Config find_preset(const TaskEntry& task, const std::string& name);

}  // namespace elm
