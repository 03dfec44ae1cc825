#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/scan/recurrent/leaky_scan_body.h"

namespace elm {

template void run_leaky_scan<Cuda>(Stream&, const LeakyScanArgs<float>&);
template void run_leaky_scan<Cuda>(Stream&, const LeakyScanArgs<double>&);
template void run_leaky_scan_backward<Cuda>(Stream&, const LeakyScanBackwardArgs<float>&);
template void run_leaky_scan_backward<Cuda>(Stream&, const LeakyScanBackwardArgs<double>&);

}  // namespace elm
