#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/training/batch_norm_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_update_statistics, UpdateStatisticsArgs);
ELM_DEFINE_INSTANCES(Cuda, run_inverse_deviation, InverseDeviationArgs);

}  // namespace elm
