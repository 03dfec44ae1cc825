#!/usr/bin/env python3
"""The ELM forward pass in PyTorch on the CPU, as a peer to measure the simulator against.

Model: version 1 of Spieler et al., The Expressive Leaky Memory Neuron, ICLR 2024, arXiv 2306.16922,
one hidden layer, equal synapse time constants, step 1 ms; with phi(x) = 1.7159 tanh(2x/3):
  s_t = k_s s_{t-1} + w_s x_t ;  b_t = sum of s_t over each branch
  m_t = k_m m_{t-1} + lambda (1 - k_m) phi(MLP([b_t, k_m m_{t-1}])) ;  y_t = W_y m_t + c_y
Both forms start from the dense float32 input (batch, time, inputs) and end with all y_t:
  published  input gathered to the synapses, then a scripted loop over dense synapse traces, branch
             sums, concatenation, two linear layers and the readout, step by step
  hoisted    branch input as one dense product, trace filter as products with a triangular matrix
             over blocks of steps, input share of the first layer as one product, then a scripted
             loop over the recurrence alone, then the readout as one product; all of it is timed
Prints the environment to stderr and one JSON line per case to stdout. README.md says how to read
them.
"""

import argparse
import json
import math
import os
import pathlib
import re
import statistics
import sys
import time
import warnings
from typing import List

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

warnings.filterwarnings("ignore", message=".*torch.jit.*", category=FutureWarning)
warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)

N_INPUT, N_BRANCH, N_PER_BRANCH = 1278, 45, 100  # the published NeuronIO fits
SPIKES_PER_STEP = (7.9, 6.2)  # excitatory, inhibitory; of the 639 channels each
MEMORY_LIMIT = 2.5e9  # bytes for the largest tensors of one case
FILTER_BLOCK = 64  # steps per block of the trace filter
PHI_SCALE, PHI_SLOPE = 1.7159, 2.0 / 3.0


@torch.jit.script
def published_loop(
    synapse_input: Tensor,
    synapse_weight: Tensor,
    synapse_decay: Tensor,
    memory_decay: Tensor,
    gain: Tensor,
    hidden_weight: Tensor,
    hidden_bias: Tensor,
    output_weight: Tensor,
    output_bias: Tensor,
    readout_weight: Tensor,
    readout_bias: Tensor,
    n_branch: int,
    silu: bool,
) -> Tensor:
    batch, n_synapses = synapse_input.size(0), synapse_input.size(2)
    trace = torch.zeros(batch, n_synapses, dtype=synapse_input.dtype)
    memory = torch.zeros(batch, memory_decay.size(0), dtype=synapse_input.dtype)
    outputs: List[Tensor] = []
    for x in synapse_input.unbind(1):
        trace = synapse_decay * trace + synapse_weight * x
        branch = trace.view(batch, n_branch, -1).sum(2)
        decayed = memory_decay * memory
        hidden = F.linear(torch.cat([branch, decayed], 1), hidden_weight, hidden_bias)
        hidden = F.silu(hidden) if silu else F.relu(hidden)
        change = 1.7159 * torch.tanh(
            0.6666666666666666 * F.linear(hidden, output_weight, output_bias)
        )
        memory = decayed + gain * change
        outputs.append(F.linear(memory, readout_weight, readout_bias))
    return torch.stack(outputs, 1)


@torch.jit.script
def recurrence_loop(
    drive: Tensor,
    memory_decay: Tensor,
    gain: Tensor,
    hidden_weight: Tensor,
    output_weight: Tensor,
    output_bias: Tensor,
    silu: bool,
) -> Tensor:
    """drive (time, batch, hidden); weights transposed, the slope of phi inside the output layer."""
    memory = torch.zeros(drive.size(1), memory_decay.size(0), dtype=drive.dtype)
    memories: List[Tensor] = []
    for u in drive.unbind(0):
        decayed = memory_decay * memory
        hidden = torch.addmm(u, decayed, hidden_weight)
        hidden = F.silu(hidden, inplace=True) if silu else torch.relu_(hidden)
        change = torch.addmm(output_bias, hidden, output_weight).tanh_()
        memory = torch.addcmul(decayed, gain, change)
        memories.append(memory)
    return torch.stack(memories, 0)


