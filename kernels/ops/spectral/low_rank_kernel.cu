#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/spectral/low_rank_kernel_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_low_rank_kernel, LowRankKernelArgs);
ELM_DEFINE_INSTANCES(Cuda, run_low_rank_kernel_backward, LowRankKernelBackwardArgs);

}  // namespace elm
