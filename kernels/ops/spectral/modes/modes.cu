#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/spectral/modes/modes_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_modes, ModesArgs);
ELM_DEFINE_INSTANCES(Cuda, run_modes_backward, ModesBackwardArgs);

}  // namespace elm
