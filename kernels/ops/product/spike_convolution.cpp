#include "kernels/ops/product/spike_convolution.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/simd/lanes.h"
#include "kernels/core/spike_train.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"

namespace elm {
namespace {

/// sum[i] += factor_of(0) row_of(0)[i] + ... + factor_of(count - 1) row_of(count - 1)[i], V vectors
/// of elements that stay in registers meanwhile.
template <int V, class Real, class RowOf, class FactorOf>
ELM_INLINE void add_rows_to_block(Real* sum, std::int64_t offset, std::int64_t count,
                                  const RowOf& row_of, const FactorOf& factor_of) {
    constexpr int N = lanes::native<Real>;
    lanes::Vec<Real, N> sums[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sums[v] = lanes::load<Real, N>(sum + offset + v * N);
    for (std::int64_t i = 0; i < count; ++i) {
        const Real* const row = row_of(i) + offset;
        const Real factor = factor_of(i);
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
            const lanes::Vec<Real, N> values = lanes::load<Real, N>(row + v * N);
            sums[v] = lanes::multiply_add<Real, N>(factor, values, sums[v]);
        }
    }
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) lanes::store<Real, N>(sum + offset + v * N, sums[v]);
}

/// The same for `length` elements; each is summed in the same order wherever it stands.
template <class Real, class RowOf, class FactorOf>
ELM_INLINE void add_rows(Real* sum, std::int64_t length, std::int64_t count, const RowOf& row_of,
                         const FactorOf& factor_of) {
    constexpr std::int64_t N = lanes::native<Real>;
    std::int64_t at = 0;
    for (; at + 8 * N <= length; at += 8 * N) {
        add_rows_to_block<8>(sum, at, count, row_of, factor_of);
    }
    for (; at + N <= length; at += N) add_rows_to_block<1>(sum, at, count, row_of, factor_of);
    for (; at < length; ++at) {
        for (std::int64_t i = 0; i < count; ++i) {
            sum[at] = std::fma(factor_of(i), row_of(i)[at], sum[at]);
        }
    }
}

template <class Real>
Real sign_of(const View<const Real, 1>& unit_sign, std::int64_t unit) {
    return unit_sign.data == nullptr ? Real(1) : unit_sign.data[unit];
}

/// Steps [first, end) of one sample: what the spikes of these steps and of the taps before them
/// add to them.
template <class Real>
void convolve_steps(const SpikeConvolutionArgs<Real>& args, std::int64_t sample, std::int64_t first,
                    std::int64_t end) {
    const std::int64_t taps = args.weight.extent[1], outputs = args.weight.extent[2];
    const std::int64_t first_row = sample * args.output.extent[1];
    for (std::int64_t t = first; t < end; ++t) {
        Real* const row = args.output.data + (first_row + t) * outputs;
        if (args.bias.data == nullptr) {
            std::fill_n(row, outputs, Real(0));
        } else {
            std::copy_n(args.bias.data, outputs, row);
        }
    }
    for (std::int64_t s = std::max<std::int64_t>(0, first - taps + 1); s < end; ++s) {
        const std::int32_t begin = args.row_begin.data[first_row + s];
        const std::int32_t count = args.row_begin.data[first_row + s + 1] - begin;
        const std::int64_t first_tap = std::max<std::int64_t>(0, first - s);
        const std::int64_t length = (std::min(taps, end - s) - first_tap) * outputs;
        const std::int32_t* const units = args.units.data + begin;
        add_rows(
            args.output.data + (first_row + s + first_tap) * outputs, length, count,
            [&](std::int64_t i) {
                return args.weight.data + (units[i] * taps + first_tap) * outputs;
            },
            [&](std::int64_t i) { return sign_of(args.unit_sign, units[i]); });
    }
}

template <class Real>
void convolve(const SpikeConvolutionArgs<Real>& args) {
    constexpr std::int64_t steps_per_task = 128;
    const std::int64_t time = args.output.extent[1];
    const std::int64_t tasks = (time + steps_per_task - 1) / steps_per_task;
    Cpu::for_each_task(args.output.extent[0] * tasks, [&](std::int64_t task) {
        const std::int64_t first = task % tasks * steps_per_task;
        convolve_steps(args, task / tasks, first, std::min(time, first + steps_per_task));
    });
}

template <class Real>
void gradient_of_unit(const SpikeWeightGradientArgs<Real>& args, std::int64_t unit) {
    const std::int64_t taps = args.weight_gradient.extent[1];
    const std::int64_t time = args.output_gradient.extent[1];
    const std::int64_t outputs = args.weight_gradient.extent[2];
    Real* const sum = args.weight_gradient.data + unit * taps * outputs;
    std::fill_n(sum, taps * outputs, Real(0));
    const Real sign = sign_of(args.unit_sign, unit);
    const auto taps_left = [&](std::int32_t at) {
        return std::min(taps, time - args.rows.data[at] % time);
    };
    // Spikes near the end meet fewer taps; those that follow each other with equally many go
    // together.
    const std::int32_t end = args.unit_begin.data[unit + 1];
    for (std::int32_t from = args.unit_begin.data[unit], to = from; from < end; from = to) {
        const std::int64_t met = taps_left(from);
        while (to < end && taps_left(to) == met) ++to;
        add_rows(
            sum, met * outputs, to - from,
            [&](std::int64_t i) {
                return args.output_gradient.data + args.rows.data[from + i] * outputs;
            },
            [&](std::int64_t) { return sign; });
    }
}

template <class Real>
void weight_gradient(const SpikeWeightGradientArgs<Real>& args) {
    constexpr std::int64_t units_per_task = 16;
    const std::int64_t units = args.weight_gradient.extent[0];
    Cpu::for_each_task((units + units_per_task - 1) / units_per_task, [&](std::int64_t task) {
        const std::int64_t end = std::min(units, (task + 1) * units_per_task);
        for (std::int64_t unit = task * units_per_task; unit < end; ++unit) {
            gradient_of_unit(args, unit);
        }
    });
}

}  // namespace

