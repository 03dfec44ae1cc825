#include "kernels/ops/elm_network/layer_scan.h"

#include "kernels/core/buffer.h"
#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/elm/cuda/number.cuh"

/// One block carries a sample through all steps; neighbouring threads are neighbouring neurons, so
/// weights and what is saved are read in order. A step is a few stages with a barrier after each.
/// Sums run in the order of their index in one thread.
namespace elm {
namespace {

constexpr int block_threads = 256;

/// Calls body(i) for 0 <= i < count on all threads of the block, then waits for all.
template <class Body>
__device__ void stage(std::int64_t count, const Body& body) {
    for (std::int64_t i = threadIdx.x; i < count; i += block_threads) body(i);
    __syncthreads();
}

/// sum over k of weights[first + k stride][neuron] values[k neurons + neuron].
template <class Real>
__device__ Real dot(const View<const Real, 2>& weights, std::int64_t first, std::int64_t stride,
                    std::int64_t count, std::int64_t neuron, const Real* values) {
    Real sum = 0;
    for (std::int64_t k = 0; k < count; ++k) {
        sum += weights(first + k * stride, neuron) * values[k * weights.extent[1] + neuron];
    }
    return sum;
}

/// y of the drive, act() of the layer.
template <class Real>
__device__ Real activity_of(NeuronOutput output, Real drive) {
    if (output == NeuronOutput::spike) return drive > 0 ? Real(1) : Real(0);
    return output == NeuronOutput::linear || drive > 0 ? drive : Real(0);
}

template <class Real>
__device__ Real magnitude_of(Real value) {
    return value > 0 ? value : -value;
}

/// Saved steps: [row][neuron].
template <class Real>
__global__ void __launch_bounds__(block_threads) scan_kernel(ElmLayerScanArgs<Real> args) {
    using Number = DeviceNumber<Real>;
    const ElmLayerShape is = args.layer.shape;
    const std::int64_t sample = blockIdx.x, N = is.neurons, K = is.joined(), J = is.update_inputs();
    const auto branch_decay = static_cast<Real>(args.layer.branch_decay);
    const auto slow_decay = static_cast<Real>(args.layer.high_pass_decay);
    Real* const branches = &args.final_state(sample, 0);
    Real* const memory = branches + is.state_memory() * N;
    Real* const filter = branches + is.state_filter() * N;
    Real* const activity = branches + is.state_activity() * N;
    const Real* const heard = args.activity_gain.data + sample * N;
    const View<const Real, 2>& weights = args.parameters;
    stage(is.state_rows() * N, [&](std::int64_t i) { branches[i] = args.initial(sample, i); });
    if (args.layer.measures_updates) {
        stage(N, [&](std::int64_t n) { args.update_magnitude(sample, n) = 0; });
    }
    for (std::int64_t t = 0; t < args.activity.extent[1]; ++t) {
        const std::int64_t kept = args.saved.extent[1];
        Real* const saved = &args.saved(sample, t < kept ? t : kept - 1, 0);
        Real* const hidden = saved + is.saved_hidden() * N;
        Real* const update = saved + is.saved_update() * N;
        stage(K * N, [&](std::int64_t i) {
            if (i >= is.branches * N) {
                const std::int64_t m = i / N - is.branches;
                saved[i] = weights(is.decay() + m, i % N) * memory[i - is.branches * N];
                return;
            }
            Real sum = branch_decay * branches[i] + args.branch_input(sample, t, i);
            const std::int32_t end = args.synapses.row_begin(i + 1);
            for (std::int32_t k = args.synapses.row_begin(i); k < end; ++k) {
                const std::int32_t source = args.synapses.source(k);
                sum += args.synapse_weight(k) * (heard[source] * activity[source]);
            }
            branches[i] = sum;
            saved[i] = sum;
        });
        if (is.hidden > 0) {
            stage(is.hidden * N, [&](std::int64_t i) {
                const Real z =
                    dot(weights, i / N * K, 1, K, i % N, static_cast<const Real*>(saved)) +
                    weights(is.hidden_bias() + i / N, i % N);
                hidden[i] = z > 0 ? z : 0;
            });
        }
        const bool measures = args.layer.measures_updates;
        const auto move = [&](std::int64_t i, Real z) {
            update[i] = Number::scaled_tanh(z);
            memory[i] = saved[is.branches * N + i] + weights(is.gain() + i / N, i % N) * update[i];
        };
        stage(is.memories * N, [&](std::int64_t i) {
            const std::int64_t m = i / N, n = i % N;
            Real z = weights(is.update_bias() + m, n);
            for (std::int64_t k = 0; k < J; ++k) {
                const Real input = is.hidden > 0 ? hidden[k * N + n] : saved[k * N + n];
                z += weights(is.update_weight() + m * J + k, n) *
                     (is.hidden > 0 ? input * input : input);
            }
            if (measures) {
                update[i] = z;
            } else {
                move(i, z);
            }
        });
        if (measures) {
            stage(N, [&](std::int64_t n) {
                Real sum = args.update_magnitude(sample, n);
                for (std::int64_t m = 0; m < is.memories; ++m) {
                    sum += magnitude_of(update[m * N + n]);
                }
                args.update_magnitude(sample, n) = sum;
            });
            stage(is.memories * N, [&](std::int64_t i) { move(i, update[i]); });
        }
        stage(N, [&](std::int64_t n) {
            const Real sum =
                dot(weights, is.readout(), 1, is.memories, n, static_cast<const Real*>(memory));
            filter[n] = slow_decay * filter[n] + (Real(1) - slow_decay) * sum;
            const Real drive = sum - filter[n] + weights(is.offset(), n);
            activity[n] = activity_of(args.layer.output, drive);
            if (args.layer.output == NeuronOutput::spike) {
                saved[args.layer.saved_drive() * N + n] = drive;
            }
            args.activity(sample, t, n) = activity[n];
        });
    }
}

/// Rows (rows, neurons) of a step that the gradients of the parameters are made of.
struct StepRows {
    ElmLayerShape is;
    ELM_HD std::int64_t hidden() const { return 0; }
    ELM_HD std::int64_t update() const { return is.hidden; }
    ELM_HD std::int64_t memory() const { return update() + is.memories; }   // after the update
    ELM_HD std::int64_t decayed() const { return memory() + is.memories; }  // before it
    ELM_HD std::int64_t readout() const { return decayed() + is.memories; }
    ELM_HD std::int64_t activity() const { return readout() + 1; }
    ELM_HD std::int64_t count() const { return activity() + 1; }
};

/// What the backward scan finds in its rows: the slope of the output where the gradient of the
/// activity will stand and, where updates are measured, the gradient of their magnitudes where that
/// of the update will. Called with (sample, step) in one index, and the neuron.
template <class Real>
struct SlopesOfStep {
    ElmLayerScanBackwardArgs<Real> args;
    View<Real, 3> gradients;

