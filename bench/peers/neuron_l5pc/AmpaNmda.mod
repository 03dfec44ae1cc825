: Excitatory synapse, two dual-exponential conductances of the same peak:
:   i = gmax ((ampa_decay - ampa_rise) + M(V) (nmda_decay - nmda_rise)) V
:   M(V) = 1 / (1 + exp(-0.08 V) / 3.57)
: An event adds to both states of a conductance so that it peaks at gmax.

NEURON {
    THREADSAFE
    POINT_PROCESS AmpaNmda
    NONSPECIFIC_CURRENT i
    RANGE gmax
}

PARAMETER {
    gmax = 0.0004 (uS)
    ampa_rise_tau = 0.3 (ms)
    ampa_decay_tau = 3 (ms)
    nmda_rise_tau = 2 (ms)
    nmda_decay_tau = 70 (ms)
    e = 0 (mV)
}

ASSIGNED {
    v (mV)
    i (nA)
    ampa_factor
    nmda_factor
}

STATE {
    ampa_rise
    ampa_decay
    nmda_rise
    nmda_decay
}

INITIAL {
    ampa_rise = 0
    ampa_decay = 0
    nmda_rise = 0
    nmda_decay = 0
    ampa_factor = factor(ampa_rise_tau, ampa_decay_tau)
    nmda_factor = factor(nmda_rise_tau, nmda_decay_tau)
}

BREAKPOINT {
    LOCAL magnesium
    SOLVE states METHOD cnexp
    magnesium = 1 / (1 + exp(-0.08 * v) / 3.57)
    i = gmax * ((ampa_decay - ampa_rise) + magnesium * (nmda_decay - nmda_rise)) * (v - e)
}

DERIVATIVE states {
    ampa_rise' = -ampa_rise / ampa_rise_tau
    ampa_decay' = -ampa_decay / ampa_decay_tau
    nmda_rise' = -nmda_rise / nmda_rise_tau
    nmda_decay' = -nmda_decay / nmda_decay_tau
}

NET_RECEIVE(weight) {
    ampa_rise = ampa_rise + weight * ampa_factor
    ampa_decay = ampa_decay + weight * ampa_factor
    nmda_rise = nmda_rise + weight * nmda_factor
    nmda_decay = nmda_decay + weight * nmda_factor
}

INCLUDE "factor.inc"
