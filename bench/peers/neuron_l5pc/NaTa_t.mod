: Fast sodium current of the axon: g m^3 h (V - ena)

NEURON {
    THREADSAFE
    SUFFIX NaTa_t
    USEION na READ ena WRITE ina
    RANGE gbar
}

PARAMETER {
    gbar = 0 (S/cm2)
}

ASSIGNED {
    v (mV)
    ena (mV)
    ina (mA/cm2)
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
    ina = gbar * m * m * m * h * (v - ena)
}

DERIVATIVE states {
    rates(v)
    m' = (m_inf - m) / m_tau
    h' = (h_inf - h) / h_tau
}

PROCEDURE rates(v (mV)) {
    LOCAL a, b, q
    q = 2.952882641412121 : 2.3^((34 - 21) / 10)
    a = 0.182 * linoid(v + 38, 6)
    b = 0.124 * linoid(-(v + 38), 6)
    m_inf = a / (a + b)
    m_tau = 1 / (a + b) / q
    a = 0.015 * linoid(-(v + 66), 6)
    b = 0.015 * linoid(v + 66, 6)
    h_inf = a / (a + b)
    h_tau = 1 / (a + b) / q
}

INCLUDE "linoid.inc"
