#include <algorithm>

#include "kernels/autograd/context.h"
#include "kernels/core/simd/lane_math.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/basic/activation_body.h"

namespace elm {
namespace {

constexpr int width = lanes::native<float>;
using Floats = lane_math::Floats<width>;

/// Functions that take vectors in float32: those with an exponential. The library's are called for
/// one number at a time; the rest the compiler turns into vectors.
template <class Function>
struct InLanes;
template <>
struct InLanes<Sigmoid> {
    ELM_INLINE static Floats value(const Floats& x) { return lane_math::sigmoid<width>(x); }
};
template <>
struct InLanes<Silu> {
    ELM_INLINE static Floats value(const Floats& x) { return lane_math::silu<width>(x); }
    ELM_INLINE static Floats derivative(const Floats& x) {
        return lane_math::silu_derivative<width>(x);
    }
};
template <>
struct InLanes<Gelu> {
    ELM_INLINE static Floats value(const Floats& x) { return lane_math::gelu<width>(x); }
    ELM_INLINE static Floats derivative(const Floats& x) {
        return lane_math::gelu_derivative<width>(x);
    }
};
template <>
struct InLanes<GeluTanh> {
    static constexpr auto slope = static_cast<float>(GeluTanh::slope);
    static constexpr auto cubic = static_cast<float>(GeluTanh::cubic);
    ELM_INLINE static Floats value(const Floats& x) {
        const Floats y = x < -20.0F ? lanes::broadcast<float, width>(-20.0F) : x;
        return y * lane_math::sigmoid<width>(y * (y * y * cubic + slope));
    }
    ELM_INLINE static Floats derivative(const Floats& x) {
        const Floats y = lanes::clamp<float, width>(x, -20.0F, 20.0F);
        const lane_math::Logistic<width> gate(y * (y * y * cubic + slope));
        return gate.rising * (1.0F + y * gate.falling * (y * y * (3 * cubic) + slope));
    }
};
template <>
struct InLanes<Tanh> {
    ELM_INLINE static Floats value(const Floats& x) {
        return lanes::hyperbolic_tangent<float, width>(x);
    }
};
template <>
struct InLanes<Softplus> {
    ELM_INLINE static Floats value(const Floats& x) { return lane_math::softplus<width>(x); }
    ELM_INLINE static Floats derivative(const Floats& x) { return lane_math::sigmoid<width>(x); }
};
template <>
struct InLanes<ScaledTanh> {
    ELM_INLINE static Floats value(const Floats& x) { return lanes::scaled_tanh<float, width>(x); }
};
template <>
struct InLanes<Exp> {
    ELM_INLINE static Floats value(const Floats& x) { return lane_math::exp<width>(x); }
};

template <>
struct InLanes<EluPlusOne> {
    ELM_INLINE static Floats value(const Floats& x) {
        return x < 0.0F ? lane_math::exp<width>(x) : x + 1.0F;
    }
};

template <class Function>
concept HasLanes = requires(Floats x) {
    InLanes<Function>::value(x);
};
template <class Function>
concept HasLaneDerivative = requires(Floats x) {
    InLanes<Function>::derivative(x);
};

/// Calls body(first, count) on pieces of a range.
template <class Body>
void for_each_piece(std::int64_t count, const Body& body) {
    constexpr std::int64_t piece = 4096;
    Cpu::for_each_task((count + piece - 1) / piece, [&](std::int64_t task) {
        body(task * piece, std::min(piece, count - task * piece));
    });
}

}  // namespace

template <>
void run_activation<Cpu, float>(Stream& stream, const ActivationArgs<float>& args) {
    const std::int64_t count = args.output.extent[0];
    visit_activation(args.function, [&]<class Function>(Function) {
        if constexpr (HasLanes<Function>) {
            for_each_piece(count, [&](std::int64_t first, std::int64_t length) {
                lane_math::transform(args.input.data + first, args.output.data + first, length,
                                     [](const Floats& x) { return InLanes<Function>::value(x); });
            });
        } else {
            Cpu::for_each_element(stream, 1, count, ActivateOneElement<Function, float>{args});
        }
    });
}

template <>
void run_activation_backward<Cpu, float>(Stream& stream,
                                         const ActivationBackwardArgs<float>& args) {
    const std::int64_t count = args.input_gradient.extent[0];
    visit_activation(args.function, [&]<class Function>(Function) {
        if constexpr (HasLaneDerivative<Function>) {
            for_each_piece(count, [&](std::int64_t first, std::int64_t length) {
                const float* const gradient = args.output_gradient.data + first;
                float* const result = args.input_gradient.data + first;
                lane_math::transform(args.kept.data + first, result, length, [](const Floats& x) {
                    return InLanes<Function>::derivative(x);
                });
                for (std::int64_t i = 0; i < length; ++i) result[i] *= gradient[i];
            });
        } else {
            Cpu::for_each_element(stream, 1, count,
                                  ActivateBackwardOneElement<Function, float>{args});
        }
    });
}

template void run_activation<Cpu>(Stream&, const ActivationArgs<double>&);
template void run_activation_backward<Cpu>(Stream&, const ActivationBackwardArgs<double>&);

bool activation_keeps_output(Activation function) {
    bool result = false;
    visit_activation(function, [&]<class Function>(Function) { result = Function::keeps_output; });
    return result;
}

Var activate(Context& context, const Var& input, Activation function) {
    const Tensor& value = input.value;
    const std::int64_t count = value.shape().size();
    const Tensor output = Tensor::empty(context.stream, value.shape(), value.dtype());
    visit_real(output.dtype(), [&]<class Real>(Real) {
        activation_kernel<Real>(context.stream,
                                {function, view<const Real, 1>(value.reshape({count})),
                                 view<Real, 1>(output.reshape({count}))});
    });
    const Tensor kept = activation_keeps_output(function) ? output : value;
    return record(
        context, output, {input},
        [function, kept, count](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
            const Tensor result = Tensor::empty(stream, kept.shape(), kept.dtype());
            visit_real(result.dtype(), [&]<class Real>(Real) {
                activation_backward_kernel<Real>(
                    stream, {function, view<const Real, 1>(kept.reshape({count})),
                             view<const Real, 1>(gradient.reshape({count})),
                             view<Real, 1>(result.reshape({count}))});
            });
            sinks[0].deliver(stream, result);
        });
}

}  // namespace elm
