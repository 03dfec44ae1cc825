#include "tasks/neuronio/neuronio_generator.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <system_error>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/io/output_file.h"
#include "kernels/io/toml_config.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

constexpr const char* lock_name = "lock";

std::int64_t steps_per_sample(double dt_ms) { return std::llround(1.0 / samples_per_ms / dt_ms); }

/// Numbers of the simulations in a file.
std::vector<std::int64_t> simulations_in(const Hdf5File& file) {
    std::vector<std::int64_t> found;
    for (const std::string& name : file.links("/")) {
        if (name.starts_with("sim_")) found.push_back(std::stoll(name.substr(4)));
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<fs::path> parts_in(const std::string& folder) {
    std::vector<fs::path> parts;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".h5") parts.push_back(entry.path());
    }
    std::sort(parts.begin(), parts.end());
    return parts;
}

std::vector<float> without_end(std::vector<float> values) {
    values.pop_back();
    return values;
}

}  // namespace

void require_dividing_step(double dt_ms) {
    const auto steps = dt_ms > 0 ? steps_per_sample(dt_ms) : 0;
    ELM_CHECK(
        steps >= 1 && std::abs(static_cast<double>(steps) * dt_ms * samples_per_ms - 1) < 1e-9,
        "steps of {} ms: the soma is recorded every 1/8 ms, which must be a whole number of "
        "steps. Choose 0.125, 0.0625, 0.03125, 0.025, 0.015625, 0.0125, 0.00625, 0.005 or "
        "another 0.125 / n.",
        dt_ms);
}

std::vector<NeuronIoRecording> simulate_neuronio(const NeuronIoRecipe& recipe,
                                                 const std::vector<std::int64_t>& indices,
                                                 const CableSimulator& simulate,
                                                 const std::function<bool(double)>& progress) {
    const cable::Cell& cell = recipe.cell;
    const InputSites sites = input_sites(cell);
    std::vector<NeuronIoRecording> recordings(indices.size());
    std::vector<cable::Trial> trials(indices.size());
    Cpu::for_each_task(std::ssize(indices), [&](std::int64_t at) {
        NeuronIoRecording& recording = recordings[static_cast<std::size_t>(at)];
        recording.index = indices[static_cast<std::size_t>(at)];
        recording.input =
            draw_input_spikes(sites, static_cast<int>(recipe.duration_ms), recipe.seed,
                              static_cast<std::uint64_t>(recording.index));
        for (std::size_t k = 0; k < recording.input.time_ms.size(); ++k) {
            trials[static_cast<std::size_t>(at)].events.push_back(
                {static_cast<double>(recording.input.time_ms[k]), recording.input.synapse[k]});
        }
    });
    cable::RunOptions options = recipe.run;
    options.duration_ms = static_cast<double>(recipe.duration_ms);
    const auto fine = static_cast<int>(steps_per_sample(options.dt_ms));
    const int coarse = fine * samples_per_ms;
    const auto probe = [&](int segment, int every) {
        options.probes.push_back({cable::Quantity::voltage, segment, "", every});
    };
    probe(cell.compartments.soma_segment(), fine);
    const bool nexus = cell.nexus_segment >= 0;
    if (nexus) probe(cell.nexus_segment, coarse);
    if (recipe.dendrites) {
        for (const int segment : cell.site_segments) probe(segment, coarse);
    }
    options.progress = [&](std::int64_t done, std::int64_t all) {
        return progress(static_cast<double>(done) /
                        static_cast<double>(std::max<std::int64_t>(1, all)));
    };
    std::vector<cable::TrialRecording> results = simulate(cell, trials, options);
    if (results.empty()) return {};
    // Entry k of a probe is at t = k; the one at the very end belongs to no bin.
    for (std::size_t at = 0; at < results.size(); ++at) {
        auto& traces = results[at].recordings;
        recordings[at].soma_mV = without_end(std::move(traces[0]));
        if (nexus) recordings[at].nexus_mV = without_end(std::move(traces[1]));
        for (std::size_t p = nexus ? 2 : 1; p < traces.size(); ++p) {
            recordings[at].dendrites_mV.push_back(without_end(std::move(traces[p])));
        }
    }
    return recordings;
}

NeuronIoGenerator::NeuronIoGenerator(std::string path, const NeuronIoRecipe& recipe, Values facts,
                                     std::int64_t first, std::int64_t count, bool resume,
                                     bool force)
    : path_(std::move(path)),
      folder_(file_behind_links(path_) + ".partial"),
      recipe_(recipe),
      facts_(std::move(facts)),
      first_(first),
      count_(count),
      force_(force) {
    std::error_code status;
    for (std::int64_t k = 0; k < count_; ++k) missing_.push_back(first_ + k);
    if (resume && fs::is_regular_file(path_, status)) {
        take_up_file();
        return;
    }
    // Tests the name and the folder before anything is simulated.
    { const OutputFile probe(path_, force_); }
    lock_folder();
    if (parts_in(folder_).empty()) return;
    if (!resume && !force_) {
        throw Error(ErrorKind::exists,
                    fmt::format("{} holds simulations of a run that did not end. Go on with them, "
                                "or let them be replaced.",
                                folder_));
    }
    if (resume) {
        take_up_folder();
    } else {
        empty_folder();
    }
}

