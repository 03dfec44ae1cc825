#pragma once

#include "kernels/ops/spectral/low_rank_kernel.h"
#include "kernels/ops/spectral/modes_body.h"

namespace elm {

enum LowRankSum { sum_cb, sum_cp, sum_pb, sum_pp, low_rank_sums };

/// w_k is -1 there.
ELM_HD inline bool is_last_node(const TransformStages& stages, std::int64_t node) {
    return 2 * node == stages.length;
}

/// z_k, on the imaginary axis.
ELM_HD inline Complex node_of(const TransformStages& stages, std::int64_t node) {
    constexpr double pi = 3.14159265358979323846;
    return {0, 2 * tan(pi * static_cast<double>(node) / static_cast<double>(stages.length))};
}

/// 2 / (1 + w_k) = 1 + z_k / 2.
ELM_HD inline Complex node_factor(const Complex& z) { return Complex{1, 0} + 0.5 * z; }

template <class Args>
ELM_HD Complex root_of(const Args& args, std::int64_t power) {
    return complex_at(args.roots, power % args.stages.length);
}

/// One mode of one column: dt a, and the weights of the four sums.
struct LowRankMode {
    Complex rate, input, correction, output;  // dt a, B, P, C'

    ELM_HD Complex weight(int sum) const {
        const Complex left = sum < sum_pb ? output : conjugate(correction);
        return left * (sum == sum_cb || sum == sum_pb ? input : correction);
    }
};

template <class Args>
ELM_HD LowRankMode low_rank_mode(const Args& args, std::int64_t n, std::int64_t column) {
    const std::int64_t features = args.log_step.extent[0], feature = column % features;
    const std::int64_t row = feature % args.log_decay.extent[0];
    return {step_of(args, feature) * rate_of(args, row, n), complex_at(args.input_weight, row, n),
            complex_at(args.correction, row, n),
            complex_at(args.output_weight, column / features, feature, n)};
}

/// The four sums and the spectrum at one node of one column.
template <class Real>
struct LowRankNode {
    LowRankKernelArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t columns = args.kernel.extent[1];
        const std::int64_t node = index / columns, column = index % columns;
        const double dt = step_of(args, column % args.log_step.extent[0]);
        const bool last = is_last_node(args.stages, node);
        const Complex z = node_of(args.stages, last ? 0 : node);
        Complex sums[low_rank_sums];
        double weights = 0;
        for (std::int64_t n = 0; n < args.log_decay.extent[1]; ++n) {
            const LowRankMode mode = low_rank_mode(args, n, column);
            const Complex own = reciprocal(z - mode.rate);
            const Complex paired = reciprocal(z - conjugate(mode.rate));
            for (int k = 0; k < low_rank_sums; ++k) {
                const Complex v = mode.weight(k);
                sums[k] = sums[k] + v * own + conjugate(v) * paired;
            }
            weights += mode.weight(sum_cb).real;
        }
        for (int k = 0; k < low_rank_sums; ++k) {
            sums[k] = dt * sums[k];
            set_complex(args.sums, sums[k], k, node, column);
        }
        if (last) return set_complex(args.spectrum, Complex{dt * weights, 0}, node, column);
        const Complex below = reciprocal(Complex{1, 0} + sums[sum_pp]);
        set_complex(args.spectrum,
                    node_factor(z) * (sums[sum_cb] - sums[sum_cp] * sums[sum_pb] * below), node,
                    column);
    }
};

/// Element k of the whole spectrum, which is that of real numbers.
template <class Args>
ELM_HD Complex whole_spectrum(const Args& args, std::int64_t k, std::int64_t column) {
    const std::int64_t length = args.stages.length;
    if (k == 0 || 2 * k == length) return {args.spectrum.real(k == 0 ? 0 : k, column), 0};
    return 2 * k < length ? complex_at(args.spectrum, k, column)
                          : conjugate(complex_at(args.spectrum, length - k, column));
}

/// With k = k1 columns + k2 and s = s1 + rows s2: the sum over k1, for each k2 and s1.
template <class Real>
struct LowRankFirstStage {
    LowRankKernelArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t width = args.kernel.extent[1], column = index % width;
        const std::int64_t at = index / width, rows = args.stages.rows, s1 = at % rows;
        const std::int64_t k2 = at / rows;
        Complex sum;
        for (std::int64_t k1 = 0; k1 < rows; ++k1) {
            sum = sum + whole_spectrum(args, k1 * args.stages.columns + k2, column) *
                            root_of(args, k1 * s1 * args.stages.columns);
        }
        set_complex(args.partial, sum * root_of(args, k2 * s1), at, column);
    }
};

