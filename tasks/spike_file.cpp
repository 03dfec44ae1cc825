#include "tasks/spike_file.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

#include "kernels/core/error.h"
#include "kernels/core/hdf5_file.h"

namespace elm {
namespace {

constexpr std::int64_t block_spikes = 8192;  // read from disk at a time
constexpr double grid_tolerance = 1e-6;      // of a step: 0.3 ms is step 3 of 0.1 ms

struct Names {
    const char* times;
    const char* units;
};
constexpr std::array<Names, 3> layouts{{
    {"times", "units"},
    {"timestamps", "node_ids"},
    {"input_time_ms", "input_synapse"},
}};

std::optional<double> duration_of(const Hdf5File& file, const std::string& group) {
    for (const std::string& object : {group, std::string("/")}) {
        const Values attributes = file.attributes(object);
        for (const char* const name : {"duration_ms", "sim_duration_ms"}) {
            if (attributes.contains(name)) return file.number_attribute(object, name);
        }
    }
    return std::nullopt;
}

class SpikeFileSource : public SpikeSource {
public:
    SpikeFileSource(std::shared_ptr<const Hdf5File> file, SpikeGroup group, std::int64_t n_spikes,
                    std::int64_t n_units, double time_step_ms)
        : file_(std::move(file)),
          group_(std::move(group)),
          n_spikes_(n_spikes),
          n_units_(n_units),
          time_step_ms_(time_step_ms) {}

    SpikeTrain next(std::int64_t n_steps) override {
        std::vector<SpikeEvent> events;
        const std::int64_t end = step_ + n_steps;
        while (const auto event = peek()) {
            if (event->step >= end) break;
            events.push_back({event->step - step_, event->unit});
            ++position_;
        }
        step_ = end;
        return make_spike_train(events, n_steps, n_units_);
    }

    /// Checks every spike that is left, and returns the time of the last one in ms.
    double check_to_the_end() {
        while (peek()) ++position_;
        return last_time_;
    }

private:
    [[noreturn]] void fail(const std::string& dataset, const std::string& what) const {
        throw Error(ErrorKind::data,
                    fmt::format("{}: {}[{}] {}", file_->path(), dataset, position_, what));
    }

    /// The spike at position_, checked; nothing after the last one.
    std::optional<SpikeEvent> peek() {
        if (position_ >= n_spikes_) return std::nullopt;
        if (position_ >= block_begin_ + static_cast<std::int64_t>(times_.size())) read_block();
        const auto at = static_cast<std::size_t>(position_ - block_begin_);
        const double time = times_[at];
        const std::int64_t unit = units_[at];
        if (!std::isfinite(time)) {
            fail(group_.times,
                 fmt::format("is {}, expected a time in ms. Remove such spikes.", time));
        }
        if (time < 0) {
            fail(group_.times, fmt::format("is {} ms, expected a time from 0 on. Shift or remove "
                                           "such spikes.",
                                           time));
        }
        if (time < last_time_) {
            fail(group_.times, fmt::format("is {} ms after {} ms, expected rising times. Sort the "
                                           "spikes by time.",
                                           time, last_time_));
        }
        if (group_.duration_ms && time >= *group_.duration_ms) {
            fail(group_.times, fmt::format("is {} ms, expected less than the duration of {} ms. "
                                           "Correct the attribute or remove such spikes.",
                                           time, *group_.duration_ms));
        }
        if (unit < 0 || unit >= n_units_) {
            fail(group_.units, fmt::format("is {}, expected 0 to {}: the model has {} inputs.",
                                           unit, n_units_ - 1, n_units_));
        }
        last_time_ = time;
        return SpikeEvent{
            static_cast<std::int64_t>(std::floor(time / time_step_ms_ + grid_tolerance)),
            static_cast<std::int32_t>(unit)};
    }

    void read_block() {
        block_begin_ = position_;
        const auto count = static_cast<std::size_t>(std::min(block_spikes, n_spikes_ - position_));
        times_.resize(count);
        units_.resize(count);
        file_->read_range<double>(group_.times, position_, times_);
        file_->read_range<std::int64_t>(group_.units, position_, units_);
    }