NeuronIoGenerator::~NeuronIoGenerator() {
    if (lock_) release_folder();
}

void NeuronIoGenerator::lock_folder() {
    std::error_code status;
    if (!fs::create_directory(folder_, status) && status) {
        throw Error(ErrorKind::write,
                    fmt::format("{} cannot be made: {}.", folder_, status.message()));
    }
    lock_ = std::make_unique<FileLock>((fs::path(folder_) / lock_name).string(), path_);
}

void NeuronIoGenerator::empty_folder() const {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder_)) {
        if (entry.path().filename() != lock_name) fs::remove_all(entry.path(), ignored);
    }
}

/// The lock goes before the folder: who finds the folder afterwards makes a lock of their own.
void NeuronIoGenerator::release_folder() {
    lock_.reset();
    std::error_code is_not_empty;
    fs::remove(folder_, is_not_empty);
}

void NeuronIoGenerator::require_same(const Values& found, const std::string& where) const {
    Values wanted = facts_;
    wanted["num_segments"] = static_cast<std::int64_t>(recipe_.cell.site_segments.size());
    wanted["sim_duration_ms"] = recipe_.duration_ms;
    wanted["seed"] = static_cast<std::int64_t>(recipe_.seed);
    std::string differences;
    for (const auto& [name, value] : wanted) {
        const auto there = found.find(name);
        if (name == "version" || (there != found.end() && there->second == value)) continue;
        differences +=
            fmt::format("\n  {}: {} there, {} asked for", name,
                        there == found.end() ? "nothing" : to_text(there->second), to_text(value));
    }
    ELM_CHECK(differences.empty(),
              "{} was made with other settings, so that it cannot be gone on with:{}", where,
              differences);
}

void NeuronIoGenerator::take_up_file() {
    const Hdf5File file = Hdf5File::open(path_);
    require_same(file.attributes("/"), path_);
    const auto found = simulations_in(file);
    ELM_CHECK(found == missing_,
              "{} is whole and holds {} simulations, {} asked for. Choose another name.", path_,
              found.size(), count_);
    missing_.clear();
    done_ = true;
    // Left by a run that was killed after it put the file in place.
    std::error_code status;
    if (!fs::is_directory(folder_, status)) return;
    lock_folder();
    empty_folder();
    release_folder();
}

void NeuronIoGenerator::take_up_folder() {
    for (const fs::path& part : parts_in(folder_)) {
        const Hdf5File file = Hdf5File::open(part.string());
        require_same(file.attributes("/"), folder_);
        for (const std::int64_t index : simulations_in(file)) std::erase(missing_, index);
    }
}

Hdf5File NeuronIoGenerator::create(const std::string& path) const {
    Hdf5File file = Hdf5File::create(path);
    write_neuronio_header(file, recipe_.cell, recipe_.duration_ms, recipe_.seed, facts_);
    return file;
}

void NeuronIoGenerator::keep(const std::vector<NeuronIoRecording>& batch) {
    if (batch.empty()) return;
    OutputFile output(fmt::format("{}/{}.h5", folder_, simulation_name(batch.front().index)), true);
    Hdf5File file = create(output.temporary_path());
    for (const NeuronIoRecording& recording : batch) {
        write_neuronio_simulation(file, recording, recipe_.cell.spike_threshold_mV);
    }
    file.close();
    output.commit();
    for (const NeuronIoRecording& recording : batch) std::erase(missing_, recording.index);
}

void NeuronIoGenerator::finish(const std::string& config) {
    ELM_ASSERT(missing_.empty());
    if (done_) return;
    OutputFile output(path_, force_);
    Hdf5File file = create(output.temporary_path());
    file.write_string("/config", config);
    std::map<std::int64_t, fs::path> where;
    for (const fs::path& part : parts_in(folder_)) {
        for (const std::int64_t index : simulations_in(Hdf5File::open(part.string()))) {
            if (index >= first_ && index < first_ + count_) where[index] = part;
        }
    }
    for (auto at = where.begin(); at != where.end();) {
        const fs::path part = at->second;
        const Hdf5File source = Hdf5File::open(part.string());
        for (; at != where.end() && at->second == part; ++at) {
            file.copy_from(source, simulation_name(at->first));
        }
    }
    file.close();
    output.commit();
    done_ = true;
    empty_folder();
    release_folder();
}

}  // namespace elm
