// S4ND in two dimensions: a sequence is an image row by row, `columns` steps in a row; each feature
// has a diagonal state space along rows and one along columns (S4D: diagonal_modes.h), and its
// kernel is the product of both:
//   y[i][j] = sum over i', j' of K[i - i'] K'[j - j'] u[i'][j'] + D u[i][j]
// then a gated output (gated_output.h). In both directions each of the two looks ahead as well,
// beginning with the next row or column; causally a step sees what is above and left of it. Rows
// are filled with zeros, and so is what lies beyond a length. Whole sequences alone: a recurrence
// would carry the modes of the space along a column for each column, more numbers than the image
// has unless it has more rows than modes. Source: Nguyen et al. 2022, arXiv 2210.06583, section 3
// (kernels of rank 1).

#include <algorithm>

#include "baselines/mixers/gated_output.h"
#include "baselines/mixers/mixer_registry.h"
#include "baselines/mixers/padding.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "baselines/mixers/state_space/diagonal_modes.h"
#include "baselines/mixers/state_space/mode_options.h"
#include "baselines/mixers/state_space/mode_response.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/spectral/modes/mode_kernel.h"

namespace elm {
namespace {

/// The state spaces of one dimension.
class ImageAxis : public Module {
public:
    ImageAxis(const OptionSet& options, std::int64_t width, std::int64_t channels)
        : modes_(options, width, channels,
                 [this](const char* name, const Shape& shape, Initialiser first,
                        bool is_weight) -> ModuleParameter& {
                     return is_weight ? table(name, shape, std::move(first))
                                      : offset(name, shape, std::move(first));
                 }) {}

    /// (lines, steps, width) → the same shape.
    Var forward(Context& context, const Var& u) const {
        const Modes modes = modes_.discretised(context);
        const Var no_skip{
            Tensor::zeros(context.stream, {modes.exponent.real.value.shape()[1]}, u.value.dtype())};
        const Var kernel = mode_kernel(context, modes, no_skip, u.value.shape()[1]);
        return convolve_both_ways(context, u, kernel, {});
    }

private:
    DiagonalModes modes_;
};

class S4ndMixer : public SequenceMixer {
public:
    S4ndMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          columns_(options.get<std::int64_t>("columns")),
          along_rows_(axis("along_rows", options, place)),
          along_columns_(axis("along_columns", options, place)),
          skip_(parameter("skip", {width()}, initialise::normal(0, 1))),
          output_(
              child("output", std::make_unique<GatedOutput>(options, width(), Activation::gelu))) {}

    MixerTraits traits() const override { return {.streams = false}; }

    double flops_per_step(std::int64_t steps, bool causal) const override {
        const std::int64_t rows = (steps + columns_ - 1) / columns_;
        const double filled = static_cast<double>(rows * columns_) /
                              static_cast<double>(std::max<std::int64_t>(steps, 1));
        return static_cast<double>(width()) * (causal ? 1 : 2) * filled *
               (convolution_flops(columns_) + convolution_flops(rows));
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* /*state*/) override {
        const Shape& shape = input.sequence.value.shape();
        const std::int64_t rows = (shape[1] + columns_ - 1) / columns_;
        const std::int64_t steps = rows * columns_;
        const Var counted = without_padding(context, input.sequence, input.lengths);
        const Var full = pad(context, counted, 1, 0, steps - shape[1]);
        const Var by_row = along_rows_.forward(
            context, reshape(context, full, {shape[0] * rows, columns_, width()}));
        const auto turned = [&](const Var& image, std::int64_t first, std::int64_t second) {
            return transpose(context, reshape(context, image, {shape[0], first, second, width()}),
                             1, 2);
        };
        const Var by_column = along_columns_.forward(
            context,
            reshape(context, turned(by_row, rows, columns_), {shape[0] * columns_, rows, width()}));
        const Var image =
            reshape(context, turned(by_column, columns_, rows), {shape[0], steps, width()});
        const Var read = slice(context, image, 1, 0, shape[1]);
        return output_.forward(context,
                               add_skip(context, read, input.sequence, use(context, skip_)));
    }

private:
    ImageAxis& axis(const char* name, const OptionSet& options, const MixerPlace& place) {
        return child(name, std::make_unique<ImageAxis>(options, width(), place.causal ? 1 : 2));
    }

    std::int64_t columns_;
    ImageAxis& along_rows_;
    ImageAxis& along_columns_;
    ModuleParameter& skip_;
    GatedOutput& output_;
};

OptionSet options() {
    OptionSet options;
    options.declare({.name = "columns",
                     .value = std::int64_t{32},
                     .help = "steps of the sequence in a row of the image",
                     .lowest = 1,
                     .highest = 65536});
    DiagonalModes::declare(options);
    GatedOutput::declare(options, "full_glu");
    return options;
}

}  // namespace

MixerEntry s4nd_mixer() {
    return {.name = "s4nd",
            .summary = "diagonal state spaces in two dimensions (S4ND)",
            .source = "Nguyen et al. 2022, arXiv 2210.06583",
            .options = options,
            .make = make_mixer_of<S4ndMixer>,
            .learning_rate = state_space_learning_rates};
}

}  // namespace elm
