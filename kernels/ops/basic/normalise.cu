#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/basic/normalise_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_normalise, NormaliseArgs);
ELM_DEFINE_INSTANCES(Cuda, run_normalise_backward, NormaliseBackwardArgs);

}  // namespace elm
