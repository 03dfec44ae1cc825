#include "kernels/core/cuda/launch.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "tests/emulation/planted/planted.h"

namespace elm::planted {
namespace {

struct Shared {
    int value[32];
};

__global__ void exchange_kernel(WarpOrder order, int* output) {
    auto& shared = block_shared<Shared>();
    const unsigned lane = threadIdx.x;
    shared.value[lane] = static_cast<int>(lane);  // mark: exchange.write
    if (order == WarpOrder::shuffle) (void)__shfl_xor_sync(all_lanes, 0, 1);
    if (order == WarpOrder::barrier) __syncwarp();
    output[lane] = shared.value[lane ^ 1];  // mark: exchange.read
}

__global__ void shuffle_from_returned_lane_kernel(int* output) {
    const int lane = static_cast<int>(threadIdx.x);
    if (lane >= 16) return;
    output[lane] = __shfl_down_sync(all_lanes, lane, 8);  // mark: returned.shuffle
}

__global__ void shuffle_from_unnamed_lane_kernel(int* output) {
    const int lane = static_cast<int>(threadIdx.x);
    if (lane < 16) output[lane] = __shfl_sync(0x0000FFFFu, lane, lane + 1);
}

__global__ void mixed_warp_operations_kernel(int* output) {
    const int lane = static_cast<int>(threadIdx.x);
    if (lane < 16) {
        output[lane] = __shfl_xor_sync(all_lanes, lane, 1);  // mark: mixed.shuffle
    } else {
        output[lane] = __any_sync(all_lanes, lane);  // mark: mixed.vote
    }
}

__global__ void two_lines_kernel(int* output) {
    const int lane = static_cast<int>(threadIdx.x);
    if (lane < 16) {
        output[lane] = __shfl_xor_sync(all_lanes, lane, 1);
    } else {
        output[lane] = __shfl_xor_sync(all_lanes, lane, 1);
    }
}

__global__ void different_masks_kernel(int* output) {
    const int lane = static_cast<int>(threadIdx.x);
    const unsigned mask = lane < 16 ? 0x0001FFFFu : all_lanes;
    output[lane] = __any_sync(mask, lane);
}

void launch_warp(const char* name, void (*kernel)(int*)) {
    int output[32] = {};
    launch_kernel(nullptr, name, {1, 32}, kernel, output);
}

}  // namespace

int exchange_through_shared(WarpOrder order) {
    int output[32] = {};
    launch_kernel(nullptr, "exchange", {1, 32}, exchange_kernel, order, output);
    int wrong = 0;
    for (int lane = 0; lane < 32; ++lane) {
        if (output[lane] != (lane ^ 1)) ++wrong;
    }
    return wrong;
}

void shuffle_from_returned_lane() {
    launch_warp("shuffle_from_returned_lane", shuffle_from_returned_lane_kernel);
}
void shuffle_from_unnamed_lane() {
    launch_warp("shuffle_from_unnamed_lane", shuffle_from_unnamed_lane_kernel);
}
void mixed_warp_operations() { launch_warp("mixed_warp_operations", mixed_warp_operations_kernel); }
void warp_operation_at_two_lines() { launch_warp("two_lines", two_lines_kernel); }
void different_masks() { launch_warp("different_masks", different_masks_kernel); }

}  // namespace elm::planted
