#pragma once

#include "neuron/point/izhikevich.h"

/// Izhikevich's neuron with the numerics of his program of 2003.
///
///     V += h/2 V'(V, u),  twice;  then u += h a (b V - u) with the new V
///
/// Equations, symbols and source as in izhikevich.h. Synaptic events are currents that flow in the
/// one step at whose end they arrive. Meant for steps of 1 ms; as NEST's izhikevich without
/// consistent_integration.
namespace elm {

struct Izhikevich2003 : IzhikevichEquations {
    static constexpr const char* name = "izhikevich_2003";
    static constexpr const char* summary = "quadratic with recovery, the program of 2003";

    static constexpr NeuronQuantity inputs[] = {
        {"synaptic_current", "", 1, "flows during the step in which it arrives"},
        {"current", "", 1, "flows during the step"}};
    template <class V>
    struct Input {
        V synaptic_current, current;
        template <class Self, class Body>
        ELM_HD static constexpr void each(Self& self, const Body& body) {
            body(self.synaptic_current);
            body(self.current);
        }
    };

    template <class Lanes, class V = typename Lanes::Value>
    ELM_HD static void integrate(const Coefficients<V>& c, ResetKind /*reset*/, State<V>& state,
                                 const V& /*spike*/, const Input<V>& input) {
        using Real = typename Lanes::Real;
        V& v = state.membrane_potential;
        const V current = c.constant_current + input.current + input.synaptic_current;
        v = v + Real(0.5) * c.time_step * (slope<Real>(v, current) - state.recovery);
        v = v + Real(0.5) * c.time_step * (slope<Real>(v, current) - state.recovery);
        state.recovery = state.recovery +
                         c.time_step * c.recovery_rate * (c.recovery_coupling * v - state.recovery);
    }
};
using izhikevich_2003_neuron = Izhikevich2003;  // by which neurons.def finds it

static_assert(PointNeuron<Izhikevich2003>);

}  // namespace elm
