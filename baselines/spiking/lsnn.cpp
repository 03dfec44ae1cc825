// Leaky integrate-and-fire units that hear each other, the thresholds of a share of which rise with
// each spike: equations in spiking_network.h.

#include "baselines/model_registry.h"
#include "baselines/spiking/spiking_network.h"
#include "kernels/io/option_set.h"

namespace elm {

ModelEntry lsnn_entry() {
    return {
        .name = "lsnn",
        .summary = "recurrent network of leaky integrate-and-fire units, of which a share adapt",
        .source = "Bellec et al. 2018, arXiv 1803.09574",
        .options = [] { return spiking_network_options(SpikingAdaptation::threshold); },
        .make =
            [](const OptionSet& options, const SequenceShape& shape, std::uint64_t) {
                return make_spiking_network(SpikingAdaptation::threshold, options, shape);
            }};
}

}  // namespace elm
