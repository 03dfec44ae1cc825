"""Writes small NIR graphs and what they give, for tests/golden/nir.

Each file is a graph in the layout of the Python package nir, with a group /expected beside it: input
(steps, shape), one dataset for each Output and rule, and the time step in seconds. The results come
from the loops below, float64, which share nothing with the simulator.

    x: sum of what comes in; a = dt / tau (euler) or 1 - exp(-dt / tau) (exact)
    I <- I + a_syn (w_in x - I);  v <- v + a_mem (v_leak - v + r I);  z = v > v_threshold, then v = v_reset

An edge that closes a cycle without a Delay carries what was there one step before.

    /usr/bin/python3 tests/golden/make_nir_golden.py tests/golden/nir
"""
import sys

import h5py
import numpy as np

rng = np.random.default_rng(20240607)
TEXT = h5py.string_dtype("utf-8")
DT = 0.001


def numbers(*shape, low=-1.0, high=1.0):
    """Multiples of 2^-10, exact in float32."""
    return np.round(rng.uniform(low, high, shape) * 1024) / 1024


def write_graph(group, nodes, edges):
    group.create_dataset("type", data="NIRGraph", dtype=TEXT)
    for name, (kind, values) in nodes.items():
        node = group.create_group("nodes/" + name)
        if kind == "NIRGraph":
            write_graph(node, *values)
            continue
        node.create_dataset("type", data=kind, dtype=TEXT)
        for key, value in values.items():
            if isinstance(value, str):
                node.create_dataset(key, data=value, dtype=TEXT)
            elif np.ndim(value) > 0:
                node.create_dataset(key, data=value, compression="gzip")
            else:
                node.create_dataset(key, data=value)
    group.create_dataset("edges", data=np.array(edges, dtype=object), dtype=TEXT)


def pair(value):
    return np.broadcast_to(np.asarray(value, dtype=int), (2,))


