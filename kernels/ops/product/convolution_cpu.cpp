#include <algorithm>
#include <vector>

#include "kernels/core/support/parallel.h"
#include "kernels/ops/product/convolution.h"
#include "kernels/ops/product/host_product.h"
#include "kernels/ops/product/partial_convolutions.h"
#include "kernels/ops/product/tile_product.h"

namespace elm {
namespace convolution_cpu {
namespace {

/// Taps (out, in, taps) of a partial convolution as panels of `columns` of the result: (panel, tap,
/// inner, columns), which are what one tile takes; columns past the last are 0. Forwards, columns
/// are outputs and inner are inputs; for the gradient of the input the other way round.
template <class Real>
class TapPanels {
public:
    TapPanels(const View<const Real, 3>& weight, bool forwards, std::int64_t taps,
              const PartialConvolution& partial)
        : taps_(taps),
          inner_(weight.extent[forwards ? 1 : 0]),
          columns_(lanes::padded<Real>(weight.extent[forwards ? 0 : 1])),
          values_(static_cast<std::size_t>(taps_ * inner_ * columns_)) {
        const std::int64_t in = weight.extent[1], width = weight.extent[2];
        const bool whole = taps == width;
        Cpu::for_each_task(weight.extent[0], [&](std::int64_t o) {
            for (std::int64_t i = 0; i < in; ++i) {
                const std::int64_t column = forwards ? o : i, j = forwards ? i : o;
                const std::int64_t first = column / wide * wide;
                const std::int64_t panel = std::min(wide, columns_ - first);
                Real* const to = values_.data() + first * taps_ * inner_ + column - first;
                const Real* const from = weight.data + (o * in + i) * width;
                for (std::int64_t k = 0; k < taps_; ++k) {
                    Real sum = 0;
                    for (const Term& term : partial.inputs) {
                        const std::int64_t tap =
                            whole ? k : whole_tap(k, taps_, term.offset, width);
                        if (tap >= 0) sum += from[tap];
                    }
                    to[(k * inner_ + j) * panel] = sum;
                }
            }
        });
    }

