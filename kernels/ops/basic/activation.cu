#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/basic/activation_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_activation, ActivationArgs);
ELM_DEFINE_INSTANCES(Cuda, run_activation_backward, ActivationBackwardArgs);

}  // namespace elm