    ELM_HD void operator()(std::int64_t sample_step, std::int64_t n) const {
        const ElmLayerShape is = args.layer.shape;
        const StepRows rows{is};
        const std::int64_t steps = args.activity.extent[1], N = is.neurons;
        const std::int64_t sample = sample_step / steps, t = sample_step % steps;
        const Real* const saved = &args.saved(sample, t, n);
        Real* const own = &gradients(sample, t, n);
        own[rows.activity() * N] = slope(saved, args.activity(sample, t, n));
        if (!args.layer.measures_updates) return;
        const Real of_magnitude = args.update_magnitude_gradient(sample, n);
        for (std::int64_t m = 0; m < is.memories; ++m) {  // d |z| / d z has the sign of phi(z)
            const Real change = saved[(is.saved_update() + m) * N];
            own[(rows.update() + m) * N] = change > 0   ? of_magnitude
                                           : change < 0 ? -of_magnitude
                                                        : Real(0);
        }
    }

private:
    ELM_HD Real slope(const Real* saved, Real activity) const {
        if (args.layer.output == NeuronOutput::linear) return 1;
        if (args.layer.output == NeuronOutput::relu) return activity > 0 ? Real(1) : Real(0);
        const Real drive = saved[args.layer.saved_drive() * args.layer.shape.neurons];
        return spike_slope(drive > 0 ? drive : -drive, static_cast<Real>(spike_slope_scale),
                           Real(1));
    }
};

template <class Real>
__global__ void __launch_bounds__(block_threads)
    scan_backward_kernel(ElmLayerScanBackwardArgs<Real> args, View<Real, 3> gradients) {
    using Number = DeviceNumber<Real>;
    const ElmLayerShape is = args.layer.shape;
    const StepRows rows{is};
    const std::int64_t sample = blockIdx.x, N = is.neurons, K = is.joined(), J = is.update_inputs();
    const auto branch_decay = static_cast<Real>(args.layer.branch_decay);
    const auto slow_decay = static_cast<Real>(args.layer.high_pass_decay);
    // What goes on to the step before lies where it ends.
    Real* const branches = &args.initial_gradient(sample, 0);
    Real* const memory = branches + is.state_memory() * N;
    Real* const filter = branches + is.state_filter() * N;
    Real* const activity = branches + is.state_activity() * N;
    const View<const Real, 2>& weights = args.parameters;
    stage(is.state_rows() * N,
          [&](std::int64_t i) { branches[i] = args.final_state_gradient(sample, i); });
    for (std::int64_t t = args.activity.extent[1] - 1; t >= 0; --t) {
        const Real* const saved = &args.saved(sample, t, 0);
        Real* const own_rows = &gradients(sample, t, 0);
        Real* const hidden = own_rows + rows.hidden() * N;
        Real* const update = own_rows + rows.update() * N;
        stage(N, [&](std::int64_t n) {
            const Real own = own_rows[rows.activity() * N + n] *
                             (args.activity_gradient(sample, t, n) + activity[n]);
            const Real slow = filter[n] - own;
            filter[n] = slow_decay * slow;
            own_rows[rows.activity() * N + n] = own;
            own_rows[rows.readout() * N + n] = own + (Real(1) - slow_decay) * slow;
        });
        stage(is.memories * N, [&](std::int64_t i) {
            const std::int64_t m = i / N, n = i % N;
            memory[i] += weights(is.readout() + m, n) * own_rows[rows.readout() * N + n];
            own_rows[rows.memory() * N + i] = memory[i];
            const Real of_magnitude = args.layer.measures_updates ? update[i] : Real(0);
            update[i] = of_magnitude +
                        weights(is.gain() + m, n) * memory[i] *
                            step::scaled_tanh_slope<Number>(saved[is.saved_update() * N + i]);
        });
        if (is.hidden > 0) {
            stage(is.hidden * N, [&](std::int64_t i) {
                hidden[i] = 2 * saved[is.saved_hidden() * N + i] *
                            dot(weights, is.update_weight() + i / N, J, is.memories, i % N,
                                static_cast<const Real*>(update));
            });
        }
        stage(K * N, [&](std::int64_t i) {
            const std::int64_t k = i / N, n = i % N;
            const Real sum =
                is.hidden > 0 ? dot(weights, k, K, is.hidden, n, static_cast<const Real*>(hidden))
                              : dot(weights, is.update_weight() + k, K, is.memories, n,
                                    static_cast<const Real*>(update));
            if (k < is.branches) {
                const Real own = sum + branches[i];
                branches[i] = branch_decay * own;
                args.branch_input_gradient(sample, t, i) = own;
            } else {
                const std::int64_t at = i - is.branches * N;
                const Real own = sum + memory[at];
                own_rows[rows.decayed() * N + at] = own;
                memory[at] = weights(is.decay() + k - is.branches, n) * own;
            }
        });
        stage(N, [&](std::int64_t p) {
            Real sum = 0;
            const std::int32_t end = args.synapses.source_begin(p + 1);
            for (std::int32_t k = args.synapses.source_begin(p); k < end; ++k) {
                const std::int32_t i = args.synapses.by_source(k);
                sum += args.synapse_weight(i) *
                       args.branch_input_gradient(sample, t, args.synapses.row(i));
            }
            activity[p] = args.activity_gain(sample, p) * sum;
        });
    }
}

/// A parameter's gradient from one sample: the sum over its steps. Called with (sample, row) in one
/// index, and the neuron.
template <class Real>
struct SumStepsOfParameter {
    ElmLayerShape is;
    View<const Real, 2> parameters, initial;
    View<const Real, 3> saved, gradients;
    View<Real, 3> sums;  // (batch, rows, neurons)

