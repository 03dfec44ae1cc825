#include "tasks/task_registry.h"

#include <algorithm>
#include <utility>

#include "baselines/expected_names.h"
#include "kernels/io/registry.h"

namespace elm {

#define ELM_TASK(family, id) TaskEntry id##_task();
#include "tasks/tasks.def"
#undef ELM_TASK

namespace {

std::vector<TaskEntry>& entries() {
    static std::vector<TaskEntry> entries{
#define ELM_TASK(family, id) id##_task(),
#include "tasks/tasks.def"
#undef ELM_TASK
    };
    return entries;
}

bool answers_to(const TaskEntry& entry, std::string_view name) {
    return entry.name == name ||
           std::find(entry.aliases.begin(), entry.aliases.end(), name) != entry.aliases.end();
}

}  // namespace

const std::vector<TaskEntry>& all_tasks() { return entries(); }

void add_task(TaskEntry entry) { add_entry(entries(), std::move(entry), "task"); }

const TaskEntry& find_task(std::string_view name) {
    for (const TaskEntry& entry : entries()) {
        if (answers_to(entry, name)) return entry;
    }
    return find_listed(entries(), name, "task", "elmsim list tasks");
}

std::vector<const TaskEntry*> drawn_tasks() {
    std::vector<const TaskEntry*> drawn;
    for (const TaskEntry& entry : entries()) {
        if (entry.samples && entry.samples->generator != nullptr) drawn.push_back(&entry);
    }
    return drawn;
}

const TaskEntry* drawn_task_called(std::string_view name) {
    for (const TaskEntry* const entry : drawn_tasks()) {
        if (answers_to(*entry, name)) return entry;
    }
    return nullptr;
}

Config find_preset(const TaskEntry& task, const std::string& name) {
    return Config::parse(
        find_listed(task.presets, name, task.name + " preset", "elmsim list presets").toml,
        "preset " + name);
}

}  // namespace elm