@torch.jit.script
def recurrence_loop_one_sample(
    drive: Tensor,
    memory_decay: Tensor,
    gain: Tensor,
    hidden_weight: Tensor,
    output_weight: Tensor,
    output_bias: Tensor,
    silu: bool,
) -> Tensor:
    """The same with drive (time, hidden): matrix times vector is up to 1.6 times as fast here."""
    memory = torch.zeros_like(memory_decay)
    memories: List[Tensor] = []
    for u in drive.unbind(0):
        decayed = memory_decay * memory
        hidden = torch.addmv(u, hidden_weight, decayed)
        hidden = F.silu(hidden, inplace=True) if silu else torch.relu_(hidden)
        change = torch.addmv(output_bias, output_weight, hidden).tanh_()
        memory = torch.addcmul(decayed, gain, change)
        memories.append(memory)
    return torch.stack(memories, 0)


class Elm:
    """Weights of one model, and what each form derives from them once."""

    def __init__(self, state, lambda_value, tau_range, silu, name):
        self.name, self.silu = name, silu
        self.synapse_weight = torch.relu(state["_proto_w_s"])
        self.n_synapses = self.synapse_weight.numel()
        low, high = tau_range
        memory_tau = torch.sigmoid(state["_proto_tau_m"]) * (high - low) + low
        self.memory_decay = torch.exp(-1.0 / memory_tau.clamp(min=1e-6))
        self.gain = lambda_value * (1 - self.memory_decay)
        self.synapse_decay = torch.exp(-1.0 / state["tau_s"].clamp(min=1e-6))
        self.equal_tau = bool((state["tau_s"] == state["tau_s"][0]).all())
        self.indices = state["input_to_synapse_indices"].long()
        self.mask = state["valid_indices_mask"].to(self.synapse_weight.dtype)
        self.hidden_weight, self.hidden_bias = (
            state["mlp.network.0.weight"],
            state["mlp.network.0.bias"],
        )
        self.output_weight, self.output_bias = (
            state["mlp.network.2.weight"],
            state["mlp.network.2.bias"],
        )
        self.readout_weight, self.readout_bias = state["w_y.weight"], state["w_y.bias"]
        self.n_memory = self.memory_decay.numel()
        self.n_hidden = self.hidden_bias.numel()
        self.n_branch = self.hidden_weight.size(1) - self.n_memory
        self.prepare_hoisted()

    def prepare_hoisted(self, n_input=N_INPUT):
        n_input = max(n_input, int(self.indices.max()) + 1)
        branch_of = torch.arange(self.n_synapses) // (self.n_synapses // self.n_branch)
        input_to_branch = torch.zeros(n_input, self.n_branch, dtype=self.synapse_weight.dtype)
        input_to_branch.index_put_(
            (self.indices, branch_of), self.synapse_weight * self.mask, accumulate=True
        )
        self.input_to_branch = input_to_branch
        decay = float(self.synapse_decay[0])
        age = torch.arange(FILTER_BLOCK)[:, None] - torch.arange(FILTER_BLOCK)[None, :]
        dtype = self.synapse_weight.dtype
        self.filter = torch.where(age >= 0, decay ** age.clamp(min=0).double(), 0.0).to(dtype)
        self.carry = (decay ** torch.arange(1, FILTER_BLOCK + 1).double()).to(dtype)
        self.branch_weight_t = self.hidden_weight[:, : self.n_branch].t().contiguous()
        self.memory_weight_t = self.hidden_weight[:, self.n_branch :].t().contiguous()
        self.output_weight_t = (PHI_SLOPE * self.output_weight).t().contiguous()
        self.output_bias_scaled = PHI_SLOPE * self.output_bias
        self.gain_scaled = PHI_SCALE * self.gain

    def published_input(self, x):
        # The fastest way found: index_select takes 3 to 6 times as long, indexing about twice.
        batch, n_steps, n_input = x.shape
        rows = x.reshape(batch * n_steps, n_input)
        routed = rows.gather(1, self.indices.expand(rows.size(0), -1))
        return routed.view(batch, n_steps, self.n_synapses) * self.mask

    def published_rest(self, synapse_input):
        return published_loop(
            synapse_input,
            self.synapse_weight,
            self.synapse_decay,
            self.memory_decay,
            self.gain,
            self.hidden_weight,
            self.hidden_bias,
            self.output_weight,
            self.output_bias,
            self.readout_weight,
            self.readout_bias,
            self.n_branch,
            self.silu,
        )

    def hoisted_input(self, x):
        batch, n_steps, _ = x.shape
        arriving = x.matmul(self.input_to_branch)
        padded = -(-n_steps // FILTER_BLOCK) * FILTER_BLOCK
        blocks = F.pad(arriving, (0, 0, 0, padded - n_steps))
        blocks = torch.matmul(self.filter, blocks.view(batch, -1, FILTER_BLOCK, self.n_branch))
        pieces = []
        last = torch.zeros(batch, 1, self.n_branch, dtype=x.dtype)
        for block in blocks.unbind(1):
            block = torch.addcmul(block, self.carry[:, None], last)
            last = block[:, -1:]
            pieces.append(block)
        branch = torch.cat(pieces, 1)[:, :n_steps].transpose(0, 1).contiguous()
        drive = torch.addmm(self.hidden_bias, branch.view(-1, self.n_branch), self.branch_weight_t)
        return drive.view(n_steps, batch, self.n_hidden)

    def hoisted_rest(self, drive):
        if drive.size(1) == 1:
            memory = recurrence_loop_one_sample(
                drive.squeeze(1),
                self.memory_decay,
                self.gain_scaled,
                self.memory_weight_t.t(),
                self.output_weight_t.t(),
                self.output_bias_scaled,
                self.silu,
            ).unsqueeze(1)
        else:
            memory = recurrence_loop(
                drive,
                self.memory_decay,
                self.gain_scaled,
                self.memory_weight_t,
                self.output_weight_t,
                self.output_bias_scaled,
                self.silu,
            )
        return F.linear(memory, self.readout_weight, self.readout_bias).transpose(0, 1)

    def stages(self, form):
        if form == "published":
            return self.published_input, self.published_rest
        return self.hoisted_input, self.hoisted_rest

    def useful_flop(self):
        """Per neuron and step: recurrence, input share of the first layer, two outputs."""
        return 2 * (
            2 * self.n_memory * self.n_hidden + self.n_branch * self.n_hidden + 2 * self.n_memory
        )

    def bytes_per_step(self, form, n_input):
        """Of the tensors that grow with batch * time: input and the copies that a form makes."""
        if form == "published":
            return 4 * (n_input + 2 * self.n_synapses)
        return 4 * (n_input + 6 * self.n_branch + self.n_hidden + 2 * self.n_memory)


def random_state(n_memory, dtype):
    """Shapes and wiring of the published fits, weights drawn as torch.nn.Linear starts them."""
    generator = torch.Generator().manual_seed(n_memory)

    def uniform(*shape, fan_in):
        return (torch.rand(*shape, generator=generator, dtype=dtype) * 2 - 1) / math.sqrt(fan_in)

    half = N_INPUT // 2
    interleaved = torch.stack([torch.arange(half), torch.arange(half) + half], 1).flatten()
    stride = -(-N_INPUT // N_BRANCH)
    place = torch.arange(N_BRANCH)[:, None] * stride + torch.arange(N_PER_BRANCH)[None, :]
    n_hidden, fan_in = 2 * n_memory, N_BRANCH + n_memory
    low, high = 1.0, 150.0
    tau = torch.logspace(math.log10(low + 1e-6), math.log10(high - 1e-6), n_memory, dtype=dtype)
    tau = tau.clamp(low + 1e-6, high - 1e-6)
    return {
        "_proto_w_s": torch.full((N_BRANCH * N_PER_BRANCH,), 0.5, dtype=dtype),
        "tau_s": torch.full((N_BRANCH * N_PER_BRANCH,), 5.0, dtype=dtype),
        "_proto_tau_m": torch.log((tau - low) / (high - tau)).clamp(-12, 12),
        "input_to_synapse_indices": interleaved[place.clamp(max=N_INPUT - 1)].flatten(),
        "valid_indices_mask": (place < N_INPUT).flatten(),
        "mlp.network.0.weight": uniform(n_hidden, fan_in, fan_in=fan_in),
        "mlp.network.0.bias": uniform(n_hidden, fan_in=fan_in),
        "mlp.network.2.weight": uniform(n_memory, n_hidden, fan_in=n_hidden),
        "mlp.network.2.bias": uniform(n_memory, fan_in=n_hidden),
        "w_y.weight": uniform(2, n_memory, fan_in=n_memory),
        "w_y.bias": uniform(2, fan_in=n_memory),
    }


def load_model(path, dtype):
    import h5py

    with h5py.File(path, "r") as file:
        settings = dict(file.attrs)
        state = {}
        for name in file:
            values = torch.from_numpy(np.asarray(file[name][()]))
            state[name] = values.to(dtype) if values.is_floating_point() else values
    if settings["elm_version"] != 1 or settings["mlp_num_layers"] != 1 or settings["delta_t"] != 1:
        raise SystemExit(f"error: {path}: expected version 1, one hidden layer and a step of 1 ms")
    if state["input_to_synapse_indices"].numel() == 0:
        raise SystemExit(f"error: {path}: expected routed inputs")
    tau_range = (float(settings["memory_tau_min"]), float(settings["memory_tau_max"]))
    if settings["mlp_activation"] not in ("relu", "silu"):
        raise SystemExit(f"error: {path}: expected hidden units of relu or silu")
    silu = settings["mlp_activation"] == "silu"
    return Elm(state, float(settings["lambda_value"]), tau_range, silu, pathlib.Path(path).stem)


def random_model(n_memory, dtype):
    silu = n_memory == 100
    return Elm(random_state(n_memory, dtype), 5.0, (1.0, 150.0), silu, f"d_m{n_memory}")


def random_spikes(batch, n_steps, n_input):
    """+1 on the first half of the channels, -1 on the second, at the rates of the NeuronIO data."""
    generator = torch.Generator().manual_seed(batch * 100003 + n_steps)
    half = n_input // 2
    x = torch.empty(batch, n_steps, n_input)
    for sample in x:
        sample.uniform_(generator=generator)
        sample[:, :half] = (sample[:, :half] < SPIKES_PER_STEP[0] / half).float()
        sample[:, half:] = -(sample[:, half:] < SPIKES_PER_STEP[1] / half).float()
    return x


def read_array(spec, default):
    """FILE.npy, or FILE.h5 or FILE.h5:DATASET."""
    path, _, dataset = str(spec).partition(":")
    if path.endswith(".npy"):
        return np.load(path)
    import h5py

    with h5py.File(path, "r") as file:
        return file[dataset or default][()]


def describe_blas():
    show = torch.__config__.show()
    built = re.search(r"BLAS_INFO=(\w+)", show)
    name = built.group(1) if built else "unknown"
    version = re.search(r"Math Kernel Library Version (\S+)", show)
    if version:
        name += " " + version.group(1)
    try:
        loaded = set(
            re.findall(r"\S*/(lib\S*(?:blas|mkl|blis)\S*\.so\S*)", open("/proc/self/maps").read())
        )
    except OSError:
        loaded = set()
    # CUDA's libraries lie in the process too but do no work here; numpy has its own copy.
    loaded = sorted(
        name for name in loaded if "cublas" not in name and "scipy_openblas" not in name
    )
    return name + (" (loaded: " + ", ".join(loaded) + ")" if loaded else "")


def matrix_product_rate():
    """float32 GFLOP/s of a 768^3 product: shows a reference BLAS or a busy machine at a glance."""
    a, b = torch.rand(768, 768), torch.rand(768, 768)
    best = math.inf
    for _ in range(8):
        start = time.perf_counter()
        a.matmul(b)
        best = min(best, time.perf_counter() - start)
    return 2 * 768**3 / best / 1e9


def measure(stages, x, repeats):
    """Wall and CPU seconds of each run, and the wall seconds of its first stage."""
    prepare, finish = stages
    short = x[:, : min(x.size(1), 200)].contiguous()
    for _ in range(3):  # the scripted loop is compiled in its first two runs
        finish(prepare(short))
    wall, cpu, first = [], [], []
    for run in range(repeats + 1):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        prepared = prepare(x)
        between = time.perf_counter()
        finish(prepared)
        del prepared
        if run == 0:  # warms caches and the allocator
            continue
        wall.append(time.perf_counter() - wall_start)
        cpu.append(time.process_time() - cpu_start)
        first.append(between - wall_start)
    return wall, cpu, first


def bench(chosen, blas, rate):
    if chosen.model:
        models = [load_model(path, torch.float32) for path in chosen.model]
    else:
        models = [random_model(n_memory, torch.float32) for n_memory in chosen.memory]
    for model in models:
        for batch in chosen.batch:
            for form in chosen.form:
                if form == "hoisted" and not model.equal_tau:
                    raise SystemExit("error: the hoisted form needs equal synapse time constants")
                n_input = model.input_to_branch.size(0)
                room = int(MEMORY_LIMIT / (batch * model.bytes_per_step(form, n_input)))
                n_steps = min(chosen.steps, room)
                note = "" if n_steps == chosen.steps else f"time cut from {chosen.steps} for memory"
                x = random_spikes(batch, n_steps, n_input)
                wall, cpu, first = measure(model.stages(form), x, chosen.repeats)
                seconds = statistics.median(wall)
                steps_per_second = batch * n_steps / seconds
                line = {
                    "case": model.name,
                    "form": form,
                    "batch": batch,
                    "threads": torch.get_num_threads(),
                    "n_steps": n_steps,
                    "repeats": chosen.repeats,
                    "steps_per_second": round(steps_per_second, 1),
                    "steps_per_second_best": round(batch * n_steps / min(wall), 1),
                    "seconds_per_step_sample": seconds / (batch * n_steps),
                    "input_seconds_per_step_sample": statistics.median(first) / (batch * n_steps),
                    "cpu_seconds_per_step_sample": statistics.median(cpu) / (batch * n_steps),
                    "useful_gflops": round(steps_per_second * model.useful_flop() / 1e9, 3),
                    "blas": blas,
                    "blas_gflops_768": round(rate, 1),
                    "torch": str(torch.__version__),
                }
                if chosen.fma_peak:
                    peak = chosen.fma_peak * torch.get_num_threads()
                    line["fraction_of_peak"] = round(line["useful_gflops"] / peak, 4)
                if note:
                    line["note"] = note
                    print(f"{model.name} {form} batch {batch}: {note}", file=sys.stderr)
                print(json.dumps(line), flush=True)
                del x


def check(chosen):
    """Both forms on the given input and model against the given output, in float32 and float64."""
    if not chosen.model or len(chosen.model) != 1 or not chosen.input:
        raise SystemExit("error: --check needs one --model and --input")
    expected = np.asarray(read_array(chosen.check, "output"), dtype=np.float64)
    inputs = np.asarray(read_array(chosen.input, "input"), dtype=np.float64)
    if inputs.ndim == 2:
        inputs, expected = inputs[None], expected[None]
    if inputs.ndim != 3 or expected.ndim != 3 or inputs.shape[:2] != expected.shape[:2]:
        raise SystemExit(f"error: input {inputs.shape} and output {expected.shape} do not match")
    worst = 0.0
    for dtype in (torch.float32, torch.float64):
        model = load_model(chosen.model[0], dtype)
        model.prepare_hoisted(inputs.shape[2])
        for form in chosen.form:
            with torch.inference_mode():
                prepare, finish = model.stages(form)
                found = finish(prepare(torch.from_numpy(inputs).to(dtype))).double().numpy()
            difference = np.abs(found - expected).max() / np.abs(expected).max()
            worst = max(worst, difference) if np.isfinite(difference) else math.inf
            print(f"{form} {dtype}: largest difference {difference:.1e} of the largest output")
    print(f"allowed {chosen.tolerance:.0e}")
    return worst <= chosen.tolerance


def main():
    options = argparse.ArgumentParser(description="PyTorch peer of the ELM forward pass, CPU.")
    options.add_argument("--memory", type=int, nargs="+", default=[20, 100], help="memory units")
    options.add_argument("--batch", type=int, nargs="+", default=[1, 8, 128])
    options.add_argument(
        "--form", nargs="+", choices=["published", "hoisted"], default=["published", "hoisted"]
    )
    options.add_argument("--steps", type=int, default=6000, help="steps per sample (time)")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--repeats", type=int, default=5, help="timed runs; the median counts")
    options.add_argument(
        "--model", nargs="+", metavar="FILE", help="state dict in HDF5 instead of random weights"
    )
    options.add_argument(
        "--fma-peak", type=float, metavar="GFLOPS", help="measured float32 peak of one core"
    )
    options.add_argument("--check", metavar="FILE[:DATASET]", help="compare with this output")
    options.add_argument("--input", metavar="FILE[:DATASET]", help="input for --check")
    options.add_argument("--tolerance", type=float, default=2e-5, help="for --check")
    chosen = options.parse_args()

    torch.set_num_threads(chosen.threads)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    if chosen.check:
        sys.exit(0 if check(chosen) else 1)
    blas, rate = describe_blas(), matrix_product_rate()
    print(torch.__config__.show(), file=sys.stderr)
    print(f"torch {torch.__version__}, BLAS {blas}, threads {chosen.threads}", file=sys.stderr)
    print(f"768^3 float32 product: {rate:.1f} GFLOP/s", file=sys.stderr)
    for name in ("OPENBLAS_CORETYPE", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "KMP_BLOCKTIME"):
        print(f"{name}={os.environ.get(name, '(not set)')}", file=sys.stderr)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", file=sys.stderr)
    with torch.inference_mode():
        bench(chosen, blas, rate)


if __name__ == "__main__":
    main()
