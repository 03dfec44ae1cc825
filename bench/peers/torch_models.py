"""The sequence models of `elmsim list models` as good plain PyTorch programs, peers of training_step_bench.

Each takes (batch, time, inputs) and gives (batch, time, outputs). Layers, sizes and numbers of parameters
are those of the models here (baselines/models.def), but for tables of positions, which nothing adds;
first values are PyTorch's own, which times do not depend on. Mixers stand in a file for each family.
"""

from torch import nn

import torch_attention as attention
import torch_convolution as convolution
import torch_gated as gated
import torch_recurrent as recurrent
import torch_sparse as sparse
import torch_spiking as spiking
import torch_state_space as state_space


class Block(nn.Module):
    def __init__(self, width, mixer, norm, mlp_width, post, activation):
        super().__init__()
        self.post = post
        parts = [mixer]
        if mlp_width > 0:
            parts.append(
                nn.Sequential(
                    nn.Linear(width, mlp_width), activation(), nn.Linear(mlp_width, width)
                )
            )
        self.parts = nn.ModuleList(parts)
        self.norms = nn.ModuleList(norm(width) for _ in parts)

    def forward(self, x):
        for part, norm in zip(self.parts, self.norms):
            x = norm(x + part(x)) if self.post else x + part(norm(x))
        return x


class Stack(nn.Module):
    """Blocks of a mixer and, where `mlp_width` is given, a perceptron, with norms before or behind."""

    def __init__(
        self, inputs, outputs, width, make, mlp_width=0, norm=nn.LayerNorm, post=False,
        activation=nn.GELU, layers=2,
    ):  # fmt: skip
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(inputs, width),
            *(Block(width, make(width), norm, mlp_width, post, activation) for _ in range(layers)),
            *([] if post else [norm(width)]),
            nn.Linear(width, outputs),
        )

    def forward(self, x):
        return self.model(x)


def rms_norm(width):
    return nn.RMSNorm(width, 1e-5)


def peers(width, steps, inputs, outputs):
    """Name → what makes the peer, and options of ours that differ from their defaults."""
    mlp, found = 4 * width, {}

    def stack(name, make, options=None, **others):
        found[name] = (
            lambda: Stack(inputs, outputs, width, make, **others),
            {"width": width, **(options or {})},
        )

    def transformer(name, make, options=None, **others):
        stack(name, make, {"mlp_width": mlp, **(options or {})}, mlp_width=mlp, **others)

    def alone(name, make, *sizes, **options):
        found[name] = lambda: make(inputs, outputs, *sizes), options

    longest = {"longest": steps}
    transformer("transformer", attention.Attention)
    transformer("plain_transformer", attention.PlainAttention)
    transformer("identity_transformer", lambda w: nn.Identity())
    transformer("linear_transformer", attention.LinearAttention)
    transformer("performer", attention.Performer)
    transformer("cosformer", lambda w: attention.Cosformer(w, steps), longest)
    transformer("linformer", lambda w: attention.Linformer(w, steps), longest)
    transformer("synthesizer", lambda w: attention.Synthesizer(w, steps), longest)
    transformer("nystromformer", attention.Nystrom)
    transformer("abc", attention.Abc)
    transformer("lara", attention.Lara)
    transformer("local_transformer", sparse.LocalAttention)
    transformer("longformer", sparse.Longformer)
    transformer("sparse_transformer", sparse.SparseTransformer)
    transformer("bigbird", lambda w: sparse.BigBird(w, steps))
    transformer("sinkhorn_transformer", sparse.Sinkhorn)
    transformer("reformer", sparse.Reformer)
    transformer("prob_sparse", lambda w: sparse.ProbSparse(w, steps))
    transformer("long_short", sparse.LongShort)

    transformer("retnet", gated.Retention)
    transformer("rwkv4", gated.Rwkv4)
    transformer("h3", state_space.H3)
    transformer("hyena", lambda w: gated.Hyena(w, steps), longest)
    mega = {"post": True, "activation": nn.SiLU}
    transformer("mega", lambda w: gated.GatedAttention(w, gated.Averages, steps), longest, **mega)
    for name, summary in (("mega_chunk", gated.Averages), ("tcnca", gated.DilatedConvolutions)):
        transformer(name, lambda w, s=summary: gated.GatedAttention(w, s, 128, True), **mega)

    stack("s4d", state_space.S4d)
    stack("s4", state_space.S4, longest)
    stack("s4nd", state_space.S4nd)
    stack("liquid_s4", state_space.LiquidS4)
    stack("dss", state_space.Dss, longest)
    stack("gss", state_space.Gss)
    stack("s5", lambda w: state_space.Lru(w, 32, False))
    stack("lru", state_space.Lru, {"states": 64})
    stack("mamba", state_space.Mamba, norm=rms_norm)
    stack("mamba2", state_space.Mamba2, norm=rms_norm)
    stack("min_gru", gated.MinGru)

    alone("lstm", recurrent.lstm, width, units=width)
    alone("chrono_lstm", recurrent.lstm, width, units=width)
    alone("gru", recurrent.gru, width, units=width)
    alone("hippo", recurrent.Hippo, steps, width, units=width, **longest)
    alone("tcn", convolution.Tcn, width, width=width, taps=8)
    alone("dilated_tcn", convolution.DilatedTcn, width, width=width)
    alone("lif", spiking.PointNeurons, width, False, neurons=width)
    alone("alif", spiking.PointNeurons, width, True, neurons=width)
    alone("recurrent_lif", spiking.SpikingNetwork, width, 0, units=width)
    alone("lsnn", spiking.SpikingNetwork, width, 1, units=width)
    alone("adlif_network", spiking.SpikingNetwork, width, 2, units=width)
    return found
