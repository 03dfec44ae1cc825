#include "tasks/neuronio/neuronio_set.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/build_info.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "neuron/cable/cell/fingerprint.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t most_simulations = 100'000;  // names have five digits
constexpr std::int64_t trials_per_thread = 16;      // the lanes of the widest vector
constexpr std::int64_t trials_on_device = 1024;
constexpr std::int64_t most_batch_bytes = std::int64_t{1} << 30;  // of recordings

void require_possible(const NeuronIoSet& set) {
    require_dividing_step(set.recipe.run.dt_ms);
    require_simulations(set.first, set.count);
    ELM_CHECK(!set.recipe.cell.site_segments.empty(),
              "cell {} has no synapses: add a section [synapses] to its file.",
              set.recipe.cell.name);
}

/// The folder of several files, which this process holds.
std::unique_ptr<FileLock> open_folder(const NeuronIoSet& set) {
    const std::string& folder = set.path;
    std::error_code status;
    ELM_CHECK(!fs::exists(folder, status) || fs::is_directory(folder, status),
              "{} is a file, and a folder of files is to be made.", folder);
    const bool is_new = fs::create_directory(folder, status);
    if (status) {
        throw Error(ErrorKind::write,
                    fmt::format("the folder {} cannot be made: {}.", folder, status.message()));
    }
    const bool may_be_filled = is_new || fs::is_empty(folder, status) || set.force || set.resume;
    auto lock = std::make_unique<FileLock>((fs::path(folder) / "lock").string(), folder);
    if (!may_be_filled) {
        throw Error(ErrorKind::exists,
                    fmt::format("{} exists. Choose another name, go on with it, or let its files "
                                "be replaced.",
                                folder));
    }
    return lock;
}

Values facts_of(const NeuronIoSet& set) {
    const NeuronIoRecipe& recipe = set.recipe;
    return {
        {"cell", recipe.cell.name},
        {"cell_hash", cable::fingerprint(recipe.cell)},
        {"morphology", set.morphology},
        {"morphology_hash", cable::fingerprint(recipe.cell.compartments)},
        {"scheme", std::string(cable::name_of(recipe.run.scheme))},
        {"dt_ms", recipe.run.dt_ms},
        {"precision", std::string(name_of(recipe.run.precision))},
        {"arithmetic", std::string(recipe.run.device.kind == DeviceKind::cuda ? "cuda" : "cpu")},
        {"dendrites", recipe.dendrites},
        {"version", std::string(build_info::version)}};
}

/// All lanes of all threads, as far as the recordings of a batch fit into memory.
std::int64_t batch_of(const NeuronIoSet& set) {
    const NeuronIoRecipe& recipe = set.recipe;
    const auto traces = static_cast<std::int64_t>(
        samples_per_ms + 1 + (recipe.dendrites ? std::ssize(recipe.cell.site_segments) : 0));
    const std::int64_t bytes = traces * recipe.duration_ms * std::int64_t{sizeof(float)};
    const std::int64_t wanted = recipe.run.device.kind == DeviceKind::cuda
                                    ? trials_on_device
                                    : trials_per_thread * thread_count();
    const std::int64_t batch = set.batch > 0
                                   ? std::min(set.batch, set.count)
                                   : std::clamp<std::int64_t>(most_batch_bytes / bytes, 1, wanted);
    const double needed = static_cast<double>(batch) * static_cast<double>(bytes);
    if (needed > set.free_bytes) {
        throw Error(ErrorKind::memory,
                    fmt::format("{} simulations side by side take {:.3g} GB of recordings, and "
                                "{:.3g} GB are free. {}",
                                batch, needed / 1e9, set.free_bytes / 1e9, set.remedy));
    }
    return batch;
}

}  // namespace

void require_simulations(std::int64_t first, std::int64_t count) {
    ELM_CHECK(first >= 0 && count >= 1 && first + count <= most_simulations,
              "{} simulations from number {} on: they have numbers from 0 to {}. Take another seed "
              "for more.",
              count, first, most_simulations - 1);
}

NeuronIoSetMaker::NeuronIoSetMaker(NeuronIoSet set) : set_(std::move(set)) {
    require_possible(set_);
    if (set_.per_file > 0) folder_ = open_folder(set_);
    batch_ = batch_of(set_);
    const Values facts = facts_of(set_);
    const std::int64_t per_file = set_.per_file > 0 ? set_.per_file : set_.count;
    for (std::int64_t done = 0; done < set_.count; done += per_file) {
        paths_.push_back(set_.per_file > 0
                             ? fmt::format("{}/neuronio-{:03}.h5", set_.path, paths_.size())
                             : set_.path);
        files_.emplace_back(paths_.back(), set_.recipe, facts, set_.first + done,
                            std::min(per_file, set_.count - done), set_.resume, set_.force);
        missing_ += std::ssize(files_.back().missing());
    }
}

bool NeuronIoSetMaker::make(const std::function<bool(double)>& progress) {
    for (NeuronIoGenerator& file : files_) {
        while (!file.missing().empty()) {
            const auto& missing = file.missing();
            const auto size = std::min<std::int64_t>(batch_, std::ssize(missing));
            const std::vector<std::int64_t> indices(missing.begin(), missing.begin() + size);
            bool goes_on = true;
            const auto tick = [&](double share) {
                return goes_on = goes_on && progress(static_cast<double>(made_) +
                                                     share * static_cast<double>(size));
            };
            const auto recordings = simulate_neuronio(set_.recipe, indices, cable::simulate, tick);
            if (!goes_on) return false;
            file.keep(recordings);
            made_ += size;
            if (!progress(static_cast<double>(made_))) return false;
        }
        file.finish(set_.config ? set_.config(file.first(), file.count()) : "");
    }
    return true;
}

}  // namespace elm
