#pragma once

#include "kernels/core/host_device.h"

/// One step of the gated cells of gated_scan.h and its derivative. `Functions` has the type Value,
/// a number or a vector of lanes of type Real, and sigmoid and tanh of it.
namespace elm {

inline constexpr int gate_slots = 4;  // of a unit, whatever the cell

/// Slots: a_i, a_f, a_g, a_o before, i, f, g, o after the step.
template <class Real, class Functions>
struct LstmCell {
    using V = typename Functions::Value;
    static constexpr int gates = 4;  // slots that the recurrent product fills
    static constexpr bool has_cell = true;

    ELM_HD static void forward(V (&slots)[gate_slots], V& hidden, V& cell) {
        slots[0] = Functions::sigmoid(slots[0]);
        slots[1] = Functions::sigmoid(slots[1]);
        slots[2] = Functions::tanh(slots[2]);
        slots[3] = Functions::sigmoid(slots[3]);
        cell = slots[1] * cell + slots[0] * slots[2];
        hidden = slots[3] * Functions::tanh(cell);
    }

    /// From d loss / d hidden[t], and cell_gradient, the part of d loss / d cell[t] that comes from
    /// step t+1: the gradients of the input's and of the recurrent pre-activations, and those parts
    /// of the gradients of hidden[t-1] and cell[t-1] that do not go through the recurrent product.
    ELM_HD static void backward(const V (&slots)[gate_slots], const V& cell,
                                const V& /*previous_hidden*/, const V& previous_cell,
                                V& hidden_gradient, V& cell_gradient, V (&projected)[gate_slots],
                                V (&recurrent)[gate_slots]) {
        const V i = slots[0], f = slots[1], g = slots[2], o = slots[3];
        const V squashed = Functions::tanh(cell);
        const V whole = cell_gradient + hidden_gradient * o * (Real(1) - squashed * squashed);
        projected[0] = whole * g * i * (Real(1) - i);
        projected[1] = whole * previous_cell * f * (Real(1) - f);
        projected[2] = whole * i * (Real(1) - g * g);
        projected[3] = hidden_gradient * squashed * o * (Real(1) - o);
        for (int gate = 0; gate < gates; ++gate) recurrent[gate] = projected[gate];
        cell_gradient = whole * f;
        hidden_gradient = V{};
    }
};

/// Slots: a_r, a_z, q and projected_n before, r, z, q, n after the step.
template <class Real, class Functions>
struct GruCell {
    using V = typename Functions::Value;
    static constexpr int gates = 3;
    static constexpr bool has_cell = false;

    ELM_HD static void forward(V (&slots)[gate_slots], V& hidden, V& /*cell*/) {
        slots[0] = Functions::sigmoid(slots[0]);
        slots[1] = Functions::sigmoid(slots[1]);
        slots[3] = Functions::tanh(slots[3] + slots[0] * slots[2]);
        hidden = (Real(1) - slots[1]) * slots[3] + slots[1] * hidden;
    }

    ELM_HD static void backward(const V (&slots)[gate_slots], const V& /*cell*/,
                                const V& previous_hidden, const V& /*previous_cell*/,
                                V& hidden_gradient, V& /*cell_gradient*/,
                                V (&projected)[gate_slots], V (&recurrent)[gate_slots]) {
        const V r = slots[0], z = slots[1], q = slots[2], n = slots[3];
        projected[2] = hidden_gradient * (Real(1) - z) * (Real(1) - n * n);
        projected[0] = projected[2] * q * r * (Real(1) - r);
        projected[1] = hidden_gradient * (previous_hidden - n) * z * (Real(1) - z);
        recurrent[0] = projected[0];
        recurrent[1] = projected[1];
        recurrent[2] = projected[2] * r;
        hidden_gradient = hidden_gradient * z;
    }
};

}  // namespace elm
