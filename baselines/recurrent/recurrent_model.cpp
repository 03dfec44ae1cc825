#include "baselines/recurrent/recurrent_model.h"

#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"

namespace elm {
namespace {

class RecurrentModel : public SequenceModel {
public:
    RecurrentModel(GatedCell cell, const OptionSet& options, const SequenceShape& shape)
        : SequenceModel(shape),
          n_layers_(static_cast<std::size_t>(options.get<std::int64_t>("layers"))),
          has_cell_(cell == GatedCell::lstm),
          recurrence_(child(has_cell_ ? "lstm" : "gru",
                            std::make_unique<GatedRecurrence>(cell, shape.n_input,
                                                              options.get<std::int64_t>("units"),
                                                              static_cast<int>(n_layers_)))),
          readout_(child("readout", std::make_unique<Linear>(options.get<std::int64_t>("units"),
                                                             shape.n_output))) {}

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState& state) override {
        require_state(state, (has_cell_ ? 2 : 1) * n_layers_, 0, input.batch());
        RecurrentState recurrent;
        for (std::size_t i = 0; i < state.tensors.size(); ++i) {
            (i < n_layers_ ? recurrent.hidden : recurrent.cell).push_back({state.tensors[i]});
        }
        const Var hidden = input.spikes != nullptr
                               ? recurrence_.forward(context, *input.spikes, recurrent)
                               : recurrence_.forward(context, input.dense, recurrent);
        state.tensors.clear();
        for (const Var& last : recurrent.hidden) state.tensors.push_back(last.value);
        for (const Var& last : recurrent.cell) state.tensors.push_back(last.value);
        return readout_.forward(context, hidden);
    }

private:
    std::size_t n_layers_;
    bool has_cell_;
    GatedRecurrence& recurrence_;
    Linear& readout_;
};

}  // namespace

std::unique_ptr<SequenceModel> recurrent_model(GatedCell cell, const OptionSet& options,
                                               const SequenceShape& shape) {
    return std::make_unique<RecurrentModel>(cell, options, shape);
}

OptionSet recurrent_options() {
    OptionSet options;
    options.declare({.name = "units",
                     .value = std::int64_t{16},
                     .help = "memory cells of each layer",
                     .lowest = 1,
                     .highest = 65536});
    options.declare({.name = "layers",
                     .value = std::int64_t{1},
                     .help = "layers on top of each other",
                     .lowest = 1,
                     .highest = 64});
    return options;
}

}  // namespace elm
