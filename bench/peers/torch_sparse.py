"""Attention in windows, in blocks and of hashed or chosen steps, as mixers of torch_models.

Each reads blocks of queries against the keys that they may see, gathered or unfolded, so that work grows
with the pattern and not with the square of the length. Equations and sizes are those of the mixers of
the same names in baselines/mixers/sparse.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from torch_attention import Attention
from torch_parts import join, split


def in_blocks(x, block):
    """(batch, heads, time, features) → (batch heads, blocks, block, features), zeros behind the end."""
    spare = -x.size(2) % block
    return F.pad(x, (0, 0, 0, spare)).unflatten(2, (-1, block)).flatten(0, 1)


def out_of_blocks(x, heads, steps):
    return x.flatten(1, 2).unflatten(0, (-1, heads))[:, :, :steps]


def neighbours(x, block, before, after):
    """What each block sees with so many steps on either side of it, as in_blocks."""
    spare = -x.size(2) % block
    longer = F.pad(x, (0, 0, before, spare + after))
    return longer.unfold(2, before + block + after, block).transpose(-1, -2).flatten(0, 1)


def exists(steps, block, before, after):
    """(blocks, 1, keys): whether a neighbour is a step. Queries behind the end see what is there too."""
    keys = torch.arange(-before, block + after) + torch.arange(0, steps, block)[:, None, None]
    queries = torch.arange(block)[:, None] + torch.arange(0, steps, block)[:, None, None]
    return (keys >= 0) & ((keys < steps) | (queries >= steps))


def windowed(q, k, v, before, after, block):
    """Softmax attention of each step to so many before and behind it."""
    distance = torch.arange(-before, block + after) - torch.arange(block)[:, None]
    return read_near(q, k, v, before, after, block, (distance >= -before) & (distance <= after))


def blocks_and_previous(q, k, v, block):
    """Softmax attention of each block to itself and the one before it."""
    return read_near(q, k, v, block, 0, block, True)


def read_near(q, k, v, before, after, block, mask):
    mask = exists(q.size(2), block, before, after) & mask
    near = (neighbours(x, block, before, after).contiguous() for x in (k, v))
    read = F.scaled_dot_product_attention(in_blocks(q, block), *near, attn_mask=mask)
    return out_of_blocks(read, q.size(1), q.size(2))


def read_both(q, far, near, far_mask, near_mask):
    """One softmax over keys that all blocks share and keys of a block: q (pairs, blocks, block,
    features), far keys and values (pairs, keys, features), near ones (pairs, blocks, keys, features)."""
    scale = 1 / math.sqrt(q.size(-1))
    shared = (q.flatten(1, 2) @ far[0].transpose(-1, -2)).unflatten(1, q.shape[1:3])
    own = q @ near[0].transpose(-1, -2)
    if far_mask is not None:
        shared = shared.masked_fill(~far_mask, -math.inf)
    scores = torch.cat([shared, own.masked_fill(~near_mask, -math.inf)], -1)
    of_far, of_near = torch.softmax(scale * scores, -1).split(
        [shared.size(-1), own.size(-1)], -1
    )
    return (of_far.flatten(1, 2) @ far[1]).unflatten(1, q.shape[1:3]) + of_near @ near[1]


class LocalAttention(Attention):
    def read(self, q, k, v, window=15):
        return windowed(q, k, v, window - 1, 0, 16)


class Longformer(Attention):
    """Without global steps."""

    def read(self, q, k, v, window=512):
        return windowed(q, k, v, window - 1 - window // 2, 0, 256)


class SparseTransformer(Attention):
    """The fixed pattern: a step's own block, and the last steps of those before it."""

    def read(self, q, k, v, block=50, summary=10):
        own = [in_blocks(x, block) for x in (q, k, v)]
        blocks = own[0].size(1)
        far = [x[:, :, block - summary :].flatten(1, 2) for x in own[1:]]
        of_block = torch.arange(blocks).repeat_interleave(summary)
        before = (of_block < torch.arange(blocks)[:, None])[:, None]
        causal = torch.ones(block, block, dtype=torch.bool).tril()
        return out_of_blocks(read_both(own[0], far, own[1:], before, causal), q.size(1), q.size(2))


