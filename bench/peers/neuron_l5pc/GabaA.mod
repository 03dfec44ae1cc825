: Inhibitory synapse: i = gmax (decay - rise) (V + 80)
: An event adds to both states so that it peaks at gmax.

NEURON {
    THREADSAFE
    POINT_PROCESS GabaA
    NONSPECIFIC_CURRENT i
    RANGE gmax
}

PARAMETER {
    gmax = 0.001 (uS)
    rise_tau = 0.2 (ms)
    decay_tau = 8 (ms)
    e = -80 (mV)
}

ASSIGNED {
    v (mV)
    i (nA)
    event_factor
}

STATE {
    rise
    decay
}

INITIAL {
    rise = 0
    decay = 0
    event_factor = factor(rise_tau, decay_tau)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = gmax * (decay - rise) * (v - e)
}

DERIVATIVE states {
    rise' = -rise / rise_tau
    decay' = -decay / decay_tau
}

NET_RECEIVE(weight) {
    rise = rise + weight * event_factor
    decay = decay + weight * event_factor
}

INCLUDE "factor.inc"
