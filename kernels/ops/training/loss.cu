#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/training/loss_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_cross_entropy, CrossEntropyArgs);
ELM_DEFINE_INSTANCES(Cuda, run_cross_entropy_backward, CrossEntropyBackwardArgs);
ELM_DEFINE_INSTANCES(Cuda, run_element_loss, ElementLossArgs);
ELM_DEFINE_INSTANCES(Cuda, run_element_loss_backward, ElementLossBackwardArgs);
ELM_DEFINE_INSTANCES(Cuda, run_weighted_mean, WeightedMeanArgs);

}  // namespace elm
