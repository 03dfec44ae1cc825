#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/random/random_body.h"

namespace elm {

template void run_fill_uniform<Cuda, float>(Stream&, const RandomFillArgs<float>&);
template void run_fill_uniform<Cuda, double>(Stream&, const RandomFillArgs<double>&);
template void run_fill_normal<Cuda, float>(Stream&, const RandomFillArgs<float>&);
template void run_fill_normal<Cuda, double>(Stream&, const RandomFillArgs<double>&);
template void run_fill_bernoulli<Cuda>(Stream&, const BernoulliFillArgs&);

}  // namespace elm
