// Leaky integrate-and-fire units that hear each other, each with an adaptation that is taken from
// its current: equations in spiking_network.h.

#include "baselines/model_registry.h"
#include "baselines/spiking/spiking_network.h"
#include "kernels/io/option_set.h"

namespace elm {

ModelEntry adlif_network_entry() {
    return {
        .name = "adlif_network",
        .summary = "recurrent network of leaky integrate-and-fire units with an adaptive current",
        .source =
            "Bittar & Garner 2022, doi:10.3389/fnins.2022.865897; Baronig et al. 2025, arXiv "
            "2408.07517",
        .options = [] { return spiking_network_options(SpikingAdaptation::current); },
        .make =
            [](const OptionSet& options, const SequenceShape& shape, std::uint64_t) {
                return make_spiking_network(SpikingAdaptation::current, options, shape);
            }};
}

}  // namespace elm