    ELM_HD void operator()(std::int64_t sample_row, std::int64_t n) const {
        const std::int64_t sample = sample_row / is.parameter_rows();
        const std::int64_t row = sample_row % is.parameter_rows();
        sums(sample, row, n) = sum(sample, row, n);
    }

private:
    /// Sum over the steps of row `left` of the gradients times factor(step).
    template <class Factor>
    ELM_HD Real over_steps(std::int64_t sample, std::int64_t left, std::int64_t n,
                           const Factor& factor) const {
        const std::int64_t stride = gradients.extent[2], steps = gradients.extent[1];
        const Real* const own = gradients.data + sample * steps * stride + left * is.neurons + n;
        Real total = 0;
        for (std::int64_t t = 0; t < steps; ++t) total += own[t * stride] * factor(t);
        return total;
    }

    ELM_HD Real sum(std::int64_t sample, std::int64_t row, std::int64_t n) const {
        const StepRows rows{is};
        const std::int64_t stride = saved.extent[2];
        const Real* const kept = saved.data + sample * saved.extent[1] * stride + n;
        const auto value = [&](std::int64_t left, std::int64_t right) {
            const Real* const own = kept + right * is.neurons;
            return over_steps(sample, left, n, [=](std::int64_t t) { return own[t * stride]; });
        };
        const auto alone = [&](std::int64_t left) {
            return over_steps(sample, left, n, [](std::int64_t) { return Real(1); });
        };
        if (row < is.hidden_bias()) return value(row / is.joined(), row % is.joined());
        if (row < is.update_weight()) return alone(row - is.hidden_bias());
        if (row < is.update_bias()) {
            const std::int64_t at = row - is.update_weight();
            const std::int64_t left = rows.update() + at / is.update_inputs();
            const std::int64_t right = at % is.update_inputs();
            if (is.hidden == 0) return value(left, right);
            const Real* const own = kept + (is.saved_hidden() + right) * is.neurons;
            return over_steps(sample, left, n,
                              [=](std::int64_t t) { return own[t * stride] * own[t * stride]; });
        }
        if (row < is.decay()) return alone(rows.update() + row - is.update_bias());
        if (row == is.offset()) return alone(rows.activity());
        const std::int64_t m = (row - is.decay()) % is.memories;
        const Real* const decayed = kept + (is.branches + m) * is.neurons;
        const Real* const update = kept + (is.saved_update() + m) * is.neurons;
        if (row >= is.gain() && row < is.readout()) {
            return value(rows.memory() + m, is.saved_update() + m);
        }
        const Real gain = parameters(is.gain() + m, n);
        if (row >= is.readout()) {
            return over_steps(sample, rows.readout(), n, [=](std::int64_t t) {
                return decayed[t * stride] + gain * update[t * stride];
            });
        }
        const Real first = initial(sample, (is.state_memory() + m) * is.neurons + n);
        return over_steps(sample, rows.decayed() + m, n, [=](std::int64_t t) {
            const std::int64_t before = (t - 1) * stride;
            return t == 0 ? first : decayed[before] + gain * update[before];
        });
    }
};

/// A recurrent synapse's gradient from one sample.
template <class Real>
struct SumStepsOfSynapse {
    ElmLayerScanBackwardArgs<Real> args;
    View<Real, 2> sums;  // (batch, synapses)

