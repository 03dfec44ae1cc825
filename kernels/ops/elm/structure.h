#pragma once

#include <cstdint>
#include <vector>

#include "kernels/ops/basic/activation.h"

namespace elm {

/// Of the hidden units of an ELM: relu, relu2 or silu.
using HiddenUnit = Activation;

constexpr bool is_hidden_unit(Activation unit) {
    return unit == Activation::relu || unit == Activation::relu2 || unit == Activation::silu;
}

/// Calls body.operator()<unit>() for one of these.
template <class Body>
void with_hidden_unit(HiddenUnit unit, const Body& body) {
    if (unit == HiddenUnit::silu) {
        body.template operator()<HiddenUnit::silu>();
    } else if (unit == HiddenUnit::relu2) {
        body.template operator()<HiddenUnit::relu2>();
    } else {
        body.template operator()<HiddenUnit::relu>();
    }
}

/// How a CUDA device multiplies: exact is that of the tensors' type; bf16 and tf32 round weights
/// and what they are multiplied with to bfloat16 or tf32 and sum in float32 on the tensor cores,
/// with a float32 state. Every other product of a pass stays exact.
enum class ElmArithmetic : std::uint8_t { exact, bf16, tf32 };

constexpr const char* name_of(ElmArithmetic arithmetic) {
    switch (arithmetic) {
        case ElmArithmetic::bf16:
            return "bf16";
        case ElmArithmetic::tf32:
            return "tf32";
        default:
            return "exact";
    }
}

/// Parts of an ELM that are not trained.
struct ElmStructure {
    std::int64_t n_input = 0, n_branch = 0, n_synapse_per_branch = 1;
    std::vector<std::int64_t> input_of_synapse;  // (d_b * n_s), -1: none
    bool trace_per_synapse = false;
    std::vector<double> trace_decay;  // (d_b) or (d_b * n_s): kappa_b, kappa_s
    std::vector<double> input_sign;   // (n_input): value of one spike, +1 or -1
    HiddenUnit hidden_unit = HiddenUnit::relu;
    ElmArithmetic arithmetic = ElmArithmetic::exact;
    /// On a CUDA device a backward pass whose intermediate values would take more than this many
    /// bytes repeats the forward pass segment by segment.
    std::int64_t most_stored_bytes = std::int64_t{8} << 30;
    /// On the CPU a pass with more than this many bytes of them for its whole batch repeats its
    /// steps in the backward pass: what has left the caches is slower to fetch than to compute
    /// again.
    std::int64_t most_kept_bytes = std::int64_t{32} << 20;
    std::int64_t segment_steps = 0;  // steps of a segment; 0: as suits

    /// Throws Error{invalid} naming what does not fit.
    void check() const;
};

}  // namespace elm
