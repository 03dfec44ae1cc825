// Long short-term memory whose gates begin with the time scales of the task (see lstm.cpp):
//   b_f = log(U(1, longest - 1))     b_i = -b_f     all other biases 0
// so that a cell at first forgets over U(1, longest) steps.
// Source: Tallec & Ollivier 2018, "Can recurrent neural networks warp time?", arXiv 1804.11188,
// equation 16. The pair of biases of each gate counts as one: the input's has it.

#include <cmath>
#include <string_view>
#include <vector>

#include "baselines/mixers/initial_values.h"
#include "baselines/recurrent/recurrent_model.h"
#include "kernels/core/random/random_key.h"
#include "kernels/io/option_set.h"

namespace elm {
namespace {

/// Gates of a layer in the order input, forget, candidate, output.
Initialiser chrono_bias(double longest) {
    return [longest](Stream& stream, const Tensor& values, const RandomKey& key) {
        const std::int64_t units = values.shape()[0] / 4;
        std::vector<double> biases(static_cast<std::size_t>(4 * units), 0.0);
        for (std::int64_t unit = 0; unit < units; ++unit) {
            const double u = unit_uniform<double>(random_word(key, unit));
            const double bias = std::log(1 + u * (longest - 2));
            biases[static_cast<std::size_t>(unit)] = -bias;
            biases[static_cast<std::size_t>(units + unit)] = bias;
        }
        initialise::numbers(biases)(stream, values, key);
    };
}

std::unique_ptr<SequenceModel> make(const OptionSet& options, const SequenceShape& shape,
                                    std::uint64_t /*seed*/) {
    auto model = recurrent_model(GatedCell::lstm, options, shape);
    for (const auto& [name, parameter] : model->parameters()) {
        if (name.find("lstm.bias_ih") == 0) {
            parameter->initialiser = chrono_bias(options.get<double>("longest"));
        }
        if (name.find("lstm.bias_hh") == 0) parameter->initialiser = initialise::constant(0);
    }
    return model;
}

OptionSet options() {
    OptionSet options = recurrent_options();
    options.declare({.name = "longest",
                     .value = 1000.0,
                     .help = "longest time over which something must be remembered",
                     .unit = "steps",
                     .lowest = 2,
                     .highest = 1e9});
    return options;
}

}  // namespace

ModelEntry chrono_lstm_entry() {
    return {.name = "chrono_lstm",
            .summary = "long short-term memory whose gates begin with the task's time scales",
            .source = "Tallec & Ollivier 2018, arXiv 1804.11188",
            .options = options,
            .make = make};
}

}  // namespace elm
