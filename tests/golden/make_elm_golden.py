#!/usr/bin/env python3
"""Writes elm_small.h5: small ELM cases in float64, forward and (for some) gradients.

Model (Spieler et al., The Expressive Leaky Memory Neuron, ICLR 2024, arXiv 2306.16922), with
phi(x) = 1.7159 tanh(2x/3):
  v1:  s_t = k_s s_{t-1} + w_s x_t ;  b_t = sum of s_t over each branch
       d_t = phi(MLP([b_t, k_m m_{t-1}])) ;  m_t = k_m m_{t-1} + lambda (1 - k_m) d_t
  v2:  b_t = k_b b_{t-1} + sum over each branch of (w_s x_t)
       d_t as above ;  m_t = k_m m_{t-1} + (1 - exp(-lambda delta_t / tau_m)) d_t
  both: y_t = W_y m_t + c_y ;  k = exp(-delta_t / max(tau, 1e-6)) ;  all states start at 0.

Two programs stand here, written apart: a numpy one (sample by sample, step by step, sums without
BLAS), whose numbers are stored, and a PyTorch one, whose autograd gives the gradients. Both must
agree to 1e-13, relative to the largest value.

  make_elm_golden.py                 write elm_small.h5 beside this file (or at --output)
  make_elm_golden.py --check FILE    compare every case of FILE with both programs; write nothing
"""

import argparse
import math
import pathlib
import sys

import h5py
import numpy as np

AGREEMENT = 1e-13  # largest difference over largest value, float64
KINK_DISTANCE = 2e-5  # a ReLU argument nearer to 0 makes gradients depend on rounding
PHI_SCALE = 1.7159
PHI_SLOPE = 2.0 / 3.0
SMALLEST_TAU = 1e-6  # ms

# ---------------------------------------------------------------------------------------- the cases


def case(
    name,
    version,
    routing,
    n_input,
    n_branch,
    n_synapse,
    n_memory,
    n_output,
    hidden,
    activation,
    batch,
    time,
    **more,
):
    """hidden: (number of hidden layers, their size)."""
    settings = dict(
        name=name,
        elm_version=version,
        input_to_synapse_routing=routing,
        num_input=n_input,
        num_branch=n_branch,
        num_synapse_per_branch=n_synapse,
        num_memory=n_memory,
        num_output=n_output,
        mlp_num_layers=hidden[0],
        mlp_hidden_size=hidden[1],
        mlp_activation=activation,
        batch=batch,
        time=time,
        delta_t=1.0,
        lambda_value=5.0,
        memory_tau_min=1.0,
        memory_tau_max=150.0,
        learn_memory_tau=False,
        tau=5.0,
        unequal_tau=False,
        infinite_proto_tau=False,
        input_kind="real",
        gradients=False,
    )
    unknown = set(more) - set(settings)
    if unknown:
        raise SystemExit(f"error: case {name}: unknown settings {sorted(unknown)}")
    settings.update(more)
    return settings


