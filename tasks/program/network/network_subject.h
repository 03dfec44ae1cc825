#pragma once

#include <cstdint>
#include <string>

#include "network/benchmarks/benchmark.h"

namespace elm {

class Arguments;

enum class NetworkVerb : std::uint8_t { run, bench, convert };

/// What is to be run or converted: the words behind the command.
struct NetworkSubject {
    NetworkVerb verb = NetworkVerb::run;
    const network::Benchmark* benchmark = nullptr;  // null: a file
    std::string file = {};
};

/// Throws Error{invalid} for other words, with the nearest.
NetworkSubject network_subject_of(const Arguments& arguments);

}  // namespace elm