template <>
void run_spike_convolution<Cpu, float>(Stream&, const SpikeConvolutionArgs<float>& args) {
    convolve(args);
}
template <>
void run_spike_convolution<Cpu, double>(Stream&, const SpikeConvolutionArgs<double>& args) {
    convolve(args);
}
template <>
void run_spike_weight_gradient<Cpu, float>(Stream&, const SpikeWeightGradientArgs<float>& args) {
    weight_gradient(args);
}
template <>
void run_spike_weight_gradient<Cpu, double>(Stream&, const SpikeWeightGradientArgs<double>& args) {
    weight_gradient(args);
}

namespace {

/// The spikes of each unit in the order of samples and steps, each as the number of its row.
struct SpikesByUnit {
    std::vector<std::int32_t> unit_begin, rows;
};

SpikesByUnit by_unit(const SpikeTrain& spikes) {
    SpikesByUnit result;
    result.unit_begin.assign(static_cast<std::size_t>(spikes.n_units) + 1, 0);
    for (const std::int32_t unit : spikes.units) {
        ++result.unit_begin[static_cast<std::size_t>(unit) + 1];
    }
    for (std::size_t unit = 1; unit < result.unit_begin.size(); ++unit) {
        result.unit_begin[unit] += result.unit_begin[unit - 1];
    }
    result.rows.resize(spikes.units.size());
    std::vector<std::int32_t> next = result.unit_begin;
    for (std::size_t row = 0; row + 1 < spikes.row_begin.size(); ++row) {
        for (std::int64_t at = spikes.row_begin[row]; at < spikes.row_begin[row + 1]; ++at) {
            const auto unit = static_cast<std::size_t>(spikes.units[static_cast<std::size_t>(at)]);
            result.rows[static_cast<std::size_t>(next[unit]++)] = static_cast<std::int32_t>(row);
        }
    }
    return result;
}

Tensor on_device(Stream& stream, const std::vector<std::int32_t>& numbers) {
    return Tensor::from<std::int32_t>(stream, {static_cast<std::int64_t>(numbers.size())}, numbers);
}

template <class Real>
View<const Real, 1> view_or_none(const Tensor& tensor) {
    if (!tensor.defined()) return {nullptr, {0}};
    return view<const Real, 1>(tensor);
}

Var apply(Context& context, const SpikeInput& input, const Var& weight, const Var* bias) {
    const SpikeTrain& spikes = input.spikes;
    const Shape shape = weight.value.shape();
    require_rank_is(shape, 3, "spike_convolution: weight (units, taps, outputs)");
    const std::int64_t taps = shape[1], outputs = shape[2];
    require_shape(shape, {spikes.n_units, taps, outputs},
                  "spike_convolution: weight (units, taps, outputs)");
    ELM_CHECK(taps >= 1, "spike_convolution: weight has {} taps, expected at least 1", taps);
    if (bias != nullptr) {
        require_shape(bias->value.shape(), {outputs}, "spike_convolution: bias (outputs)");
    }
    if (input.unit_sign.defined()) {
        require_shape(input.unit_sign.shape(), {spikes.n_units},
                      "spike_convolution: unit_sign (units)");
    }
    spikes.check();
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    const auto n_spikes = static_cast<std::int64_t>(spikes.units.size());
    ELM_CHECK(std::max(n_spikes, spikes.n_samples * spikes.n_steps) < most,
              "spike_convolution: {} spikes in {} x {} steps, expected fewer than {} of both: give "
              "smaller batches",
              n_spikes, spikes.n_samples, spikes.n_steps, most);

    Stream& stream = context.stream;
    context.count(n_spikes * taps * outputs);
    const Tensor output =
        Tensor::empty(stream, {spikes.n_samples, spikes.n_steps, outputs}, weight.value.dtype());
    const Tensor row_begin = on_device(stream, {spikes.row_begin.begin(), spikes.row_begin.end()});
    const Tensor units = on_device(stream, spikes.units), sign = input.unit_sign;
    visit_real(output.dtype(), [&]<class Real>(Real) {
        spike_convolution_kernel<Real>(
            stream,
            {view<const std::int32_t, 1>(row_begin), view<const std::int32_t, 1>(units),
             view_or_none<Real>(sign), view<const Real, 3>(weight.value),
             view_or_none<Real>(bias == nullptr ? Tensor{} : bias->value), view<Real, 3>(output)});
    });
    if (context.tape == nullptr) return {output};

    const SpikesByUnit sorted = by_unit(spikes);
    const auto backward = [shape, sign, unit_begin = on_device(stream, sorted.unit_begin),
                           rows = on_device(stream, sorted.rows)](
                              Stream& on, const Tensor& gradient, std::span<GradSink> sinks) {
        if (sinks[0].wanted()) {
            const Tensor result = Tensor::empty(on, shape, gradient.dtype());
            visit_real(result.dtype(), [&]<class Real>(Real) {
                spike_weight_gradient_kernel<Real>(
                    on, {view<const std::int32_t, 1>(unit_begin), view<const std::int32_t, 1>(rows),
                         view_or_none<Real>(sign), view<const Real, 3>(gradient),
                         view<Real, 3>(result)});
            });
            sinks[0].deliver(on, result);
        }
        if (sinks.size() > 1 && sinks[1].wanted()) {
            sinks[1].deliver(on, sum_rows(on, gradient.reshape(as_rows(gradient.shape()))));
        }
    };
    if (bias == nullptr) return record(context, output, {weight}, backward);
    return record(context, output, {weight, *bias}, backward);
}

}  // namespace

Var spike_convolution(Context& context, const SpikeInput& input, const Var& weight,
                      const Var& bias) {
    return apply(context, input, weight, &bias);
}

Var spike_convolution(Context& context, const SpikeInput& input, const Var& weight) {
    return apply(context, input, weight, nullptr);
}

}  // namespace elm
