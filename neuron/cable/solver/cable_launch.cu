#include "kernels/core/cuda/parallel.cuh"
#include "neuron/cable/solver/cable_launch.h"

namespace elm::cable {
namespace {

/// One trial: the lane of a thread in arrays of many.
struct OneTrial {
    using Value = float;
    struct Row {
        std::int32_t row;
        float t;
    };
    std::int64_t stride, lane;

    __device__ float load(const float* rows, std::int64_t row) const {
        return rows[row * stride + lane];
    }
    __device__ void store(float* rows, std::int64_t row, float value) const {
        rows[row * stride + lane] = value;
    }
    __device__ static float broadcast(float x) { return x; }
    __device__ static float multiply_add(float a, float b, float c) { return fmaf(a, b, c); }
    __device__ static float reciprocal(float x) { return 1.0F / x; }

    __device__ static Row voltage_row(float v) {
        const float at = fminf(fmaxf((v - table::first_mV) * (1 / table::row_mV), 0.0F),
                               static_cast<float>(table::rows) - 0.001F);
        const auto row = static_cast<std::int32_t>(at);
        return {row, at - static_cast<float>(row) - 0.5F};
    }
    __device__ static Row calcium_row(float calcium) {
        // mantissa 1 to 2 in rows of equal width; the exponent counts octaves.
        int exponent;
        const float mantissa = 2 * frexpf(calcium, &exponent);
        constexpr std::int32_t per_octave = 1 << table::calcium_rows_per_octave_log2;
        const float at = (mantissa - 1) * static_cast<float>(per_octave);
        const auto part = static_cast<std::int32_t>(at);
        std::int32_t row = (exponent - 1 - table::calcium_first_exponent) * per_octave + part;
        row = row < 0 ? 0 : row;
        return {row < table::rows ? row : table::rows - 1, at - static_cast<float>(part) - 0.5F};
    }
    __device__ static float polynomial(const float* function, const Row& x) {
        float value = function[(table::terms - 1) * table::rows + x.row];
#pragma unroll
        for (int k = table::terms - 2; k >= 0; --k) {
            value = fmaf(value, x.t, function[k * table::rows + x.row]);
        }
        return value;
    }
    __device__ static void polynomial(const float* function, const Row& x, float& value,
                                      float& slope) {
        value = function[(table::terms - 1) * table::rows + x.row];
        slope = 0;
#pragma unroll
        for (int k = table::terms - 2; k >= 0; --k) {
            slope = fmaf(slope, x.t, value);
            value = fmaf(value, x.t, function[k * table::rows + x.row]);
        }
        slope *= 1 / table::row_mV;
    }
};

constexpr int threads_per_block = 32;  // trials are few and steps depend on each other: spread out

__global__ void __launch_bounds__(threads_per_block) cable_kernel(CableLaunch all) {
    const std::int64_t trial = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (trial >= all.trials) return;
    const BatchState arrays{all.state,    all.voltage,  all.rest,          all.delta,
                            all.diagonal, all.residual, all.clamp_currents};
    const OneTrial lane{all.stride, trial};
    const CableStep<OneTrial> one{all.cell, arrays, lane};
    std::int64_t next = all.next_events[trial];
    for (std::int32_t step = all.first_step; step < all.end_step; ++step) {
        deliver(all.cell, all.events, all.end_events[trial], next, step, all.state + trial,
                all.stride);
        for (std::int32_t row = 0; row < all.clamp_rows; ++row) {
            lane.store(all.clamp_currents, row, 0.0F);
        }
        for (std::int64_t c = all.first_clamps[trial]; c < all.first_clamps[trial + 1]; ++c) {
            const DeviceClamp& clamp = all.clamps[c];
            const double now = clamp.clamp.at((step + 0.5) * all.cell.dt_ms) * clamp.per_area;
            lane.store(all.clamp_currents, clamp.row,
                       lane.load(all.clamp_currents, clamp.row) + static_cast<float>(now));
        }
        if (step == 0) {
            one.template eliminate<false>();
        } else {
            one.template eliminate<true>();
        }
        for (std::int32_t p = 0; p < all.probe_count; ++p) {
            const DeviceProbe& probe = all.probes[p];
            if (step % probe.every_steps != 0) continue;
            const std::int64_t before =
                (all.first_step + probe.every_steps - 1) / probe.every_steps;
            const float* const from = probe.of_state ? all.state : all.voltage;
            lane.store(all.record, probe.first + step / probe.every_steps - before,
                       lane.load(from, probe.row));
        }
        if (step == all.last_step) break;
        one.substitute();
        if ((step + 1) % device_check_steps != 0 && step + 1 != all.last_step) continue;
        for (std::int32_t i = 0; i < all.cell.node_count; ++i) {
            const float v = lane.load(all.voltage, i);
            if (fabsf(v) < 1000.0F) continue;
            if (all.divergences[trial].step == 0) all.divergences[trial] = {step + 1, i, v};
        }
    }
    all.next_events[trial] = next;
}

}  // namespace

void launch_cable_cuda(Stream& stream, const CableLaunch& all) {
    const auto blocks =
        static_cast<unsigned>((all.trials + threads_per_block - 1) / threads_per_block);
    launch(stream, "cable",
           {.blocks = dim3(blocks), .threads = dim3(threads_per_block), .early_exit = true},
           &cable_kernel, all);
}

}  // namespace elm::cable
