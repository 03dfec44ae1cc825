#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/spectral/modes/tied_modes_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_tied_modes, TiedModesArgs);
ELM_DEFINE_INSTANCES(Cuda, run_tied_modes_backward, TiedModesBackwardArgs);

}  // namespace elm
