#pragma once

#include <memory>

#include "kernels/core/device.h"
#include "kernels/core/dtype.h"
#include "network/engine.h"

namespace elm::network {

/// The time-stepped engine on a CUDA device: the same steps, order and random numbers as
/// make_time_stepped_engine(), whose spikes it has unless the last bits of a potential decide.
///
/// What acts on a neuron in a step is a sum of whole numbers (EventRing), so spikes and states are
/// the same bits in every run, in one piece or in several, and go on from checkpoints, those of the
/// CPU included. The host reads spikes once in 1024 steps, or as often as four million neurons have
/// a step; n_events() counts events when they are sent.
///
/// Throws Error{unsupported} for a device that is not there and for what runs on the CPU alone: ELM
/// neurons, synapses that change; Error{memory} before anything is taken if the device has too
/// little.
std::unique_ptr<Engine> make_cuda_engine(NetworkDescription network, DType precision,
                                         Device device);

}  // namespace elm::network