    ELM_HD void operator()(std::int64_t sample, std::int64_t i) const {
        const ElmLayerShape is = args.layer.shape;
        const std::int32_t source = args.synapses.source(i), row = args.synapses.row(i);
        Real sum = 0;
        for (std::int64_t t = 0; t < args.activity.extent[1]; ++t) {
            const Real before =
                t > 0 ? args.activity(sample, t - 1, source)
                      : args.initial(sample, is.state_activity() * is.neurons + source);
            sum += args.branch_input_gradient(sample, t, row) * before;
        }
        sums(sample, i) = args.activity_gain(sample, source) * sum;
    }
};

/// total[i] = sum of parts[sample][i] over the samples.
template <class Real>
struct SumSamples {
    const Real* parts;
    std::int64_t samples, count;
    Real* total;

    ELM_HD void operator()(std::int64_t i) const {
        Real sum = 0;
        for (std::int64_t s = 0; s < samples; ++s) sum += parts[s * count + i];
        total[i] = sum;
    }
};

template <class Real>
void launch_forward(Stream& stream, const ElmLayerScanArgs<Real>& args) {
    if (args.layer.shape.neurons == 0) return;
    launch(stream, "elm_layer_scan",
           {.blocks = dim3(static_cast<unsigned>(args.activity.extent[0])),
            .threads = dim3(block_threads)},
           &scan_kernel<Real>, args);
}

template <class Real>
void launch_backward(Stream& stream, const ElmLayerScanBackwardArgs<Real>& args) {
    const ElmLayerShape& is = args.layer.shape;
    const std::int64_t samples = args.activity.extent[0], steps = args.activity.extent[1];
    if (is.neurons == 0) return;
    const std::int64_t columns = StepRows{is}.count() * is.neurons;
    const std::int64_t parameters = args.parameters.size(), synapses = args.synapses.count();
    const auto bytes = [](std::int64_t count) {
        return static_cast<std::size_t>(count) * sizeof(Real);
    };
    const Buffer steps_buffer(stream, bytes(samples * steps * columns));
    const Buffer parameter_buffer(stream, bytes(samples * parameters));
    const Buffer synapse_buffer(stream, bytes(samples * synapses));
    const auto at = [](const Buffer& buffer) { return reinterpret_cast<Real*>(buffer.data()); };
    const View<Real, 3> gradients{at(steps_buffer), {samples, steps, columns}};
    Cuda::for_each_element(stream, samples * steps, is.neurons,
                           SlopesOfStep<Real>{args, gradients});
    launch(stream, "elm_layer_scan_backward",
           {.blocks = dim3(static_cast<unsigned>(samples)), .threads = dim3(block_threads)},
           &scan_backward_kernel<Real>, args, gradients);
    Cuda::for_each_element(stream, samples * is.parameter_rows(), is.neurons,
                           SumStepsOfParameter<Real>{
                               is,
                               args.parameters,
                               args.initial,
                               args.saved,
                               {gradients.data, {samples, steps, columns}},
                               {at(parameter_buffer), {samples, is.parameter_rows(), is.neurons}}});
    Cuda::for_each_index(
        stream, parameters,
        SumSamples<Real>{at(parameter_buffer), samples, parameters, args.parameter_gradient.data});
    Cuda::for_each_element(
        stream, samples, synapses,
        SumStepsOfSynapse<Real>{args, {at(synapse_buffer), {samples, synapses}}});
    Cuda::for_each_index(
        stream, synapses,
        SumSamples<Real>{at(synapse_buffer), samples, synapses, args.synapse_weight_gradient.data});
}

}  // namespace

template <>
void run_elm_layer_scan<Cuda, float>(Stream& stream, const ElmLayerScanArgs<float>& args) {
    launch_forward(stream, args);
}
template <>
void run_elm_layer_scan<Cuda, double>(Stream& stream, const ElmLayerScanArgs<double>& args) {
    launch_forward(stream, args);
}
template <>
void run_elm_layer_scan_backward<Cuda, float>(Stream& stream,
                                              const ElmLayerScanBackwardArgs<float>& args) {
    launch_backward(stream, args);
}
template <>
void run_elm_layer_scan_backward<Cuda, double>(Stream& stream,
                                               const ElmLayerScanBackwardArgs<double>& args) {
    launch_backward(stream, args);
}

}  // namespace elm
