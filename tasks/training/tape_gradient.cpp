#include "tasks/training/tape_gradient.h"

#include <array>

#include "kernels/autograd/tape.h"

namespace elm {

NeuronIoLoss tape_gradient(Stream& stream, SequenceModel& model, const NeuronIoBatch& batch,
                           const RandomKey& key) {
    Tape tape;
    Context context{.stream = stream, .tape = &tape, .random = key, .training = true};
    const Var output = model.forward(context, {.spikes = &batch.spikes});
    Stream host{Device{}};
    const bool on_host = stream.device().kind == DeviceKind::cpu;
    stream.synchronize();
    const Tensor values = on_host ? output.value : output.value.to(host);
    const Tensor gradient = Tensor::empty(host, values.shape(), values.dtype());
    NeuronIoLoss total;
    for (std::int64_t sample = 0; sample < batch.spikes.n_samples; ++sample) {
        total.add(neuronio_loss(values, batch.spike_target, batch.voltage_target, sample,
                                batch.n_bins, gradient));
    }
    const std::array<Var, 1> outputs{output};
    const std::array<Tensor, 1> gradients{on_host ? gradient : gradient.to(stream)};
    tape.backward(stream, outputs, gradients);
    return total;
}

}  // namespace elm
