#pragma once

#include <cstdint>

#include "kernels/autograd/context.h"

namespace elm {

/// Attention of steps that hash to the same bucket, by locality-sensitive hashing: bucket of x in a
/// round with a matrix M of n / 2 columns: the place of the largest of [x M, -x M]. In each round
/// steps are sorted by bucket and position and cut into chunks; a step sees those of its bucket in
/// its own chunk and the one before, itself only where there is nothing else. One softmax over all
/// rounds; a key that two rounds share counts twice. Buckets are read back to the host.
struct HashSettings {
    std::int64_t heads = 1, rounds = 1, buckets = 2;  // an even number
    std::int64_t chunk = 1;
    Tensor rotations = {};  // (features of a head, rounds, buckets / 2)
    Tensor lengths = {};    // (batch) as int32 on the host; undefined: all
    /// Otherwise both chunks are seen whole, and the first chunk of a round sees the last one of
    /// the round before, that of the first round the one of the last.
    bool within_bucket = true;
    bool avoids_itself = true;  // otherwise a step sees itself like others
    double scale = 0;           // of scores; 0: 1 / sqrt(features of a head)
};

/// Shapes: query, key, value and result (batch, time, heads features). Queries alone are hashed.
Var hashed_attention(Context& context, const Var& query, const Var& key, const Var& value,
                     const HashSettings& settings);

}  // namespace elm