/// The sum over k2.
template <class Real>
struct LowRankSecondStage {
    LowRankKernelArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t width = args.kernel.extent[1], column = index % width;
        const std::int64_t s = index / width, rows = args.stages.rows, s1 = s % rows, s2 = s / rows;
        double sum = 0;
        for (std::int64_t k2 = 0; k2 < args.stages.columns; ++k2) {
            sum +=
                (complex_at(args.partial, k2 * rows + s1, column) * root_of(args, k2 * s2 * rows))
                    .real;
        }
        args.kernel(s, column) = static_cast<Real>(sum / static_cast<double>(args.stages.length));
    }
};

/// Of the gradient of the spectrum, the sum over s2 for each k2 and s1.
template <class Real>
struct LowRankGradientStage {
    LowRankKernelBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t width = args.kernel_gradient.extent[1], column = index % width;
        const std::int64_t at = index / width, rows = args.stages.rows, s1 = at % rows;
        const std::int64_t k2 = at / rows;
        Complex sum;
        for (std::int64_t s2 = 0; s2 < args.stages.columns; ++s2) {
            const auto gradient = static_cast<double>(args.kernel_gradient(s1 + rows * s2, column));
            sum = sum + gradient * conjugate(root_of(args, k2 * s2 * rows));
        }
        set_complex(args.partial, sum * conjugate(root_of(args, k2 * s1)), at, column);
    }
};

/// The sum over s1 at one node, and the gradients of its four sums. Those bins that stand for two
/// of the whole spectrum count twice.
template <class Real>
struct LowRankNodeGradient {
    LowRankKernelBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t columns = args.kernel_gradient.extent[1];
        const std::int64_t node = index / columns, column = index % columns;
        const std::int64_t rows = args.stages.rows;
        const std::int64_t k1 = node / args.stages.columns, k2 = node % args.stages.columns;
        Complex sum;
        for (std::int64_t s1 = 0; s1 < rows; ++s1) {
            sum = sum + complex_at(args.partial, k2 * rows + s1, column) *
                            conjugate(root_of(args, k1 * s1 * args.stages.columns));
        }
        const bool last = is_last_node(args.stages, node), single = node == 0 || last;
        sum = (single ? 1.0 : 2.0) / static_cast<double>(args.stages.length) *
              (single ? Complex{sum.real, 0} : sum);
        Complex along[low_rank_sums];
        along[sum_cb] = sum;
        if (!last) {
            const Complex gradient = conjugate(node_factor(node_of(args.stages, node))) * sum;
            const Complex below =
                reciprocal(Complex{1, 0} + complex_at(args.sums, sum_pp, node, column));
            const Complex cp = complex_at(args.sums, sum_cp, node, column) * below;
            const Complex pb = complex_at(args.sums, sum_pb, node, column) * below;
            along[sum_cb] = gradient;
            along[sum_cp] = -1.0 * (conjugate(pb) * gradient);
            along[sum_pb] = -1.0 * (conjugate(cp) * gradient);
            along[sum_pp] = conjugate(cp * pb) * gradient;
        }
        for (int k = 0; k < low_rank_sums; ++k) set_complex(args.along, along[k], k, node, column);
    }
};

/// What one mode of one column adds: to dt a, B and P (`shares`) and to C'.
template <class Real>
struct LowRankModeGradient {
    LowRankKernelBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t columns = args.kernel_gradient.extent[1];
        const std::int64_t n = index / columns, column = index % columns;
        const std::int64_t features = args.log_step.extent[0];
        const LowRankMode mode = low_rank_mode(args, n, column);
        const double dt = step_of(args, column % features);
        Complex weights[low_rank_sums], rate;
        for (std::int64_t node = 0; node < args.stages.nodes(); ++node) {
            if (is_last_node(args.stages, node)) {
                weights[sum_cb] = weights[sum_cb] + complex_at(args.along, sum_cb, node, column);
                continue;
            }
            const Complex z = node_of(args.stages, node);
            const Complex own = conjugate(reciprocal(z - mode.rate));
            const Complex paired = reciprocal(z - conjugate(mode.rate));
            for (int k = 0; k < low_rank_sums; ++k) {
                const Complex g = complex_at(args.along, k, node, column);
                weights[k] = weights[k] + g * own + conjugate(g) * paired;
                rate = rate +
                       conjugate(mode.weight(k)) * (g * own * own + conjugate(g) * paired * paired);
            }
        }
        for (int k = 0; k < low_rank_sums; ++k) weights[k] = dt * weights[k];
        const Complex b =
            conjugate(mode.output) * weights[sum_cb] + mode.correction * weights[sum_pb];
        const Complex p = conjugate(mode.output) * weights[sum_cp] +
                          conjugate(weights[sum_pb]) * mode.input +
                          2 * weights[sum_pp].real * mode.correction;
        const Complex c =
            conjugate(mode.input) * weights[sum_cb] + conjugate(mode.correction) * weights[sum_cp];
        set_complex(args.shares, dt * rate, 0, n, column);
        set_complex(args.shares, b, 1, n, column);
        set_complex(args.shares, p, 2, n, column);
        set_complex(args.output_weight_gradient, c, column / features, column % features, n);
    }
};

