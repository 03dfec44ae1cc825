#include "kernels/core/algorithms/sum_body.h"
#include "kernels/core/cuda/parallel.cuh"

namespace elm {

template void run_add_into<Cuda>(Stream&, const AddIntoArgs<float>&);
template void run_add_into<Cuda>(Stream&, const AddIntoArgs<double>&);
template void run_fold_sum<Cuda>(Stream&, const FoldSumArgs<float>&);
template void run_fold_sum<Cuda>(Stream&, const FoldSumArgs<double>&);

}  // namespace elm
