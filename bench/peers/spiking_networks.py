"""Standard spiking networks in Brian2 (C++ standalone) and NEST, beside `elmsim network bench`.

Each case runs in a process of its own, so that no simulator inherits another's threads. One JSON line
a case: wall seconds per second of the network (simulation alone, and building it), mean rates.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time

N_E, N_I, P = 3200, 800, 0.02  # Brette et al. 2007, benchmarks 1 and 2


def brian2_case(network, seconds, threads, seed):
    import brian2 as b
    from brian2 import ms, mV, nS, pF, second

    folder = tempfile.mkdtemp()
    b.set_device("cpp_standalone", directory=folder, build_on_run=False)
    b.prefs.devices.cpp_standalone.openmp_threads = 0 if threads == 1 else threads
    b.prefs.codegen.cpp.extra_compile_args_gcc = ["-O3", "-march=native", "-ffast-math", "-std=c++11"]
    b.defaultclock.dt = 0.1 * ms
    b.seed(seed)
    if network == "cuba":
        equations = """dv/dt = (ge + gi - (v + 49*mV)) / (20*ms) : volt (unless refractory)
                       dge/dt = -ge / (5*ms) : volt
                       dgi/dt = -gi / (10*ms) : volt"""
        group = b.NeuronGroup(N_E + N_I, equations, threshold="v > -50*mV", reset="v = -60*mV",
                              refractory=5 * ms, method="exact")
        group.v = "-60*mV + rand() * 10*mV"
        weights = (1.62 * mV, -9 * mV)
    else:
        equations = """dv/dt = (10*nS*(-60*mV - v) + ge*(0*mV - v) + gi*(-80*mV - v)) / (200*pF)
                       : volt (unless refractory)
                       dge/dt = -ge / (5*ms) : siemens
                       dgi/dt = -gi / (10*ms) : siemens"""
        group = b.NeuronGroup(N_E + N_I, equations, threshold="v > -50*mV", reset="v = -60*mV",
                              refractory=5 * ms, method="exponential_euler")
        group.v = "-60*mV + (randn() * 5 - 5)*mV"
        group.ge = "(randn() * 1.5 + 4) * 10*nS"
        group.gi = "(randn() * 12 + 20) * 10*nS"
        weights = (6 * nS, 67 * nS)
    excitatory = b.Synapses(group, group, on_pre="ge += w", namespace={"w": weights[0]})
    inhibitory = b.Synapses(group, group, on_pre="gi += w", namespace={"w": weights[1]})
    excitatory.connect(f"i < {N_E}", p=P)
    inhibitory.connect(f"i >= {N_E}", p=P)
    spikes = b.SpikeMonitor(group)
    b.run(seconds * second)
    b.device.build(directory=folder, run=False)
    start = time.perf_counter()
    b.device.run(directory=folder, with_output=False, run_args=[])
    total = time.perf_counter() - start
    loop = b.device._last_run_time  # the loop of the program, without start and synapses
    times, ids = spikes.t / second, spikes.i
    late = times > min(0.5, seconds / 2)
    rates = [float(late[ids < N_E].sum()), float(late[ids >= N_E].sum())]
    span = seconds - min(0.5, seconds / 2)
    shutil.rmtree(folder, ignore_errors=True)
    return loop, total - loop, {"excitatory": rates[0] / N_E / span, "inhibitory": rates[1] / N_I / span}


def nest_pair(nest, network):
    """The populations of a network of two, connected."""
    if network == "brunel":
        n = (10000, 2500)
        parameters = dict(tau_m=20.0, E_L=0.0, V_th=20.0, V_reset=10.0, t_ref=2.0, C_m=1.0)
        populations = [nest.Create("iaf_psc_delta", k, parameters) for k in n]
        for population in populations:
            population.V_m = nest.random.uniform(0.0, 20.0)
            noise = nest.Create("poisson_generator", params={"rate": 20000.0})
            nest.Connect(noise, population, syn_spec={"weight": 0.1, "delay": 1.5})
        rules = [{"rule": "fixed_indegree", "indegree": k} for k in (1000, 250)]
        weights, delay = (0.1, -0.5), 1.5
    else:
        n = (N_E, N_I)
        common = dict(C_m=200.0, V_th=-50.0, V_reset=-60.0, t_ref=5.0, tau_syn_ex=5.0, tau_syn_in=10.0)
        if network == "cuba":
            populations = [nest.Create("iaf_psc_exp", k, dict(common, tau_m=20.0, E_L=-49.0)) for k in n]
            for population in populations:
                population.V_m = nest.random.uniform(-60.0, -50.0)
            weights = (16.2, -90.0)
        else:
            parameters = dict(common, g_L=10.0, E_L=-60.0, E_ex=0.0, E_in=-80.0)
            populations = [nest.Create("iaf_cond_exp", k, parameters) for k in n]
            for population in populations:
                population.V_m = nest.random.normal(-65.0, 5.0)
                population.g_ex = nest.math.max(nest.random.normal(40.0, 15.0), 0.0)
                population.g_in = nest.math.max(nest.random.normal(200.0, 120.0), 0.0)
            weights = (6.0, -67.0)
        rules = [{"rule": "pairwise_bernoulli", "p": P}] * 2
        delay = 0.1
    for source, rule, weight in zip(populations, rules, weights):
        for target in populations:
            nest.Connect(source, target, rule, {"weight": weight, "delay": delay})
    return dict(zip(("excitatory", "inhibitory"), populations))


def nest_microcircuit(nest, scale):
    """Potjans & Diesmann 2014, with numbers of neurons and synapses scaled alike."""
    names = ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]
    size = [20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948]
    external = [1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100]
    rate = [0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829]
    start = [(-68.28, 5.36), (-63.16, 4.57), (-63.33, 4.74), (-63.45, 4.94),
             (-63.11, 4.94), (-61.66, 4.55), (-66.72, 5.46), (-61.43, 4.48)]
    probability = [[.1009, .1689, .0437, .0818, .0323, 0, .0076, 0],
                   [.1346, .1371, .0316, .0515, .0755, 0, .0042, 0],
                   [.0077, .0059, .0497, .1350, .0067, .0003, .0453, 0],
                   [.0691, .0029, .0794, .1597, .0033, 0, .1057, 0],
                   [.1004, .0622, .0505, .0057, .0831, .3726, .0204, 0],
                   [.0548, .0269, .0257, .0022, .0600, .3158, .0086, 0],
                   [.0156, .0066, .0211, .0166, .0572, .0197, .0396, .2252],
                   [.0364, .0010, .0034, .0005, .0277, .0080, .0658, .1443]]
    unit, tau = 87.8085, 0.5
    mean = lambda to, of: (-4 if of % 2 else 2 if (to, of) == (0, 2) else 1) * unit
    total = lambda to, of: math.log1p(-probability[to][of]) / math.log1p(-1 / (size[to] * size[of]))
    populations = []
    for to in range(8):
        missing = sum(mean(to, of) * round(total(to, of)) / size[to] * rate[of] for of in range(8))
        current = 0.001 * tau * (1 - math.sqrt(scale)) * (missing + unit * external[to] * 8)
        population = nest.Create("iaf_psc_exp", round(size[to] * scale), dict(
            tau_m=10.0, C_m=250.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0,
            tau_syn_ex=tau, tau_syn_in=tau, I_e=current))
        population.V_m = nest.random.normal(*start[to])
        noise = nest.Create("poisson_generator", params={"rate": 8.0 * external[to] * scale})
        nest.Connect(noise, population, syn_spec={"weight": unit / math.sqrt(scale), "delay": 1.5})
        populations.append(population)
    for to in range(8):
        for of in range(8):
            if probability[to][of] == 0:
                continue
            w = mean(to, of) / math.sqrt(scale)
            weight = nest.random.normal(w, abs(0.1 * w))
            weight = nest.math.min(weight, 0.0) if w < 0 else nest.math.max(weight, 0.0)
            d = 0.75 if of % 2 else 1.5
            delay = nest.math.redraw(nest.random.normal(d, d / 2), min=0.05, max=1e6)
            nest.Connect(populations[of], populations[to],
                         {"rule": "fixed_total_number", "N": round(round(total(to, of)) * scale * scale)},
                         {"weight": weight, "delay": delay})
    return dict(zip(names, populations))


def nest_case(network, seconds, threads, seed):
    import nest

    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.resolution = 0.1
    nest.local_num_threads = threads
    nest.rng_seed = seed
    start = time.perf_counter()
    if network == "microcircuit":
        populations = nest_microcircuit(nest, 0.1)
    else:
        populations = nest_pair(nest, network)
    recorders = {}
    for name, population in populations.items():
        recorders[name] = nest.Create("spike_recorder", params={"start": min(500.0, 500 * seconds)})
        nest.Connect(population, recorders[name])
    nest.Prepare()
    nest.Run(nest.min_delay)  # also moves the synapses to their places
    build = time.perf_counter() - start
    start = time.perf_counter()
    nest.Run(1000.0 * seconds - nest.min_delay)
    loop = time.perf_counter() - start
    nest.Cleanup()
    span = seconds - min(0.5, seconds / 2)
    return loop, build, {name: recorder.n_events / len(populations[name]) / span
                         for name, recorder in recorders.items()}


def ours_case(elmsim, network, seconds, threads):
    command = [elmsim, "network", "bench", network, "--seconds", str(seconds), "--threads",
               str(threads), "--json", "--quiet"]
    if network == "microcircuit":
        command += ["--scale", "0.1"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return result["simulate_seconds"], result["build_seconds"], result["rates_hz"]


def run_alone(program, network, seconds, threads, seed, elmsim):
    """A case in a new process, as a line of JSON."""
    if program == "elmsim":
        loop, build, rates = ours_case(elmsim, network, seconds, threads)
    else:
        command = [sys.executable, os.path.abspath(__file__), "--alone", program, network, str(seconds),
                   str(threads), str(seed)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{program} {network}: {done.stderr[-2000:]}")
        loop, build, rates = json.loads(done.stdout.strip().splitlines()[-1])
    return {"program": program, "network": network, "threads": threads, "seconds": seconds,
            "wall_s_per_s": loop / seconds, "build_s": build,
            "rates_hz": {name: round(rate, 3) for name, rate in rates.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", nargs="+", default=["elmsim", "brian2", "nest"])
    parser.add_argument("--networks", nargs="+", default=["cuba", "coba", "brunel", "microcircuit"])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--elmsim", default="build/release/elmsim")
    parser.add_argument("--seed", type=int, default=1, help="of NEST and Brian2; COBA dies at once with some")
    parser.add_argument("--alone", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        program, network, seconds, threads, seed = options.alone
        case = {"brian2": brian2_case, "nest": nest_case}[program]
        print(json.dumps(case(network, float(seconds), int(threads), int(seed))))
        return
    for round_number in range(options.rounds):
        for network in options.networks:
            for program in options.programs:
                if program == "brian2" and network not in ("cuba", "coba"):
                    continue
                for threads in options.threads:
                    line = run_alone(program, network, options.seconds, threads, options.seed, options.elmsim)
                    print(json.dumps({"round": round_number, **line}), flush=True)


if __name__ == "__main__":
    main()
