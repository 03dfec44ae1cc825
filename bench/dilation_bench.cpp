// Dilated convolutions against the moving averages that they stand in for in TCNCA (Terzic et al.
// 2023, arXiv 2312.05605): as one long convolution by fast transforms, and as a scan. Each with its
// silu and the way around it, float32, one sample, forward and backward by themselves, in turn on
// the same input, median of the rounds.
//
//     dilation_bench [LONGEST_LENGTH [ROUNDS]]      131072 steps and 7 rounds
//
// On the CPU one thread and its processor time; on a CUDA device, where there is one, wall time.
// Published, on a GPU that is not named: the transforms take up to 7.07 times as long forward and
// 2.86 times backward, up to 131,072 steps; sizes are not published. `floor` is the least time:
// operations of the equations over the multiply-add peak (transforms of n points: 2.5 n log2 n), or
// bytes that must be read and written over the rate of reading, whichever is longer; backward has
// twice the operations. The peak of a CUDA device is what ELM_DEVICE_GFLOPS says.

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "baselines/mixers/gated/damped_average.h"
#include "baselines/mixers/gated/dilated_convolutions.h"
#include "bench/fma_peak.h"
#include "bench/memory_bandwidth.h"
#include "kernels/core/buffer.h"
#include "kernels/core/support/parallel.h"
#include "tests/support/random_tensor.h"

namespace {

using namespace elm;

constexpr std::int64_t width = 128, n_states = 16, taps = 17, dilation = 16;

double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// Where operators run, and what it can do at most.
struct Place {
    std::string name;
    Device device;
    double peak, rate;  // FLOP and bytes a second; 0: nobody knows

    double now() const {
        return device.kind == DeviceKind::cpu ? bench::thread_seconds() : wall_seconds();
    }
};

struct Times {
    std::vector<double> forward, backward;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// One of the three, with the operations and bytes of a pass forward.
struct Operator {
    std::string name;
    std::unique_ptr<StepSummary> module;
    double flop, bytes;
    FlatParameters flat = {};
    Times times = {};
};

/// Layers whose steps reach back over the whole length.
std::int64_t depth_for(std::int64_t steps) {
    std::int64_t depth = 1, reach = taps, spread = dilation;
    for (; reach < steps; ++depth, spread *= dilation) reach += (taps - 1) * spread;
    return depth;
}

OptionSet options_for(std::int64_t truncation, std::int64_t depth) {
    OptionSet options;
    DampedAverage::declare(options);
    DilatedConvolutions::declare(options);
    options.set("states", std::to_string(n_states));
    options.set("truncation", std::to_string(truncation));
    options.set("conv_taps", std::to_string(taps));
    options.set("conv_dilation", std::to_string(dilation));
    options.set("conv_depth", std::to_string(depth));
    return options;
}

std::vector<Operator> operators_for(std::int64_t steps) {
    const std::int64_t depth = depth_for(steps);
    const double elements = static_cast<double>(steps * width), row = 2 * sizeof(float) * elements;
    const auto layers = static_cast<double>(depth);
    const double transforms = 3 * 2.5 * 2 * std::log2(2 * static_cast<double>(steps));
    std::vector<Operator> all;
    all.push_back({"convolutions",
                   std::make_unique<DilatedConvolutions>(options_for(0, depth), width, true),
                   2 * taps * layers * elements, layers * row});
    all.push_back({"transforms",
                   std::make_unique<DampedAverage>(options_for(steps, 1), width, true),
                   (transforms + 4 * n_states) * elements, 2 * row});
    all.push_back({"scan", std::make_unique<DampedAverage>(options_for(0, 1), width, true),
                   4 * n_states * elements, row});
    return all;
}

void run_once(Stream& stream, Operator& one, const Parameter& input, const Place& place,
              bool counts) {
    Tape tape;
    const auto forward = [&](Context& context, const Var& x) {
        return one.module->forward(context, {.sequence = x}, nullptr);
    };
    {
        Context plain{.stream = stream};
        stream.synchronize();
        const double start = place.now();
        const Var output = forward(plain, {input.value});
        stream.synchronize();
        if (counts) one.times.forward.push_back(place.now() - start);
    }
    Context context{.stream = stream, .tape = &tape};
    const Var output = forward(context, tape.leaf(input));
    stream.synchronize();
    const double start = place.now();
    tape.backward(stream, {&output, 1}, {&input.value, 1});
    stream.synchronize();
    if (counts) one.times.backward.push_back(place.now() - start);
}

double floor_ms(const Operator& one, const Place& place, double passes) {
    const double of_operations = place.peak > 0 ? one.flop / place.peak : 0;
    const double of_bytes = place.rate > 0 ? one.bytes / place.rate : 0;
    return 1e3 * passes * std::max(of_operations, of_bytes);
}

void print_row(const std::vector<Operator>& all, const Place& place, std::int64_t steps,
               bool backward) {
    const auto time = [&](const Operator& one) {
        return 1e3 * median(backward ? one.times.backward : one.times.forward);
    };
    fmt::print("| {} | {} | {} |", place.name, steps, backward ? "backward" : "forward");
    for (const Operator& one : all) {
        fmt::print(" {:.3g} ({:.2g}) |", time(one), floor_ms(one, place, backward ? 2 : 1));
    }
    fmt::print(" {:.2f} | {:.2f} |\n", time(all[1]) / time(all[0]), time(all[2]) / time(all[0]));
}

void compare(const Place& place, std::int64_t steps, int rounds) {
    Stream stream{place.device};
    std::vector<Operator> all = operators_for(steps);
    for (Operator& one : all) {
        one.flat = allocate_parameters(stream, *one.module, DType::f32, {1});
    }
    const Shape shape{1, steps, width};
    const Parameter input{
        test::tensor_of(stream, shape, DType::f32, test::random_values(shape.size(), -1, 1, {2})),
        Tensor::zeros(stream, shape, DType::f32)};
    for (int round = -1; round < rounds; ++round) {
        for (Operator& one : all) run_once(stream, one, input, place, round >= 0);
    }
    for (const bool backward : {false, true}) print_row(all, place, steps, backward);
}

}  // namespace

int main(int argc, char** argv) {
    keep_freed_memory();
    set_thread_count(1);
    const std::int64_t longest = argc > 1 ? std::atoll(argv[1]) : 131072;
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 7;
    if (longest < 1024 || rounds < 1) {
        fmt::print(stderr,
                   "dilation_bench [LONGEST_LENGTH [ROUNDS]]: 1024 steps and 1 round or more\n");
        return 2;
    }
    std::vector<Place> places{
        {"cpu", Device{}, bench::measure_fma_peak(), bench::measure_read_bandwidth()}};
    for (const Device device : available_devices()) {
        if (device.kind == DeviceKind::cuda) {
            places.push_back({"cuda", device, bench::device_peak(), 0});
        }
    }
    fmt::print(
        "{} features, {} averages of each; {} taps, dilations 1, {}, {}, ... as far as the "
        "length\n\n",
        width, n_states, taps, dilation, dilation * dilation);
    fmt::print(
        "| device | steps | pass | convolutions, ms (floor) | transforms, ms (floor) | scan, "
        "ms (floor) | transforms / convolutions | scan / convolutions |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (const Place& place : places) {
        for (std::int64_t steps = 1024; steps <= longest; steps *= 2) {
            compare(place, steps, rounds);
        }
    }
    fmt::print(
        "\nPublished, on a GPU: transforms / convolutions up to 7.07 forward and 2.86 "
        "backward\n");
    return 0;
}
