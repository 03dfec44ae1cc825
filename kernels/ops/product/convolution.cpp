#include "kernels/ops/product/convolution.h"

#include <algorithm>
#include <limits>

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/product/tile_product.h"

namespace elm {
namespace {

/// Steps between the present and what tap `tap` of `width` meets.
std::int64_t lag_of(std::int64_t tap, std::int64_t width, std::int64_t dilation) {
    return (width - 1 - tap) * dilation;
}

/// The steps of sample `sample` from `first_step` on.
template <class Real>
Real* steps_of(const View<Real, 3>& signal, std::int64_t sample, std::int64_t first_step) {
    return signal.data + (sample * signal.extent[1] + first_step) * signal.extent[2];
}

constexpr std::int64_t steps_per_task = 21 * lanes::tile_rows;

/// weight (out, in, width) as panels of `columns` of the result: (panel, tap, inner, columns),
/// which are what one tile takes; columns past the last are 0. Forwards, columns are outputs and
/// inner are inputs; for the gradient of the input the other way round.
template <class Real>
class TapPanels {
public:
    TapPanels(const View<const Real, 3>& weight, bool forwards)
        : taps_(weight.extent[2]),
          inner_(weight.extent[forwards ? 1 : 0]),
          columns_(lanes::padded<Real>(weight.extent[forwards ? 0 : 1])),
          values_(static_cast<std::size_t>(taps_ * inner_ * columns_)) {
        const std::int64_t in = weight.extent[1];
        Cpu::for_each_task(weight.extent[0], [&](std::int64_t o) {
            for (std::int64_t i = 0; i < in; ++i) {
                const std::int64_t column = forwards ? o : i, j = forwards ? i : o;
                const std::int64_t first = column / wide * wide;
                const std::int64_t width = std::min(wide, columns_ - first);
                Real* const to = values_.data() + first * taps_ * inner_ + column - first;
                const Real* const from = weight.data + (o * in + i) * taps_;
                for (std::int64_t k = 0; k < taps_; ++k) to[(k * inner_ + j) * width] = from[k];
            }
        });
    }

    std::int64_t columns() const { return columns_; }