# Each case has its own seed, its place in this list: append, never insert.
# fmt: off
CASES = [
    case("v1_smallest", 1, "none", 1, 1, 1, 1, 1, (1, 2), "relu", 1, 1, gradients=True),
    case("v1_plain_no_hidden_layer", 1, "none", 7, 7, 1, 3, 2, (0, 6), "relu", 2, 17,
         learn_memory_tau=True, gradients=True),
    case("v1_plain_unequal_tau_long", 1, "none", 2, 2, 1, 3, 2, (1, 6), "silu", 1, 200,
         unequal_tau=True, memory_tau_max=500.0),
    case("v1_random_two_hidden_layers", 1, "random_routing", 65, 6, 5, 9, 4, (2, 11), "silu", 2, 12,
         delta_t=0.5, learn_memory_tau=True, gradients=True),
    case("v1_random_three_hidden_layers", 1, "random_routing", 7, 4, 3, 17, 1, (3, 8), "relu", 3,
         17, delta_t=2.0, unequal_tau=True, infinite_proto_tau=True, learn_memory_tau=True,
         memory_tau_max=1000.0, gradients=True),
    case("v1_neuronio_sparse", 1, "neuronio_routing", 64, 8, 10, 17, 2, (1, 34), "silu", 1, 15,
         input_kind="sparse"),
    case("v1_neuronio_unequal_tau", 1, "neuronio_routing", 26, 5, 6, 5, 2, (1, 10), "relu", 5, 8,
         unequal_tau=True, learn_memory_tau=True, input_kind="sparse", gradients=True),
    case("v1_neuronio_wide_memory", 1, "neuronio_routing", 34, 4, 10, 33, 2, (1, 66), "relu", 4, 5,
         input_kind="sparse"),
    case("v1_random_one_memory_unit", 1, "random_routing", 65, 3, 7, 1, 2, (1, 2), "silu", 2, 12,
         lambda_value=2.5, tau=12.0),
    case("v2_plain_one_step", 2, "none", 7, 7, 1, 3, 3, (1, 6), "silu", 5, 1, learn_memory_tau=True,
         gradients=True),
    case("v2_plain_unequal_tau", 2, "none", 7, 7, 1, 5, 2, (0, 10), "relu", 2, 28, delta_t=2.0,
         unequal_tau=True, learn_memory_tau=True, gradients=True),
    case("v2_random_half_step", 2, "random_routing", 65, 7, 9, 17, 2, (1, 12), "relu", 2, 13,
         delta_t=0.5, learn_memory_tau=True, gradients=True),
    case("v2_neuronio_sparse", 2, "neuronio_routing", 66, 5, 16, 33, 2, (1, 20), "silu", 1, 15,
         input_kind="sparse"),
    case("v2_plain_long", 2, "none", 1, 1, 1, 3, 2, (2, 5), "relu", 2, 200, lambda_value=1.0,
         infinite_proto_tau=True, learn_memory_tau=True, memory_tau_max=1000.0, gradients=True),
    case("v2_random_three_hidden_layers", 2, "random_routing", 7, 3, 4, 1, 1, (3, 6), "silu", 4, 12,
         unequal_tau=True),
    case("v2_branch_without_routing", 2, "none", 12, 4, 3, 5, 2, (1, 10), "silu", 2, 10,
         memory_tau_min=20.0, memory_tau_max=20.0),
    case("v2_neuronio_unequal_tau", 2, "neuronio_routing", 26, 5, 8, 9, 2, (2, 7), "silu", 2, 10,
         unequal_tau=True, delta_t=0.5, learn_memory_tau=True, input_kind="sparse", gradients=True),
    case("v1_branch_without_routing", 1, "none", 12, 3, 4, 5, 2, (1, 9), "relu", 1, 14, delta_t=2.0,
         memory_tau_min=0.5),
]
# fmt: on


def on_grid(values, step):
    """Rounds to multiples of a power of two: exact in float32 too, and small when compressed."""
    return np.round(np.asarray(values, dtype=np.float64) / step) * step


