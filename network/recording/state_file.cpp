#include "network/recording/state_file.h"

#include <type_traits>

#include <fmt/format.h>

#include "kernels/core/support/error.h"

namespace elm::network {
namespace {

std::string path_of(const std::string& name) { return "/state/" + name; }

template <class T>
constexpr FileType file_type = std::is_same_v<T, float>    ? FileType::f32
                               : std::is_same_v<T, double> ? FileType::f64
                                                           : FileType::i64;

/// Whole numbers of 32 bits without sign are 64 bits with one in files.
template <class T>
using Stored = std::conditional_t<std::is_same_v<T, std::uint32_t>, std::int64_t, T>;

/// Up to there a step is a real number, too, and so is its time.
constexpr std::int64_t most_steps = std::int64_t{1} << 53;

}  // namespace

void StateFile::number(const std::string& name, std::int64_t& value) {
    std::vector<std::int64_t> one{value};
    array(name, one);
    value = one[0];
}

template <class T>
void StateFile::array(const std::string& name, std::vector<T>& values, bool any_size) {
    const std::string path = path_of(name);
    if (is_saving()) {
        const std::vector<Stored<T>> stored(values.begin(), values.end());
        to_->write<Stored<T>>(path, {std::ssize(stored)}, stored, file_type<T>);
        return;
    }
    const std::vector<Stored<T>> stored = from_->read<Stored<T>>(path);
    if (!any_size && stored.size() != values.size()) {
        throw Error(ErrorKind::data,
                    fmt::format("{}: {} has {} values, expected {}.", from_->path(), path,
                                stored.size(), values.size()));
    }
    values.resize(stored.size());
    for (std::size_t i = 0; i < stored.size(); ++i) {
        values[i] = static_cast<T>(stored[i]);
        if constexpr (!std::is_same_v<T, Stored<T>>) {
            if (stored[i] != static_cast<Stored<T>>(values[i])) refuse_state(*this, name);
        }
    }
}

void refuse_state(const StateFile& state, const std::string& name) {
    throw Error(ErrorKind::data, fmt::format("{}: {} is damaged: it does not fit the network.",
                                             state.path(), path_of(name)));
}

void exchange_progress(StateFile& state, std::int64_t& step, std::int64_t& n_events) {
    state.number("step", step);
    state.number("events", n_events);
    if (step < 0 || step > most_steps || n_events < 0) refuse_state(state, "step");
}

void exchange_records(StateFile& state, const NetworkDescription& network, std::int64_t steps,
                      SpikeRecord& spikes, std::vector<TraceRecord>& traces) {
    for (std::size_t p = 0; p < spikes.size(); ++p) {
        const std::string name = fmt::format("spikes/{}", p);
        state.array(name + "/times_ms", spikes[p].times_ms, true);
        state.array(name + "/neurons", spikes[p].neurons, true);
        if (spikes[p].times_ms.size() != spikes[p].neurons.size()) refuse_state(state, name);
        for (const std::uint32_t neuron : spikes[p].neurons) {
            if (neuron >= network.populations[p].size) refuse_state(state, name);
        }
    }
    for (std::size_t i = 0; i < traces.size(); ++i) {
        const std::string name = fmt::format("traces/{}", i);
        const auto row = static_cast<double>(traces[i].n_states * traces[i].n_neurons);
        state.array(name, traces[i].values, true);
        const auto count = static_cast<double>(traces[i].values.size());
        if (count != row * static_cast<double>(steps)) refuse_state(state, name);
    }
}

template void StateFile::array(const std::string&, std::vector<float>&, bool);
template void StateFile::array(const std::string&, std::vector<double>&, bool);
template void StateFile::array(const std::string&, std::vector<std::int64_t>&, bool);
template void StateFile::array(const std::string&, std::vector<std::uint32_t>&, bool);

}  // namespace elm::network
