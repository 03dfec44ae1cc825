#include "kernels/core/cuda/parallel.cuh"
#include "neuron/point/neuron_scan_body.h"

namespace elm {

/// The scans of a neuron without gradient are empty: nothing can call them.
template <class Neuron, class Real>
void neuron_scan_on_cuda(Stream& stream, const NeuronScanArgs<Neuron, Real>& args) {
    if constexpr (TrainableNeuron<Neuron>) {
        const auto& extent = args.current.extent;
        Cuda::for_each_element(stream, extent[0], extent[2],
                               NeuronScanForward<Neuron, OneNeuron<Real>>{args});
    }
}
template <class Neuron, class Real>
void neuron_scan_backward_on_cuda(Stream& stream,
                                  const NeuronScanBackwardArgs<Neuron, Real>& args) {
    if constexpr (TrainableNeuron<Neuron>) {
        const auto& extent = args.voltage.extent;
        Cuda::for_each_element(stream, extent[0], extent[2],
                               NeuronScanBackward<Neuron, OneNeuron<Real>>{args});
    }
}

#define ELM_ENTRY(id) ELM_NEURON_SCAN_INSTANCES(cuda, id##_neuron)
#include "neuron/point/neurons.def"
#undef ELM_ENTRY

}  // namespace elm
