#include "baselines/mixers/gated/dilated_convolutions.h"

#include <string>

#include "baselines/mixers/padding.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "kernels/core/support/check.h"
#include "kernels/io/whole_option.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/product/convolution.h"
#include "kernels/ops/product/depthwise_convolution.h"

namespace elm {
namespace {

constexpr std::int64_t longest_reach = std::int64_t{1} << 30;

Activation activation_of(const std::string& name) {
    if (name == "relu") return Activation::relu;
    return name == "gelu" ? Activation::gelu : Activation::silu;
}

}  // namespace

DilatedConvolutions::DilatedConvolutions(const OptionSet& options, std::int64_t width, bool causal)
    : taps_(options.get<std::int64_t>("conv_taps")),
      is_full_(options.get<std::string>("conv_kind") == "full"),
      is_residual_(options.get<bool>("conv_residual")),
      causal_(causal),
      is_activated_(options.get<std::string>("conv_activation") != "none"),
      activation_(activation_of(options.get<std::string>("conv_activation"))),
      omega_(parameter("omega", {width}, initialise::normal(0, 1))) {
    ELM_CHECK(causal || taps_ % 2 == 1,
              "in both directions a convolution of {} taps has no step in its middle. Set "
              "conv_taps to an odd number.",
              taps_);
    const auto factor = options.get<std::int64_t>("conv_dilation");
    const auto depth = options.get<std::int64_t>("conv_depth");
    std::int64_t dilation = 1;
    for (std::int64_t layer = 0; layer < depth; ++layer, dilation *= factor) {
        ELM_CHECK(dilation <= longest_reach / taps_,
                  "layer {} of {} taps with a dilation of {} to the power of {} reaches back more "
                  "than {} steps. Set conv_depth or conv_dilation lower.",
                  layer, taps_, factor, layer, longest_reach);
        const std::string name = "layers." + std::to_string(layer);
        const std::int64_t inputs = is_full_ ? width : 1;
        const Shape shape = is_full_ ? Shape{width, width, taps_} : Shape{width, taps_};
        layers_.push_back(
            {parameter(name + ".weight", shape, initialise::uniform_fan_in(inputs * taps_)),
             offset(name + ".bias", {width}, initialise::uniform_fan_in(inputs * taps_)),
             dilation});
    }
}

void DilatedConvolutions::declare(OptionSet& options) {
    options.declare(whole_option("conv_taps", 9, "taps of each dilated convolution", 1, 65536));
    options.declare(whole_option("conv_dilation", 8,
                                 "how many times wider the steps of each layer are", 1, 65536));
    options.declare(whole_option("conv_depth", 4, "convolutions on top of each other", 1, 64));
    options.declare({.name = "conv_kind",
                     .value = std::string("depthwise"),
                     .help = "whether each feature is convolved by itself, or all together",
                     .choices = {"depthwise", "full"}});
    options.declare({.name = "conv_activation",
                     .value = std::string("silu"),
                     .help = "behind each convolution",
                     .choices = {"none", "relu", "gelu", "silu"}});
    options.declare({.name = "conv_residual",
                     .value = true,
                     .help = "add what a convolution reads to what it makes"});
}

std::int64_t DilatedConvolutions::reach() const {
    std::int64_t steps = 1;
    for (const Layer& layer : layers_) steps += (taps_ - 1) * layer.dilation;
    return steps;
}

/// Taps multiply once a step and are counted with the other parameters; what is read in both
/// directions has further steps behind it, half as many as a layer reaches back.
double DilatedConvolutions::flops_per_step(std::int64_t steps) const {
    if (causal_) return 0;
    double behind = 0;
    for (const Layer& layer : layers_) {
        behind +=
            static_cast<double>(layer.weight.shape.size() * ((taps_ - 1) * layer.dilation / 2));
    }
    return 2 * behind / static_cast<double>(steps);
}

Var DilatedConvolutions::convolve(Context& context, const Layer& layer, const Var& x,
                                  const MixerInput& input, StateCursor* state) const {
    const Var weight = use(context, layer.weight), bias = use(context, layer.bias);
    const auto apply = [&](const Var& rows) {
        return is_full_ ? convolution(context, rows, weight, bias, layer.dilation)
                        : depthwise_convolution(context, rows, weight, bias, layer.dilation);
    };
    const Shape& shape = x.value.shape();
    const std::int64_t before = (taps_ - 1) * layer.dilation;
    if (state != nullptr) {
        const Var past =
            state_or_zeros(context, state, {shape[0], before, shape[2]}, x.value.dtype());
        const Var parts[] = {past, x};
        const Var joined = concatenate(context, parts, 1);
        Context plain{context.stream};
        state->keep(slice(plain, {joined.value}, 1, shape[1], before + shape[1]).value);
        return slice(context, apply(joined), 1, before, before + shape[1]);
    }
    if (causal_) return apply(x);
    // What lies beyond a length is nothing, as what lies beyond the end.
    const Var counted = without_padding(context, x, input.lengths);
    return slice(context, apply(pad(context, counted, 1, 0, before / 2)), 1, before / 2,
                 before / 2 + shape[1]);
}

Var DilatedConvolutions::forward(Context& context, const MixerInput& input,
                                 StateCursor* state) const {
    Var x = input.sequence;
    for (const Layer& layer : layers_) {
        Var made = convolve(context, layer, x, input, state);
        if (is_activated_) made = activate(context, made, activation_);
        x = is_residual_ ? add(context, x, made) : made;
    }
    const Var direct = multiply(context, input.sequence, use(context, omega_));
    return activate(context, add(context, x, direct), Activation::silu);
}

}  // namespace elm
