#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elm {

/// Some spikes of a listing: two arrays of equal length. Units are whole numbers in a sound file.
struct SpikeBlock {
    std::vector<double> times_ms, units;

    std::size_t size() const noexcept { return times_ms.size(); }
    void clear() {
        times_ms.clear();
        units.clear();
    }
};

/// Spikes as a file lists them, in any order, read block by block as often as wanted.
class SpikeListing {
public:
    virtual ~SpikeListing() = default;

    /// Goes back to the first spike.
    virtual void rewind() = 0;
    /// The spikes after those given out so far; empty at the end. Valid until the next call.
    virtual const SpikeBlock& next() = 0;
    /// Where the time and the unit of entry `at` of the last block stand: "in.h5: /times[3]".
    virtual std::string place_of_time(std::size_t at) const = 0;
    virtual std::string place_of_unit(std::size_t at) const = 0;
};

/// One sample of a file, and what the file says about it.
struct SpikeSample {
    std::string name;
    std::unique_ptr<SpikeListing> spikes;
    std::optional<double> duration_ms = {};
    std::optional<double> n_channels = {};  // NeuronIO
    std::string time_unit = {};  // in the words of the file; empty: not said, which is ms
    std::string sorting = {};    // "by_time", "by_id", "none"; empty: not said
};

/// Summary of one pass over a listing.
struct SpikeSummary {
    std::int64_t count = 0;
    double last_ms = 0;    // the largest time
    bool in_order = true;  // times never fall
};

/// Reads all spikes. Throws Error{data} naming the place of the first one whose time is not finite,
/// negative or not before `duration_ms`, or whose unit is not a whole number below `n_units`.
SpikeSummary check_spikes(SpikeListing& spikes, std::int64_t n_units,
                          std::optional<double> duration_ms);

/// Milliseconds in a unit of time as files name it ("ms", "seconds", "us"); nothing for others.
std::optional<double> ms_per_time_unit(std::string_view name);

/// The same; throws Error{data} that begins with `place` and says which units are known.
double require_time_unit(std::string_view name, const std::string& place);

}  // namespace elm
