#include "tasks/samples/open_samples.h"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/file_kind.h"
#include "kernels/io/hdf5_file.h"
#include "tasks/data/sets/generated_set.h"
#include "tasks/data/split.h"
#include "tasks/sets/set_folder.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

/// Samples, and the name of their task as the files have it.
struct FoundSet {
    std::string family;
    SampleFiles files;
};

bool is_folder(const std::string& path) {
    std::error_code status;
    return fs::is_directory(path, status);
}

void require_there(const std::string& path) {
    std::error_code status;
    if (fs::exists(path, status)) return;
    throw Error(ErrorKind::data, fmt::format("{} is not there.", path));
}

/// A file of HDF5 that this program did not make may be of a published form.
bool is_foreign_hdf5(const std::string& path) {
    return Hdf5File::is_hdf5(path) && !is_generated_set(path);
}

/// The names of the files of a set that this program made; empty if it is none.
std::vector<std::string> set_files(const std::string& path) {
    if (!is_folder(path)) {
        return path.ends_with(".h5") || is_generated_set(path) ? std::vector{path}
                                                               : std::vector<std::string>{};
    }
    std::vector<std::string> names;
    for (const char* const name : set_file_names) {
        names.push_back((fs::path(path) / name).string());
    }
    const auto is_there = [](const std::string& file) {
        std::error_code status;
        return fs::exists(file, status);
    };
    if (std::none_of(names.begin(), names.end(), is_there)) return {};
    if (!is_there(names.back())) names.pop_back();  // made without one
    for (const std::string& file : names) {
        if (is_there(file)) continue;
        throw Error(
            ErrorKind::data,
            fmt::format("{} has no {}; expected {}. Make the set as a whole.", path,
                        fs::path(file).filename().string(), fmt::join(set_file_names, ", ")));
    }
    return names;
}

/// A set that this program made.
std::optional<FoundSet> find_set(const std::string& path) {
    FoundSet found{.family = {}, .files = {.name = path}};
    Values options;
    for (const std::string& file : set_files(path)) {
        if (const std::string hint = foreign_hint(file); !hint.empty()) {
            throw Error(ErrorKind::data, fmt::format("{}: {}.", file, hint));
        }
        auto set = std::make_shared<GeneratedSet>(GeneratedSet::open(file));
        const SetOrigin& origin = set->origin();
        if (found.files.tables.empty()) {
            found.family = origin.task;
            options = origin.options;
        } else if (origin.task != found.family || origin.options != options) {
            throw Error(ErrorKind::data,
                        fmt::format("{} was made with other options than {}. Make the set as a "
                                    "whole.",
                                    file, found.files.tables.front()->path()));
        }
        found.files.tables.push_back(std::move(set));
    }
    if (found.files.tables.empty()) return {};
    found.files.options = std::move(options);
    if (is_folder(path)) found.files.divide_by_tables();
    return found;
}

/// Brings options of older programs up to date.
void rename_options(const SampleKind& kind, Values& options) {
    for (const auto& [older, present] : kind.older_names) {
        const auto found = options.find(older);
        if (found == options.end()) continue;
        options[present] = found->second;
        options.erase(older);
    }
}

bool is_of(const TaskEntry& task, const std::string& family) {
    return task.samples &&
           (task.samples->family == family ||
            std::find(task.aliases.begin(), task.aliases.end(), family) != task.aliases.end());
}

SampleFiles open_path(const TaskEntry& task, const OptionSet& options, const std::string& path) {
    require_there(path);
    const SampleKind& kind = *task.samples;
    if (kind.open != nullptr && is_foreign_hdf5(path)) {
        if (auto files = kind.open(path, all_options(kind, options))) return std::move(*files);
    }
    if (std::optional<FoundSet> set = find_set(path)) {
        if (!is_of(task, set->family)) {
            throw Error(ErrorKind::data,
                        fmt::format("{} is a set of the task {}; expected one of {}.", path,
                                    set->family, task.name));
        }
        rename_options(kind, set->files.options);
        // Options that an older program did not have were as their defaults are.
        Values all = to_values(kind.options());
        for (const auto& [name, value] : set->files.options) all[name] = value;
        set->files.options = std::move(all);
        return std::move(set->files);
    }
    if (kind.open != nullptr) {
        if (auto files = kind.open(path, all_options(kind, options))) return std::move(*files);
    }
    throw Error(
        ErrorKind::data,
        fmt::format(
            "{} holds no samples of the task {}; expected {}{}{}.", path, task.name,
            kind.generator != nullptr
                ? fmt::format("a file (.h5) or folder that elmsim generate {} made", task.name)
                : "",
            kind.generator != nullptr && kind.open != nullptr ? ", or " : "", kind.published));
}

/// The first task that reads a path as a published form.
std::optional<std::pair<const TaskEntry*, SampleFiles>> find_published(const std::string& path) {
    for (const TaskEntry& task : all_tasks()) {
        if (!task.samples || task.samples->open == nullptr) continue;
        if (auto files = task.samples->open(path, task.samples->options())) {
            return std::pair{&task, std::move(*files)};
        }
    }
    return {};
}