def convolve(x, p, axes):
    """Correlation of (channels, rows, columns), by its definition."""
    weight, groups = p["weight"], int(p["groups"])
    if axes == 1:
        x, weight = x[:, None, :], weight[:, :, None, :]
    stride, dilation = (pair(p[k]).copy() for k in ("stride", "dilation"))
    if isinstance(p["padding"], str):
        outside = dilation * (np.array(weight.shape[2:]) - 1)
        before, after = outside // 2, outside - outside // 2
    else:
        before = after = pair(p["padding"]).copy()
    if axes == 1:
        stride[0], before[0], after[0] = 1, 0, 0
    x = np.pad(x, ((0, 0), (before[0], after[0]), (before[1], after[1])))
    out_of_group, in_of_group = weight.shape[0] // groups, weight.shape[1]
    size = [(x.shape[1 + d] - dilation[d] * (weight.shape[2 + d] - 1) - 1) // stride[d] + 1 for d in (0, 1)]
    y = np.zeros((weight.shape[0], *size))
    for o in range(weight.shape[0]):
        first = o // out_of_group * in_of_group
        for i in range(size[0]):
            for j in range(size[1]):
                total = p["bias"][o]
                for c in range(in_of_group):
                    for u in range(weight.shape[2]):
                        for v in range(weight.shape[3]):
                            total += weight[o, c, u, v] * x[first + c, i * stride[0] + u * dilation[0],
                                                            j * stride[1] + v * dilation[1]]
                y[o, i, j] = total
    return y[:, 0, :] if axes == 1 else y


def pool(x, p, mean):
    kernel, stride, padding = (pair(p[k]) for k in ("kernel_size", "stride", "padding"))
    x = np.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2))
    size = [(x.shape[1 + d] - kernel[d]) // stride[d] + 1 for d in (0, 1)]
    y = np.zeros((x.shape[0], *size))
    for i in range(size[0]):
        for j in range(size[1]):
            window = x[:, i * stride[0]:i * stride[0] + kernel[0], j * stride[1]:j * stride[1] + kernel[1]]
            y[:, i, j] = window.sum(axis=(1, 2)) / (kernel[0] * kernel[1] if mean else 1)
    return y


class Neuron:
    def __init__(self, kind, p, rule):
        self.kind, self.p = kind, p
        self.v, self.i = p.get("v_leak", 0.0), 0.0
        share = (lambda tau: DT / tau) if rule == "euler" else (lambda tau: 1 - np.exp(-DT / tau))
        self.a = share(p["tau"] if "tau" in p else p["tau_mem"]) if "v_leak" in p else None
        self.a_syn = share(p["tau_syn"]) if "tau_syn" in p else None

    def step(self, x):
        p = self.p
        if self.a_syn is not None:
            self.i = self.i + self.a_syn * (p.get("w_in", 1.0) * x - self.i)
            x = self.i
        if self.a is None:
            self.v = self.v + DT * p["r"] * x
        else:
            self.v = self.v + self.a * (p["v_leak"] - self.v + p["r"] * x)
        if "v_threshold" not in p:
            return self.v
        z = (self.v > p["v_threshold"]).astype(float)
        self.v = np.where(z > 0, p.get("v_reset", 0.0), self.v)
        return z


def sparse(steps, *shape, share=0.3, height=1.0):
    return (rng.random((steps, *shape)) < share) * height


def neuron(size, kind, **more):
    p = {"r": numbers(size, low=1, high=3)}
    if kind != "IF" and kind != "I":
        p["v_leak"] = numbers(size, low=-0.2, high=0.2)
    if kind in ("LI", "LIF"):
        p["tau"] = rng.uniform(0.005, 0.02, size)
    if kind.startswith("Cuba"):
        p["tau_mem"], p["tau_syn"] = rng.uniform(0.005, 0.02, size), rng.uniform(0.002, 0.006, size)
        p["w_in"] = numbers(size, low=1, high=4)
    if kind.endswith("IF"):
        p["v_threshold"] = numbers(size, low=0.3, high=0.6)
        p["v_reset"] = numbers(size, low=-0.2, high=0.0)
    p.update(more)
    return p


def shape(*extents):
    return {"shape": np.array(extents)}


def dense():
    p = {"affine": {"weight": numbers(4, 3), "bias": numbers(4)}, "scale": {"scale": numbers(4)},
         "li": neuron(4, "LI"), "cuba": neuron(4, "CubaLI"), "threshold": {"threshold": numbers(4, low=0, high=0.2)},
         "linear": {"weight": numbers(4, 3).astype(np.float32)}}
    kinds = {"affine": "Affine", "scale": "Scale", "li": "LI", "cuba": "CubaLI", "threshold": "Threshold",
             "linear": "Linear"}
    nodes = {name: (kinds[name], values) for name, values in p.items()}
    nodes.update({"input": ("Input", shape(3)), "values": ("Output", shape(4)), "events": ("Output", shape(4))})
    edges = [("input", "affine"), ("input", "linear"), ("affine", "scale"), ("scale", "li"), ("linear", "li"),
             ("li", "cuba"), ("cuba", "values"), ("li", "threshold"), ("threshold", "events")]
    x = numbers(60, 3, low=-2, high=2)

    def run(rule):
        li, cuba = Neuron("LI", p["li"], rule), Neuron("CubaLI", p["cuba"], rule)
        values, events = [], []
        for row in x:
            scaled = p["scale"]["scale"] * (p["affine"]["weight"] @ row + p["affine"]["bias"])
            v = li.step(scaled + p["linear"]["weight"].astype(float) @ row)
            values.append(cuba.step(v))
            events.append((v > p["threshold"]["threshold"]).astype(float))
        return {"values": np.array(values), "events": np.array(events)}

    return nodes, edges, x, run


def image():
    conv = {"input_shape": np.array([7, 6]), "weight": numbers(4, 1, 3, 2), "bias": numbers(4), "groups": 2,
            "stride": np.array([2, 1]), "padding": np.array([1, 0]), "dilation": np.array([1, 2])}
    fire = {"r": np.full((4, 4, 4), 400.0), "v_threshold": numbers(4, 4, 4, low=0.3, high=0.9),
            "v_reset": np.zeros((4, 4, 4))}
    sums = {"kernel_size": np.array([2, 2]), "stride": np.array([1, 2]), "padding": np.array([0, 0])}
    means = {"kernel_size": np.array([2, 3]), "stride": np.array([1, 1]), "padding": np.array([1, 1])}
    weight, last = numbers(3, 4 * 4 * 2), neuron(3, "CubaLIF")
    nodes = {"input": ("Input", shape(2, 7, 6)), "conv": ("Conv2d", conv), "if": ("IF", fire),
             "sum": ("SumPool2d", sums), "avg": ("AvgPool2d", means),
             "flat": ("Flatten", {"start_dim": 0, "end_dim": -1, "input_type": np.array([4, 4, 2])}),
             "fc": ("Linear", {"weight": weight}), "out": ("CubaLIF", last), "output": ("Output", shape(3)),
             "pooled": ("Output", shape(4, 4, 2))}
    names = ["input", "conv", "if", "sum", "avg", "flat", "fc", "out", "output"]
    edges = list(zip(names, names[1:])) + [("avg", "pooled")]
    x = sparse(40, 2, 7, 6, height=1.5)

    def run(rule):
        first, second = Neuron("IF", fire, rule), Neuron("CubaLIF", last, rule)
        output, pooled = [], []
        for picture in x:
            z = first.step(convolve(picture, conv, 2))
            mean = pool(pool(z, sums, False), means, True)
            pooled.append(mean)
            output.append(second.step(weight @ mean.reshape(-1)))
        return {"output": np.array(output), "pooled": np.array(pooled)}

    return nodes, edges, x, run


def line():
    conv = {"input_shape": 11, "weight": numbers(3, 2, 4), "bias": numbers(3), "groups": 1, "stride": 1,
            "padding": "same", "dilation": 1}
    strided = {"input_shape": 11, "weight": numbers(6, 1, 3), "bias": numbers(6), "groups": 3, "stride": 2,
               "padding": 2, "dilation": 2}
    summed = {"r": numbers(6, 6, low=1, high=30)}
    nodes = {"input": ("Input", shape(2, 11)), "conv": ("Conv1d", conv), "strided": ("Conv1d", strided),
             "i": ("I", summed), "flat": ("Flatten", {"start_dim": 0, "end_dim": 1}),
             "output": ("Output", shape(36))}
    names = ["input", "conv", "strided", "i", "flat", "output"]
    x = numbers(30, 2, 11)

    def run(rule):
        i = Neuron("I", summed, rule)
        return {"output": np.array([i.step(convolve(convolve(row, conv, 1), strided, 1)).reshape(-1) for row in x])}

    return nodes, list(zip(names, names[1:])), x, run


def recurrent():
    """An inner graph with delays of several lengths, and a cycle outside that has none."""
    fc, back, inner = numbers(5, 3, high=2), numbers(5, 5), numbers(5, 5, high=1.5)
    delay = np.array([0.002, 0.003, 0.001, 0.004, 0.0005 * 4])
    lif, cuba = neuron(5, "LIF"), neuron(5, "CubaLIF")
    graph = ({"input": ("Input", shape(5)), "lif": ("LIF", lif), "delay": ("Delay", {"delay": delay}),
              "w": ("Linear", {"weight": inner}), "output": ("Output", shape(5))},
             [("input", "lif"), ("lif", "delay"), ("delay", "w"), ("w", "lif"), ("lif", "output")])
    nodes = {"input": ("Input", shape(3)), "fc": ("Linear", {"weight": fc}), "rnn": ("NIRGraph", graph),
             "cuba.lif": ("CubaLIF", cuba), "cuba.w": ("Linear", {"weight": back}), "output": ("Output", shape(5)),
             "hidden": ("Output", shape(5))}
    edges = [("input", "fc"), ("fc", "rnn"), ("rnn", "cuba.lif"), ("cuba.lif", "cuba.w"), ("cuba.w", "cuba.lif"),
             ("cuba.lif", "output"), ("rnn", "hidden")]
    x = sparse(120, 3, share=0.4)

    def run(rule):
        first, second = Neuron("LIF", lif, rule), Neuron("CubaLIF", cuba, rule)
        steps = np.rint(delay / DT).astype(int)
        z, y = np.zeros((len(x), 5)), np.zeros((len(x), 5))
        for t, row in enumerate(x):
            late = np.array([z[t - d, k] if t >= d else 0.0 for k, d in enumerate(steps)])
            z[t] = first.step(fc @ row + inner @ late)
            y[t] = second.step(z[t] + (back @ y[t - 1] if t > 0 else 0.0))
        return {"output": y, "hidden": z}

    return nodes, edges, x, run


def scalars():
    """Parameters without an axis, names that are numbers, an edge that stands twice, no v_reset."""
    p = {"tau": 0.02, "r": 1.5, "v_leak": 0.0, "v_threshold": 0.5}
    nodes = {"input": ("Input", shape(4)), "0": ("LIF", p), "1": ("Delay", {"delay": 0.002}),
             "output": ("Output", shape(4))}
    edges = [("input", "0"), ("input", "0"), ("0", "1"), ("1", "output")]
    x = sparse(100, 4, share=0.5, height=3.0)

    def run(rule):
        lif = Neuron("LIF", {k: np.full(4, v) for k, v in p.items()}, rule)
        z = np.array([lif.step(row) for row in x])
        return {"output": np.concatenate([np.zeros((2, 4)), z[:-2]])}

    return nodes, edges, x, run


def main(folder):
    for make in (dense, image, line, recurrent, scalars):
        nodes, edges, x, run = make()
        with h5py.File(f"{folder}/{make.__name__}.nir", "w", libver="latest") as file:
            file.create_dataset("version", data="1.0.8", dtype=TEXT)
            write_graph(file.create_group("node"), nodes, edges)
            expected = file.create_group("expected")
            expected.attrs["dt_s"] = DT
            expected.create_dataset("input", data=x, compression="gzip")
            for rule in ("euler", "exact"):
                for name, values in run(rule).items():
                    expected.create_dataset(f"{rule}/{name}", data=values, compression="gzip")
                    print(make.__name__, rule, name, values.shape, f"mean {values.mean():.3g}")


main(sys.argv[1])
