#pragma once

#include <cstdint>
#include <string>

#include "baselines/convolution/causal_layers.h"
#include "kernels/modules/module.h"

namespace elm {

/// Adds to each step what tells its position:
///
///     sinusoidal   p[t][2i] = sin(t / 10000^(2i / width)), p[t][2i + 1] = cos of the same
///     learned      p[t] = row t of "weight" (longest, width), normal with deviation 0.02
///     none         nothing
///
/// Source: Vaswani et al. 2017, arXiv 1706.03762, section 3.5. The state is one tensor unless there
/// are no positions.
class Positions : public Module {
public:
    /// `kind` is one of the three; `longest` counts for the learned ones alone.
    Positions(const std::string& kind, std::int64_t longest, std::int64_t width);

    std::size_t state_tensors() const noexcept { return kind_ == "none" ? 0 : 1; }

    /// (batch, time, width) → the same shape. Throws Error{invalid} for steps beyond the longest
    /// sequence that positions were learned for.
    Var forward(Context& context, const Var& input, StateCursor* state);

private:
    Var rows(Context& context, std::int64_t begin, std::int64_t end, DType dtype);

    std::string kind_;
    std::int64_t width_;
    ModuleParameter* learned_ = nullptr;  // null unless they are
    Tensor table_;                        // sinusoids of the first steps, on the device of a stream
};

}  // namespace elm
