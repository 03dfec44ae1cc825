#pragma once

#include <cmath>

#include "kernels/ops/basic/normalise.h"

namespace elm {

template <class Real>
struct NormaliseOneRow {
    NormaliseArgs<Real> args;

    template <class Row>
    ELM_HD void operator()(const Row& along, std::int64_t row) const {
        const std::int64_t columns = args.input.extent[1];
        const Real* const input = args.input.data + row * columns;
        const Real count = static_cast<Real>(columns);
        Real mean = 0;
        if (args.centred) {
            mean = along.sum(columns, [input](std::int64_t k) { return input[k]; }) / count;
        }
        const Real squares = along.sum(columns, [input, mean](std::int64_t k) {
            return (input[k] - mean) * (input[k] - mean);
        });
        const Real inverse = 1 / std::sqrt(squares / count + args.epsilon);
        along.for_each(columns, [&](std::int64_t k) {
            const Real value = (input[k] - mean) * inverse;
            const Real scaled = args.gain.data == nullptr ? value : value * args.gain(k);
            args.output(row, k) = args.bias.data == nullptr ? scaled : scaled + args.bias(k);
        });
        if (!along.leads()) return;
        args.mean(row) = mean;
        args.inverse_deviation(row) = inverse;
    }
};

template <class Real>
struct NormaliseBackwardOneRow {
    NormaliseBackwardArgs<Real> args;

    template <class Row>
    ELM_HD void operator()(const Row& along, std::int64_t row) const {
        const std::int64_t columns = args.input.extent[1];
        const Real mean = args.mean(row), inverse = args.inverse_deviation(row);
        const Real count = static_cast<Real>(columns);
        const auto value = [&](std::int64_t k) { return (args.input(row, k) - mean) * inverse; };
        const auto gradient = [&](std::int64_t k) {
            const Real gain = args.gain.data == nullptr ? Real(1) : args.gain(k);
            return gain * args.output_gradient(row, k);
        };
        const Real mean_gradient = args.centred ? along.sum(columns, gradient) / count : Real(0);
        const Real mean_product =
            along.sum(columns, [&](std::int64_t k) { return gradient(k) * value(k); }) / count;
        along.for_each(columns, [&](std::int64_t k) {
            args.input_gradient(row, k) =
                inverse * (gradient(k) - mean_gradient - value(k) * mean_product);
            args.gain_parts(row, k) = value(k) * args.output_gradient(row, k);
        });
    }
};

template <class Backend, class Real>
void run_normalise(Stream& stream, const NormaliseArgs<Real>& args) {
    Backend::for_each_row(stream, args.input.extent[0], args.input.extent[1],
                          NormaliseOneRow<Real>{args});
}

template <class Backend, class Real>
void run_normalise_backward(Stream& stream, const NormaliseBackwardArgs<Real>& args) {
    Backend::for_each_row(stream, args.input.extent[0], args.input.extent[1],
                          NormaliseBackwardOneRow<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_normalise, NormaliseArgs);
ELM_DECLARE_CUDA_INSTANCES(run_normalise_backward, NormaliseBackwardArgs);

}  // namespace elm