class LongShort(Attention):
    """Segments with half as many steps on either side, and summaries of all. Not causal."""

    def __init__(self, width, window=15, summaries=16):
        super().__init__(width, key_bias=True)
        self.window, self.summaries = window, summaries
        self.summary = nn.Linear(width, self.heads * summaries, False)
        self.norm, self.summary_norm = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x):
        q = split(self.query(x), self.heads)
        steps, block, reach = x.size(1), self.window, self.window // 2
        shares = torch.softmax(split(self.summary(x), self.heads), 2).transpose(-1, -2)
        far, near = [], []
        for values in (self.norm(self.key(x)), self.norm(self.value(x))):
            each = split(values, self.heads)
            mixed = self.summary_norm(join(shares @ each))
            far.append(split(mixed, self.heads).flatten(0, 1))
            near.append(neighbours(each, block, reach, reach))
        mask = exists(steps, block, reach, reach)
        read = read_both(in_blocks(q, block), far, near, None, mask)
        return self.out(join(out_of_blocks(read, self.heads, steps)))


class BigBird(Attention):
    """Blocks gathered as rows of a table; the first and the last one see all. Not causal."""

    def __init__(self, width, steps, block=64, random=3):
        super().__init__(width)
        self.block, last = block, steps // block - 1
        rows, counted = [], []
        for _ in range(self.heads):
            for own in range(1, last):
                always = [0, own - 1, own, own + 1, last]
                free = [b for b in range(last) if b not in always]
                chosen = [free[i] for i in torch.randperm(len(free))[:random]]
                row = sorted({*always, *chosen})
                spare = 5 + random - len(row)
                rows.append(row + [0] * spare)
                counted.append([True] * len(row) + [False] * spare)
        shape = (self.heads, last - 1, 5 + random)
        self.register_buffer("table", torch.tensor(rows).view(shape))
        seen = torch.tensor(counted).view(shape).repeat_interleave(block, -1)
        self.register_buffer("seen", seen.unsqueeze(2))

    def read(self, q, k, v):
        batch, block = q.size(0), self.block
        head = torch.arange(self.heads)[:, None, None]
        near = []
        for x in (k, v):
            blocks = x.unflatten(2, (-1, block))
            near.append(blocks[:, head, self.table].flatten(3, 4).flatten(0, 1))
        inner = F.scaled_dot_product_attention(
            q.unflatten(2, (-1, block))[:, :, 1:-1].flatten(0, 1), *near,
            attn_mask=self.seen.repeat(batch, 1, 1, 1),
        )
        ends = torch.cat([q[:, :, :block], q[:, :, -block:]], 2)
        first, last = F.scaled_dot_product_attention(ends, k, v).chunk(2, 2)
        inner = inner.flatten(1, 2).unflatten(0, (batch, -1))
        return torch.cat([first, inner, last], 2)


class Sinkhorn(Attention):
    """A step's own block, and one mixed of all blocks. Not causal."""

    def __init__(self, width, block=50, most_blocks=64):
        super().__init__(width)
        self.block = block
        bound = 1 / math.sqrt(self.features)
        self.sort = nn.Parameter((2 * torch.rand(most_blocks, self.features) - 1) * bound)

    def read(self, q, k, v, iterations=8, temperature=0.75):
        blocks = [in_blocks(x, self.block) for x in (q, k, v)]
        count = blocks[0].size(1)
        scores = blocks[1].sum(2) @ self.sort[:count].T
        order = torch.softmax(scores / temperature, -1)
        for i in range(iterations):
            if i > 0:
                order = order / order.sum(-1, keepdim=True)
            order = order / order.sum(-2, keepdim=True)
        both = [
            torch.cat([(order @ x.flatten(2)).unflatten(2, x.shape[2:]), x], 2) for x in blocks[1:]
        ]
        steps, size = q.size(2), self.block
        last = torch.arange(size) + torch.arange(0, steps, size)[:, None, None] < steps
        mask = torch.cat([torch.ones_like(last), last], -1)
        read = F.scaled_dot_product_attention(blocks[0], *both, attn_mask=mask)
        return out_of_blocks(read, q.size(1), steps)


