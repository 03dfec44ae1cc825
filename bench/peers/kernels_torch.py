#!/usr/bin/env python3
"""Kernels of sequence models in PyTorch and in attention_bench, scan_bench and basic_bench, in turn, on the
CPU or on a CUDA device.

float32, forward and, where ours has a gradient, for training (forward and backward). In each round the
peer and then our benchmark of the same shapes are measured, so that other work on the machine meets both;
one thread is measured by processor time, more of them and a device by wall time. Prints a markdown table of
medians over the rounds: `ratio` is theirs over ours (above 1 ours is faster), `of the floor` what our
benchmark says of itself, the share of the multiply-add peak or of the time in which the bytes could be
moved.

attention              torch.nn.functional.scaled_dot_product_attention, two heads of 64 features or
                       eight of 8, one sample, full and causal
linear attention       the two products of Katharopoulos et al. 2020; causal: in chunks of 64 steps
leaky_scan             a scripted loop, as diagonal_scan
gated_scan             torch.nn.LSTM of one input
diagonal_scan          a scripted loop, and an associative scan by doubling
selective_scan         the reference form of Gu & Dao 2023: decays and inputs of all states made at
                       once, then a scripted loop
wkv_scan, liquid_scan, memory_scan, spiking_scan      loops, of which that of liquid_scan is not scripted
mode_scan              the kernel as below, and a convolution by torch.fft
long_convolution       torch.fft.rfft over twice the length, features in front of time
depthwise_convolution  torch.nn.functional.conv1d with a group for each feature, four taps
mode_kernel            2 Re sum over modes of w exp(x s), in complex64
low_rank_kernel        the generating function at the roots of unity, all Cauchy sums at once
low_rank_scan          a scripted loop in complex64, where ours keeps to float64
layer_scan             a scripted loop of elm_network_torch.py, synapses as one product with a matrix that
                       is mostly zero
synapse_sum            such a product for all steps, and torch.sparse.mm
spike_convolution      torch.nn.functional.embedding_bag over the spikes of all taps, listed beforehand
sampled_scores         sampled keys gathered, batched products with the queries
optimizer_step         torch.optim.Adam(fused=True), one decay for all parameters
modes, mode_decay, tied_modes, diagonal_decay      expressions in complex64
listed_attention       scaled_dot_product_attention of blocks with the one before unfolded beside them
activation, elementwise, embedding, layout, normalise, reduction, reverse_time, softmax, batch_norm,
dropout, loss, matmul, convolution      the functions of torch and torch.nn.functional

Batch 8, 256 features, 16 states of selective and memory scans, 32 modes, but for attention.

    python3 bench/peers/kernels_torch.py --build build/release/bench
    python3 bench/peers/kernels_torch.py --build build/cuda/bench --device cuda --steps 4096
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

import torch_parts as parts
from elm_network_torch import BRANCHES, NEURONS, SHARE, SYNAPSES, arguments_of, layer
from torch_recurrent import legs_steps, memory_loop
from torch_sparse import blocks_and_previous, sampled_scores
from torch_spiking import spiking_loop
from torch_state_space import LowRankModes, Modes, liquid_loop, low_rank_loop

BATCH, WIDTH, STATES, MODES, TAPS = 8, 256, 16, 32, 4


def linear_full(query, key, value):
    numerator = query @ (key.transpose(-1, -2) @ value)
    return numerator / ((query @ key.sum(-2, keepdim=True).transpose(-1, -2)) + 1e-6)


def uniform(shape, low, high):
    return low + (high - low) * torch.rand(shape)


def attention_cases(steps):
    """Program, name of our benchmark with {pass} in it or of one that is only forward, form, leaves,
    function."""
    for kind, forms in (("exact", (False, True)), ("linear", (False, True))):
        for features, heads in ((64, 2), (8, 8)):
            for causal in forms:
                low = -1 if kind == "exact" else 0.1
                leaves = [uniform((1, heads, steps, features), low, 1) for _ in range(3)]
                if kind == "exact":
                    run = lambda q, k, v, c=causal: F.scaled_dot_product_attention(
                        q, k, v, is_causal=c
                    )
                else:
                    run = parts.linear_causal if causal else linear_full
                name = f"{kind}/{'causal' if causal else 'full'}/{{pass}}/{features}/{steps}"
                yield "attention_bench", name, "sdpa" if kind == "exact" else "products", leaves, run


def diagonal_decay(decay, frequency, log_step):
    """Of an input that is constant within a step: logarithms of decays, decays, gains."""
    rate = torch.complex(decay, frequency)
    exponent = rate * log_step.exp()
    decays = torch.exp(exponent)
    return exponent, decays, (decays - 1) / rate


def tied_modes(log_step, decay, frequency, real, imaginary):
    of_decay, of_frequency = log_step.exp()
    exponent = torch.complex(of_decay * decay, of_frequency * frequency)
    gain = (torch.exp(exponent) - 1) / torch.complex(decay, frequency)
    return exponent, torch.complex(real, imaginary) * gain


def scan_cases(steps):
    sequence, modes = (BATCH, steps, WIDTH), (WIDTH, MODES)

    def case(name, form, leaves, run):
        return "scan_bench", f"{name}/{{pass}}/steps:{steps}", form, leaves, run

    def complex_uniform(*ranges, shape=modes):
        return torch.complex(*(uniform(shape, low, high) for low, high in ranges))

    values = uniform(sequence, -1, 1)
    leaves = [uniform((1, 1, WIDTH), 0.5, 0.99), values]
    yield case("leaky_scan", "loop", leaves, parts.scan_loop)
    lstm = nn.LSTM(1, WIDTH, batch_first=True)
    yield case("gated_scan", "nn.LSTM", [uniform((BATCH, steps, 1), -1, 1)], lambda x: lstm(x)[0])
    leaves = [uniform(sequence, 0.5, 1.0), values]
    yield case("diagonal_scan/real", "loop", leaves, parts.scan_loop)
    yield case("diagonal_scan/real", "tree", leaves, parts.scan_tree)
    leaves = [
        complex_uniform((0.5, 0.7), (0.5, 0.7), shape=(1, 1, WIDTH)),
        complex_uniform((-1, 1), (-1, 1), shape=sequence),
    ]
    yield case("diagonal_scan/complex_constant", "loop", leaves, parts.scan_loop)
    yield case("diagonal_scan/complex_constant", "tree", leaves, parts.scan_constant)
    leaves = [uniform((WIDTH,), -2, -0.1), uniform((WIDTH,), -1, 1), values, values]
    yield case("wkv_scan", "loop", leaves, parts.wkv_loop)
    leaves = [
        2.5 * values + 0.5, uniform((WIDTH, WIDTH), -0.1, 0.1), uniform((WIDTH,), 0.85, 0.95)
    ]
    none = torch.zeros(WIDTH)
    yield case(
        "spiking_scan", "loop", leaves,
        lambda x, w, decay: spiking_loop(x, w, decay, none, none, none, 0),
    )
    units = WIDTH // STATES
    yield case(
        "memory_scan", "loop", [uniform((BATCH, steps, units), -1, 1)],
        lambda x, tables=legs_steps(steps, STATES): memory_loop(x, *tables),
    )
    transposed = uniform((BATCH, WIDTH, steps), -1, 1)
    leaves = [transposed, uniform((WIDTH, steps), -1, 1)]
    yield case("long_convolution", "fft", leaves, parts.fft_convolution)
    leaves = [transposed, uniform((WIDTH, 1, TAPS), -1, 1), uniform((WIDTH,), -1, 1)]
    yield case(
        "depthwise_convolution", "conv1d", leaves,
        lambda x, w, b: F.conv1d(x, w, b, padding=TAPS - 1, groups=WIDTH)[..., : x.size(-1)],
    )
    space, corrected = Modes(WIDTH, 2 * MODES), LowRankModes(WIDTH, 2 * MODES)
    yield case("modes", "expressions", [], lambda: space.discretised()[0].real)
    yield case("mode_decay", "expressions", [], lambda: space.discretised()[0].exp().real)
    leaves = [uniform((1 << 16,), *ends) for ends in ((-0.7, -0.1), (0, 100), (-6, -3))]
    yield case("diagonal_decay", "expressions", leaves, lambda *x: diagonal_decay(*x)[1].real)
    leaves = [
        uniform((2, WIDTH, 1), -6, -3), uniform((MODES,), -0.7, -0.6), uniform((MODES,), 0, 100),
        uniform(modes, -1, 1), uniform(modes, -1, 1),
    ]
    yield case("tied_modes", "expressions", leaves, lambda *x: tied_modes(*x)[0].real)
    yield case("low_rank_kernel", "cauchy", [], lambda: corrected(steps))
    if steps > 4096:  # beyond it states and powers alone take gigabytes, large loops minutes
        return
    *maps, slow_decay, dense = arguments_of(BATCH, steps, True, False)[0]
    leaves = [x for x in maps if x.is_floating_point()]
    source, row = (x for x in maps if not x.is_floating_point())
    yield case(
        "layer_scan", "loop", leaves, lambda x, *y: layer(x, source, row, *y, slow_decay, dense)
    )
    recurrence = [x.detach() for x in corrected.recurrence()]
    yield (
        "scan_bench", f"low_rank_scan/forward/steps:{steps}", "loop", [values],
        lambda x: low_rank_loop(x, *recurrence),
    )
    weights = (BATCH, steps, STATES)
    leaves = [
        values, uniform(sequence, 0.001, 0.1), uniform((WIDTH, STATES), -16, -1),
        uniform(weights, -1, 1), uniform(weights, -1, 1), uniform((WIDTH,), -1, 1),
    ]
    yield case("selective_scan", "loop", leaves, parts.selective_loop)
    leaves = [
        values, complex_uniform((0.5, 0.6), (0.5, 0.6)), complex_uniform((-0.1, 0.1), (-0.1, 0.1)),
        complex_uniform((-1, 1), (-1, 1)),
    ]
    yield case("liquid_scan", "loop", leaves, liquid_loop)
    yield case("mode_kernel", "vandermonde", [], lambda: space(steps))
    yield case(
        "mode_scan", "fft", [transposed], lambda x: parts.fft_convolution(x, space(steps))
    )


def spikes_of_taps(units, taps):
    """Rows of weights (units taps) that the spikes of each step and of the taps before it ask for, and
    where those of a step begin. units (batch, time, spikes)"""
    steps = units.size(1)
    before = F.pad(units, (0, 0, taps - 1, 0), value=-1)
    rows = [before[:, taps - 1 - k :][:, :steps] * taps + k for k in range(taps)]
    of_step = torch.cat([x.masked_fill(x < 0, -1) for x in rows], 2).flatten(0, 1)
    there = of_step >= 0
    counts = there.sum(1)
    return of_step[there], counts.cumsum(0) - counts


def synapses_of(channels):
    """Source and row of each synapse that a layer has from outside."""
    rows = NEURONS * BRANCHES
    row = torch.arange(rows * SYNAPSES)[torch.rand(rows * SYNAPSES) >= SHARE] // SYNAPSES
    return torch.randint(channels, row.shape), row


def sparse_cases(steps):
    """Of spikes and of synapses, those of basic_bench."""
    units, per_step, taps = 1278, 14, 3
    spikes, begins = spikes_of_taps(torch.randint(units, (BATCH, steps, per_step)), taps)
    yield (
        "basic_bench", f"spike_convolution/{{pass}}/steps:{steps}", "embedding_bag",
        [uniform((units * taps, WIDTH), -1, 1)],
        lambda weight: F.embedding_bag(spikes, weight, begins, mode="sum"),
    )
    source, row = synapses_of(WIDTH)
    size = (NEURONS * BRANCHES, WIDTH)

    def dense(x, weight):
        matrix = torch.zeros(size).index_put((row, source), weight, accumulate=True)
        return F.linear(x, matrix)

    def sparse(x, weight):
        matrix = torch.sparse_coo_tensor(torch.stack([row, source]), weight, size, check_invariants=False)
        return torch.sparse.mm(matrix, x.flatten(0, 1).t()).t()

    leaves = [uniform((BATCH, steps, WIDTH), -1, 1), uniform(row.shape, -1, 1)]
    for function in (dense, sparse):
        name = f"synapse_sum/{{pass}}/steps:{steps}"
        yield "basic_bench", name, function.__name__, leaves, function


def forward_cases(steps):
    """Those of basic_bench that have no gradient."""
    parameters = nn.Parameter(uniform((BATCH * steps * WIDTH,), -1, 1))
    parameters.grad = uniform(parameters.shape, -1, 1)
    adam = torch.optim.Adam([parameters], fused=True, weight_decay=0.05)
    name = f"optimizer_step/forward/steps:{steps}"
    yield "basic_bench", name, "fused", [], adam.step
    if steps > 4096:  # beyond it the keys of all queries take gigabytes
        return
    heads = [uniform((BATCH, 4, steps, WIDTH // 4), -1, 1) for _ in range(2)]
    sample = torch.randint(steps, (steps, 5 * math.ceil(math.log(steps))))
    yield (
        "basic_bench", f"sampled_scores/forward/steps:{steps}", "gathered", heads,
        lambda q, k: sampled_scores(q, k, sample),
    )


def basic_cases(steps):
    sequence = (BATCH, steps, WIDTH)
    values, others = (uniform(sequence, -1, 1) for _ in range(2))
    vectors = [uniform((WIDTH,), 0.5, 1) for _ in range(2)]
    mean, variance = torch.zeros(WIDTH), torch.ones(WIDTH)
    places = torch.arange(BATCH * steps).view(BATCH, steps) * 37 % 1024
    square, taps = uniform((WIDTH, WIDTH), -0.1, 0.1), uniform((WIDTH, WIDTH, 3), -0.1, 0.1)
    heads = [uniform((BATCH, 4, steps, WIDTH // 4), -1, 1) for _ in range(3)]
    transposed = uniform((BATCH, WIDTH, steps), -1, 1)
    cases = {
        "activation": ([values], F.silu),
        "elementwise": ([values, others], torch.mul),
        "layout": ([values], lambda x: x.transpose(1, 2).contiguous()),
        "reverse_time": ([values], lambda x: x.flip(1)),
        "normalise": ([values, *vectors], lambda x, g, b: F.layer_norm(x, (WIDTH,), g, b)),
        "reduction": ([values], lambda x: x.sum(2)),
        "softmax": ([values], lambda x: torch.softmax(x, 2)),
        "dropout": ([values], lambda x: F.dropout(x, 0.1)),
        "embedding": ([uniform((1024, WIDTH), -1, 1)], lambda x: F.embedding(places, x)),
        "batch_norm": (
            [values, *vectors],
            lambda x, g, b: F.batch_norm(x.flatten(0, 1), mean, variance, g, b, True),
        ),
        "loss": ([values], lambda x: F.mse_loss(x, others, reduction="none").mean(2)),
        "matmul": ([values, square], F.linear),
        "convolution": (
            [transposed, taps, vectors[0]], lambda x, w, b: F.conv1d(F.pad(x, (2, 0)), w, b)
        ),
        "listed_attention": (heads, lambda q, k, v: blocks_and_previous(q, k, v, 64)),
    }
    for name, (leaves, function) in cases.items():
        yield "basic_bench", f"{name}/{{pass}}/steps:{steps}", "torch", leaves, function


def now(device):
    """Processor time of one thread, wall time of more and of a device."""
    if device == "cuda":
        torch.cuda.synchronize()
    elif torch.get_num_threads() == 1:
        return time.process_time()
    return time.perf_counter()


def run(leaves, function, training, device):
    leaves = [leaf.detach().requires_grad_(training) for leaf in leaves]
    start = now(device)
    with torch.set_grad_enabled(training):
        result = function(*leaves)
        if training:
            result.backward(torch.ones_like(result))
    return now(device) - start


def ours(program, name, least):
    """Median milliseconds of one benchmark, and its share of its floor."""
    command = [
        program, f"--benchmark_filter=^{name}/manual_time$", "--benchmark_format=json",
        f"--benchmark_min_time={least}",
    ]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = json.loads(text[text.index("{"):])["benchmarks"] if "{" in text else []
    if not rows:
        return None
    row = rows[0]
    shares = [row[key] for key in ("share_of_peak", "bytes_floor", "flop_floor") if key in row]
    return row["median_ms"], max(shares, default=0)


def compare(arguments, case, threads, training):
    program, pattern, form, leaves, function = case
    on_cpu = arguments.device == "cpu"
    kind = "training" if training else "forward"
    name = f"{pattern.replace('{pass}', kind)}/{f'threads:{threads}' if on_cpu else 'cuda'}"
    torch.set_num_threads(threads)
    for _ in range(2):  # scripts are optimised in the first calls
        run(leaves, function, training, arguments.device)
    theirs, mine, shares = [], [], []
    for _ in range(arguments.rounds):
        times = [
            run(leaves, function, training, arguments.device) for _ in range(arguments.repeats)
        ]
        theirs.append(statistics.median(times) * 1e3)
        found = ours(f"{arguments.build}/{program}", name, arguments.seconds)
        if found is None:
            print(f"| {name} | {form} | {theirs[0]:.2f} | no row | | |", flush=True)
            return False
        milliseconds, share = found
        mine.append(milliseconds)
        shares.append(share)
    a, b = statistics.median(theirs), statistics.median(mine)
    share = statistics.median(shares)
    print(f"| {name} | {form} | {a:.2f} | {b:.2f} | {a / b:.2f} | {100 * share:.0f} % |", flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="folder of the benchmarks")
    parser.add_argument("--kernels", help="those alone whose names contain this")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--steps", type=int, nargs="+", default=[1024, 4096, 16384])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.2, help="of ours in a round")
    arguments = parser.parse_args()
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    where = torch.__config__.show().splitlines()[3].strip(" -")
    if arguments.device == "cuda":
        torch.set_default_device("cuda")
        torch.backends.cudnn.allow_tf32 = False  # float32, as ours
        where, arguments.threads = torch.cuda.get_device_name(), [1]
    print(f"torch {torch.__version__}, {where}\n")
    print("| kernel | peer | torch, ms | ours, ms | ratio | of the floor |\n"
          "| --- | --- | --- | --- | --- | --- |")
    complete = True
    for steps in arguments.steps:
        for make in (attention_cases, scan_cases, basic_cases, sparse_cases, forward_cases):
            for case in make(steps):
                if arguments.kernels and arguments.kernels not in case[1]:
                    continue
                for threads in arguments.threads:
                    for training in (False, True) if "{pass}" in case[1] else (False,):
                        complete &= compare(arguments, case, threads, training)
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
