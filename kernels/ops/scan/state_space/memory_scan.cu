#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/scan/state_space/memory_scan_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_memory_scan, MemoryScanArgs);
ELM_DEFINE_INSTANCES(Cuda, run_memory_scan_backward, MemoryScanBackwardArgs);

}  // namespace elm
