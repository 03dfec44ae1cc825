// Leaky integrate-and-fire neurons with filtered synapses: equations in point_neurons.h.

#include "baselines/model_registry.h"
#include "baselines/spiking/point_neurons.h"
#include "kernels/io/option_set.h"

namespace elm {

ModelEntry lif_entry() {
    return {.name = "lif",
            .summary = "leaky integrate-and-fire neurons with filtered synapses",
            .source = "Rotter & Diesmann 1999, doi:10.1007/s004220050570",
            .of_point_neurons = true,
            .options = point_neuron_options,
            .make = [](const OptionSet& options, const SequenceShape& shape, std::uint64_t) {
                return make_point_neurons(options, shape, false);
            }};
}

}  // namespace elm
