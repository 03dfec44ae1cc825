#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/basic/dropout_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_dropout, DropoutArgs);

}  // namespace elm
