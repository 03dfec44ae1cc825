// Long short-term memory, layers on top of each other, with a linear readout of each step:
//   h, c = LSTM(x)      y[t] = W h[t] + b
// Equations of the cell: kernels/ops/scan/recurrent/gated_scan.h; parameter names, shapes and first
// distributions are those of torch.nn.LSTM and torch.nn.Linear. As a fitted model of a cell:
// Spieler et al. 2024, arXiv 2306.16922. Weights are signed, so inhibitory channels count 1 like
// all others.

#include "baselines/recurrent/recurrent_model.h"
#include "kernels/io/option_set.h"

namespace elm {

ModelEntry lstm_entry() {
    return {.name = "lstm",
            .summary = "long short-term memory with a linear readout",
            .source = "Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735",
            .options = recurrent_options,
            .make = [](const OptionSet& chosen, const SequenceShape& shape, std::uint64_t) {
                return recurrent_model(GatedCell::lstm, chosen, shape);
            }};
}

}  // namespace elm