/// Puts options that the files tell into those of the task and into `given`.
void adopt(const TaskEntry& task, OptionSet& options, Values& given, const SampleFiles& files) {
    const SampleKind& kind = *task.samples;
    for (const auto& [name, value] : files.options) {
        const auto fixed = kind.fixed.find(name);
        const std::string found = to_text(value);
        const std::string chosen = fixed != kind.fixed.end() ? to_text(fixed->second)
                                   : given.contains(name)    ? options.text(name)
                                                             : found;
        ELM_CHECK(chosen == found, "{} is {} in {}, and {} in {}.", name, found, files.name, chosen,
                  fixed != kind.fixed.end() ? "the task " + task.name : "the options");
        if (fixed != kind.fixed.end()) continue;
        with_context("reading " + files.name, [&, name = name] { options.set(name, found); });
        given[name] = value;
    }
}

/// Keeps as many samples as an option says; without one all of `splits`.
void keep(SampleFiles& files, OptionSet& options, const Values& given, const char* name,
          std::initializer_list<Split> splits) {
    std::int64_t most = 0;
    for (const Split split : splits) {
        most = std::max(most, std::ssize(files.splits[static_cast<std::size_t>(split)]));
    }
    std::int64_t wanted = given.contains(name) ? options.get<std::int64_t>(name) : 0;
    ELM_CHECK(wanted <= most, "{} is {}, and {} has {} such samples.", name, wanted, files.name,
              most);
    if (wanted == 0) wanted = most;
    options.set(name, fmt::to_string(wanted));
    for (const Split split : splits) {
        auto& numbers = files.splits[static_cast<std::size_t>(split)];
        numbers.resize(std::min(numbers.size(), static_cast<std::size_t>(wanted)));
    }
}

void divide(SampleFiles& files, const TaskInput& input) {
    const bool selects = !input.train.empty() || !input.validation.empty();
    if (files.is_divided()) {
        ELM_CHECK(!selects, "{} is divided already: nothing can be selected.", files.name);
    } else if (selects) {
        std::tie(files.splits[0], files.splits[1]) =
            split_items(input.train, input.validation, files.count());
    } else {
        files.divide(split_counts(files.count(), published_split));
    }
    for (const Split split : {Split::train, Split::validation}) {
        if (!files.splits[static_cast<std::size_t>(split)].empty()) continue;
        throw Error(ErrorKind::data,
                    fmt::format("{} has {} samples and none for the {} split: give more.",
                                files.name, files.count(), name_of(split)));
    }
}

}  // namespace

std::pair<const TaskEntry*, SampleFiles> find_samples(const std::string& path) {
    require_there(path);
    if (is_foreign_hdf5(path)) {
        if (auto found = find_published(path)) return std::move(*found);
    }
    if (std::optional<FoundSet> set = find_set(path)) {
        for (const TaskEntry& task : all_tasks()) {
            if (!is_of(task, set->family)) continue;
            rename_options(*task.samples, set->files.options);
            return {&task, std::move(set->files)};
        }
        throw Error(ErrorKind::data, fmt::format("{}: a set of the task {}, which this program "
                                                 "does not know.",
                                                 path, set->family));
    }
    if (const std::string hint = is_folder(path) ? "" : foreign_hint(path); !hint.empty()) {
        throw Error(ErrorKind::data, fmt::format("{}: {}.", path, hint));
    }
    if (auto found = find_published(path)) return std::move(*found);
    std::vector<std::string> published;
    for (const TaskEntry& task : all_tasks()) {
        if (!task.samples || task.samples->open == nullptr) continue;
        if (std::find(published.begin(), published.end(), task.samples->published) ==
            published.end()) {
            published.push_back(task.samples->published);
        }
    }
    throw Error(ErrorKind::data, fmt::format("{} holds no samples; expected a set that elmsim "
                                             "generate made; {}.",
                                             path, fmt::join(published, "; ")));
}

std::shared_ptr<const SampleFiles> open_samples(const TaskEntry& task, OptionSet& options,
                                                const Values& given, const TaskInput& input) {
    ELM_CHECK(!input.files.empty(), "the task {} needs files to learn from: give {}.", task.name,
              task.samples->published);
    SampleFiles all;
    Values chosen = given;
    for (const std::string& path : input.files) {
        SampleFiles files = open_path(task, options, path);
        input.poll();
        ELM_CHECK(input.files.size() == 1 || !files.is_divided(),
                  "{} is divided already: it cannot be learnt from together with other files.",
                  path);
        adopt(task, options, chosen, files);
        if (input.files.size() == 1) {
            all = std::move(files);
        } else {
            all.name += (all.name.empty() ? "" : ", ") + files.name;
            all.tables.insert(all.tables.end(), files.tables.begin(), files.tables.end());
        }
    }
    divide(all, input);
    keep(all, options, given, "train_samples", {Split::train});
    keep(all, options, given, "held_out", {Split::validation, Split::test});
    return std::make_shared<const SampleFiles>(std::move(all));
}

}  // namespace elm
