#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/io/hdf5_file.h"
#include "network/description/network_description.h"
#include "network/recording/spike_record.h"

namespace elm::network {

/// What an engine goes on from, on its way into a file or out of it: the same calls in the same
/// order do both. Names are paths below /state.
class StateFile {
public:
    explicit StateFile(Hdf5File& to) : to_(&to), from_(&to) {}
    explicit StateFile(const Hdf5File& from) : from_(&from) {}

    bool is_saving() const { return to_ != nullptr; }
    const std::string& path() const { return from_->path(); }
    void number(const std::string& name, std::int64_t& value);
    /// Reading, values must be as many as are there, unless `any_size`. Throws Error{data} naming
    /// the file and what does not fit. T is float, double, std::int64_t or std::uint32_t.
    template <class T>
    void array(const std::string& name, std::vector<T>& values, bool any_size = false);

private:
    Hdf5File* to_ = nullptr;
    const Hdf5File* from_;
};

/// Throws Error{data} that the state called `name` holds what cannot be.
[[noreturn]] void refuse_state(const StateFile& state, const std::string& name);

/// Where an engine stands. Throws Error{data} for numbers that cannot be.
void exchange_progress(StateFile& state, std::int64_t& step, std::int64_t& n_events);

/// Spikes and traces of the first `steps` steps.
void exchange_records(StateFile& state, const NetworkDescription& network, std::int64_t steps,
                      SpikeRecord& spikes, std::vector<TraceRecord>& traces);

}  // namespace elm::network
