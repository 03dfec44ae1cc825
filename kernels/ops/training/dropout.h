#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/random/random_key.h"
#include "kernels/core/view.h"

namespace elm {

struct Context;
struct Var;

/// output[i] = input[i] / keep_probability if draw i of `key` keeps it, else 0. The same for the
/// gradient, so that no mask is stored.
template <class Real>
struct DropoutArgs {
    View<const Real, 1> input;
    RandomKey key;
    double keep_probability;
    View<Real, 1> output;
};

template <class Backend, class Real>
void run_dropout(Stream& stream, const DropoutArgs<Real>& args);

template <class Real>
inline constexpr Kernel<DropoutArgs<Real>> dropout_kernel{"dropout", &run_dropout<Cpu, Real>,
                                                          ELM_IF_CUDA((&run_dropout<Cuda, Real>))};

/// In training, drops elements with probability `rate` and scales the others, so that the mean
/// stays; else returns its input. The mask is that of the context's next key and is equal on every
/// device. Throws Error{invalid} for a rate outside [0, 1).
/// Source: Srivastava et al. 2014, "Dropout", J. Mach. Learn. Res. 15, 1929-1958.
Var dropout(Context& context, const Var& input, double rate);

}  // namespace elm
