#include "kernels/core/cuda/parallel.cuh"
#include "neuron/point/neuron_scan_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_neuron_scan, NeuronScanArgs);
ELM_DEFINE_INSTANCES(Cuda, run_neuron_scan_backward, NeuronScanBackwardArgs);

}  // namespace elm
