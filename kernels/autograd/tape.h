#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/autograd/variable.h"

namespace elm {

/// The gradient of one value on its way through the tape.
struct GradientSlot {
    Shape shape;
    DType dtype = DType::f32;
    Tensor gradient;     // undefined until something is delivered
    bool owned = false;  // nobody else reads the tensor, so that more may be added in place
};

/// Where a backward function delivers one gradient. The first delivery is stored, later ones are
/// added in the order in which they come.
class GradSink {
public:
    /// A sink that wants nothing (null), or one that fills `slot`.
    explicit GradSink(GradientSlot* slot) noexcept : slot_(slot) {}

    /// False if the gradient would be thrown away: then do not compute it.
    bool wanted() const noexcept { return slot_ != nullptr; }

    /// Takes `gradient`, which nobody may write to afterwards. Does nothing if it is not wanted.
    /// Shape and type must be those of the input.
    void deliver(Stream& stream, const Tensor& gradient);

private:
    GradientSlot* slot_;
};

/// Ops in the order they ran. Reverse mode is a plain loop from the end: no sort, no recursion.
/// One node is one op, be it a whole recurrence over time.
class Tape {
public:
    /// Gets one gradient per output (zeros for an output that nothing depended on), which it must
    /// not write to, and one sink per input, in the order given to record().
    using Backward = std::function<void(Stream&, std::span<const Tensor> output_gradients,
                                        std::span<GradSink> input_gradients)>;

    /// A value whose gradient is added into parameter.gradient.
    Var leaf(const Parameter& parameter);

    /// Notes an op. Nothing is noted, and the Vars have no past, if no input is on the tape.
    std::vector<Var> record(const std::vector<Tensor>& outputs, std::span<const Var> inputs,
                            Backward backward);

    /// Gradients of a loss (one element) with respect to all leaves. Frees what each node saved as
    /// it passes, and leaves the tape empty. Throws Error{invalid} if `loss` has more elements or
    /// is not on this tape.
    void backward(Stream& stream, const Var& loss);

    /// The same for any outputs, given the gradient of each.
    void backward(Stream& stream, std::span<const Var> outputs, std::span<const Tensor> gradients);

    /// Forgets everything recorded; its Vars have lost their past.
    void clear();

    std::size_t size() const noexcept { return nodes_.size(); }

private:
    struct Node {
        std::vector<std::int64_t> inputs;  // slots, -1 where no gradient is wanted
        std::int64_t first_output = 0;     // slots of the outputs follow one another
        std::int64_t output_count = 0;
        Backward backward;
    };

    Var add_slot(const Tensor& value, const Tensor& gradient);
    GradientSlot& slot(std::int64_t number);
    void run_backward(Stream& stream, const Node& node);

    std::vector<Node> nodes_;
    std::vector<GradientSlot> slots_;
    std::int64_t first_slot_ = 0;  // number of slots_[0]; rises with each clear(), so that a Var of
                                   // an earlier recording is recognised
};

}  // namespace elm
