#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/basic/reduction_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_maximum, MaximumArgs);
ELM_DEFINE_INSTANCES(Cuda, run_maximum_backward, MaximumBackwardArgs);
ELM_DEFINE_INSTANCES(Cuda, run_repeat, RepeatArgs);

}  // namespace elm
