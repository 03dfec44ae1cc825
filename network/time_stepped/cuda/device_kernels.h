#pragma once

#include <string_view>

#include "kernels/core/kernel.h"
#include "network/time_stepped/cuda/device_network.h"

/// What runs of a network on a CUDA device. The CPU has its own engine, so there is no CPU version.
namespace elm::network {

/// Advances neurons of a model of neurons.def.
template <class Real>
Kernel<NeuronAdvance<Real>> neuron_advance_kernel(std::string_view model);
Kernel<PoissonSourceAdvance> poisson_source_kernel();
Kernel<ListedSourceAdvance> listed_spikes_kernel();
template <class Real>
Kernel<SpikeDelivery<Real>> spike_delivery_kernel();

template <class Neuron, class Real>
void advance_neurons_on_cuda(Stream& stream, const NeuronAdvance<Real>& args);
void advance_poisson_sources_on_cuda(Stream& stream, const PoissonSourceAdvance& args);
void list_spikes_on_cuda(Stream& stream, const ListedSourceAdvance& args);
template <class Real>
void deliver_spikes_on_cuda(Stream& stream, const SpikeDelivery<Real>& args);

}  // namespace elm::network
