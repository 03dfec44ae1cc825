#include "baselines/mixers/attention/heads.h"

#include <string>

#include "kernels/core/support/check.h"
#include "kernels/ops/basic/layout.h"

namespace elm {

OptionSet head_options() {
    OptionSet options;
    options.declare({.name = "heads",
                     .value = std::int64_t{4},
                     .help = "heads of attention",
                     .lowest = 1,
                     .highest = 4096});
    options.declare({.name = "attention_width",
                     .value = std::int64_t{0},
                     .help = "features of all heads together; 0: the width of the model",
                     .lowest = 0,
                     .highest = 65536});
    options.declare({.name = "projection_bias",
                     .value = true,
                     .help = "add biases to queries, values and the output"});
    return options;
}

void declare_mode(OptionSet& options, const char* difference) {
    options.declare(
        {.name = "mode",
         .value = std::string("paper"),
         .help = std::string("as published, or as in the published code: ") + difference,
         .choices = {"paper", "release"}});
}

bool is_release(const OptionSet& options) { return options.get<std::string>("mode") == "release"; }

Var split_heads(Context& context, const Var& rows, std::int64_t heads) {
    const Shape shape = rows.value.shape();
    const std::int64_t width = shape[2] / heads;
    const Var each = reshape(context, rows, {shape[0], shape[1], heads, width});
    return reshape(context, transpose(context, each, 1, 2), {shape[0] * heads, shape[1], width});
}

Var join_heads(Context& context, const Var& rows, std::int64_t heads) {
    const Shape shape = rows.value.shape();
    const std::int64_t batch = shape[0] / heads;
    const Var each = reshape(context, rows, {batch, heads, shape[1], shape[2]});
    return reshape(context, transpose(context, each, 1, 2), {batch, shape[1], heads * shape[2]});
}

std::int64_t HeadProjections::inner_width(const OptionSet& options, std::int64_t width) {
    const auto heads = options.get<std::int64_t>("heads");
    const auto chosen = options.get<std::int64_t>("attention_width");
    const std::int64_t inner = chosen == 0 ? width : chosen;
    ELM_CHECK(inner % heads == 0,
              "attention of width {} has {} heads: expected a number that divides it. Set heads, "
              "attention_width or width.",
              inner, heads);
    return inner;
}

std::unique_ptr<Linear> HeadProjections::make(const OptionSet& options, std::int64_t inputs,
                                              std::int64_t outputs, bool may_have_bias) {
    return std::make_unique<Linear>(inputs, outputs,
                                    may_have_bias && options.get<bool>("projection_bias"));
}

}  // namespace elm
