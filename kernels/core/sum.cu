#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/sum_body.h"

namespace elm {

template void run_add_into<Cuda>(Stream&, const AddIntoArgs<float>&);
template void run_add_into<Cuda>(Stream&, const AddIntoArgs<double>&);
template void run_sum_rows<Cuda>(Stream&, const SumRowsArgs<float>&);
template void run_sum_rows<Cuda>(Stream&, const SumRowsArgs<double>&);

}  // namespace elm
