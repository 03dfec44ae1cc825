: Calcium under the membrane:
:   d cai / dt = -1e4 gamma ica / (2 F depth) - (cai - minimum) / decay
: with ica in mA/cm2, depth in um, F = 96485.3321233100184 C/mol

NEURON {
    THREADSAFE
    SUFFIX CaDynamics_E2
    USEION ca READ ica WRITE cai
    RANGE gamma, decay
}

PARAMETER {
    gamma = 0.05
    decay = 80 (ms)
    depth = 0.1 (um)
    minimum = 1e-4 (mM)
}

ASSIGNED {
    ica (mA/cm2)
}

STATE {
    cai (mM)
}

BREAKPOINT {
    SOLVE states METHOD cnexp
}

DERIVATIVE states {
    cai' = -1e4 * gamma * ica / (2 * 96485.3321233100184 * depth) - (cai - minimum) / decay
}
