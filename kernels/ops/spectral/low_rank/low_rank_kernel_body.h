#pragma once

#include "kernels/ops/spectral/low_rank/low_rank_kernel.h"
#include "kernels/ops/spectral/low_rank/low_rank_step_body.h"
#include "kernels/ops/spectral/modes/modes_body.h"

namespace elm {

/// Sums of a node, of which k is that of row k / (1 + rank), C' or a P*, and column k % (1 + rank),
/// B or a P.
template <int rank>
inline constexpr int low_rank_sums = (1 + rank) * (1 + rank);

template <class Args>
ELM_HD std::int64_t low_rank_of(const Args& args) {
    return args.correction.real.extent[0] / args.log_decay.extent[0];
}

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

/// One mode of one column: dt a, and the factors of the weights of its sums.
template <int rank>
struct LowRankMode {
    Complex rate, left[1 + rank], right[1 + rank];  // dt a; C' and P*; B and P

    ELM_HD Complex weight(int sum) const {
        return left[sum / (1 + rank)] * right[sum % (1 + rank)];
    }
};

template <int rank, class Args>
ELM_HD LowRankMode<rank> low_rank_mode(const Args& args, std::int64_t n, std::int64_t column) {
    const std::int64_t features = args.log_step.extent[0], feature = column % features;
    const std::int64_t rows = args.log_decay.extent[0], row = feature % rows;
    LowRankMode<rank> mode;
    mode.rate = step_of(args, feature) * rate_of(args, row, n);
    mode.left[0] = complex_at(args.output_weight, column / features, feature, n);
    mode.right[0] = complex_at(args.input_weight, row, n);
    for (int m = 0; m < rank; ++m) {
        mode.right[1 + m] = complex_at(args.correction, m * rows + row, n);
        mode.left[1 + m] = conjugate(mode.right[1 + m]);
    }
    return mode;
}

/// What the sums r of a node make together, of complex numbers or vectors of them.
template <int rank, class Number>
struct LowRankNodeSums {
    Number left[rank], right[rank];  // r_C'P (I + r_P*P)⁻¹ and (I + r_P*P)⁻¹ r_P*B

    ELM_HD explicit LowRankNodeSums(const Number (&sums)[low_rank_sums<rank>]) {
        constexpr int row = 1 + rank;
        Number inverse[rank][rank];
        if constexpr (rank == 1) {
            inverse[0][0] = reciprocal(one_more(sums[row + 1]));
        } else {
            static_assert(rank == 2);
            const Number first = one_more(sums[row + 1]), second = one_more(sums[2 * row + 2]);
            const Number &above = sums[row + 2], &below = sums[2 * row + 1];
            const Number divided = reciprocal(first * second - above * below);
            inverse[0][0] = divided * second;
            inverse[0][1] = Number{} - divided * above;
            inverse[1][0] = Number{} - divided * below;
            inverse[1][1] = divided * first;
        }
        for (int i = 0; i < rank; ++i) {
            left[i] = right[i] = Number{};
            for (int j = 0; j < rank; ++j) {
                left[i] = left[i] + sums[1 + j] * inverse[j][i];
                right[i] = right[i] + inverse[i][j] * sums[(1 + j) * row];
            }
        }
    }

    /// r_C'B - r_C'P (I + r_P*P)⁻¹ r_P*B.
    ELM_HD Number value(const Number (&sums)[low_rank_sums<rank>]) const {
        Number result = sums[0];
        for (int i = 0; i < rank; ++i) result = result - left[i] * sums[(1 + i) * (1 + rank)];
        return result;
    }

    /// Gradients of the sums for that of the value.
    ELM_HD void spread(const Number& gradient, Number (&along)[low_rank_sums<rank>]) const {
        constexpr int row = 1 + rank;
        along[0] = gradient;
        for (int i = 0; i < rank; ++i) {
            along[1 + i] = Number{} - conjugate(right[i]) * gradient;
            along[(1 + i) * row] = Number{} - conjugate(left[i]) * gradient;
            for (int j = 0; j < rank; ++j) {
                along[(1 + i) * row + 1 + j] = conjugate(left[i] * right[j]) * gradient;
            }
        }
    }

private:
    ELM_HD static Number one_more(const Number& z) { return {1 + z.real, z.imag}; }
};

/// Gradients of C', B and P of a mode for those of the weights of its sums.
template <int rank, class Number>
struct LowRankFactorGradients {
    Number output, input, correction[rank];

