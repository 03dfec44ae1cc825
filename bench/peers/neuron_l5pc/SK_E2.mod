: Potassium current that calcium opens: g z (V - ek)

NEURON {
    THREADSAFE
    SUFFIX SK_E2
    USEION k READ ek WRITE ik
    USEION ca READ cai
    RANGE gbar
}

PARAMETER {
    gbar = 0 (S/cm2)
    z_tau = 1 (ms)
}

ASSIGNED {
    v (mV)
    ek (mV)
    ik (mA/cm2)
    cai (mM)
    z_inf
}

STATE {
    z
}

INITIAL {
    rates(cai)
    z = z_inf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ik = gbar * z * (v - ek)
}

DERIVATIVE states {
    rates(cai)
    z' = (z_inf - z) / z_tau
}

PROCEDURE rates(cai (mM)) {
    LOCAL calcium
    calcium = cai
    if (calcium < 1e-7) {
        calcium = calcium + 1e-7
    }
    z_inf = 1 / (1 + (0.00043 / calcium)^4.8)
}
