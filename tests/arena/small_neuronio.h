#pragma once

#include <string>

#include "tasks/arena/arena_options.h"
#include "tests/tasks/neuronio/leaky_neuronio.h"

namespace elm::test {

/// Windows of 150 ms, 5 of each of 40 simulations of a leaky cell.
inline ArenaTask small_neuronio(const std::string& path) {
    LeakyNeuronIo{.n_simulations = 40, .n_segments = 4, .n_steps = 850}.write(path);
    return {.name = "neuronio",
            .options = {{"window_steps", std::int64_t{150}}, {"first_step", std::int64_t{100}}},
            .files = {path}};
}

inline ArenaSizes small_neuronio_sizes() {
    return {.target = 10,
            .part = 10,
            .opponents = 25,
            .committee = 5,
            .calibration = 10,
            .source = 20,
            .test = 20};
}

}  // namespace elm::test
