#include "kernels/autograd/tape.h"

#include <algorithm>

#include "kernels/core/algorithms/sum.h"
#include "kernels/core/support/check.h"

namespace elm {

void GradSink::deliver(Stream& stream, const Tensor& gradient) {
    if (!wanted()) return;
    require_shape(gradient.shape(), slot_->shape, "a gradient");
    ELM_ASSERT(gradient.dtype() == slot_->dtype);
    if (!slot_->gradient.defined()) {
        slot_->gradient = gradient;
        return;
    }
    if (!slot_->owned) {
        slot_->gradient = slot_->gradient.to(stream);
        slot_->owned = true;
    }
    add_into(stream, slot_->gradient, gradient);
}

Var Tape::add_slot(const Tensor& value, const Tensor& gradient) {
    slots_.push_back({value.shape(), value.dtype(), gradient, gradient.defined()});
    return {value, first_slot_ + static_cast<std::int64_t>(slots_.size()) - 1};
}

GradientSlot& Tape::slot(std::int64_t number) {
    const std::int64_t at = number - first_slot_;
    ELM_CHECK(at >= 0 && at < static_cast<std::int64_t>(slots_.size()),
              "a value of an earlier recording was used: its tape has been cleared. Keep only its "
              "numbers with Var{{x.value}}.");
    return slots_[static_cast<std::size_t>(at)];
}

Var Tape::leaf(const Parameter& parameter) {
    require_shape(parameter.gradient.shape(), parameter.value.shape(), "the gradient of a leaf");
    ELM_CHECK(parameter.gradient.dtype() == parameter.value.dtype(),
              "the gradient of a leaf has type {}, expected {}",
              name_of(parameter.gradient.dtype()), name_of(parameter.value.dtype()));
    return add_slot(parameter.value, parameter.gradient);
}

std::vector<Var> Tape::record(const std::vector<Tensor>& outputs, std::span<const Var> inputs,
                              Backward backward) {
    Node node;
    for (const Var& input : inputs) {
        if (input.slot >= 0) slot(input.slot);  // of this recording
        node.inputs.push_back(input.slot);
    }
    const bool wanted = std::any_of(node.inputs.begin(), node.inputs.end(),
                                    [](std::int64_t number) { return number >= 0; });
    std::vector<Var> results;
    for (const Tensor& output : outputs) {
        results.push_back(wanted ? add_slot(output, {}) : Var{output});
    }
    if (!wanted || results.empty()) return results;
    node.first_output = results.front().slot;
    node.output_count = static_cast<std::int64_t>(results.size());
    node.backward = std::move(backward);
    nodes_.push_back(std::move(node));
    return results;
}

void Tape::backward(Stream& stream, const Var& loss) {
    ELM_CHECK(loss.value.shape().size() == 1, "a loss has one element (got shape {})",
              to_string(loss.value.shape()));
    const Tensor one = visit_real(loss.value.dtype(), [&]<class Real>(Real) {
        const Real value = 1;
        return Tensor::from<Real>(stream, loss.value.shape(), {&value, 1});
    });
    backward(stream, {&loss, 1}, {&one, 1});
}

void Tape::backward(Stream& stream, std::span<const Var> outputs,
                    std::span<const Tensor> gradients) {
    ELM_CHECK(outputs.size() == gradients.size(), "{} gradients were given for {} outputs",
              gradients.size(), outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        ELM_CHECK(outputs[i].slot >= 0,
                  "backward from a value that does not depend on any leaf of the tape");
        GradSink(&slot(outputs[i].slot)).deliver(stream, gradients[i]);
    }
    while (!nodes_.empty()) {
        run_backward(stream, nodes_.back());
        nodes_.pop_back();
    }
    clear();
}

void Tape::run_backward(Stream& stream, const Node& node) {
    const auto first = static_cast<std::size_t>(node.first_output - first_slot_);
    const std::span<GradientSlot> outputs(&slots_[first],
                                          static_cast<std::size_t>(node.output_count));
    const bool reached =
        std::any_of(outputs.begin(), outputs.end(),
                    [](const GradientSlot& output) { return output.gradient.defined(); });
    if (!reached) return;
    std::vector<Tensor> gradients;
    for (GradientSlot& output : outputs) {
        gradients.push_back(output.gradient.defined()
                                ? output.gradient
                                : Tensor::zeros(stream, output.shape, output.dtype));
        output.gradient = {};
    }
    std::vector<GradSink> sinks;
    for (const std::int64_t input : node.inputs) {
        sinks.emplace_back(input < 0 ? nullptr : &slot(input));
    }
    node.backward(stream, gradients, sinks);
}

void Tape::clear() {
    first_slot_ += static_cast<std::int64_t>(slots_.size());
    nodes_.clear();
    slots_.clear();
}

}  // namespace elm
