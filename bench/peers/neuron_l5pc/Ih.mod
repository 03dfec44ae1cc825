: Cation current that opens with hyperpolarisation: g m (V + 45)

NEURON {
    THREADSAFE
    SUFFIX Ih
    NONSPECIFIC_CURRENT i
    RANGE gbar
}

PARAMETER {
    gbar = 0 (S/cm2)
}

ASSIGNED {
    v (mV)
    i (mA/cm2)
    m_inf
    m_tau (ms)
}

STATE {
    m
}

INITIAL {
    rates(v)
    m = m_inf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = gbar * m * (v + 45)
}

DERIVATIVE states {
    rates(v)
    m' = (m_inf - m) / m_tau
}

PROCEDURE rates(v (mV)) {
    LOCAL a, b
    a = 0.00643 * linoid(-(v + 154.9), 11.9)
    b = 0.193 * exp(v / 33.1)
    m_inf = a / (a + b)
    m_tau = 1 / (a + b)
}

INCLUDE "linoid.inc"
