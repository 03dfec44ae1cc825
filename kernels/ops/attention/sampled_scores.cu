#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/attention/sampled_scores_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_sampled_scores, SampledScoresArgs);

}  // namespace elm
