#include "tasks/data/spikes/spike_file.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/file_kind.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/toml_config.h"
#include "tasks/data/spikes/hdf5_spikes.h"
#include "tasks/data/spikes/ordered_spikes.h"
#include "tasks/data/spikes/text_spikes.h"

namespace elm {
namespace {

constexpr double most_steps = 1e15;
constexpr double grid_tolerance = 1e-6;  // of a step: 0.3 ms is step 3 of 0.1 ms

class SpikeFileSource : public SpikeSource {
public:
    SpikeFileSource(SpikeSample sample, std::int64_t n_units, double time_step_ms)
        : sample_(std::move(sample)), n_units_(n_units), time_step_ms_(time_step_ms) {}

    SpikeTrain next(std::int64_t n_steps) override {
        if (!spikes_) begin();
        std::vector<SpikeEvent> events;
        const std::int64_t end = step_ + n_steps;
        while (const ListedSpike* spike = spikes_->peek()) {
            const double step = std::floor(spike->time_ms / time_step_ms_ + grid_tolerance);
            if (step >= static_cast<double>(end)) break;
            events.push_back({static_cast<std::int64_t>(step) - step_, spike->unit});
            spikes_->drop();
        }
        step_ = end;
        return make_spike_train(events, n_steps, n_units_);
    }

private:
    void begin() {
        const SpikeSummary summary = check_spikes(*sample_.spikes, n_units_, sample_.duration_ms);
        if (!summary.in_order && sample_.sorting == "by_time") {
            log::warn("{}: marked as sorted by time, but it is not: sorted while it is read",
                      sample_.name);
        }
        spikes_.emplace(std::move(sample_.spikes), summary.in_order);
    }

    SpikeSample sample_;
    std::int64_t n_units_;
    double time_step_ms_;
    std::int64_t step_ = 0;  // the next one to give out
    std::optional<OrderedSpikes> spikes_;
};

/// Keeps the sample of this name; all where it is empty.
void choose(std::vector<SpikeSample>& samples, const std::string& path, const std::string& name) {
    std::vector<std::string> names;
    for (const SpikeSample& sample : samples) names.push_back(sample.name);
    if (name.empty()) {
        if (samples.size() > 1) {
            log::info(
                "{}: {} samples, each with units from 0: {}{}", path, names.size(),
                fmt::join(names.begin(),
                          names.begin() + std::min<std::ptrdiff_t>(5, std::ssize(names)), ", "),
                names.size() > 5 ? ", ..." : "");
        }
        return;
    }
    std::erase_if(samples, [&](const SpikeSample& sample) { return sample.name != name; });
    ELM_CHECK(!samples.empty(), "{} has no population or trial {}.{} It holds {}.", path, name,
              nearest_hint(name, names), fmt::join(names, ", "));
}

}  // namespace

bool is_spike_text(const std::string& path) {
    return begins_as_text(path) && !path.ends_with(".h5") && !path.ends_with(".hdf5");
}

std::vector<SpikeSample> find_spikes(const std::string& path) {
    require_plain_file(path);
    if (is_spike_text(path)) return find_text_spikes(text_file(path));
    return find_hdf5_spikes(std::make_shared<const Hdf5File>(Hdf5File::open(path)));
}

SampleInput open_spikes(SpikeSample sample, std::int64_t n_units, double time_step_ms,
                        std::optional<double> duration_ms) {
    if (!duration_ms) duration_ms = sample.duration_ms;
    if (!duration_ms) {
        const SpikeSummary summary = check_spikes(*sample.spikes, n_units, {});
        if (summary.count > 0) {
            duration_ms =
                (std::floor(summary.last_ms / time_step_ms + grid_tolerance) + 1) * time_step_ms;
        }
    }
    if (!duration_ms || !(*duration_ms > 0) || !std::isfinite(*duration_ms)) {
        throw Error(
            ErrorKind::data,
            fmt::format("{} has no length: {}. Give the length in seconds, or set the attribute "
                        "duration_ms.",
                        sample.name,
                        duration_ms ? fmt::format("a duration of {} ms", *duration_ms)
                                    : "no spikes and no attribute duration_ms"));
    }
    const double n_steps = std::ceil(*duration_ms / time_step_ms - grid_tolerance);
    if (!(n_steps < most_steps)) {
        throw Error(ErrorKind::data, fmt::format("{} is {} ms long: {} steps of {} ms. Is the unit "
                                                 "of time right?",
                                                 sample.name, *duration_ms, n_steps, time_step_ms));
    }
    std::string name = sample.name;
    return {std::move(name), static_cast<std::int64_t>(n_steps),
            std::make_unique<SpikeFileSource>(std::move(sample), n_units, time_step_ms)};
}

std::vector<SampleInput> open_spike_file(const std::string& path, std::int64_t n_units,
                                         double time_step_ms, std::optional<double> duration_ms,
                                         const std::string& sample) {
    auto samples = find_spikes(path);
    if (samples.empty()) {
        throw Error(ErrorKind::data,
                    fmt::format("{} holds no spikes: expected datasets times (ms) and units, at "
                                "the root or in a group per trial, or SONATA's timestamps and "
                                "node_ids. See elmsim inspect {}.",
                                path, path));
    }
    choose(samples, path, sample);
    std::vector<SampleInput> inputs;
    for (SpikeSample& one : samples) {
        if (one.n_channels && *one.n_channels != static_cast<double>(n_units)) {
            throw Error(ErrorKind::data,
                        fmt::format("{} has {} input channels (2 x num_segments), the model takes "
                                    "{}. Choose a model fitted to this cell.",
                                    path, *one.n_channels, n_units));
        }
        inputs.push_back(open_spikes(std::move(one), n_units, time_step_ms, duration_ms));
    }
    return inputs;
}

}  // namespace elm
