#pragma once

#include "kernels/ops/elm/cuda/scan_device.h"
#include "kernels/ops/elm/scan_pass.h"

/// The ELM recurrence with one hidden layer on the tensor cores of a CUDA device: weights and what
/// they are multiplied with are bfloat16 or tf32, sums and the state are float32. Defined in
/// elm_tensor_scan.cu, where there is CUDA.
namespace elm {

/// Weights as the tensors have them, rounded when a block takes them up.
struct ElmTensorWeights {
    View<const float, 2> hidden, memory;             // (h, d_b + d_m), (d_m, h)
    View<const float, 1> hidden_bias, memory_bias;   // (h), (d_m)
    View<const float, 1> memory_decay, memory_gain;  // (d_m)
    HiddenUnit hidden_unit = HiddenUnit::relu;
    ElmArithmetic arithmetic = ElmArithmetic::bf16;  // or tf32

    ELM_HD std::int64_t n_hidden() const { return memory.extent[1]; }
    ELM_HD std::int64_t n_memory() const { return memory.extent[0]; }
    ELM_HD std::int64_t n_branch() const { return hidden.extent[1] - memory.extent[0]; }
};

/// Largest sizes of a kernel. Memory units and branches, either rounded up to an even number, are
/// its input.
struct ElmTensorLimits {
    std::int64_t memory, hidden, input;

    constexpr bool operator==(const ElmTensorLimits&) const = default;
    bool admit(std::int64_t n_branch, std::int64_t n_memory, std::int64_t n_hidden) const {
        const auto even = [](std::int64_t n) { return (n + 1) / 2 * 2; };
        return n_memory <= memory && n_hidden <= hidden && even(n_memory) + even(n_branch) <= input;
    }
};
/// Those of the largest model whose weights a multiprocessor holds: tf32 takes twice the room.
constexpr ElmTensorLimits tensor_limits(ElmArithmetic arithmetic) {
    return arithmetic == ElmArithmetic::tf32 ? ElmTensorLimits{112, 208, 160}
                                             : ElmTensorLimits{160, 304, 160};
}

/// Steps of a chunk; arrays from the steps given.
struct ElmTensorForwardArgs {
    ElmTensorWeights weights;
    View<const float, 3> branches;               // (batch, time, d_b)
    View<float, 2> memory_state;                 // (batch, d_m)
    View<float, 3> memory;                       // (batch, time, d_m)
    View<float, 3> hidden{}, slope{}, update{};  // (batch, time, .) as memory, or null data
    std::int64_t branches_begin, memory_begin, n_steps;
};
void run_tensor_forward(Stream& stream, const ElmTensorForwardArgs& args);

/// Arrays that are read before they are written hold two things, first / then.
struct ElmTensorBackwardArgs {
    ElmTensorWeights weights;
    View<const float, 2> initial_memory;  // (batch, d_m): m before the first step
    View<const float, 3> update;          // (batch, time, d_m): phi(z)
    View<float, 3> memory;                // (batch, time, d_m): m_t / d_t = kappa_m m_{t-1}
    View<float, 3> memory_gradient;       // (batch, time, d_m): W_y^T dy_t / dz of the last layer
    View<float, 3> slope;                 // (batch, time, h): act'(z) / dz
    View<float, 2> carry;                 // (batch, d_m)
    View<float, 2> decay_sum, gain_sum;   // (batch, d_m): added to
};
void run_tensor_backward(Stream& stream, const ElmTensorBackwardArgs& args);

}  // namespace elm
