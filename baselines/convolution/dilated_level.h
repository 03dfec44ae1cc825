#pragma once

#include <cstdint>

#include "baselines/convolution/causal_layers.h"

/// The parts of a temporal convolutional network after Bai, Kolter & Koltun 2018, arXiv 1803.01271.
namespace elm {

/// A dilated causal convolution with weight norm (Salimans & Kingma 2016, arXiv 1602.07868): output
/// o has the weights length[o] direction[o] / |direction[o]| over inputs and taps. "direction"
/// (outputs, inputs, taps) and "bias" (outputs) are uniform in ±1/sqrt(inputs taps), "length"
/// (outputs) begins as sqrt(1/3), the root mean square of the lengths that are drawn. State: one
/// tensor, or one spike train.
class NormedConvolution : public Module {
public:
    NormedConvolution(std::int64_t inputs, std::int64_t outputs, std::int64_t taps,
                      std::int64_t dilation);

    /// (batch, time, inputs) → (batch, time, outputs). Spikes at a dilation of 1 alone.
    Var forward(Context& context, const SequenceInput& input, StateCursor& state) const;

private:
    Var weight(Context& context) const;

    std::int64_t dilation_;
    ModuleParameter& direction_;
    ModuleParameter& length_;
    ModuleParameter& bias_;
};

/// Two convolutions of one dilation and a way around them:
///
///   h = dropout(relu(first x))    h' = dropout(relu(second h))    y = relu(h' + x')
///
/// where x' is x, or where the widths differ a map of each step, "skip.weight" (outputs, inputs),
/// normal with deviation 0.01, and "skip.bias". The last step sees 1 + 2 (taps - 1) dilation steps.
/// State: that of the two convolutions.
class DilatedLevel : public Module {
public:
    struct Size {
        std::int64_t inputs, outputs, taps, dilation;
    };
    DilatedLevel(const Size& size, double dropout);

    /// (batch, time, inputs) → (batch, time, outputs). Spikes at a dilation of 1 alone.
    Var forward(Context& context, const SequenceInput& input, StateCursor& state) const;

private:
    Var around(Context& context, const SequenceInput& input, DType dtype) const;

    double dropout_;
    NormedConvolution& first_;
    NormedConvolution& second_;
    ModuleParameter* skip_weight_ = nullptr;  // null where the widths are equal
    ModuleParameter* skip_bias_ = nullptr;
};

}  // namespace elm