def neuronio_synapses(n_input, n_branch, n_synapse):
    """Branch j takes n_synapse entries of e0 i0 e1 i1 ... from j * ceil(n_input / n_branch) on."""
    half = n_input // 2
    interleaved = []
    for pair in range(half):
        interleaved += [pair, half + pair]
    stride = -(-n_input // n_branch)
    assert n_input % 2 == 0 and stride <= n_synapse
    indices, valid = [], []
    for branch in range(n_branch):
        for offset in range(n_synapse):
            place = branch * stride + offset
            valid.append(place < n_input)
            indices.append(interleaved[min(place, n_input - 1)])
    return np.array(indices, dtype=np.int64), np.array(valid, dtype=bool)


def draw_parameters(settings, random):
    n_synapses = settings["num_branch"] * settings["num_synapse_per_branch"]
    parameters = {}
    weights = on_grid(random.normal(0.3, 0.5, n_synapses), 2.0**-10)
    weights[weights == 0] = 2.0**-10
    if settings["num_input"] == 1:
        weights = np.abs(weights)
    parameters["_proto_w_s"] = weights

    n_tau = n_synapses if settings["elm_version"] == 1 else settings["num_branch"]
    tau = np.full(n_tau, settings["tau"])
    if settings["unequal_tau"]:
        tau = on_grid(random.uniform(1.0, 30.0, n_tau), 0.125)
    parameters["tau_s" if settings["elm_version"] == 1 else "tau_b"] = tau

    low, high = settings["memory_tau_min"], settings["memory_tau_max"]
    if settings["elm_version"] == 2:
        high = max(high, low + 3e-6)
    memory_tau = np.logspace(
        math.log10(low + 1e-6), math.log10(high - 1e-6), settings["num_memory"]
    )
    memory_tau = np.clip(memory_tau, low + 1e-6, high - 1e-6)
    proto = on_grid(np.log((memory_tau - low) / (high - memory_tau)), 2.0**-10)
    if settings["infinite_proto_tau"]:
        proto[-1] = np.inf
    parameters["_proto_tau_m"] = proto

    routing = settings["input_to_synapse_routing"]
    if routing == "none":
        assert n_synapses == settings["num_input"]
        indices, valid = np.zeros(0), np.zeros(0)
    elif routing == "random_routing":
        indices = random.integers(0, settings["num_input"], n_synapses)
        valid = np.ones(n_synapses, dtype=np.int64)
    else:
        indices, valid = neuronio_synapses(
            settings["num_input"], settings["num_branch"], settings["num_synapse_per_branch"]
        )
    parameters["input_to_synapse_indices"] = indices
    parameters["valid_indices_mask"] = valid

    widths = [settings["num_branch"] + settings["num_memory"]]
    widths += [settings["mlp_hidden_size"]] * settings["mlp_num_layers"] + [settings["num_memory"]]
    layers = [
        (f"mlp.network.{2 * layer}", widths[layer], widths[layer + 1])
        for layer in range(len(widths) - 1)
    ]
    layers.append(("w_y", settings["num_memory"], settings["num_output"]))
    for name, fan_in, fan_out in layers:
        bound = 1.0 / math.sqrt(fan_in)
        parameters[name + ".weight"] = on_grid(
            random.uniform(-bound, bound, (fan_out, fan_in)), 2.0**-12
        )
        parameters[name + ".bias"] = on_grid(random.uniform(-bound, bound, fan_out), 2.0**-12)
    return parameters


def draw_input(settings, random):
    shape = (settings["batch"], settings["time"], settings["num_input"])
    if settings["input_kind"] == "real":
        return on_grid(random.normal(0.0, 1.0, shape), 2.0**-8)
    # Excitatory channels first (+1), then inhibitory (-1), which hold -0 where there is no spike.
    spikes = (random.random(shape) < 0.12).astype(np.float64)
    spikes[:, :, settings["num_input"] // 2 :] *= -1.0
    return spikes


# ------------------------------------------------------------------------------ numpy, step by step


def numpy_activation(name, values):
    if name == "relu":
        return np.where(values > 0, values, 0.0)
    if name == "silu":
        return values / (1.0 + np.exp(-values))
    raise SystemExit(f"error: unknown mlp_activation {name}")


def numpy_linear(parameters, name, vector):
    return (parameters[name + ".weight"] * vector[None, :]).sum(axis=1) + parameters[name + ".bias"]


def numpy_forward(settings, parameters, inputs):
    """Returns output, memory, trace, branch (batch, time, ...) and the smallest |ReLU argument|."""
    version, delta_t = settings["elm_version"], settings["delta_t"]
    n_branch, n_synapse = settings["num_branch"], settings["num_synapse_per_branch"]
    low, high = settings["memory_tau_min"], settings["memory_tau_max"]
    if version == 2:
        high = max(high, low + 3e-6)
    memory_tau = low + (high - low) / (1.0 + np.exp(-parameters["_proto_tau_m"]))
    memory_decay = np.exp(-delta_t / np.maximum(memory_tau, SMALLEST_TAU))
    if version == 1:
        gain = settings["lambda_value"] * (1.0 - memory_decay)
        trace_decay = np.exp(-delta_t / np.maximum(parameters["tau_s"], SMALLEST_TAU))
    else:
        gain = 1.0 - np.exp(
            -settings["lambda_value"] * delta_t / np.maximum(memory_tau, SMALLEST_TAU)
        )
        trace_decay = np.exp(-delta_t / np.maximum(parameters["tau_b"], SMALLEST_TAU))
    weight = np.maximum(parameters["_proto_w_s"], 0.0)
    routed = settings["input_to_synapse_routing"] != "none"
    nearest_kink = np.inf

    batch, time, _ = inputs.shape
    result = {
        "output": np.zeros((batch, time, settings["num_output"])),
        "memory": np.zeros((batch, time, settings["num_memory"])),
        "trace": np.zeros((batch, time, len(trace_decay))),
        "branch": np.zeros((batch, time, n_branch)),
    }
    for sample in range(batch):
        trace = np.zeros(len(trace_decay))
        memory = np.zeros(settings["num_memory"])
        for step in range(time):
            x = inputs[sample, step]
            if routed:
                x = (
                    x[parameters["input_to_synapse_indices"].astype(np.int64)]
                    * parameters["valid_indices_mask"]
                )
            drive = weight * x
            if version == 1:
                trace = trace_decay * trace + drive
                branch = trace.reshape(n_branch, n_synapse).sum(axis=1)
            else:
                trace = trace_decay * trace + drive.reshape(n_branch, n_synapse).sum(axis=1)
                branch = trace
            decayed = memory_decay * memory
            signal = np.concatenate([branch, decayed])
            for layer in range(settings["mlp_num_layers"]):
                signal = numpy_linear(parameters, f"mlp.network.{2 * layer}", signal)
                nearest_kink = min(nearest_kink, np.abs(signal).min())
                signal = numpy_activation(settings["mlp_activation"], signal)
            signal = numpy_linear(
                parameters, f"mlp.network.{2 * settings['mlp_num_layers']}", signal
            )
            memory = decayed + gain * (PHI_SCALE * np.tanh(PHI_SLOPE * signal))
            result["output"][sample, step] = numpy_linear(parameters, "w_y", memory)
            result["memory"][sample, step] = memory
            result["trace"][sample, step] = trace
            result["branch"][sample, step] = branch
    return result, (nearest_kink if settings["mlp_activation"] == "relu" else np.inf)


# --------------------------------------------------------------------------- PyTorch, whole batches


def torch_run(config, arrays, x, grad_y):
    """The same equations again; with grad_y, also the gradients of sum(y * grad_y)."""
    import torch

    state = {key: torch.tensor(value, dtype=torch.float64) for key, value in arrays.items()}
    trainable = [key for key in state if key == "_proto_w_s" or key.startswith(("mlp.", "w_y."))]
    if config["learn_memory_tau"]:
        trainable.append("_proto_tau_m")
    for key in trainable:
        state[key].requires_grad_(True)
    signal = torch.tensor(x, dtype=torch.float64, requires_grad=True)

    v2 = int(config["elm_version"]) == 2
    dt, lam = float(config["delta_t"]), float(config["lambda_value"])
    tau_lo, tau_hi = float(config["memory_tau_min"]), float(config["memory_tau_max"])
    if v2 and tau_hi < tau_lo + 3e-6:
        tau_hi = tau_lo + 3e-6
    tau_m = torch.sigmoid(state["_proto_tau_m"]) * (tau_hi - tau_lo) + tau_lo
    kappa_m = (-dt / tau_m.clamp(min=SMALLEST_TAU)).exp()
    kappa_in = (-dt / state["tau_b" if v2 else "tau_s"].clamp(min=SMALLEST_TAU)).exp()
    step_size = 1 - (-dt * lam / tau_m.clamp(min=SMALLEST_TAU)).exp() if v2 else lam * (1 - kappa_m)

    synapse_input = signal
    if config["input_to_synapse_routing"] != "none":
        synapse_input = (
            signal.index_select(2, state["input_to_synapse_indices"].long())
            * state["valid_indices_mask"]
        )
    currents = synapse_input * torch.relu(state["_proto_w_s"])
    rows, shape = (
        signal.shape[0],
        (signal.shape[0], int(config["num_branch"]), int(config["num_synapse_per_branch"])),
    )
    squash = {"relu": torch.relu, "silu": torch.nn.functional.silu}[config["mlp_activation"]]

    filtered = torch.zeros(rows, kappa_in.numel(), dtype=torch.float64)
    m = torch.zeros(rows, int(config["num_memory"]), dtype=torch.float64)
    seen = {"output": [], "memory": [], "trace": [], "branch": []}
    for current in currents.unbind(1):
        if v2:
            b = filtered = filtered * kappa_in + current.view(shape).sum(-1)
        else:
            filtered = filtered * kappa_in + current
            b = filtered.view(shape).sum(-1)
        held = m * kappa_m
        z = torch.cat((b, held), dim=-1)
        last = int(config["mlp_num_layers"])
        for depth in range(last + 1):
            z = torch.nn.functional.linear(
                z, state[f"mlp.network.{2 * depth}.weight"], state[f"mlp.network.{2 * depth}.bias"]
            )
            if depth < last:
                z = squash(z)
        m = torch.addcmul(held, step_size.expand_as(held), PHI_SCALE * torch.tanh(z * PHI_SLOPE))
        y = torch.nn.functional.linear(m, state["w_y.weight"], state["w_y.bias"])
        for key, value in zip(seen, (y, m, filtered, b), strict=True):
            seen[key].append(value)
    stacked = {key: torch.stack(values, dim=1) for key, values in seen.items()}
    found = {key: value.detach().numpy() for key, value in stacked.items()}
    if grad_y is None:
        return found, {}
    (stacked["output"] * torch.tensor(grad_y, dtype=torch.float64)).sum().backward()
    gradients = {key: state[key].grad.numpy() for key in trainable if state[key].grad is not None}
    missing = set(trainable) - set(gradients)
    if missing:
        raise SystemExit(f"error: no gradient for {sorted(missing)}")
    return found, {
        "grad_input": signal.grad.numpy(),
        **{"gradients/" + key: value for key, value in gradients.items()},
    }


# ---------------------------------------------------------------------------------- write and check


def deviation(found, expected):
    """Largest difference over the largest expected value (over 1 where all of them are 0)."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        raise SystemExit(f"error: shape {found.shape}, expected {expected.shape}")
    if not (np.isfinite(found).all() and np.isfinite(expected).all()):
        return math.inf
    largest = np.abs(expected).max(initial=0.0)
    return np.abs(found - expected).max(initial=0.0) / (largest if largest > 0 else 1.0)


def numbers_of(group):
    parameters = {}
    group["parameters"].visititems(
        lambda name, item: (
            parameters.__setitem__(name, item[()]) if isinstance(item, h5py.Dataset) else None
        )
    )
    return parameters


def check(path):
    worst_numpy = worst_torch = worst_gradient = 0.0
    with h5py.File(path, "r") as file:
        for name, group in file.items():
            settings = dict(group.attrs)
            parameters, inputs = numbers_of(group), group["input"][()]
            stored = [key for key in ("output", "memory", "trace", "branch") if key in group]
            from_numpy, _ = numpy_forward(settings, parameters, inputs)
            from_torch, gradients = torch_run(
                settings,
                parameters,
                inputs,
                group["grad_output"][()] if "grad_output" in group else None,
            )
            by_numpy = max(deviation(from_numpy[key], group[key][()]) for key in stored)
            by_torch = max(deviation(from_torch[key], group[key][()]) for key in stored)
            by_gradient = max(
                (deviation(value, group[key][()]) for key, value in gradients.items()), default=0.0
            )
            print(
                f"{name:32s} numpy {by_numpy:.1e}  torch {by_torch:.1e}  gradients "
                + (f"{by_gradient:.1e}" if gradients else "none")
            )
            worst_numpy, worst_torch = max(worst_numpy, by_numpy), max(worst_torch, by_torch)
            worst_gradient = max(worst_gradient, by_gradient)
    print(
        f"largest: numpy {worst_numpy:.1e}, torch {worst_torch:.1e}, "
        f"gradients {worst_gradient:.1e}; allowed {AGREEMENT:.0e}"
    )
    return max(worst_numpy, worst_torch, worst_gradient) <= AGREEMENT


def new_group(parent, name):
    """A group with its attributes in its header; by default nine or more go to a heap."""
    properties = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
    properties.set_attr_phase_change(64, 60)
    properties.set_obj_track_times(False)
    return h5py.Group(h5py.h5g.create(parent.id, name.encode(), gcpl=properties))


def store(group, name, values):
    values = np.asarray(values)
    # Small datasets lie in their header; larger ones are one compressed chunk.
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_obj_track_times(False)
    if values.nbytes > 640:
        properties.set_chunk(values.shape)
        properties.set_shuffle()
        properties.set_deflate(9)
    elif values.nbytes > 0:
        properties.set_layout(h5py.h5d.COMPACT)
    data_type = h5py.h5t.py_create(values.dtype, logical=True)
    dataset = h5py.h5d.create(
        group.id, name.encode(), data_type, h5py.h5s.create_simple(values.shape), dcpl=properties
    )
    if values.size:
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(values))


def write(path):
    import torch

    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        file.attrs["source"] = "tests/golden/make_elm_golden.py"
        file.attrs["numpy_version"] = np.__version__
        file.attrs["torch_version"] = str(torch.__version__)
        for seed, settings in enumerate(CASES, start=1):
            random = np.random.Generator(np.random.PCG64(seed))
            name = settings["name"]
            parameters, inputs = draw_parameters(settings, random), draw_input(settings, random)
            forward, nearest_kink = numpy_forward(settings, parameters, inputs)
            grad_output = on_grid(random.normal(0.0, 1.0, forward["output"].shape), 2.0**-8)
            if settings["gradients"] and nearest_kink < KINK_DISTANCE:
                raise SystemExit(
                    f"error: case {name}: ReLU argument {nearest_kink:.1e}; take another seed"
                )
            second, gradients = torch_run(
                settings, parameters, inputs, grad_output if settings["gradients"] else None
            )
            apart = max(deviation(second[key], forward[key]) for key in forward)
            if not apart <= AGREEMENT:
                raise SystemExit(f"error: case {name}: numpy and torch differ by {apart:.1e}")

            group = new_group(file, name)
            for part in ("parameters",) + (("gradients",) if settings["gradients"] else ()):
                new_group(group, part)
            for key in (
                "elm_version",
                "num_input",
                "num_output",
                "num_memory",
                "num_branch",
                "num_synapse_per_branch",
                "mlp_num_layers",
                "mlp_hidden_size",
            ):
                group.attrs[key] = np.int64(settings[key])
            for key in ("lambda_value", "memory_tau_min", "memory_tau_max", "delta_t"):
                group.attrs[key] = np.float64(settings[key])
            for key in ("input_to_synapse_routing", "mlp_activation"):
                group.attrs[key] = settings[key]
            group.attrs["learn_memory_tau"] = np.bool_(settings["learn_memory_tau"])
            group.attrs["tau_s_value" if settings["elm_version"] == 1 else "tau_b_value"] = (
                np.float64(settings["tau"])
            )
            group.attrs["seed"] = np.int64(seed)
            store(group, "input", inputs)
            for key in ("output", "memory", "trace") + (
                ("branch",) if settings["elm_version"] == 1 else ()
            ):
                store(group, key, forward[key])
            for key, values in parameters.items():
                store(group, "parameters/" + key, values)
            if settings["gradients"]:
                store(group, "grad_output", grad_output)
                for key, values in gradients.items():
                    store(group, key, values)
            print(
                f"{name:32s} numpy against torch {apart:.1e}, "
                f"nearest ReLU argument {nearest_kink:.1e}"
            )
    print(
        f"{path}: {path.stat().st_size} bytes, {len(CASES)} cases, "
        f"{sum(settings['gradients'] for settings in CASES)} with gradients"
    )


def main():
    options = argparse.ArgumentParser(description="Small ELM reference cases in float64.")
    options.add_argument(
        "--output", type=pathlib.Path, default=pathlib.Path(__file__).with_name("elm_small.h5")
    )
    options.add_argument(
        "--check", type=pathlib.Path, metavar="FILE", help="compare FILE with both programs"
    )
    chosen = options.parse_args()
    if chosen.check:
        sys.exit(0 if check(chosen.check) else 1)
    write(chosen.output)


if __name__ == "__main__":
    main()
