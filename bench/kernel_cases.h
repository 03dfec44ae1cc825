#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/autograd/context.h"

namespace elm::bench {

inline constexpr std::int64_t kernel_batch = 8, kernel_width = 256;
/// Passes before those that are measured: the first ones touch memory that is new to the process.
inline constexpr int unmeasured_passes = 2;

using KernelRun = std::function<Var(Context&, const std::vector<Var>&)>;

/// What a case computes: inputs, which become leaves of the tape in training, and an op.
struct KernelCase {
    std::string name;
    std::vector<Shape> shapes;
    std::vector<std::pair<double, double>> ranges;  // of the inputs' values
    KernelRun run;
    double forward_bytes, training_bytes;  // per step of a batch, at the least; 0: not bound by it
    double flop = 0;                       // per step of a batch, forward
    double training_flop = 3;              // times those forward
    bool trains = true;                    // false: the op has no gradient and no row of training
    /// Makes `run` on a device, once, where the op needs more there than inputs.
    std::function<KernelRun(Stream&)> prepare = {};
};

using CasesOfSteps = std::vector<KernelCase> (*)(std::int64_t steps);

/// A program that measures the cases of 1,024, 4,096 and 16,384 steps, forward and for training
/// (forward and backward) where the op has a gradient, float32, on the CPU with one and two threads
/// and on a CUDA device where there is one, as Google Benchmark does. Two floors: the bytes that
/// must be read and written, over the rate at which the device copies (`bytes_floor`), and the
/// operations, over its peak (`flop_floor`), which of a CUDA device is what ELM_DEVICE_GFLOPS says;
/// without it there is no such floor.
int measure_cases(int argc, char** argv, CasesOfSteps cases);

}  // namespace elm::bench
