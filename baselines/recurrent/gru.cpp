// Gated recurrent units, layers on top of each other, with a linear readout of each step:
//   h = GRU(x)      y[t] = W h[t] + b
// Equations of the cell: kernels/ops/scan/recurrent/gated_scan.h; parameter names, shapes and first
// distributions are those of torch.nn.GRU and torch.nn.Linear.

#include "baselines/recurrent/recurrent_model.h"
#include "kernels/io/option_set.h"

namespace elm {

ModelEntry gru_entry() {
    return {.name = "gru",
            .summary = "gated recurrent units with a linear readout",
            .source = "Cho et al. 2014, arXiv 1406.1078",
            .options = recurrent_options,
            .make = [](const OptionSet& chosen, const SequenceShape& shape, std::uint64_t) {
                return recurrent_model(GatedCell::gru, chosen, shape);
            }};
}

}  // namespace elm
