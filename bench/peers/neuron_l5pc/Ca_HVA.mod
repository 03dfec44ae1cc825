: Calcium current of high threshold: g m^2 h (V - eca)

NEURON {
    THREADSAFE
    SUFFIX Ca_HVA
    USEION ca READ eca WRITE ica
    RANGE gbar
}

PARAMETER {
    gbar = 0 (S/cm2)
}

ASSIGNED {
    v (mV)
    eca (mV)
    ica (mA/cm2)
    m_inf
    m_tau (ms)
    h_inf
    h_tau (ms)
}

STATE {
    m
    h
}

INITIAL {
    rates(v)
    m = m_inf
    h = h_inf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ica = gbar * m * m * h * (v - eca)
}

DERIVATIVE states {
    rates(v)
    m' = (m_inf - m) / m_tau
    h' = (h_inf - h) / h_tau
}

PROCEDURE rates(v (mV)) {
    LOCAL a, b
    a = 0.055 * linoid(v + 27, 3.8)
    b = 0.94 * exp(-(v + 75) / 17)
    m_inf = a / (a + b)
    m_tau = 1 / (a + b)
    a = 0.000457 * exp(-(v + 13) / 50)
    b = 0.0065 / (1 + exp(-(v + 15) / 28))
    h_inf = a / (a + b)
    h_tau = 1 / (a + b)
}

INCLUDE "linoid.inc"
