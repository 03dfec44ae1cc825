#include "tasks/comparison/comparison_folder.h"

#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/output_file.h"
#include "tasks/training/plan/checkpoint_match.h"
#include "tasks/training/plan/resume_point.h"
#include "tasks/training/record/run_files.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

constexpr const char* description_name = "comparison.toml";

std::string path_in(const std::string& folder) {
    return fmt::format("{}/{}", folder, description_name);
}

/// The first thing in a folder that is no description, nor one that is being written.
std::string something_else_in(const std::string& folder) {
    std::error_code missing;
    if (!fs::is_directory(folder, missing)) return fs::exists(folder, missing) ? folder : "";
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, missing)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(description_name)) return entry.path().string();
    }
    return "";
}

}  // namespace

Config comparison_description(const Task& task, const ComparisonOptions& options) {
    Config all;
    for (const GridCell& cell : grid_of(options, {})) {
        if (cell.plan.seed != options.plan.seed) continue;
        Config own = configuration_of(cell.plan);
        own.sections.erase(cell.plan.config_section);
        for (auto& [section, values] : own.sections) all.sections[section].merge(values);
    }
    all.sections["training"].erase("memory_limit");
    all.sections[data_section] = task.facts();
    if (!options.curriculum.section.empty())
        all.sections[curriculum_section] = options.curriculum.section;
    all.sections["comparison"] = {
        {"task", task.spec().name},
        {"models", fmt::format("{}", fmt::join(options.plan.models, ","))},
        {"seed", std::to_string(options.plan.seed)},
        {"seeds", options.plan.n_seeds},
        {"tune", options.trials},
        {"precision", std::string(name_of(options.plan.precision))}};
    return all;
}

void require_own_folder(const std::string& folder, const Config& description) {
    // Looked for first: another share leaves its description before anything else.
    const std::string other = something_else_in(folder);
    std::error_code missing;
    if (!fs::exists(path_in(folder), missing)) {
        if (other.empty()) return;
        throw Error(ErrorKind::exists, fmt::format("{} exists.", other));
    }
    Config before = Config::load(path_in(folder));
    // As it would be read.
    const Config now = Config::parse(description.to_toml(), description_name);
    add_new_options(before, now);
    const std::string found = differences(before, now, "");
    if (found.empty()) return;
    throw Error(
        ErrorKind::exists,
        fmt::format("{} holds another comparison: {}. Choose another folder.", folder, found));
}

void claim_folder(const std::string& folder, const Config& description, std::int64_t share,
                  bool force) {
    make_folder(folder);
    const std::string path = path_in(folder), own = fmt::format("{}.share{}", path, share + 1);
    std::error_code failure;
    if (!force) {
        require_own_folder(folder, description);
        if (fs::exists(path, failure)) return;
    }
    write_text_file(own, true, description.to_toml());
    if (force) {
        fs::rename(own, path, failure);
    } else {
        // A link takes no name that another share has taken meanwhile.
        fs::create_hard_link(own, path, failure);
        if (failure && !fs::exists(path)) fs::copy_file(own, path, failure);
        std::error_code missing;
        fs::remove(own, missing);
        require_own_folder(folder, description);
    }
    if (!fs::exists(path)) {
        throw Error(ErrorKind::write,
                    fmt::format("{} cannot be written: {}.", path, failure.message()));
    }
}

}  // namespace elm