    template <class Mode>
    ELM_HD LowRankFactorGradients(const Mode& mode, const Number (&weights)[low_rank_sums<rank>]) {
        constexpr int row = 1 + rank;
        Number left[row], right[row];
        for (int k = 0; k < low_rank_sums<rank>; ++k) {
            left[k / row] = left[k / row] + conjugate(mode.right[k % row]) * weights[k];
            right[k % row] = right[k % row] + conjugate(mode.left[k / row]) * weights[k];
        }
        output = left[0];
        input = right[0];
        for (int m = 0; m < rank; ++m) correction[m] = right[1 + m] + conjugate(left[1 + m]);
    }
};

/// The sums and the spectrum at one node of one column.
template <class Real, int rank>
struct LowRankNode {
    LowRankKernelArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t columns = args.kernel.extent[1];
        const std::int64_t node = index / columns, column = index % columns;
        const double dt = step_of(args, column % args.log_step.extent[0]);
        const bool last = is_last_node(args.stages, node);
        const Complex z = node_of(args.stages, last ? 0 : node);
        Complex sums[low_rank_sums<rank>];
        double weights = 0;
        for (std::int64_t n = 0; n < args.log_decay.extent[1]; ++n) {
            const LowRankMode mode = low_rank_mode<rank>(args, n, column);
            const Complex own = reciprocal(z - mode.rate);
            const Complex paired = reciprocal(z - conjugate(mode.rate));
            for (int k = 0; k < low_rank_sums<rank>; ++k) {
                const Complex v = mode.weight(k);
                sums[k] = sums[k] + v * own + conjugate(v) * paired;
            }
            weights += mode.weight(0).real;
        }
        for (int k = 0; k < low_rank_sums<rank>; ++k) {
            sums[k] = dt * sums[k];
            set_complex(args.sums, sums[k], k, node, column);
        }
        if (last) return set_complex(args.spectrum, Complex{dt * weights, 0}, node, column);
        set_complex(args.spectrum,
                    node_factor(z) * LowRankNodeSums<rank, Complex>(sums).value(sums), node,
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

/// The sum over s1 at one node, and the gradients of its sums. Those bins that stand for two
/// of the whole spectrum count twice.
template <class Real, int rank>
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
        constexpr int n_sums = low_rank_sums<rank>;
        Complex along[n_sums], sums[n_sums];
        along[0] = sum;
        if (!last) {
            for (int k = 0; k < n_sums; ++k) sums[k] = complex_at(args.sums, k, node, column);
            LowRankNodeSums<rank, Complex>(sums).spread(
                conjugate(node_factor(node_of(args.stages, node))) * sum, along);
        }
        for (int k = 0; k < n_sums; ++k) set_complex(args.along, along[k], k, node, column);
    }
};

/// What one mode of one column adds: to dt a, B and P (`shares`) and to C'.
template <class Real, int rank>
struct LowRankModeGradient {
    LowRankKernelBackwardArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t columns = args.kernel_gradient.extent[1];
        const std::int64_t n = index / columns, column = index % columns;
        const std::int64_t features = args.log_step.extent[0];
        const LowRankMode mode = low_rank_mode<rank>(args, n, column);
        const double dt = step_of(args, column % features);
        Complex weights[low_rank_sums<rank>], rate;
        for (std::int64_t node = 0; node < args.stages.nodes(); ++node) {
            if (is_last_node(args.stages, node)) {
                weights[0] = weights[0] + complex_at(args.along, 0, node, column);
                continue;
            }
            const Complex z = node_of(args.stages, node);
            const Complex own = conjugate(reciprocal(z - mode.rate));
            const Complex paired = reciprocal(z - conjugate(mode.rate));
            for (int k = 0; k < low_rank_sums<rank>; ++k) {
                const Complex g = complex_at(args.along, k, node, column);
                weights[k] = weights[k] + g * own + conjugate(g) * paired;
                rate = rate +
                       conjugate(mode.weight(k)) * (g * own * own + conjugate(g) * paired * paired);
            }
        }
        for (Complex& weight : weights) weight = dt * weight;
        const LowRankFactorGradients<rank, Complex> factors(mode, weights);
        set_complex(args.shares, dt * rate, 0, n, column);
        set_complex(args.shares, factors.input, 1, n, column);
        for (int m = 0; m < rank; ++m) {
            set_complex(args.shares, factors.correction[m], 2 + m, n, column);
        }
        set_complex(args.output_weight_gradient, factors.output, column / features,
                    column % features, n);
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
        const auto over_columns = [&](std::int64_t share, bool in_steps) {
            Complex sum;
            for (std::int64_t begin = 0; begin < args.kernel_gradient.extent[1];
                 begin += features) {
                for (std::int64_t feature = row; feature < features; feature += rows) {
                    const double factor = in_steps ? step_of(args, feature) : 1;
                    sum = sum + factor * complex_at(args.shares, share, n, begin + feature);
                }
            }
            return sum;
        };
        const Complex rate = over_columns(0, true);
        args.log_decay_gradient(row, n) = static_cast<Real>(rate_of(args, row, n).real * rate.real);
        args.frequency_gradient(row, n) = static_cast<Real>(rate.imag);
        set_complex(args.input_weight_gradient, over_columns(1, false), row, n);
        for (std::int64_t m = 0; m < low_rank_of(args); ++m) {
            set_complex(args.correction_gradient, over_columns(2 + m, false), m * rows + row, n);
        }
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
                    sum += args.along.real(0, node, column) * args.spectrum.real(node, column);
                    continue;
                }
                for (std::int64_t k = 0; k < args.sums.real.extent[0]; ++k) {
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

}  // namespace elm
