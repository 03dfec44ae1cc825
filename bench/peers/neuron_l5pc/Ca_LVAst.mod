: Calcium current of low threshold: g m^2 h (V - eca)

NEURON {
    THREADSAFE
    SUFFIX Ca_LVAst
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
    LOCAL q
    q = 2.952882641412121 : 2.3^((34 - 21) / 10)
    m_inf = 1 / (1 + exp(-(v + 40) / 6))
    m_tau = (5 + 20 / (1 + exp((v + 35) / 5))) / q
    h_inf = 1 / (1 + exp((v + 90) / 6.4))
    h_tau = (20 + 50 / (1 + exp((v + 50) / 7))) / q
}
