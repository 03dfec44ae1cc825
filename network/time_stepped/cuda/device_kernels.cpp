#include "network/time_stepped/cuda/device_kernels.h"

#include "kernels/core/support/check.h"
#include "neuron/point/neuron_headers.h"

namespace elm::network {

template <class Real>
Kernel<NeuronAdvance<Real>> neuron_advance_kernel(std::string_view model) {
#define ELM_ENTRY(id)                                     \
    if (model == id##_neuron::name)                       \
        return {"steps of neurons in a network", nullptr, \
                ELM_IF_CUDA((&advance_neurons_on_cuda<id##_neuron, Real>))};
#include "neuron/point/neurons.def"
#undef ELM_ENTRY
    ELM_ASSERT(false);
    return {};
}

Kernel<PoissonSourceAdvance> poisson_source_kernel() {
    return {"Poisson sources of a network", nullptr, ELM_IF_CUDA(&advance_poisson_sources_on_cuda)};
}

Kernel<ListedSourceAdvance> listed_spikes_kernel() {
    return {"listed spikes of a network", nullptr, ELM_IF_CUDA(&list_spikes_on_cuda)};
}

template <class Real>
Kernel<SpikeDelivery<Real>> spike_delivery_kernel() {
    return {"delivery of spikes in a network", nullptr, ELM_IF_CUDA(&deliver_spikes_on_cuda<Real>)};
}

#define ELM_INSTANCES(Real)                                                       \
    template Kernel<NeuronAdvance<Real>> neuron_advance_kernel(std::string_view); \
    template Kernel<SpikeDelivery<Real>> spike_delivery_kernel();
ELM_INSTANCES(float)
ELM_INSTANCES(double)
#undef ELM_INSTANCES

}  // namespace elm::network
