// Leaky integrate-and-fire units that hear each other: equations in spiking_network.h.

#include "baselines/model_registry.h"
#include "baselines/spiking/spiking_network.h"
#include "kernels/io/option_set.h"

namespace elm {

ModelEntry recurrent_lif_entry() {
    return {.name = "recurrent_lif",
            .summary = "recurrent network of leaky integrate-and-fire units",
            .source = "Zenke & Ganguli 2018, doi:10.1162/neco_a_01086",
            .options = [] { return spiking_network_options(SpikingAdaptation::none); },
            .make =
                [](const OptionSet& options, const SequenceShape& shape, std::uint64_t) {
                    return make_spiking_network(SpikingAdaptation::none, options, shape);
                }};
}

}  // namespace elm
