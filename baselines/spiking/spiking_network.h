#pragma once

#include <memory>

#include "kernels/modules/sequence_model.h"
#include "kernels/ops/spiking/spiking_unit.h"

/// Recurrent networks of spiking units as sequence models, trained by back-propagation through time
/// with a surrogate for the derivative of a spike. Layers on top of each other, and a readout that
/// hears the spikes of the last one:
///
///     x_1[t] = g (W_1 input[t] + b_1)       x_l[t] = g (W_l z_(l-1)[t] + b_l)
///     z_l[t] = the spikes of units that get x_l[t] and, by V_l, z_l[t-1]
///     y[t]   = R z[t] + d                             linear readout
///     y[t]   = k y[t-1] + (1 - k) (R z[t] + d)        leaky readout
///
/// Equations of the units: kernels/ops/spiking/spiking_unit.h. g: input_scale; with batch_norm the
/// currents W x + b are normalised before. The decays k are trained, at first those of readout_tau.
namespace elm {

class OptionSet;

/// Options of a network whose units adapt so or not at all.
OptionSet spiking_network_options(SpikingAdaptation adaptation);

std::unique_ptr<SequenceModel> make_spiking_network(SpikingAdaptation adaptation,
                                                    const OptionSet& options,
                                                    const SequenceShape& shape);

}  // namespace elm
