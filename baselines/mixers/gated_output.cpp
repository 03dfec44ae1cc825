#include "baselines/mixers/gated_output.h"

#include "kernels/io/option_set.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/training/dropout.h"

namespace elm {
namespace {

/// That of the backbone; a mixer alone has none.
double dropout_of(const OptionSet& options) {
    for (const Option& option : options.options()) {
        if (option.name == "dropout") return std::get<double>(option.value);
    }
    return 0;
}

}  // namespace

GatedOutput::GatedOutput(const OptionSet& options, std::int64_t width, Activation gelu)
    : form_(options.get<std::string>("output")),
      width_(width),
      dropout_(dropout_of(options)),
      gelu_(gelu) {
    if (form_ == "gelu" || form_ == "none") return;
    const std::int64_t halves = form_ == "full_glu" ? 2 : 1;
    gate_ = &child("gate", std::make_unique<Linear>(width, halves * width));
}

void GatedOutput::declare(OptionSet& options, const std::string& form) {
    options.declare({.name = "output",
                     .value = form,
                     .help = "what becomes of the state space's output",
                     .choices = {"full_glu", "half_glu1", "half_glu2", "linear", "gelu", "none"}});
}

Var GatedOutput::forward(Context& context, const Var& input) const {
    if (form_ == "none") return input;
    const Var active = dropout(context, activate(context, input, gelu_), dropout_);
    if (gate_ == nullptr) return active;
    const Var gated = gate_->forward(context, active);
    if (form_ == "linear") return gated;
    if (form_ == "full_glu") {
        const Var values = slice(context, gated, -1, 0, width_);
        const Var gate = slice(context, gated, -1, width_, 2 * width_);
        return multiply(context, values, activate(context, gate, Activation::sigmoid));
    }
    return multiply(context, form_ == "half_glu1" ? active : input,
                    activate(context, gated, Activation::sigmoid));
}

}  // namespace elm
