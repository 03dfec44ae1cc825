#include "tasks/training/record/older_results.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "baselines/model_registry.h"
#include "kernels/core/support/error.h"
#include "kernels/io/file_lock.h"
#include "tasks/training/plan/run_plan.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

/// What stands in a folder once its runs are done.
constexpr std::array result_names = {"summary.json", "report.html"};
/// What a run leaves while it is under way.
constexpr std::array run_names = {"model.h5",          "checkpoint.h5",      "metrics.jsonl",
                                  "model.safetensors", "learning_curve.png", "sweep.png"};

bool is_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char letter) { return letter >= '0' && letter <= '9'; });
}

/// Takes `before` and the digits behind it off the end of a name; the name itself without them.
std::string_view without_number(std::string_view name, std::string_view before) {
    const std::size_t at = name.rfind(before);
    const bool there = at != std::string_view::npos && is_digits(name.substr(at + before.size()));
    return there ? name.substr(0, at) : name;
}

/// "stage-2", or a run as plans name them: "lstm", "elm-20", "elm-20-seed3".
bool is_run_name(const std::string& name) {
    if (without_number(name, "stage-").empty()) return true;
    const std::string_view model = without_number(without_number(name, "-seed"), "-");
    const std::vector<ModelEntry>& models = all_models();
    return std::any_of(models.begin(), models.end(),
                       [&](const ModelEntry& entry) { return entry.name == model; });
}

/// True for a folder with the configuration of a command that trains.
bool is_training_folder(const fs::path& folder) {
    std::error_code missing;
    if (!fs::is_regular_file(folder / configuration_name, missing)) return false;
    try {
        const Config config = Config::load((folder / configuration_name).string());
        return config.sections.contains("training");
    } catch (const Error&) {
        return false;  // somebody else's
    }
}

/// Files that stay.
class Kept {
public:
    Kept(const RunPlan& plan, const std::vector<std::string>& models) {
        for (const std::string& model : models) add(model);
        for (const std::string& path : plan.configuration_files()) add(path);
        for (const PlannedRun& run : plan.runs()) {
            claimed_.push_back(normal(run.files.model()));
        }
    }
    bool holds(const fs::path& path) const { return is_in(files_, path); }
    /// A model file whose lock the plan has.
    bool has_claimed(const fs::path& path) const { return is_in(claimed_, path); }

private:
    static fs::path normal(const fs::path& path) { return fs::weakly_canonical(path); }
    static bool is_in(const std::vector<fs::path>& all, const fs::path& path) {
        return std::find(all.begin(), all.end(), normal(path)) != all.end();
    }
    void add(const std::string& path) { files_.push_back(normal(path)); }

    std::vector<fs::path> files_, claimed_;
};

void remove_files(const fs::path& folder, const Kept& kept) {
    const std::string model = (folder / run_names.front()).string();
    if (!kept.has_claimed(model)) {
        const FileLock nobody_else(model + ".lock", model);
    }
    const auto remove = [&](const char* name) {
        std::error_code missing;
        if (!kept.holds(folder / name)) fs::remove(folder / name, missing);
    };
    for (const char* const name : result_names) remove(name);
    for (const char* const name : run_names) remove(name);
    remove(configuration_name);
}

}  // namespace

void require_own_checkpoint(const RunPlan& plan) {
    std::error_code missing;
    for (const PlannedRun& run : plan.runs()) {
        if (fs::exists(run.files.checkpoint(), missing)) return;
    }
    for (const char* const name : result_names) {
        const std::string path = plan.files().beside(name);
        if (!fs::exists(path, missing)) continue;
        throw Error(ErrorKind::exists,
                    fmt::format("{} exists, and there is no checkpoint of this run.", path));
    }
}

void require_new_folder(const std::string& folder) {
    std::error_code missing;
    if (!fs::is_directory(folder, missing) || fs::is_empty(folder)) return;
    throw Error(ErrorKind::exists, fmt::format("{} exists.", folder));
}

OlderResults::OlderResults(const std::string& folder) {
    if (is_training_folder(folder)) find(folder);
}

void OlderResults::find(const std::string& folder) {
    for (const auto& entry : fs::directory_iterator(folder)) {
        const bool is_run = entry.is_directory() && !entry.is_symlink() &&
                            is_run_name(entry.path().filename().string());
        if (is_run) find(entry.path().string());
    }
    folders_.push_back(folder);
}

void OlderResults::remove(const RunPlan& plan, const std::vector<std::string>& models) const {
    const Kept kept(plan, models);
    for (const std::string& folder : folders_) {
        remove_files(folder, kept);
        std::error_code not_empty;
        fs::remove(folder, not_empty);
    }
}

}  // namespace elm
