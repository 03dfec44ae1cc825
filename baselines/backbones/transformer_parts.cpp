#include "baselines/backbones/transformer_parts.h"

#include <string>
#include <vector>

#include "kernels/io/whole_option.h"

namespace elm {
namespace {

Activation activation_of(const std::string& name) {
    if (name == "relu") return Activation::relu;
    if (name == "silu") return Activation::silu;
    return name == "gelu" ? Activation::gelu : Activation::gelu_tanh;
}

void declare_choice(OptionSet& options, const char* name, const char* value, const char* help,
                    std::vector<std::string> choices) {
    options.declare(
        {.name = name, .value = std::string(value), .help = help, .choices = std::move(choices)});
}

}  // namespace

TransformerOptions::TransformerOptions(const OptionSet& options)
    : width(options.get<std::int64_t>("width")),
      mlp_width(options.get<std::int64_t>("mlp_width")),
      activation(activation_of(options.get<std::string>("activation"))),
      pre_norm(options.get<std::string>("norm") == "pre"),
      causal(options.get<bool>("causal")),
      dropout(options.get<double>("dropout")),
      epsilon(options.get<double>("norm_epsilon")) {}

void declare_blocks(OptionSet& options) {
    options.declare(whole_option("width", 64, "features of each step", 1, 65536));
    options.declare(
        whole_option("mlp_width", 128, "hidden units of each block's perceptron", 1, 262144));
    declare_choice(options, "norm", "pre", "whether norms stand before or behind what they are for",
                   {"pre", "post"});
    declare_choice(options, "activation", "gelu", "of the perceptrons",
                   {"gelu", "gelu_tanh", "relu", "silu"});
    options.declare({.name = "dropout",
                     .value = 0.0,
                     .help = "share of the values that is dropped in training",
                     .lowest = 0,
                     .highest = 0.99});
    options.declare({.name = "norm_epsilon",
                     .value = 1e-5,
                     .help = "added to the variance in norms",
                     .lowest = 0,
                     .highest = 1});
}

void declare_reading(OptionSet& options) {
    declare_choice(options, "positions", "sinusoidal", "what tells the position of a step",
                   {"none", "sinusoidal", "learned"});
    options.declare(whole_option("max_positions", 4096,
                                 "longest sequence, where positions are learned", 1, 1 << 24));
    options.declare({.name = "causal",
                     .value = true,
                     .help = "a step sees those up to itself, in place of all of them"});
}

}  // namespace elm
