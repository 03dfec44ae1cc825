#pragma once

#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "kernels/autograd/tape.h"
#include "kernels/core/random/random_key.h"

namespace elm {

/// Surroundings of an op, passed explicitly: there is no "current" anything.
struct Context {
    Stream& stream;
    Tape* tape = nullptr;     // null: inference, nothing is recorded
    RandomKey random = {};    // of this step
    bool training = false;    // dropout and its like are at work
    std::uint32_t draws = 0;  // random ops so far
    /// Where products, convolutions, attention and scans add the multiplications and additions that
    /// they do forward (SequenceModel::flops_per_step is held to them); null: nowhere.
    double* operations = nullptr;
    /// Where a model puts terms of one element that training adds to the loss, each a mean over the
    /// samples of the pass; null: nobody asks.
    std::vector<Var>* penalties = nullptr;

    void count(double done) const {
        if (operations != nullptr) *operations += done;
    }
    void count(std::int64_t done) const { count(static_cast<double>(done)); }

    /// The key of the next op that draws numbers. Ops run in the same order in every pass, so the
    /// n-th one draws the same numbers whenever seed and step are the same.
    RandomKey next_key() { return random.for_part(draws++); }
};

/// Notes an op with one output; `backward(stream, output_gradient, sinks)` as Tape::Backward says.
template <class Backward>
Var record(Context& context, const Tensor& output, std::span<const Var> inputs, Backward backward) {
    if (context.tape == nullptr) return {output};
    return context.tape
        ->record({output}, inputs,
                 [backward = std::move(backward)](Stream& stream, std::span<const Tensor> gradients,
                                                  std::span<GradSink> sinks) {
                     backward(stream, gradients.front(), sinks);
                 })
        .front();
}
template <class Backward>
Var record(Context& context, const Tensor& output, std::initializer_list<Var> inputs,
           Backward backward) {
    return record(context, output, std::span<const Var>(inputs.begin(), inputs.size()),
                  std::move(backward));
}

/// Notes an op with several outputs.
inline std::vector<Var> record(Context& context, const std::vector<Tensor>& outputs,
                               std::initializer_list<Var> inputs, Tape::Backward backward) {
    if (context.tape == nullptr) {
        std::vector<Var> results;
        for (const Tensor& output : outputs) results.push_back({output});
        return results;
    }
    return context.tape->record(outputs, {inputs.begin(), inputs.size()}, std::move(backward));
}

}  // namespace elm
