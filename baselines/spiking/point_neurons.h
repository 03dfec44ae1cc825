#pragma once

#include <memory>

#include "kernels/modules/sequence_model.h"

/// Point neurons with filtered synapses as a sequence model:
///
///     s_b[t] = kappa_b s_b[t-1] + c_b + sum over j of w_jb x_j[t]        synaptic currents
///     I[t]   = sum of the s_b of a neuron
///     u[t]   = alpha u[t-1] + I[t] - theta z[t-1]                        membrane
///     z[t]   = 1 if u[t] >= A[t] and the neuron is not refractory, else 0
///     y[t]   = W (u[t], z[t], u[t] - A[t]) + d                           outputs
///
/// LIF: A = theta. ALIF: A[t] = theta + beta a[t], a[t+1] = rho a[t] + z[t]. Units: the threshold
/// theta is 1 and rest is 0; the weights' scale and the readout make up for both. Signed weights
/// w (the second half of the inputs may inhibit), decays kappa, alpha, rho in (0, 1), beta > 0,
/// readout and offsets are trained; decays are sigmoids of what is stored, beta a softplus. At
/// first the time constants of a neuron's currents lie between 2 and 20 steps (one: 5 steps), alpha
/// is that of 20 steps, rho that of 100 steps.
/// The derivative of a spike is the triangle of Bellec et al. 2018, arXiv 1803.09574: 0.3 at the
/// threshold, 0 from one threshold away on.
/// Sources: Rotter & Diesmann 1999, doi:10.1007/s004220050570; Bellec et al. 2018 and 2020,
/// doi:10.1038/s41467-020-17236-y; as fitted models of a cell: Spieler et al. 2024, arXiv
/// 2306.16922.
namespace elm {

class OptionSet;

/// Options of both models.
OptionSet point_neuron_options();

/// `adapts`: ALIF, else LIF.
std::unique_ptr<SequenceModel> make_point_neurons(const OptionSet& options,
                                                  const SequenceShape& shape, bool adapts);

}  // namespace elm
