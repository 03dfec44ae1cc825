#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/spectral/low_rank/low_rank_scan_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_low_rank_scan, LowRankScanArgs);

}  // namespace elm
