"""Spikes of the squid axon's channels at several temperatures, by NEURON's own mechanism hh.

One compartment of 20 um by 20 um (the membrane of a sphere of 20 um), 0.2 nA from 5 to 45 ms. Prints,
for each temperature, the times in ms at which the voltage rises through -20 mV, with the variable
step at a tolerance of 1e-9: the figures of tests/program/cell_temperature_test.cpp.

    pip install neuron==9.0.2
    python3 squid_temperature.py
"""

from neuron import h

h.load_file("stdrun.hoc")
soma = h.Section(name="soma")
soma.L = soma.diam = 20
soma.cm = 1
soma.Ra = 35.4
soma.insert("hh")
soma.ena, soma.ek = 50, -77
h.usetable_hh = 0
clamp = h.IClamp(soma(0.5))
clamp.delay, clamp.dur, clamp.amp = 5, 40, 0.2
times = h.Vector()
counter = h.NetCon(soma(0.5)._ref_v, None, sec=soma)
counter.threshold = -20
counter.record(times)
h.CVode().active(True)
h.CVode().atol(1e-9)
for celsius in (6.3, 12, 18.5, 25, 30, 40):
    h.celsius = celsius
    h.finitialize(-65)
    h.continuerun(55)
    print(celsius, len(times), " ".join(f"{t:.3f}" for t in times))
