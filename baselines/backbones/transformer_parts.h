#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/training/dropout.h"

/// What blocks of transformers are made of.
namespace elm {

/// What all blocks of a model share.
struct TransformerOptions {
    explicit TransformerOptions(const OptionSet& options);

    std::int64_t width, mlp_width;
    Activation activation;
    bool pre_norm, causal;
    double dropout, epsilon;

    std::unique_ptr<LayerNorm> make_norm() const {
        return std::make_unique<LayerNorm>(width, epsilon);
    }
};

/// "width", "mlp_width", "norm", "activation", "dropout" and "norm_epsilon".
void declare_blocks(OptionSet& options);
/// "positions", "max_positions" and "causal".
void declare_reading(OptionSet& options);

/// A part with a way around it: x + D(part(N(x))), in post-norm N(x + D(part(x))).
template <class Part>
Var add_around(Context& context, const TransformerOptions& options, const LayerNorm& norm,
               const Var& input, const Part& part) {
    const Var result = part(options.pre_norm ? norm.forward(context, input) : input);
    const Var sum = add(context, input, dropout(context, result, options.dropout));
    return options.pre_norm ? sum : norm.forward(context, sum);
}

/// W2 D(f(W1 x + b1)) + b2 of each step, with its norm and the way around it. The maps "widen" and
/// "narrow" and the norm "mlp_norm" become children of a block by `add(name, module)`, which
/// returns them.
class BlockPerceptron {
public:
    template <class Add>
    BlockPerceptron(const TransformerOptions& options, const Add& add)
        : widen_(add("widen", std::make_unique<Linear>(options.width, options.mlp_width))),
          narrow_(add("narrow", std::make_unique<Linear>(options.mlp_width, options.width))),
          norm_(add("mlp_norm", options.make_norm())) {}

    Var forward(Context& context, const TransformerOptions& options, const Var& input) const {
        return add_around(context, options, norm_, input, [&](const Var& x) {
            const Var hidden = activate(context, widen_.forward(context, x), options.activation);
            return narrow_.forward(context, dropout(context, hidden, options.dropout));
        });
    }

private:
    Linear& widen_;
    Linear& narrow_;
    LayerNorm& norm_;
};

}  // namespace elm
