// Temporal convolutional network as a fitted model of a cell: Beniaguev, Segev, London 2021,
// doi:10.1016/j.neuron.2021.07.002.
//   a_0 = x      a_l = BatchNorm(relu(conv_l(a_{l-1}))), l = 1..depth      y = W a_depth + b
// Convolutions are causal, of dilation and stride 1; batch norm (epsilon 1e-3) comes after the
// rectifier. The output sees 1 + sum over l of (taps_l - 1) steps.
// Where we differ: only spike and soma voltage are predicted, not the dendrites' voltage, and the
// outputs are those of the given width; the initial values are uniform in ±1/sqrt(fan_in) in place
// of a narrow normal distribution; running statistics take 0.1 of each batch in place of 0.01, so
// that they are right after short trainings too. Weights are signed, so inhibitory channels count 1
// like all others. The default size has the reach of the published model of 7 layers (153 steps) at
// a width of 12 in place of 128.

#include <string>
#include <vector>

#include "baselines/convolution/causal_layers.h"
#include "baselines/model_registry.h"
#include "kernels/io/option_set.h"
#include "kernels/io/whole_option.h"
#include "kernels/modules/layers.h"

namespace elm {
namespace {

constexpr double epsilon = 1e-3;  // Beniaguev et al. 2021: the default of Keras
constexpr double momentum = 0.1;

class TcnModel : public SequenceModel {
public:
    TcnModel(const OptionSet& options, const SequenceShape& shape) : SequenceModel(shape) {
        const auto depth = options.get<std::int64_t>("depth");
        const auto width = options.get<std::int64_t>("width");
        const auto taps = options.get<std::int64_t>("taps");
        first_ =
            &child("layers.0", std::make_unique<InputLayer>(
                                   shape.n_input, width, options.get<std::int64_t>("first_taps")));
        for (std::int64_t layer = 0; layer < depth; ++layer) {
            if (layer > 0) {
                convolutions_.push_back(
                    &child("layers." + std::to_string(layer),
                           std::make_unique<CausalConvolution>(width, width, taps)));
            }
            norms_.push_back(&child("norms." + std::to_string(layer),
                                    std::make_unique<BatchNorm>(width, momentum, epsilon)));
        }
        readout_ = &child("readout", std::make_unique<Linear>(width, shape.n_output));
    }

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState& state) override {
        const bool sparse = input.spikes != nullptr;
        require_state(state, convolutions_.size() + (sparse ? 0 : 1), sparse ? 1 : 0,
                      input.batch());
        StateCursor cursor(state);
        Var values = first_->forward(context, input, cursor);
        for (std::size_t layer = 0; layer < norms_.size(); ++layer) {
            if (layer > 0) values = convolutions_[layer - 1]->forward(context, values, cursor);
            values = norms_[layer]->forward(context, activate(context, values, Activation::relu));
        }
        cursor.finish();
        return readout_->forward(context, values);
    }

private:
    InputLayer* first_ = nullptr;
    std::vector<CausalConvolution*> convolutions_;  // of the layers after the first
    std::vector<BatchNorm*> norms_;
    Linear* readout_ = nullptr;
};

OptionSet options() {
    OptionSet options;
    options.declare(whole_option("depth", 7, "convolutional layers", 1, 65536));
    options.declare(whole_option("width", 12, "features of each layer", 1, 65536));
    options.declare(
        whole_option("first_taps", 3, "length of the first layer's kernels", 1, 65536, "steps"));
    options.declare(
        whole_option("taps", 26, "length of the other layers' kernels", 1, 65536, "steps"));
    return options;
}

}  // namespace

ModelEntry tcn_entry() {
    return {.name = "tcn",
            .summary = "temporal convolutional network with a linear readout",
            .source = "Beniaguev et al. 2021, doi:10.1016/j.neuron.2021.07.002",
            .options = options,
            .make = [](const OptionSet& chosen, const SequenceShape& shape,
                       std::uint64_t) -> std::unique_ptr<SequenceModel> {
                return std::make_unique<TcnModel>(chosen, shape);
            }};
}

}  // namespace elm
