"""Attention of all steps, of features, of mixtures and of landmarks, as mixers of torch_models.

PyTorch's scaled_dot_product_attention wherever weights are a softmax, products in chunks where they are
of features. Equations and sizes are those of the mixers of the same names in baselines/mixers.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from torch_parts import causal_products, join, linear_causal, split


class Attention(nn.Module):
    """A bias of the keys adds the same to all scores of a softmax; of other weights it does not."""

    def __init__(self, width, heads=4, key_bias=False):
        super().__init__()
        self.heads, self.features = heads, width // heads
        self.query, self.value, self.out = (nn.Linear(width, width) for _ in range(3))
        self.key = nn.Linear(width, width, key_bias)

    def forward(self, x):
        q, k, v = (split(f(x), self.heads) for f in (self.query, self.key, self.value))
        return self.out(join(self.read(q, k, v)))

    def read(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)


class PlainAttention(Attention):
    """With the matrix of weights in memory."""

    def read(self, q, k, v):
        scores = q @ k.transpose(-1, -2) / math.sqrt(self.features)
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        return torch.softmax(scores.masked_fill(later, -math.inf), -1) @ v


class LinearAttention(Attention):
    def __init__(self, width):
        super().__init__(width, key_bias=True)

    def read(self, q, k, v):
        return linear_causal(F.elu(q) + 1, F.elu(k) + 1, v)


class Performer(Attention):
    """Random features of the softmax, drawn once."""

    def __init__(self, width, features=64):
        super().__init__(width, key_bias=True)
        blocks = [torch.linalg.qr(torch.randn(self.features, self.features))[0].T]
        while len(blocks) * self.features < features:
            blocks.append(torch.linalg.qr(torch.randn(self.features, self.features))[0].T)
        rows = torch.cat(blocks)[:features]
        lengths = torch.randn(features, self.features).norm(dim=1, keepdim=True)
        self.register_buffer("matrix", rows * lengths)

    def random_features(self, x, relative):
        x = x * self.features**-0.25
        exponents = x @ self.matrix.T - x.square().sum(-1, keepdim=True) / 2
        if relative:
            exponents = exponents - exponents.amax(-1, keepdim=True).detach()
        return exponents.exp() + 1e-6

    def read(self, q, k, v):
        return linear_causal(self.random_features(q, True), self.random_features(k, False), v)


class Cosformer(Attention):
    def __init__(self, width, longest):
        super().__init__(width, key_bias=True)
        angle = math.pi / 2 * torch.arange(1, longest + 1)[:, None] / longest
        self.register_buffer("sine", angle.sin())
        self.register_buffer("cosine", angle.cos())

    def turned(self, x):
        positive = F.relu(x)
        return torch.cat([positive * self.sine, positive * self.cosine], -1)

    def read(self, q, k, v):
        return linear_causal(self.turned(q), self.turned(k), v)


class Linformer(Attention):
    """Not causal."""

    def __init__(self, width, longest, rank=64):
        super().__init__(width, key_bias=True)
        self.mixtures = nn.Parameter(torch.randn(longest, rank) / math.sqrt(rank))

    def read(self, q, k, v):
        return F.scaled_dot_product_attention(q, self.mixtures.T @ k, self.mixtures.T @ v)


class Synthesizer(Attention):
    """With scores that are learned for each pair of positions."""

    def __init__(self, width, longest):
        super().__init__(width)
        bound = math.sqrt(3 / (self.heads * longest))
        self.scores = nn.Parameter((2 * torch.rand(self.heads, longest, longest) - 1) * bound)

    def read(self, q, k, v):
        later = torch.ones(self.scores.shape[1:], dtype=torch.bool).triu(1)
        scores = self.scores.masked_fill(later, -math.inf)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=scores)


def segment_means(x, count):
    """Of equal segments of steps."""
    return x.unflatten(-2, (count, -1)).mean(-2)


class Nystrom(Attention):
    """Not causal."""

    def __init__(self, width, landmarks=64, taps=35):
        super().__init__(width)
        self.landmarks = landmarks
        self.convolution = nn.Conv2d(
            self.heads, self.heads, (taps, 1), padding=(taps // 2, 0), groups=self.heads, bias=False
        )

    def inverse(self, a):
        """By six steps of the iteration of Xiong et al. 2021."""
        identity = torch.eye(self.landmarks)
        z = a.transpose(-1, -2) / a.sum(-2, keepdim=True).amax(-1, keepdim=True)
        for _ in range(6):
            az = a @ z
            z = z @ (13 * identity - az @ (15 * identity - az @ (7 * identity - az))) / 4
        return z

    def read(self, q, k, v):
        few_q, few_k = (segment_means(x, self.landmarks) for x in (q, k))
        a = torch.softmax(few_q @ few_k.transpose(-1, -2) / math.sqrt(self.features), -1)
        read = self.inverse(a) @ F.scaled_dot_product_attention(few_q, k, v)
        return F.scaled_dot_product_attention(q, few_k, read) + self.convolution(v)


class Abc(Attention):
    """Sums of exponentials so far as products in chunks."""

    def __init__(self, width, slots=16):
        super().__init__(width)
        bound = 1 / math.sqrt(self.features)
        self.controls = nn.Parameter((2 * torch.rand(2, slots, self.features) - 1) * bound)

    def read(self, q, k, v):
        of_keys, of_values = (torch.exp(x @ c.T) for x, c in zip((k, v), self.controls))
        scores = causal_products(q, k, of_keys) / of_keys.cumsum(-2)
        weights = torch.softmax(scores / math.sqrt(self.features), -1)
        return causal_products(weights / of_values.cumsum(-2), of_values, v)


class Lara(Attention):
    """Not causal."""

    def __init__(self, width, landmarks=16):
        super().__init__(width)
        self.landmarks = landmarks

    def read(self, q, k, v):
        scale = 1 / math.sqrt(self.features)
        middle = segment_means(q, self.landmarks) + segment_means(k, self.landmarks)
        drawn = middle + torch.randn_like(middle)
        exponents = drawn @ k.transpose(-1, -2) - k.square().sum(-1).unsqueeze(-2) / 2
        sums = torch.softmax(scale * exponents, -1) @ v
        own = (drawn * middle - middle.square() / 2).sum(-1)
        offset = torch.logsumexp(scale * exponents, -1) - scale * own
        scores = scale * (q @ (middle + drawn).transpose(-1, -2)) + offset.unsqueeze(-2)
        return torch.softmax(scores, -1) @ sums
