#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "network/interchange/nir/nir_numbers.h"

/// One step of one node, in the equations of nir_engine.h. x: what comes in; y: what goes out.
namespace elm::network {

/// A node ready to be evaluated. Values of all nodes stand in one array.
template <class Real>
struct CompiledNode {
    NirKind kind = NirKind::input;
    bool has_state = false, spikes = false, waits = false;
    std::int64_t size = 0, input_size = 0, first = 0;
    std::vector<std::int64_t> from;  // where what comes in begins
    std::int64_t state = 0;          // where v, I or the slots of a Delay begin
    NodeNumbers<Real> numbers;
};

/// y = b + W x: elements of x that are 0 cost nothing.
template <class Real>
void connect(const CompiledNode<Real>& node, const Real* x, Real* y) {
    const NodeNumbers<Real>& n = node.numbers;
    if (n.bias.empty()) {
        std::fill_n(y, node.size, Real(0));
    } else {
        std::copy(n.bias.begin(), n.bias.end(), y);
    }
    for (std::int64_t j = 0; j < node.input_size; ++j) {
        const Real value = x[j];
        if (value == Real(0)) continue;
        const std::int64_t begin = n.begins[static_cast<std::size_t>(j)];
        const std::int64_t end = n.begins[static_cast<std::size_t>(j) + 1];
        const Real* const weights = n.weights.data() + begin;
        if (n.targets.empty()) {
            for (std::int64_t k = 0; k < end - begin; ++k) y[k] += weights[k] * value;
            continue;
        }
        const std::int32_t* const targets = n.targets.data() + begin;
        for (std::int64_t k = 0; k < end - begin; ++k) y[targets[k]] += weights[k] * value;
    }
}

/// v and I follow the input x; y is v, or the spikes.
template <class Real>
void step_neurons(const CompiledNode<Real>& node, const Real* x, Real* state, Real* y) {
    const NodeNumbers<Real>& n = node.numbers;
    Real* const v = state;
    if (!n.a_syn.empty()) {
        Real* const current = state + node.size;
        for (std::int64_t i = 0; i < node.size; ++i) {
            const auto k = static_cast<std::size_t>(i);
            current[i] += n.a_syn[k] * (n.w_in[k] * x[i] - current[i]);
        }
        x = current;
    }
    if (n.a_mem.empty()) {
        for (std::int64_t i = 0; i < node.size; ++i)
            v[i] += n.r[static_cast<std::size_t>(i)] * x[i];
    } else {
        for (std::int64_t i = 0; i < node.size; ++i) {
            const auto k = static_cast<std::size_t>(i);
            v[i] += n.a_mem[k] * ((n.v_leak[k] - v[i]) + n.r[k] * x[i]);
        }
    }
    if (!node.spikes) {
        std::copy_n(v, node.size, y);
        return;
    }
    for (std::int64_t i = 0; i < node.size; ++i) {
        const auto k = static_cast<std::size_t>(i);
        const bool spike = v[i] > n.threshold[k];
        y[i] = spike ? Real(1) : Real(0);
        v[i] = spike ? n.reset[k] : v[i];
    }
}

/// What goes out of a Delay in `step`: what came in `delay` steps before, 0 before the first.
template <class Real>
void read_slots(const CompiledNode<Real>& node, const Real* slots, std::int64_t step, Real* y) {
    const NodeNumbers<Real>& n = node.numbers;
    for (std::int64_t i = 0; i < node.size; ++i) {
        const std::int64_t delay = n.delay[static_cast<std::size_t>(i)];
        if (delay == 0) continue;
        y[i] = step < delay ? Real(0) : slots[(step - delay) % n.slots * node.size + i];
    }
}

template <class Real>
void write_slots(const CompiledNode<Real>& node, const Real* x, std::int64_t step, Real* slots) {
    if (node.numbers.slots == 0) return;
    std::copy_n(x, node.size, slots + step % node.numbers.slots * node.size);
}

}  // namespace elm::network
