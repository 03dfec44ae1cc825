#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/attention/divide_by_last_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_divide_by_last, DivideByLastArgs);
ELM_DEFINE_INSTANCES(Cuda, run_divide_by_last_backward, DivideByLastBackwardArgs);

}  // namespace elm