class Reformer(Attention):
    """Queries sorted by their hash, in chunks that see the one before. Not causal."""

    def __init__(self, width, rounds=2, buckets=64, chunk=64):
        super().__init__(width)
        self.key = None
        self.rounds, self.chunk = rounds, chunk
        self.register_buffer("rotations", torch.randn(rounds, self.features, buckets // 2))

    def forward(self, x):
        q, v = (split(f(x), self.heads).flatten(0, 1) for f in (self.query, self.value))
        with torch.no_grad():
            turned = q.unsqueeze(1) @ self.rotations
            buckets = torch.cat([turned, -turned], -1).argmax(-1)
            order = buckets.argsort(stable=True)
        read, weight = self.rounds_of(q, v, buckets, order)
        both = (read * torch.softmax(weight, 1).unsqueeze(-1)).sum(1)
        return self.out(join(both.unflatten(0, (-1, self.heads))))

    def rounds_of(self, q, v, buckets, order):
        """(pairs, rounds, time, features), and the logarithm of the sum of weights of each."""

        def chunks(x):
            return x.unflatten(2, (-1, self.chunk))

        def with_previous(x, first):
            previous = torch.cat([torch.full_like(x[:, :, :1], first), x[:, :, :-1]], 2)
            return torch.cat([previous, x], 3)

        def sorted_rows(x):
            index = order.unsqueeze(-1).expand(-1, -1, -1, x.size(-1))
            return chunks(x.unsqueeze(1).expand(-1, self.rounds, -1, -1).gather(2, index))

        queries = sorted_rows(q)
        keys, values = (
            with_previous(x, 0.0) for x in (F.normalize(queries, dim=-1), sorted_rows(v))
        )
        bucket, step = chunks(buckets.gather(2, order)), chunks(order)
        other = bucket.unsqueeze(-1) != with_previous(bucket, -1).unsqueeze(-2)
        itself = step.unsqueeze(-1) == with_previous(step, -1).unsqueeze(-2)
        scores = queries @ keys.transpose(-1, -2) / math.sqrt(q.size(-1))
        scores = scores.masked_fill(itself, -5e4).masked_fill(other, -math.inf)
        weight = torch.logsumexp(scores, -1, keepdim=True)
        read = (torch.exp(scores - weight) @ values).flatten(2, 3)
        back = order.argsort(-1)
        index = back.unsqueeze(-1).expand(-1, -1, -1, read.size(-1))
        return read.gather(2, index), weight.flatten(2, 4).gather(2, back)


def sampled_scores(q, k, sample):
    """How far the largest score of a query stands out of its keys sample[query] (queries, count)."""
    scores = (k[:, :, sample] @ q.unsqueeze(-1)).squeeze(-1)
    return scores.amax(-1) - scores.sum(-1) / k.size(2)


class ProbSparse(Attention):
    """The queries that stand out of a sample of keys; the others get the mean. Not causal."""

    def __init__(self, width, steps, factor=5):
        super().__init__(width)
        self.count = min(steps, factor * math.ceil(math.log(steps)))
        self.register_buffer("sample", torch.randint(steps, (steps, self.count)))

    def read(self, q, k, v):
        with torch.no_grad():
            chosen = sampled_scores(q, k, self.sample).topk(self.count, -1).indices
        index = chosen.unsqueeze(-1).expand(-1, -1, -1, q.size(-1))
        read = F.scaled_dot_product_attention(q.gather(2, index), k, v)
        return v.mean(2, keepdim=True).expand_as(v).scatter(2, index, read)
