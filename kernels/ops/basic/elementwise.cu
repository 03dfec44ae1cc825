#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/basic/elementwise_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_elementwise, ElementwiseArgs);
ELM_DEFINE_INSTANCES(Cuda, run_scale, ScaleArgs);

}  // namespace elm
