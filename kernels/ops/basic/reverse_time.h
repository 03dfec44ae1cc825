#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/tensor.h"

namespace elm {

struct Context;
struct Var;

/// result[b][t] = input[b][length - 1 - t] for t < length, else 0.
/// Shapes: input, result (batch, time, features); lengths (batch), or no data: all are full.
template <class Real>
struct ReverseTimeArgs {
    View<const Real, 3> input;
    View<const std::int32_t, 1> lengths;
    View<Real, 3> result;
};

template <class Backend, class Real>
void run_reverse_time(Stream& stream, const ReverseTimeArgs<Real>& args);

template <class Real>
inline constexpr Kernel<ReverseTimeArgs<Real>> reverse_time_kernel{
    "reverse_time", &run_reverse_time<Cpu, Real>, ELM_IF_CUDA((&run_reverse_time<Cuda, Real>))};

/// Each sample's steps from its last one to the first, zeros behind. Shapes: input, result (batch,
/// time, features); lengths (batch) as int32 on the host, at most `time`, or undefined: all are
/// full. Throws Error{invalid} for shapes that do not fit.
Var reverse_time(Context& context, const Var& input, const Tensor& lengths = {});

}  // namespace elm
