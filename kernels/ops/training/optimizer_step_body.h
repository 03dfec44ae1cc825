#pragma once

#include <cmath>

#include "kernels/ops/training/optimizer_step.h"

namespace elm {

/// The rule is a template parameter so that the loop over elements has no branch in it.
template <class Real, OptimizerRule rule>
struct OptimizerStepOneElement {
    OptimizerStepArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const Real value = args.values(index), decay = args.weight_decay(index);
        const Real plain = args.gradient_scale * args.gradients(index);
        const Real gradient = rule == OptimizerRule::adamw ? plain : plain + decay * value;
        const Real first = args.first_decay * args.first_moment(index) + args.first_gain * gradient;
        args.first_moment(index) = first;
        args.values(index) = moved(index, value, decay, gradient, first);
    }

private:
    ELM_HD Real moved(std::int64_t index, Real value, Real decay, Real gradient, Real first) const {
        if constexpr (rule == OptimizerRule::sgd) {
            const Real ahead = gradient + args.first_decay * first;
            return value - args.rate * (args.nesterov ? ahead : first);
        } else if constexpr (rule == OptimizerRule::adamax) {
            const Real fading = args.second_decay * args.second_moment(index);
            const Real size = std::abs(gradient) + args.epsilon;
            const Real second = fading > size ? fading : size;
            args.second_moment(index) = second;
            return value - args.rate_corrected * first / second;
        } else {
            const Real second = args.second_decay * args.second_moment(index) +
                                args.second_gain * gradient * gradient;
            args.second_moment(index) = second;
            const Real shrunk =
                rule == OptimizerRule::adamw ? value - args.rate * decay * value : value;
            return shrunk - args.rate_corrected * first /
                                (std::sqrt(second) * args.root_correction + args.epsilon);
        }
    }
};

/// Eight sums side by side, so that the compiler may use a vector; then from first to last.
template <class Real>
struct SumOfSquaresOneChunk {
    SumOfSquaresArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        constexpr int lanes = 8;
        double sums[lanes] = {};
        const std::int64_t begin = index * args.chunk;
        const std::int64_t rest = args.values.extent[0] - begin;
        const std::int64_t count = rest < args.chunk ? rest : args.chunk;
        const std::int64_t whole = count / lanes * lanes;
        for (std::int64_t i = 0; i < whole; i += lanes) {
            for (int lane = 0; lane < lanes; ++lane) {
                const double value = static_cast<double>(args.values(begin + i + lane));
                sums[lane] += value * value;
            }
        }
        for (int lane = 0; lane < lanes; ++lane) {  // an index known when compiled: registers
            if (whole + lane >= count) continue;
            const double value = static_cast<double>(args.values(begin + whole + lane));
            sums[lane] += value * value;
        }
        double sum = 0;
        for (int lane = 0; lane < lanes; ++lane) sum += sums[lane];
        args.sums(index) = sum;
    }
};

template <class Real>
struct MovingAverageOneElement {
    MovingAverageArgs<Real> args;
    ELM_HD void operator()(std::int64_t index) const {
        args.average(index) += args.gain * (args.values(index) - args.average(index));
    }
};

template <class Real>
struct ExchangeOneElement {
    ExchangeArgs<Real> args;
    ELM_HD void operator()(std::int64_t index) const {
        const Real first = args.first(index);
        args.first(index) = args.second(index);
        args.second(index) = first;
    }
};

template <class Backend, class Real>
void run_optimizer_step(Stream& stream, const OptimizerStepArgs<Real>& args) {
    const std::int64_t count = args.values.extent[0];
    switch (args.rule) {
        case OptimizerRule::sgd:
            return Backend::for_each_index(stream, count,
                                           OptimizerStepOneElement<Real, OptimizerRule::sgd>{args});
        case OptimizerRule::adam:
            return Backend::for_each_index(
                stream, count, OptimizerStepOneElement<Real, OptimizerRule::adam>{args});
        case OptimizerRule::adamw:
            return Backend::for_each_index(
                stream, count, OptimizerStepOneElement<Real, OptimizerRule::adamw>{args});
        case OptimizerRule::adamax:
            return Backend::for_each_index(
                stream, count, OptimizerStepOneElement<Real, OptimizerRule::adamax>{args});
    }
}

template <class Backend, class Real>
void run_sum_of_squares(Stream& stream, const SumOfSquaresArgs<Real>& args) {
    Backend::for_each_index(stream, args.sums.extent[0], SumOfSquaresOneChunk<Real>{args});
}

template <class Backend, class Real>
void run_moving_average(Stream& stream, const MovingAverageArgs<Real>& args) {
    Backend::for_each_index(stream, args.average.extent[0], MovingAverageOneElement<Real>{args});
}

template <class Backend, class Real>
void run_exchange(Stream& stream, const ExchangeArgs<Real>& args) {
    Backend::for_each_index(stream, args.first.extent[0], ExchangeOneElement<Real>{args});
}

// Slots take the address of both backends; each is instantiated in its own file.
extern template void run_optimizer_step<Cpu>(Stream&, const OptimizerStepArgs<float>&);
extern template void run_optimizer_step<Cpu>(Stream&, const OptimizerStepArgs<double>&);
extern template void run_optimizer_step<Cuda>(Stream&, const OptimizerStepArgs<float>&);
extern template void run_optimizer_step<Cuda>(Stream&, const OptimizerStepArgs<double>&);
extern template void run_sum_of_squares<Cpu>(Stream&, const SumOfSquaresArgs<float>&);
extern template void run_sum_of_squares<Cpu>(Stream&, const SumOfSquaresArgs<double>&);
extern template void run_sum_of_squares<Cuda>(Stream&, const SumOfSquaresArgs<float>&);
extern template void run_sum_of_squares<Cuda>(Stream&, const SumOfSquaresArgs<double>&);
extern template void run_moving_average<Cpu>(Stream&, const MovingAverageArgs<float>&);
extern template void run_moving_average<Cpu>(Stream&, const MovingAverageArgs<double>&);
extern template void run_moving_average<Cuda>(Stream&, const MovingAverageArgs<float>&);
extern template void run_moving_average<Cuda>(Stream&, const MovingAverageArgs<double>&);
extern template void run_exchange<Cpu>(Stream&, const ExchangeArgs<float>&);
extern template void run_exchange<Cpu>(Stream&, const ExchangeArgs<double>&);
extern template void run_exchange<Cuda>(Stream&, const ExchangeArgs<float>&);
extern template void run_exchange<Cuda>(Stream&, const ExchangeArgs<double>&);

}  // namespace elm
