#pragma once

#include <vector>

#include "kernels/autograd/context.h"
#include "kernels/ops/elm/scan_pass.h"

namespace elm {

/// Parameters as variables. Rectified synapse weights, decay factors and gains are made of others
/// by other ops.
using ElmScanVars = ElmParameters<Var>;

/// Memory and traces between one run and the next; undefined tensors: zeros.
struct ElmScanState {
    Tensor memory;  // (batch, d_m)
    Tensor trace;   // (batch, d_b), or (batch, d_b * n_s) with traces per synapse
};

/// The recurrence of elm_scan.h as one node of the tape: outputs (batch, time, d_out) from spikes,
/// or from dense input (batch, time, n_input), which may want a gradient. All tensors are of one
/// real type, on the context's device. A state is read and replaced; no gradient goes through it,
/// so that a long run can be trained in windows. Without one the run begins at rest and its last
/// state is lost, which may be faster. Structure and spikes must live until the tape has passed
/// back. `cache` serves the calls with this structure and these sizes. Throws Error{invalid} naming
/// the argument that does not fit.
Var elm_scan(Context& context, const ElmStructure& structure, const ElmScanVars& vars,
             const SpikeTrain& spikes, ElmScanState* state = nullptr,
             ElmScanCache* cache = nullptr);
Var elm_scan(Context& context, const ElmStructure& structure, const ElmScanVars& vars,
             const Var& input, ElmScanState* state = nullptr, ElmScanCache* cache = nullptr);

}  // namespace elm