    std::shared_ptr<const Hdf5File> file_;
    SpikeGroup group_;
    std::int64_t n_spikes_, n_units_;
    double time_step_ms_;
    std::int64_t step_ = 0;      // the next one to give out
    std::int64_t position_ = 0;  // the next spike
    double last_time_ = 0;
    std::int64_t block_begin_ = 0;
    std::vector<double> times_;
    std::vector<std::int64_t> units_;
};

}  // namespace

std::vector<SpikeGroup> find_spike_groups(const Hdf5File& file) {
    std::vector<SpikeGroup> found;
    const auto look = [&](const std::string& group, const std::string& name) {
        for (const Names& names : layouts) {
            const std::string times = group + "/" + names.times, units = group + "/" + names.units;
            if (file.is_dataset(times) && file.is_dataset(units)) {
                const std::string object = group.empty() ? "/" : group;
                found.push_back({name, times, units, duration_of(file, object)});
            }
        }
    };
    look("", "spikes");
    for (const std::string& parent : {std::string(), std::string("/spikes")}) {
        if (!parent.empty() && !file.is_group(parent)) continue;
        for (const std::string& name : file.links(parent.empty() ? "/" : parent)) {
            const std::string group = parent + "/" + name;
            if (file.is_group(group)) look(group, name);
        }
    }
    return found;
}

SampleInput open_spike_group(std::shared_ptr<const Hdf5File> file, const SpikeGroup& group,
                             std::int64_t n_units, double time_step_ms,
                             std::optional<double> duration_ms) {
    const auto shape = file->shape(group.times);
    const std::int64_t n_spikes = shape.size() == 1 ? shape[0] : -1;
    if (n_spikes < 0) {
        throw Error(ErrorKind::data, fmt::format("{}: {} has {} axes, expected one.", file->path(),
                                                 group.times, shape.size()));
    }
    file->require_shape(group.units, shape);
    if (!duration_ms) duration_ms = group.duration_ms;
    if (!duration_ms && n_spikes > 0) {
        const double last =
            SpikeFileSource(file, group, n_spikes, n_units, time_step_ms).check_to_the_end();
        duration_ms = (std::floor(last / time_step_ms + grid_tolerance) + 1) * time_step_ms;
    }
    if (!duration_ms || !(*duration_ms > 0) || !std::isfinite(*duration_ms)) {
        throw Error(ErrorKind::data,
                    fmt::format("{}: {} has no length: {} spikes and {}. Give --seconds, or set "
                                "the attribute duration_ms.",
                                file->path(), group.name, n_spikes,
                                duration_ms ? fmt::format("a duration of {} ms", *duration_ms)
                                            : "no attribute duration_ms"));
    }
    const auto n_steps =
        static_cast<std::int64_t>(std::ceil(*duration_ms / time_step_ms - grid_tolerance));
    return {
        group.name, n_steps,
        std::make_unique<SpikeFileSource>(std::move(file), group, n_spikes, n_units, time_step_ms)};
}

std::vector<SampleInput> open_spike_file(const std::string& path, std::int64_t n_units,
                                         double time_step_ms, std::optional<double> duration_ms) {
    const auto file = std::make_shared<const Hdf5File>(Hdf5File::open(path));
    const auto groups = find_spike_groups(*file);
    if (groups.empty()) {
        throw Error(ErrorKind::data,
                    fmt::format("{} holds no spikes: expected datasets times (ms) and units, at "
                                "the root or in a group per trial. See elmsim inspect {}.",
                                path, path));
    }
    if (const Values attributes = file->attributes("/"); attributes.contains("num_segments")) {
        const double n_channels = 2 * file->number_attribute("/", "num_segments");
        if (n_channels != static_cast<double>(n_units)) {
            throw Error(ErrorKind::data,
                        fmt::format("{} has {} input channels (2 x num_segments), the model takes "
                                    "{}. Choose a model fitted to this cell.",
                                    path, n_channels, n_units));
        }
    }
    std::vector<SampleInput> inputs;
    for (const SpikeGroup& group : groups) {
        inputs.push_back(open_spike_group(file, group, n_units, time_step_ms, duration_ms));
    }
    return inputs;
}

}  // namespace elm
