: Persistent potassium current: g m^2 h (V - ek)

NEURON {
    THREADSAFE
    SUFFIX K_Pst
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
    ik = gbar * m * m * h * (v - ek)
}

DERIVATIVE states {
    rates(v)
    m' = (m_inf - m) / m_tau
    h' = (h_inf - h) / h_tau
}

PROCEDURE rates(v (mV)) {
    LOCAL x, q
    q = 2.952882641412121 : 2.3^((34 - 21) / 10)
    m_inf = 1 / (1 + exp(-(v + 11) / 12))
    if (v < -60) {
        m_tau = (1.25 + 175.03 * exp(0.026 * (v + 10))) / q
    } else {
        m_tau = (1.25 + 13 * exp(-0.026 * (v + 10))) / q
    }
    x = (v + 85) / 48
    h_inf = 1 / (1 + exp((v + 64) / 11))
    h_tau = (360 + (1010 + 24 * (v + 65)) * exp(-x * x)) / q
}