    /// rows[r] += the taps that meet step first_step + r, whose signal is at
    /// steps + (r + lag direction) inner. `steps` holds zeros where there is no signal.
    void add(const Real* steps, std::int64_t rows, std::int64_t direction, std::int64_t dilation,
             Real* result) const {
        constexpr std::int64_t bytes_at_once = 1 << 18;  // of a panel, which stay in the L2 cache
        for (std::int64_t first = 0; first < columns_; first += wide) {
            const std::int64_t width = std::min(wide, columns_ - first);
            const auto bytes = inner_ * width * static_cast<std::int64_t>(sizeof(Real));
            const std::int64_t at_once =
                std::max<std::int64_t>(1, bytes_at_once / std::max<std::int64_t>(bytes, 1));
            for (std::int64_t k = 0; k < taps_; k += at_once) {
                const std::int64_t lag = lag_of(k, taps_, dilation);
                lanes::add_rows_of_tiles<Real>(
                    {.left = steps + direction * lag * inner_,
                     .left_row = inner_,
                     .left_inner = 1,
                     .left_segment = -direction * dilation * inner_,
                     .right = values_.data() + (first * taps_ + k * width) * inner_,
                     .right_inner = width,
                     .right_segment = inner_ * width,
                     .result = result + first,
                     .result_row = columns_,
                     .segments = std::min(at_once, taps_ - k),
                     .inner = inner_},
                    rows, static_cast<int>(width / lanes::native<Real>));
            }
        }
    }

private:
    static constexpr std::int64_t wide = lanes::tile_columns<Real>;
    std::int64_t taps_, inner_, columns_;
    lanes::AlignedVector<Real> values_;
};

/// Steps [first, end) of a sample, in rows of `row` elements; zeros outside of the sample and past
/// its features.
template <class Real>
lanes::AlignedVector<Real> padded_steps(const View<const Real, 3>& signal, std::int64_t sample,
                                        std::int64_t first, std::int64_t end, std::int64_t row) {
    const std::int64_t features = signal.extent[2];
    lanes::AlignedVector<Real> steps(static_cast<std::size_t>((end - first) * row));
    for (std::int64_t t = std::max<std::int64_t>(first, 0); t < std::min(end, signal.extent[1]);
         ++t) {
        std::copy_n(steps_of(signal, sample, t), features, steps.data() + (t - first) * row);
    }
    return steps;
}

/// result[b][t] = start + the taps of signal[b][t + lag direction].
template <class Real>
void apply_taps(const TapPanels<Real>& panels, const View<const Real, 3>& signal,
                std::int64_t direction, std::int64_t dilation, std::int64_t longest_lag,
                const View<const Real, 1>& start, const View<Real, 3>& result) {
    const std::int64_t time = result.extent[1], features = result.extent[2];
    const std::int64_t columns = panels.columns();
    const std::int64_t tasks = (time + steps_per_task - 1) / steps_per_task;
    if (features == 0) return;
    Cpu::for_each_task(result.extent[0] * tasks, [&](std::int64_t task) {
        const std::int64_t sample = task / tasks, first = task % tasks * steps_per_task;
        const std::int64_t rows = std::min(steps_per_task, time - first);
        const std::int64_t before = direction < 0 ? longest_lag : 0;
        const auto steps = padded_steps(signal, sample, first - before,
                                        first + rows + longest_lag - before, signal.extent[2]);
        lanes::AlignedVector<Real> sums(static_cast<std::size_t>(rows * columns));
        for (std::int64_t r = 0; r < rows && start.data != nullptr; ++r) {
            std::copy_n(start.data, features, sums.data() + r * columns);
        }
        panels.add(steps.data() + before * signal.extent[2], rows, direction, dilation,
                   sums.data());
        for (std::int64_t r = 0; r < rows; ++r) {
            std::copy_n(sums.data() + r * columns, features, steps_of(result, sample, first + r));
        }
    });
}

template <class Real>
void convolve(const ConvolutionArgs<Real>& args) {
    apply_taps(TapPanels<Real>(args.weight, true), args.input, -1, args.dilation,
               lag_of(0, args.weight.extent[2], args.dilation), args.bias, args.output);
}

template <class Real>
void input_gradient(const ConvolutionInputGradientArgs<Real>& args) {
    apply_taps(TapPanels<Real>(args.weight, false), args.output_gradient, 1, args.dilation,
               lag_of(0, args.weight.extent[2], args.dilation), View<const Real, 1>{nullptr, {0}},
               args.input_gradient);
}

/// tap (out, columns) += sum over t of output_gradient[t + lag] input[t], `columns` of them a row.
template <class Real>
void add_tap_gradient(const Real* output_gradient, std::int64_t out, const Real* input,
                      std::int64_t columns, std::int64_t steps, Real* tap) {
    constexpr std::int64_t wide = lanes::tile_columns<Real>;
    for (std::int64_t first = 0; first < columns; first += wide) {
        const std::int64_t width = std::min(wide, columns - first);
        lanes::add_rows_of_tiles<Real>({.left = output_gradient,
                                        .left_row = 1,
                                        .left_inner = out,
                                        .left_segment = 0,
                                        .right = input + first,
                                        .right_inner = columns,
                                        .right_segment = 0,
                                        .result = tap + first,
                                        .result_row = columns,
                                        .segments = 1,
                                        .inner = steps},
                                       out, static_cast<int>(width / lanes::native<Real>));
    }
}

template <class Real>
void weight_gradient(const ConvolutionWeightGradientArgs<Real>& args) {
    const std::int64_t out = args.parts.extent[1], in = args.parts.extent[2];
    const std::int64_t width = args.parts.extent[3], columns = lanes::padded<Real>(in);
    const std::int64_t batch = args.input.extent[0], time = args.input.extent[1];
    // Rows in whole vectors, in memory of their own unless they are so already.
    const bool whole = columns == in;
    lanes::AlignedVector<Real> copies(static_cast<std::size_t>(whole ? 0 : batch * time * columns));
    for (std::int64_t row = 0; !whole && row < batch * time; ++row) {
        std::copy_n(args.input.data + row * in, in, copies.data() + row * columns);
    }
    const Real* const input = whole ? args.input.data : copies.data();
    // A task is one tap of one part; its matrix is spread over the part at the end.
    Cpu::for_each_task(args.parts.extent[0] * width, [&](std::int64_t task) {
        const std::int64_t part = task / width, k = task % width;
        const std::int64_t lag = lag_of(k, width, args.dilation);
        const std::int64_t first = part * args.samples_per_part;
        const std::int64_t end = std::min(batch, first + args.samples_per_part);
        lanes::AlignedVector<Real> tap(static_cast<std::size_t>(out * columns), Real(0));
        for (std::int64_t sample = first; sample < end && lag < time; ++sample) {
            add_tap_gradient(steps_of(args.output_gradient, sample, lag), out,
                             input + sample * time * columns, columns, time - lag, tap.data());
        }
        Real* const result = args.parts.data + part * out * in * width + k;
        for (std::int64_t o = 0; o < out; ++o) {
            for (std::int64_t i = 0; i < in; ++i) {
                result[(o * in + i) * width] = tap[static_cast<std::size_t>(o * columns + i)];
            }
        }
    });
}

}  // namespace

template <>
void run_convolution<Cpu, float>(Stream&, const ConvolutionArgs<float>& args) {
    convolve(args);
}
template <>
void run_convolution<Cpu, double>(Stream&, const ConvolutionArgs<double>& args) {
    convolve(args);
}
template <>
void run_convolution_input_gradient<Cpu, float>(Stream&,
                                                const ConvolutionInputGradientArgs<float>& args) {
    input_gradient(args);
}
template <>
void run_convolution_input_gradient<Cpu, double>(Stream&,
                                                 const ConvolutionInputGradientArgs<double>& args) {
    input_gradient(args);
}
template <>
void run_convolution_weight_gradient<Cpu, float>(Stream&,
                                                 const ConvolutionWeightGradientArgs<float>& args) {
    weight_gradient(args);
}
template <>
void run_convolution_weight_gradient<Cpu, double>(
    Stream&, const ConvolutionWeightGradientArgs<double>& args) {
    weight_gradient(args);
}

namespace {

/// Samples that go into one part of the weight gradient: few parts if they are large.
std::int64_t samples_per_part(std::int64_t batch, std::int64_t weights) {
    constexpr std::int64_t most_parts = 64, most_elements = 1 << 22;
    const std::int64_t parts =
        std::clamp<std::int64_t>(most_elements / std::max<std::int64_t>(weights, 1), 1, most_parts);
    return std::max<std::int64_t>(1, (batch + parts - 1) / parts);
}

Tensor gradient_of_weight(Stream& stream, const Tensor& input, const Shape& weight,
                          const Tensor& gradient, std::int64_t dilation) {
    const std::int64_t batch = input.shape()[0];
    const std::int64_t samples = samples_per_part(batch, weight.size());
    const Tensor parts =
        Tensor::empty(stream, {(batch + samples - 1) / samples, weight[0], weight[1], weight[2]},
                      gradient.dtype());
    visit_real(parts.dtype(), [&]<class Real>(Real) {
        convolution_weight_gradient_kernel<Real>(
            stream, {view<const Real, 3>(input), view<const Real, 3>(gradient),
                     view<Real, 4>(parts), samples, dilation});
    });
    return sum_rows(stream, parts.reshape({parts.shape()[0], weight.size()})).reshape(weight);
}

Var apply(Context& context, const Var& input, const Var& weight, const Var* bias,
          std::int64_t dilation) {
    const auto [batch, time, in] =
        require_rank<3>(input.value.shape(), "convolution: input (batch, time, in)");
    const auto [out, weight_in, width] =
        require_rank<3>(weight.value.shape(), "convolution: weight (out, in, width)");
    require_shape(weight.value.shape(), {out, in, width}, "convolution: weight (out, in, width)");
    if (bias != nullptr) require_shape(bias->value.shape(), {out}, "convolution: bias (out)");
    ELM_CHECK(width >= 1 && dilation >= 1,
              "convolution: width {} and dilation {}, expected at least 1", width, dilation);
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    ELM_CHECK(std::max(in, out) * width <= most,
              "convolution: weight has shape {}, a channel can have {} taps of others at most",
              to_string(weight.value.shape()), most);
    const Tensor output = Tensor::empty(context.stream, {batch, time, out}, input.value.dtype());
    visit_real(output.dtype(), [&]<class Real>(Real) {
        const View<const Real, 1> no_bias{nullptr, {0}};
        convolution_kernel<Real>(
            context.stream, {view<const Real, 3>(input.value), view<const Real, 3>(weight.value),
                             bias == nullptr ? no_bias : view<const Real, 1>(bias->value),
                             view<Real, 3>(output), dilation});
    });
    const auto backward = [x = input.value, w = weight.value, dilation](
                              Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
        if (sinks[0].wanted()) {
            const Tensor result = Tensor::empty(stream, x.shape(), x.dtype());
            visit_real(result.dtype(), [&]<class Real>(Real) {
                convolution_input_gradient_kernel<Real>(
                    stream, {view<const Real, 3>(w), view<const Real, 3>(gradient),
                             view<Real, 3>(result), dilation});
            });
            sinks[0].deliver(stream, result);
        }
        if (sinks[1].wanted()) {
            sinks[1].deliver(stream, gradient_of_weight(stream, x, w.shape(), gradient, dilation));
        }
        if (sinks.size() > 2 && sinks[2].wanted()) {
            sinks[2].deliver(stream, sum_rows(stream, gradient.reshape(as_rows(gradient.shape()))));
        }
    };
    if (bias == nullptr) return record(context, output, {input, weight}, backward);
    return record(context, output, {input, weight, *bias}, backward);
}

}  // namespace

Var convolution(Context& context, const Var& input, const Var& weight, const Var& bias,
                std::int64_t dilation) {
    return apply(context, input, weight, &bias, dilation);
}

Var convolution(Context& context, const Var& input, const Var& weight, std::int64_t dilation) {
    return apply(context, input, weight, nullptr, dilation);
}

}  // namespace elm
