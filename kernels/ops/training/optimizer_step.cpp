#include "kernels/ops/training/optimizer_step.h"

#include "kernels/core/support/parallel.h"
#include "kernels/ops/training/optimizer_step_body.h"

namespace elm {

template void run_optimizer_step<Cpu>(Stream&, const OptimizerStepArgs<float>&);
template void run_optimizer_step<Cpu>(Stream&, const OptimizerStepArgs<double>&);
template void run_sum_of_squares<Cpu>(Stream&, const SumOfSquaresArgs<float>&);
template void run_sum_of_squares<Cpu>(Stream&, const SumOfSquaresArgs<double>&);
template void run_moving_average<Cpu>(Stream&, const MovingAverageArgs<float>&);
template void run_moving_average<Cpu>(Stream&, const MovingAverageArgs<double>&);
template void run_exchange<Cpu>(Stream&, const ExchangeArgs<float>&);
template void run_exchange<Cpu>(Stream&, const ExchangeArgs<double>&);

}  // namespace elm
