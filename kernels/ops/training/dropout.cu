#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/training/dropout_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_dropout, DropoutArgs);

}  // namespace elm
