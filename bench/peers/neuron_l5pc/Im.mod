: Muscarinic potassium current: g m (V - ek)

NEURON {
    THREADSAFE
    SUFFIX Im
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
    ik = gbar * m * (v - ek)
}

DERIVATIVE states {
    rates(v)
    m' = (m_inf - m) / m_tau
}

PROCEDURE rates(v (mV)) {
    LOCAL a, b, q
    q = 2.952882641412121 : 2.3^((34 - 21) / 10)
    a = 0.0033 * exp(0.1 * (v + 35))
    b = 0.0033 * exp(-0.1 * (v + 35))
    m_inf = a / (a + b)
    m_tau = 1 / (a + b) / q
}
