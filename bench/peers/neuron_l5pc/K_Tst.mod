: Transient potassium current: g m^4 h (V - ek)

NEURON {
    THREADSAFE
    SUFFIX K_Tst
    USEION k READ ek WRITE ik
    RANGE gbar
}

PARAMETER {
    gbar = 0 (S/cm2)
}

ASSIGNED {
    v (mV)
    ek (mV)
    ik (mA/cm2)
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
    ik = gbar * m * m * m * m * h * (v - ek)
}

DERIVATIVE states {
    rates(v)
    m' = (m_inf - m) / m_tau
    h' = (h_inf - h) / h_tau
}

PROCEDURE rates(v (mV)) {
    LOCAL x, y, q
    q = 2.952882641412121 : 2.3^((34 - 21) / 10)
    x = (v + 81) / 59
    y = (v + 83) / 23
    m_inf = 1 / (1 + exp(-(v + 10) / 19))
    m_tau = (0.34 + 0.92 * exp(-x * x)) / q
    h_inf = 1 / (1 + exp((v + 76) / 10))
    h_tau = (8 + 49 * exp(-y * y)) / q
}
