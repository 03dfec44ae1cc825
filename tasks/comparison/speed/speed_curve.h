#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "baselines/fitted_model.h"
#include "kernels/core/stream.h"

namespace elm {

struct SpeedOptions {
    std::vector<std::int64_t> lengths;  // rising
    std::int64_t batch = 4;
    DType precision = DType::f32;
    double memory_limit = 0;   // bytes that a pass may take; 0: three quarters of what is free
    double seconds = 0.3;      // of repeats of each measurement
    double most_seconds = 60;  // of one pass: longer ones are not begun
    std::uint64_t seed = 0;
};

/// Time and memory of passes over sequences of one length.
struct SpeedPoint {
    std::int64_t length = 0;
    std::string left_out = {};  // why it was not measured; empty: it was
    std::vector<double> forward_seconds = {}, training_seconds = {};  // of each repeat
    double forward_bytes = 0, training_bytes = 0;  // of buffers, beyond the parameters
    double flops = 0;         // forward, of one sequence, as the model counts them
    bool lacks_room = false;  // left out for want of memory or time: fewer sequences take less

    bool measured() const noexcept { return left_out.empty(); }
};

struct SpeedCurve {
    std::string model;
    std::int64_t parameters = 0;
    bool causal = true;  // whether the model reads a sequence causally
    std::vector<SpeedPoint> points = {};
};

/// Allocates a model on the stream's device and measures it on normal random input: a forward pass
/// without a tape, and a forward and a backward pass. What a length takes is predicted from short
/// sequences and from the lengths before it; what does not fit is not allocated. Lengths that do
/// not fit, or that the model refuses, are left out with the reason, all of them where it does not
/// take dense values or has no place on the device. `poll` is called between passes and may throw.
SpeedCurve measure_speed(Stream& stream, const std::string& name, FittedModel& fitted,
                         const SpeedOptions& options, const std::function<void()>& poll);

}  // namespace elm
