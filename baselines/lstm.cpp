// Long short-term memory, layers on top of each other, with a linear readout of each step:
//   h, c = LSTM(x)      y[t] = W h[t] + b
// Equations of the cell: kernels/ops/scan/gated_scan.h; parameter names, shapes and first
// distributions are those of torch.nn.LSTM and torch.nn.Linear. As a surrogate of a cell: Spieler
// et al. 2024, arXiv 2306.16922. Weights are signed, so inhibitory channels count 1 like all
// others.

#include "baselines/model_registry.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"

namespace elm {
namespace {

class LstmModel : public SequenceModel {
public:
    LstmModel(const OptionSet& options, const SequenceShape& shape)
        : SequenceModel(shape),
          n_layers_(static_cast<std::size_t>(options.get<std::int64_t>("layers"))),
          lstm_(child("lstm",
                      std::make_unique<Lstm>(shape.n_input, options.get<std::int64_t>("units"),
                                             static_cast<int>(n_layers_)))),
          readout_(child("readout", std::make_unique<Linear>(options.get<std::int64_t>("units"),
                                                             shape.n_output))) {}

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState& state) override {
        require_state(state, 2 * n_layers_, 0, input.batch());
        RecurrentState recurrent;
        for (std::size_t i = 0; i < state.tensors.size(); ++i) {
            (i < n_layers_ ? recurrent.hidden : recurrent.cell).push_back({state.tensors[i]});
        }
        const Var hidden = input.spikes != nullptr
                               ? lstm_.forward(context, *input.spikes, recurrent)
                               : lstm_.forward(context, input.dense, recurrent);
        state.tensors.clear();
        for (const Var& last : recurrent.hidden) state.tensors.push_back(last.value);
        for (const Var& last : recurrent.cell) state.tensors.push_back(last.value);
        return readout_.forward(context, hidden);
    }

private:
    std::size_t n_layers_;
    Lstm& lstm_;
    Linear& readout_;
};

OptionSet options() {
    OptionSet options;
    options.declare({.name = "units",
                     .value = std::int64_t{16},
                     .help = "memory cells of each layer",
                     .lowest = 1});
    options.declare({.name = "layers",
                     .value = std::int64_t{1},
                     .help = "layers on top of each other",
                     .lowest = 1,
                     .highest = 64});
    return options;
}

}  // namespace

ModelEntry lstm_entry() {
    return {.name = "lstm",
            .summary = "long short-term memory with a linear readout",
            .source = "Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735",
            .options = options,
            .make = [](const OptionSet& chosen, const SequenceShape& shape,
                       std::uint64_t) -> std::unique_ptr<SequenceModel> {
                return std::make_unique<LstmModel>(chosen, shape);
            }};
}

}  // namespace elm
