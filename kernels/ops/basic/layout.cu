#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/basic/layout_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_copy_columns, CopyColumnsArgs);
ELM_DEFINE_INSTANCES(Cuda, run_transpose, TransposeArgs);

}  // namespace elm
