#pragma once

#include <cstdint>

/// How each device cuts the channels of a selective scan.
namespace elm {

inline constexpr std::int64_t selective_scan_vectors = 4;  // of channels, of a task on the CPU

/// On CUDA a thread holds one state of one channel; those of a channel are neighbours in a warp.
inline constexpr std::int64_t selective_scan_block = 256;  // threads
inline constexpr std::int64_t selective_scan_most_states = 32;

/// Threads of a channel: the least power of two that has one for each state.
constexpr std::int64_t selective_scan_lanes(std::int64_t states) {
    std::int64_t lanes = 1;
    while (lanes < states && lanes < selective_scan_most_states) lanes *= 2;
    return lanes;
}

}  // namespace elm
