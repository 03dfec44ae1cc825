#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/spectral/modes/diagonal_decay_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_diagonal_decay, DiagonalDecayArgs);
ELM_DEFINE_INSTANCES(Cuda, run_diagonal_decay_backward, DiagonalDecayBackwardArgs);

}  // namespace elm