/// One row of A, B and P, over the columns that have it.
template <class Real>
struct LowRankRowGradient {
    LowRankKernelBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t rows = args.log_decay.extent[0], modes = args.log_decay.extent[1];
        const std::int64_t row = index / modes, n = index % modes;
        const std::int64_t features = args.log_step.extent[0];
        Complex rate, input, correction;
        for (std::int64_t column = 0; column < args.kernel_gradient.extent[1]; ++column) {
            const std::int64_t feature = column % features;
            if (feature % rows != row) continue;
            rate = rate + step_of(args, feature) * complex_at(args.shares, 0, n, column);
            input = input + complex_at(args.shares, 1, n, column);
            correction = correction + complex_at(args.shares, 2, n, column);
        }
        args.log_decay_gradient(row, n) = static_cast<Real>(rate_of(args, row, n).real * rate.real);
        args.frequency_gradient(row, n) = static_cast<Real>(rate.imag);
        set_complex(args.input_weight_gradient, input, row, n);
        set_complex(args.correction_gradient, correction, row, n);
    }
};

/// dt d/d dt: the sums have a factor dt, and dt a within them.
template <class Real>
struct LowRankStepGradient {
    LowRankKernelBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t feature) const {
        const std::int64_t features = args.log_step.extent[0];
        const std::int64_t row = feature % args.log_decay.extent[0];
        double sum = 0;
        for (std::int64_t column = feature; column < args.kernel_gradient.extent[1];
             column += features) {
            for (std::int64_t node = 0; node < args.stages.nodes(); ++node) {
                if (is_last_node(args.stages, node)) {
                    sum += args.along.real(sum_cb, node, column) * args.spectrum.real(node, column);
                    continue;
                }
                for (int k = 0; k < low_rank_sums; ++k) {
                    sum += (conjugate(complex_at(args.along, k, node, column)) *
                            complex_at(args.sums, k, node, column))
                               .real;
                }
            }
            for (std::int64_t n = 0; n < args.log_decay.extent[1]; ++n) {
                sum += (conjugate(step_of(args, feature) * rate_of(args, row, n)) *
                        complex_at(args.shares, 0, n, column))
                           .real;
            }
        }
        args.log_step_gradient(feature) = static_cast<Real>(sum);
    }
};

template <class Backend, class Real>
void run_low_rank_kernel(Stream& stream, const LowRankKernelArgs<Real>& args) {
    Backend::for_each_index(stream, args.spectrum.real.size(), LowRankNode<Real>{args});
    Backend::for_each_index(stream, args.kernel.size(), LowRankFirstStage<Real>{args});
    Backend::for_each_index(stream, args.kernel.size(), LowRankSecondStage<Real>{args});
}

template <class Backend, class Real>
void run_low_rank_kernel_backward(Stream& stream, const LowRankKernelBackwardArgs<Real>& args) {
    const std::int64_t columns = args.kernel_gradient.extent[1];
    Backend::for_each_index(stream, args.kernel_gradient.size(), LowRankGradientStage<Real>{args});
    Backend::for_each_index(stream, args.spectrum.real.size(), LowRankNodeGradient<Real>{args});
    Backend::for_each_index(stream, args.log_decay.extent[1] * columns,
                            LowRankModeGradient<Real>{args});
    Backend::for_each_index(stream, args.log_decay.size(), LowRankRowGradient<Real>{args});
    Backend::for_each_index(stream, args.log_step.size(), LowRankStepGradient<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_low_rank_kernel, LowRankKernelArgs);
ELM_DECLARE_CUDA_INSTANCES(run_low_rank_kernel_backward, LowRankKernelBackwardArgs);

}  // namespace elm
