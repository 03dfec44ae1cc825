#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/basic/reverse_time_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_reverse_time, ReverseTimeArgs);

}  // namespace elm
