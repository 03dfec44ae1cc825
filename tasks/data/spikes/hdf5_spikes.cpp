#include "tasks/data/spikes/hdf5_spikes.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/toml_config.h"

namespace elm {
namespace {

constexpr std::int64_t block_spikes = 1 << 17;  // a simulation of some seconds is one block

struct Names {
    const char* times;
    const char* units;
};
constexpr std::array<Names, 4> layouts{{
    {"times", "units"},
    {"timestamps", "node_ids"},
    {"timestamps", "gids"},
    {"input_time_ms", "input_synapse"},
}};

class Hdf5Listing : public SpikeListing {
public:
    Hdf5Listing(std::shared_ptr<const Hdf5File> file, std::string times, std::string units,
                double ms_per_unit)
        : file_(std::move(file)),
          times_(std::move(times)),
          units_(std::move(units)),
          ms_per_unit_(ms_per_unit) {
        const auto shape = file_->shape(times_);
        if (shape.size() != 1) {
            throw Error(ErrorKind::data, fmt::format("{}: {} has {} axes, expected one.",
                                                     file_->path(), times_, shape.size()));
        }
        file_->require_shape(units_, shape);
        n_spikes_ = shape[0];
    }

    void rewind() override { next_ = 0; }

    const SpikeBlock& next() override {
        static const SpikeBlock end;
        if (next_ == n_spikes_) return end;  // the block stays: it may be all there is
        const std::int64_t count = std::min(block_spikes, n_spikes_ - next_);
        const bool is_read = begin_ == next_ && std::cmp_equal(block_.size(), count);
        if (!is_read) read(next_, static_cast<std::size_t>(count));
        next_ += count;
        return block_;
    }

    std::string place_of_time(std::size_t at) const override { return place(times_, at); }
    std::string place_of_unit(std::size_t at) const override { return place(units_, at); }

private:
    std::string place(const std::string& dataset, std::size_t at) const {
        return fmt::format("{}: {}[{}]", file_->path(), dataset,
                           begin_ + static_cast<std::int64_t>(at));
    }

    void read(std::int64_t begin, std::size_t count) {
        begin_ = begin;
        block_.times_ms.resize(count);
        block_.units.resize(count);
        file_->read_range<double>(times_, begin, block_.times_ms);
        file_->read_range<double>(units_, begin, block_.units);
        if (ms_per_unit_ == 1) return;
        for (double& time : block_.times_ms) time *= ms_per_unit_;
    }

    std::shared_ptr<const Hdf5File> file_;
    std::string times_, units_;
    double ms_per_unit_;
    std::int64_t n_spikes_ = 0;
    std::int64_t next_ = 0;   // the first spike that was not given out
    std::int64_t begin_ = 0;  // of the block
    SpikeBlock block_;
};

/// The text of the first of these attributes that is there.
std::string text_of(const std::vector<const Values*>& places, const char* name) {
    for (const Values* attributes : places) {
        if (const auto found = attributes->find(name); found != attributes->end()) {
            return to_text(found->second);
        }
    }
    return {};
}

/// SONATA has an enumeration of these three, which some write as its numbers.
std::string sorting_of(const std::string& text) {
    return text == "0" ? "none" : text == "1" ? "by_id" : text == "2" ? "by_time" : text;
}

std::optional<double> duration_of(const Hdf5File& file, const std::string& group) {
    const std::vector<std::string> names{"duration_ms", "sim_duration_ms"};
    for (const std::string& object : {group, std::string("/")}) {
        const Values attributes = file.attributes(object, names);
        for (const std::string& name : names) {
            if (attributes.contains(name)) return file.number_attribute(object, name);
        }
    }
    return std::nullopt;
}

SpikeSample sample_of(const std::shared_ptr<const Hdf5File>& file, const std::string& name,
                      const std::string& group, const Names& names) {
    const std::string times = group + "/" + names.times, units = group + "/" + names.units;
    const std::string object = group.empty() ? "/" : group;
    const Values of_times = file->attributes(times, {"units"});
    const Values of_group = file->attributes(object, {"units", "sorting"});
    SpikeSample sample{.name = name, .spikes = nullptr};
    double ms_per_unit = 1;
    if (of_times.contains("units") || of_group.contains("units")) {
        sample.time_unit = text_of({&of_times, &of_group}, "units");
        ms_per_unit =
            require_time_unit(sample.time_unit, fmt::format("{}: {}", file->path(), times));
    }
    sample.sorting = sorting_of(text_of({&of_group}, "sorting"));
    sample.duration_ms = duration_of(*file, object);
    if (file->attributes("/", {"num_segments"}).contains("num_segments")) {
        sample.n_channels = 2 * file->number_attribute("/", "num_segments");
    }
    sample.spikes = list_hdf5_spikes(file, times, units, ms_per_unit);
    return sample;
}

}  // namespace

std::unique_ptr<SpikeListing> list_hdf5_spikes(std::shared_ptr<const Hdf5File> file,
                                               const std::string& times, const std::string& units,
                                               double ms_per_unit) {
    return std::make_unique<Hdf5Listing>(std::move(file), times, units, ms_per_unit);
}

std::vector<SpikeSample> find_hdf5_spikes(const std::shared_ptr<const Hdf5File>& file) {
    std::vector<SpikeSample> found;
    const auto look = [&](const std::string& group, const std::string& name) {
        for (const Names& names : layouts) {
            if (file->is_dataset(group + "/" + names.times) &&
                file->is_dataset(group + "/" + names.units)) {
                found.push_back(sample_of(file, name, group, names));
            }
        }
    };
    look("", "spikes");
    for (const std::string& parent : {std::string(), std::string("/spikes")}) {
        if (!parent.empty() && !file->is_group(parent)) continue;
        for (const std::string& name : file->links(parent.empty() ? "/" : parent)) {
            const std::string group = parent + "/" + name;
            if (file->is_group(group)) look(group, name);
        }
    }
    return found;
}

}  // namespace elm