    /// result[r] += the taps of the rows signal[r - lag], which lie in front of `signal`.
    /// Shapes: signal (..., inner), result (rows, columns in whole vectors).
    void add(const Real* signal, std::int64_t rows, std::int64_t dilation, Real* result) const {
        constexpr std::int64_t bytes_at_once = 1 << 18;  // of a panel, which stay in the L2 cache
        for (std::int64_t first = 0; first < columns_; first += wide) {
            const std::int64_t width = std::min(wide, columns_ - first);
            const auto bytes = inner_ * width * static_cast<std::int64_t>(sizeof(Real));
            const std::int64_t at_once =
                std::max<std::int64_t>(1, bytes_at_once / std::max<std::int64_t>(bytes, 1));
            for (std::int64_t k = 0; k < taps_; k += at_once) {
                lanes::add_rows_of_tiles<Real>(
                    {.left = signal - lag_of(k, taps_, dilation) * inner_,
                     .left_row = inner_,
                     .left_inner = 1,
                     .left_segment = dilation * inner_,
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

/// All steps of a convolution, or of the gradient of its input, which goes the other way in time.
template <class Real>
struct Pass {
    View<const Real, 3> weight, signal;
    View<const Real, 1> start;  // of the sums; without data 0
    View<Real, 3> result;
    std::int64_t dilation;
    bool forwards;

    void run() const {
        const std::int64_t taps = weight.extent[2];
        if (result.extent[2] == 0) return;
        if (is_cut(taps, dilation, result.extent[1], weight.extent[1], weight.extent[0])) {
            run_cut();
            return;
        }
        const TapPanels<Real> panels(weight, forwards, taps, whole_convolution);
        for_each_piece(21 * lanes::tile_rows,
                       [&](const auto& from, const auto& to, std::int64_t count) {
                           convolve(panels, from, to, count);
                       });
    }

private:
    /// Calls body(signal, result, count) for pieces of at most `steps` steps, counted from the
    /// first one of the piece in the direction of the pass.
    template <class Body>
    void for_each_piece(std::int64_t steps, const Body& body) const {
        const std::int64_t time = result.extent[1], pieces = (time + steps - 1) / steps;
        Cpu::for_each_task(result.extent[0] * pieces, [&](std::int64_t task) {
            const std::int64_t first = task % pieces * steps;
            const auto towards = [&]<class Element>(Steps<Element> all) {
                all.first = forwards ? first : time - 1 - first;
                all.direction = forwards ? 1 : -1;
                return all;
            };
            body(towards(steps_of(signal, task / pieces)), towards(steps_of(result, task / pieces)),
                 std::min(steps, time - first));
        });
    }

    void convolve(const TapPanels<Real>& panels, const Steps<const Real>& from,
                  const Steps<Real>& to, std::int64_t count) const {
        const std::int64_t columns = lanes::padded<Real>(to.features);
        const std::int64_t lead = lag_of(0, weight.extent[2], dilation);
        lanes::AlignedVector<Real> rows(static_cast<std::size_t>((lead + count) * from.features));
        for (std::int64_t n = -lead; n < count; ++n) {
            const Real* const step = from(n);
            if (step == nullptr) continue;
            std::copy_n(step, from.features, rows.data() + (lead + n) * from.features);
        }
        lanes::AlignedVector<Real> sums(static_cast<std::size_t>(count * columns));
        for (std::int64_t n = 0; n < count && start.data != nullptr; ++n) {
            std::copy_n(start.data, to.features, sums.data() + n * columns);
        }
        panels.add(rows.data() + lead * from.features, count, dilation, sums.data());
        for (std::int64_t n = 0; n < count; ++n) {
            std::copy_n(sums.data() + n * columns, to.features, to(n));
        }
    }

    void run_cut() const {
        const std::int64_t taps = (weight.extent[2] + phases - 1) / phases;
        std::vector<TapPanels<Real>> panels;
        for (const PartialConvolution& partial : partial_convolutions) {
            panels.emplace_back(weight, forwards, taps, partial);
        }
        // Groups of steps of an index m, and one in front whose results reach into them: together
        // rows of whole tiles, where the dilation allows it.
        constexpr std::int64_t tile_rows = 66, least_groups = 8;
        static_assert(tile_rows % lanes::tile_rows == 0);
        const std::int64_t groups = std::max(least_groups, tile_rows / dilation - 1);
        for_each_piece(
            groups * phases * dilation, [&](const auto& from, const auto& to, std::int64_t count) {
                const std::int64_t rows = (groups + 1) * dilation, size = rows * to.features;
                const std::int64_t lead = lag_of(0, taps, dilation);
                lanes::AlignedVector<Real> products(
                    static_cast<std::size_t>(std::ssize(panels) * size));
                lanes::AlignedVector<Real> signals(
                    static_cast<std::size_t>((lead + rows) * from.features));
                for (std::size_t i = 0; i < panels.size(); ++i) {
                    gather(from, partial_convolutions[i].inputs, dilation, -taps, lead + rows,
                           signals.data());
                    panels[i].add(signals.data() + lead * from.features, rows, dilation,
                                  products.data() + static_cast<std::int64_t>(i) * size);
                }
                for (std::int64_t m = 0; m * phases * dilation < count; ++m) {
                    for (std::int64_t r = 0; r < dilation; ++r) {
                        add_up(products.data() + ((m + 1) * dilation + r) * to.features, size, to,
                               m * phases * dilation + r, count);
                    }
                }
            });
    }

    /// The steps first + offset dilation < count from the rows `of` of all products, which are
    /// `size` apart, and from the rows one index before.
    void add_up(const Real* of, std::int64_t size, const Steps<Real>& to, std::int64_t first,
                std::int64_t count) const {
        constexpr int width = lanes::native<Real>;
        const Real* const before = of - dilation * to.features;
        Real* steps[phases];
        for (std::int64_t p = 0; p < phases; ++p) {
            const std::int64_t n = first + p * dilation;
            steps[p] = n < count ? to(n) : nullptr;
        }
        for (std::int64_t k = 0; k < to.features; k += width) {
            lanes::Vec<Real, width> sums[phases] = {};
            if (start.data != nullptr) {
                for (auto& sum : sums) sum = lanes::load<Real, width>(start.data + k);
            }
#pragma GCC unroll 9
            for (std::size_t i = 0; i < partial_convolutions.size(); ++i) {
                const Terms<4>& results = partial_convolutions[i].results;
                const auto at = static_cast<std::int64_t>(i) * size + k;
                const auto now = lanes::load<Real, width>(of + at);
                const auto past = lanes::load<Real, width>(before + at);
#pragma GCC unroll 4
                for (int j = 0; j < results.count; ++j) {
                    const Term& term = results.all[static_cast<std::size_t>(j)];
                    const auto& product = term.offset < phases ? now : past;
                    auto& sum = sums[term.offset % phases];
                    sum = term.sign > 0 ? sum + product : sum - product;
                }
            }
            for (std::int64_t p = 0; p < phases; ++p) {
                if (steps[p] != nullptr) lanes::store<Real, width>(steps[p] + k, sums[p]);
            }
        }
    }
};

template <class Real>
void convolve(const ConvolutionArgs<Real>& args) {
    Pass<Real>{args.weight, args.input, args.bias, args.output, args.dilation, true}.run();
}

template <class Real>
void input_gradient(const ConvolutionInputGradientArgs<Real>& args) {
    Pass<Real>{args.weight,         args.output_gradient, {nullptr, {0}},
               args.input_gradient, args.dilation,        false}
        .run();
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

/// taps (taps, out, in) += sum over m of gradient[m + lag] signal[m] of a sample and a partial
/// convolution, whose gradient is that of its results.
template <class Real>
void add_partial_gradient(const ConvolutionWeightGradientArgs<Real>& args,
                          const PartialConvolution& partial, std::int64_t count,
                          std::int64_t sample, Real* taps) {
    constexpr std::int64_t terms_at_once = 512;  // of the sums, whose copies are made at once
    const auto input = steps_of(args.input, sample);
    const auto gradient = steps_of(args.output_gradient, sample);
    const std::int64_t out = gradient.features, in = input.features, dilation = args.dilation;
    const std::int64_t groups = (input.time + phases * dilation - 1) / (phases * dilation);
    const std::int64_t at_once = std::max<std::int64_t>(1, terms_at_once / dilation);
    const std::int64_t lead = lag_of(0, count, dilation);
    lanes::AlignedVector<Real> signals, gradients;
    for (std::int64_t m = 0; m < groups; m += at_once) {
        const std::int64_t rows = std::min(at_once, groups - m) * dilation;
        lanes::make_room(signals, rows * in);
        lanes::make_room(gradients, (rows + lead) * out);
        gather(input, partial.inputs, dilation, m, rows, signals.data());
        gather(gradient, partial.results, dilation, m, rows + lead, gradients.data());
        const RightFactor<Real> right(rows, in, {signals.data(), in});
        for (std::int64_t k = 0; k < count; ++k) {
            const Real* const later = gradients.data() + lag_of(k, count, dilation) * out;
            right.add_product(out, {later, out, true}, taps + k * out * in, in);
        }
    }
}

template <class Real>
void whole_weight_gradient(const ConvolutionWeightGradientArgs<Real>& args) {
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
            add_tap_gradient(steps_of(args.output_gradient, sample)(lag), out,
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

template <class Real>
void cut_weight_gradient(const ConvolutionWeightGradientArgs<Real>& args) {
    const auto [parts, out, in, width] = args.parts.extent;
    const std::int64_t batch = args.input.extent[0], count = (width + phases - 1) / phases;
    const auto partials = std::ssize(partial_convolutions);
    const std::int64_t size = out * in, matrices = partials * count;
    // A task is one partial convolution of a part: (parts, partial convolutions, taps, out, in).
    lanes::AlignedVector<Real> taps(static_cast<std::size_t>(parts * matrices * size));
    Cpu::for_each_task(parts * partials, [&](std::int64_t task) {
        const std::int64_t first = task / partials * args.samples_per_part;
        const std::int64_t end = std::min(batch, first + args.samples_per_part);
        const auto& partial = partial_convolutions[static_cast<std::size_t>(task % partials)];
        for (std::int64_t sample = first; sample < end; ++sample) {
            add_partial_gradient(args, partial, count, sample, taps.data() + task * count * size);
        }
    });
    Cpu::for_each_task(parts * out, [&, out = out, in = in, width = width](std::int64_t row) {
        Real* const result = args.parts.data + row * in * width;
        std::fill_n(result, in * width, Real(0));
        const Real* from = taps.data() + (row / out * matrices * out + row % out) * in;
        for (const PartialConvolution& partial : partial_convolutions) {
            for (std::int64_t k = 0; k < count; ++k, from += size) {
                for (const Term& term : partial.inputs) {
                    const std::int64_t tap = whole_tap(k, count, term.offset, width);
                    for (std::int64_t i = 0; i < in && tap >= 0; ++i) {
                        result[i * width + tap] += from[i];
                    }
                }
            }
        }
    });
}

template <class Real>
void weight_gradient(const ConvolutionWeightGradientArgs<Real>& args) {
    const auto [parts, out, in, width] = args.parts.extent;
    if (is_cut(width, args.dilation, args.input.extent[1], in, out)) {
        cut_weight_gradient(args);
    } else {
        whole_weight_gradient(args);
    }
}

}  // namespace
}  // namespace convolution_cpu

template <>
void run_convolution<Cpu, float>(Stream&, const ConvolutionArgs<float>& args) {
    convolution_cpu::convolve(args);
}
template <>
void run_convolution<Cpu, double>(Stream&, const ConvolutionArgs<double>& args) {
    convolution_cpu::convolve(args);
}
template <>
void run_convolution_input_gradient<Cpu, float>(Stream&,
                                                const ConvolutionInputGradientArgs<float>& args) {
    convolution_cpu::input_gradient(args);
}
template <>
void run_convolution_input_gradient<Cpu, double>(Stream&,
                                                 const ConvolutionInputGradientArgs<double>& args) {
    convolution_cpu::input_gradient(args);
}
template <>
void run_convolution_weight_gradient<Cpu, float>(Stream&,
                                                 const ConvolutionWeightGradientArgs<float>& args) {
    convolution_cpu::weight_gradient(args);
}
template <>
void run_convolution_weight_gradient<Cpu, double>(
    Stream&, const ConvolutionWeightGradientArgs<double>& args) {
    convolution_cpu::weight_gradient(args);
}

}  // namespace elm
