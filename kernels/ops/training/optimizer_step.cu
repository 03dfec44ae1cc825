#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/training/optimizer_step_body.h"

namespace elm {

template void run_optimizer_step<Cuda>(Stream&, const OptimizerStepArgs<float>&);
template void run_optimizer_step<Cuda>(Stream&, const OptimizerStepArgs<double>&);
template void run_sum_of_squares<Cuda>(Stream&, const SumOfSquaresArgs<float>&);
template void run_sum_of_squares<Cuda>(Stream&, const SumOfSquaresArgs<double>&);
template void run_moving_average<Cuda>(Stream&, const MovingAverageArgs<float>&);
template void run_moving_average<Cuda>(Stream&, const MovingAverageArgs<double>&);
template void run_exchange<Cuda>(Stream&, const ExchangeArgs<float>&);
template void run_exchange<Cuda>(Stream&, const ExchangeArgs<double>&);

}  // namespace elm
