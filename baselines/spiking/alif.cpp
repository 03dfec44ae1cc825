// Leaky integrate-and-fire neurons whose threshold rises with each spike: equations in
// point_neurons.h.

#include "baselines/model_registry.h"
#include "baselines/spiking/point_neurons.h"
#include "kernels/io/option_set.h"

namespace elm {

ModelEntry alif_entry() {
    return {.name = "alif",
            .summary = "leaky integrate-and-fire neurons with an adaptive threshold",
            .source = "Bellec et al. 2018, arXiv 1803.09574",
            .of_point_neurons = true,
            .options = point_neuron_options,
            .make = [](const OptionSet& options, const SequenceShape& shape, std::uint64_t) {
                return make_point_neurons(options, shape, true);
            }};
}

}  // namespace elm
