// Breaks each rule of kernel_rules_test.cmake once; never compiled. Comments are no breach:
// __shared__, <<<, asm, cub::BlockScan. Neither are names that only contain one: plasma(x).
/* #include <cuda_runtime.h>
   __CUDA_ARCH__ */
#include <cuda_runtime.h>
#include <cub/block/block_scan.cuh>
#include <cooperative_groups.h>

namespace elm {

__global__ void broken_kernel() {
    __shared__ float tile[32];
    asm volatile("membar.gl;");
#if __CUDA_ARCH__ >= 800
    plasma(tile);
#endif
}
void launch_broken() { broken_kernel<<<1, 32>>>(); cub::DeviceScan::InclusiveSum(); }

}  // namespace elm
