#pragma once

#include <cstdint>

#include "baselines/mixers/mixer_registry.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"

/// What mixers of several heads share: queries, keys and values of a sequence, and the output.
namespace elm {

/// "heads", "attention_width" and "projection_bias".
OptionSet head_options();

/// Declares "mode": paper, the mathematics of the publication, or release, what `difference` says
/// of the published code.
void declare_mode(OptionSet& options, const char* difference);
bool is_release(const OptionSet& options);

/// (batch, time, heads width) → (batch heads, time, width), and back.
Var split_heads(Context& context, const Var& rows, std::int64_t heads);
Var join_heads(Context& context, const Var& rows, std::int64_t heads);

/// Linear maps "query", "key" and "value" to features of all heads, and "output" back unless there
/// is to be none.
class HeadProjections {
public:
    /// `key_bias`: softmax takes away what a bias of the keys adds to a row, other functions do
    /// not. The linear maps become children of `parent` by `add(name, linear)`, which returns them.
    template <class Add>
    HeadProjections(const OptionSet& options, std::int64_t width, bool key_bias, const Add& add,
                    bool has_output = true)
        : heads(options.get<std::int64_t>("heads")),
          inner(inner_width(options, width)),
          query_(add("query", make(options, width, inner, true))),
          key_(add("key", make(options, width, inner, key_bias))),
          value_(add("value", make(options, width, inner, true))),
          output_(has_output ? &add("output", make(options, inner, width, true)) : nullptr) {}

    struct Rows {
        Var query, key, value;  // (batch, time, inner)
    };
    Rows rows(Context& context, const MixerInput& input) const {
        return {query_.forward(context, input.sequence), key_.forward(context, input.source()),
                value_.forward(context, input.source())};
    }
    Var output(Context& context, const Var& read) const { return output_->forward(context, read); }

    const std::int64_t heads, inner;

    /// Features of all heads together; throws Error{invalid} where heads do not divide them.
    static std::int64_t inner_width(const OptionSet& options, std::int64_t width);
    static std::unique_ptr<Linear> make(const OptionSet& options, std::int64_t inputs,
                                        std::int64_t outputs, bool may_have_bias);

private:
    Linear& query_;
    Linear& key_;
    Linear& value_;
    Linear* output_;  // null without one
};

}  // namespace elm
