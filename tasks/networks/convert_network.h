#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace elm {

/// The file of a network that is to be one of another kind.
struct ConversionPlan {
    std::string file, input;           // `input`: spikes for its sources; empty: none
    std::string out;                   // NAME.nir: a NIR graph; else the folder of a SONATA network
    std::optional<double> dt_ms = {};  // of a NIR graph, which says none
    std::optional<std::uint64_t> seed = {};
    bool force = false;
};

struct Conversion {
    std::string kind, output;
    std::int64_t n_neurons = 0;
};

/// Throws as the readers and writers do; Error{invalid} for an output that is the input, and for
/// a NIR graph without a time step.
Conversion convert_network(const ConversionPlan& plan);

}  // namespace elm
