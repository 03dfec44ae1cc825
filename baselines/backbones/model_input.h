#pragma once

#include <cstdint>
#include <memory>

#include "baselines/convolution/causal_layers.h"
#include "kernels/io/option_set.h"

namespace elm {

/// What makes the first features of a backbone's input: a linear layer, or nothing, behind a front
/// end that makes as many channels as the backbone is wide.
class ModelInput {
public:
    /// The option "input"; `what` names the backbone in messages. `add` makes the layer a child of
    /// the backbone's module and returns it. Throws Error{invalid} for another width without one.
    template <class Add>
    ModelInput(const OptionSet& options, const SequenceShape& shape, std::int64_t width,
               const char* what, const Add& add) {
        if (is_linear(options)) {
            layer_ = &add(std::make_unique<InputLayer>(shape.n_input, width));
        } else {
            require_width(shape, width, what);
        }
    }
    static void declare(OptionSet& options);

    /// (batch, time, width); spikes become values of `dtype` where there is no layer.
    Var features(Context& context, const SequenceInput& input, StateCursor& state,
                 DType dtype) const;
    /// What the layer keeps from chunk to chunk.
    std::size_t state_tensors(const SequenceInput& input) const;
    std::size_t state_trains(const SequenceInput& input) const;

private:
    static bool is_linear(const OptionSet& options);
    static void require_width(const SequenceShape& shape, std::int64_t width, const char* what);

    InputLayer* layer_ = nullptr;  // null: the input goes in as it is
};

}  // namespace elm
