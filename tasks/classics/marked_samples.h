#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "tasks/samples/sample_task.h"

/// What tasks on two channels share, the second of which marks two steps: fields input (steps, 2)
/// and target.
namespace elm {

/// Writes sample `index` of `seed`: input (steps, 2), row-major. Returns the target.
using FillMarked =
    std::function<float(std::uint64_t seed, std::uint64_t index, std::span<float> input)>;
SetGenerator marked_generator(std::int64_t n_steps, FillMarked fill);

/// Beside what follows from the definitions: channel 0 has mean 1/2, marked steps are uniform in
/// their halves, targets have `mean` and `variance`.
SetStatistics marked_statistics(const SetColumns& samples, double mean, double variance);

TileFigure marked_picture(const std::string& title, const SetColumns& samples);

}  // namespace elm
