#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/spectral/modes/mode_decay_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_mode_decay, ModeDecayArgs);
ELM_DEFINE_INSTANCES(Cuda, run_mode_decay_backward, ModeDecayBackwardArgs);

}  // namespace elm
