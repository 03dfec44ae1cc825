// Temporal convolutional network of dilated residual levels: Bai, Kolter & Koltun 2018, arXiv
// 1803.01271 (levels: dilated_level.h).
//   a_0 = x      a_{i+1} = level_i(a_i) with dilation 2^i, i = 0..levels-1      y = W a_levels + b
// A step of the output sees 1 + 2 (taps - 1) (2^levels - 1) steps. Each level keeps (taps - 1) 2^i
// steps of the input of each of its convolutions from one chunk of time to the next.
// As in the authors' code dropout is of single elements, where the paper drops whole features, and
// the way around begins with a deviation of 0.01, the convolutions with those of PyTorch. Where we
// differ: a weight's length begins with its root mean square over draws in place of that of the
// draw. The authors' sizes: levels 8, taps 7, width 25 for sequential MNIST, width 30 for adding;
// levels 8, taps 8, width 10 for copy memory. The default is smaller and sees 253 steps.

#include <string>
#include <vector>

#include "baselines/convolution/dilated_level.h"
#include "baselines/model_registry.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "kernels/io/whole_option.h"
#include "kernels/modules/layers.h"

namespace elm {
namespace {

constexpr std::int64_t longest_reach = std::int64_t{1} << 30;

class DilatedTcnModel : public SequenceModel {
public:
    DilatedTcnModel(const OptionSet& options, const SequenceShape& shape) : SequenceModel(shape) {
        const auto levels = options.get<std::int64_t>("levels");
        const auto width = options.get<std::int64_t>("width");
        const auto taps = options.get<std::int64_t>("taps");
        const std::int64_t dilations = (std::int64_t{1} << levels) - 1;
        ELM_CHECK(taps <= longest_reach / (2 * dilations),
                  "{} levels of convolutions of {} taps see more than {} steps. Set levels or taps "
                  "lower.",
                  levels, taps, longest_reach);
        for (std::int64_t level = 0; level < levels; ++level) {
            const DilatedLevel::Size size{level == 0 ? shape.n_input : width, width, taps,
                                          std::int64_t{1} << level};
            levels_.push_back(
                &child("levels." + std::to_string(level),
                       std::make_unique<DilatedLevel>(size, options.get<double>("dropout"))));
        }
        readout_ = &child("readout", std::make_unique<Linear>(width, shape.n_output));
    }

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState& state) override {
        const std::size_t trains = input.spikes != nullptr ? 1 : 0;
        require_state(state, 2 * levels_.size() - trains, trains, input.batch());
        StateCursor cursor(state);
        SequenceInput values = input;
        for (const DilatedLevel* level : levels_) {
            values = {.dense = level->forward(context, values, cursor)};
        }
        cursor.finish();
        return readout_->forward(context, values.dense);
    }

private:
    std::vector<DilatedLevel*> levels_;
    Linear* readout_ = nullptr;
};

OptionSet options() {
    OptionSet options;
    options.declare(
        whole_option("levels", 6, "levels of two convolutions, each of twice the dilation", 1, 24));
    options.declare(whole_option("width", 16, "features of each level", 1, 65536));
    options.declare(whole_option("taps", 3, "length of each kernel", 1, 65536, "taps"));
    options.declare({.name = "dropout",
                     .value = 0.0,
                     .help = "share of the features dropped in training behind each convolution",
                     .lowest = 0,
                     .highest = 0.99});
    return options;
}

}  // namespace

ModelEntry dilated_tcn_entry() {
    return {.name = "dilated_tcn",
            .summary = "temporal convolutional network of dilated residual levels",
            .source = "Bai et al. 2018, arXiv 1803.01271",
            .options = options,
            .make = [](const OptionSet& chosen, const SequenceShape& shape,
                       std::uint64_t) -> std::unique_ptr<SequenceModel> {
                return std::make_unique<DilatedTcnModel>(chosen, shape);
            }};
}

}  // namespace elm
