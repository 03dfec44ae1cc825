: Persistent sodium current: g m^3 h (V - ena)

NEURON {
    THREADSAFE
    SUFFIX Nap_Et2
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
    m_inf = 1 / (1 + exp(-(v + 52.6) / 4.6))
    m_tau = 6 / (a + b) / q
    a = 2.88e-6 * linoid(-(v + 17), 4.63)
    b = 6.94e-6 * linoid(v + 64.4, 2.63)
    h_inf = 1 / (1 + exp((v + 48.8) / 10))
    h_tau = 1 / (a + b) / q
}

INCLUDE "linoid.inc"
