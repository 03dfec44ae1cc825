#pragma once

/// Products of the ELM's recurrence on the tensor cores, for one block of 8 samples.
///
/// The 16 rows of a tile are units, its 8 columns the samples. Weights are the A operand of each
/// product; they are rounded to bfloat16 once and stay in the registers of the warp that owns the
/// rows. Values are the B operand, in shared memory, a row of units for each sample. Sums are
/// float32.
///
/// The order of the inner index is free if both operands share it. Lane q of a group of four takes
/// units 32 g + 8 q .. + 7 of inner tiles 2 g and 2 g + 1, so that one 16-byte load brings its part
/// of both; of a last tile alone it takes four units. Rows of neighbouring samples begin such that
/// loads of 16 and stores of 4 bytes meet no bank twice.

#include <cstdint>

#include "kernels/core/cuda/device.cuh"
#include "kernels/core/cuda/mma_tile.cuh"
#include "kernels/core/cuda/reduce.cuh"
#include "kernels/core/view.h"

namespace elm::tensor {

inline constexpr int samples = mma_columns;  // of a block

/// Sizes of a kernel: warps, and tiles of 16 of hidden units, memory units, and memory units with
/// branches. Some warps own `few` hidden and `more` memory tiles, the others the reverse, so that
/// all hold about as many weights.
template <int warp_count, int hidden_tiles, int memory_tiles, int input_tiles>
struct TileSizes {
    static constexpr int warps = warp_count, hidden = hidden_tiles, memory = memory_tiles,
                         input = input_tiles;
    /// Warps with two memory tiles and one hidden tile.
    static constexpr int two_memory = memory > warps ? memory - warps : 0;
    static constexpr int hidden_each = (hidden - two_memory + warps - two_memory - 1) /
                                       (warps - two_memory);  // of the other warps
    /// Tiles that all warps own together; those behind the last one that is needed are zeros.
    static constexpr int owned_hidden = two_memory + (warps - two_memory) * hidden_each;
    static constexpr int owned_memory = warps + two_memory;
};

/// Steps that copies from global memory run ahead.
inline constexpr int steps_ahead = 4;

/// Where a lane's part of a block's array (samples, time, width) begins: of each of its tiles, rows
/// lane / 4 and + 8 of samples 2 (lane % 4) and the next. A block's part has less than 2^31
/// elements.
__device__ __forceinline__ int lane_offset(std::int64_t n_steps, int width, int first_tile) {
    const int lane = static_cast<int>(threadIdx.x % warp_size);
    return lane % 4 * 2 * static_cast<int>(n_steps) * width + first_tile * mma_rows + lane / 4;
}

/// That part at one step. `first` is the block's first sample.
template <class T>
struct LanePart {
    T* of_sample[2];

    __device__ LanePart(T* first_sample, T* second_sample)
        : of_sample{first_sample, second_sample} {}
    __device__ LanePart(const View<T, 3>& array, std::int64_t first, std::int64_t step,
                        int offset) {
        const std::int64_t width = array.extent[2];
        of_sample[0] = array.data + (first * array.extent[1] + step) * width + offset;
        of_sample[1] = of_sample[0] + array.extent[1] * width;
    }

    /// Element i of tile r, as at_c numbers them.
    __device__ T* at(int r, int i) const { return of_sample[i % 2] + r * mma_rows + i / 2 * 8; }
};

/// Which elements of its tiles a lane shall touch: units below `width` of samples that exist.
struct LaneRange {
    int rows[2];  // rows of its tiles, from its own first one on, for each of its samples

    __device__ LaneRange(int width, int first_tile, int sample_count) {
        const int lane = static_cast<int>(threadIdx.x % warp_size);
        const int left = width - first_tile * mma_rows - lane / 4;
        rows[0] = lane % 4 * 2 < sample_count ? left : 0;
        rows[1] = lane % 4 * 2 + 1 < sample_count ? left : 0;
    }
    /// The same, so that what follows from it is computed where it is used.
    __device__ LaneRange again() const {
        LaneRange copy = *this;
        copy.rows[0] = recomputed(rows[0]);
        copy.rows[1] = recomputed(rows[1]);
        return copy;
    }
    __device__ bool has(int r, int i) const { return r * mma_rows + i / 2 * 8 < rows[i % 2]; }
};

/// Shared rows of 16-bit values: `tiles` inner tiles of 16 units for each sample.
template <int tiles>
struct ValueRows {
    static constexpr int units = (tiles + 1) / 2 * 32;
    static constexpr int pitch = units % 64 == 32 ? units : units + 32;  // 64 n + 32
    static constexpr int words = samples * pitch / 2 + 12;

    std::uint32_t* data;  // 16-byte aligned, `words` long

    /// First word of a sample's row.
    __device__ std::uint32_t* row(int sample) const {
        return data + sample * (pitch / 2) + sample / 2 * 4;
    }
};

__device__ __forceinline__ std::uint32_t pair_of(float low, float high) {
    return std::uint32_t{to_bf16(low).bits} | std::uint32_t{to_bf16(high).bits} << 16;
}

/// Packed weights of both phases, each (tile, inner tile, lane).
struct Fragments {
    const uint4 *hidden, *memory;
};

/// Writes the fragments of `weight(row, unit)`, which gives zero outside: element (tile, k, lane)
/// is the lane's share of inner tile k of `depth`.
template <class Weight, int depth>
struct PackFragments {
    Weight weight;
    uint4* to;

    __device__ void operator()(std::int64_t index) const {
        const int lane = static_cast<int>(index % warp_size);
        const int k = static_cast<int>(index / warp_size % depth);
        const int tile = static_cast<int>(index / warp_size / depth);
        const bool alone = k % 2 == 0 && k + 1 == depth;
        std::uint32_t words[mma_a_count / 2];
        for (int word = 0; word < mma_a_count / 2; ++word) {
            float value[2];
            for (int half = 0; half < 2; ++half) {
                const TilePlace place = at_a(lane, 2 * word + half);
                const int q = place.column % 8 / 2;
                const int j = place.column / 8 * 2 + place.column % 2;
                const int unit = alone ? k * 16 + q * 4 + j : k / 2 * 32 + q * 8 + k % 2 * 4 + j;
                value[half] = weight(tile * mma_rows + place.row, unit);
            }
            words[word] = pair_of(value[0], value[1]);
        }
        to[index] = {words[0], words[1], words[2], words[3]};
    }
};

/// `count` tiles of 16 rows with `depth` inner tiles each, in the registers of one warp.
template <int count, int depth>
struct WeightTiles {
    PackedA a[count][depth];

    __device__ static PackedA packed(const uint4& words) {
        return {{words.x, words.y, words.z, words.w}};
    }
    /// From the fragments of all tiles.
    __device__ WeightTiles(const uint4* fragments, int first_tile) {
        const int lane = static_cast<int>(threadIdx.x % warp_size);
#pragma unroll
        for (int r = 0; r < count; ++r) {
#pragma unroll
            for (int k = 0; k < depth; ++k) {
                a[r][k] = packed(fragments[((first_tile + r) * depth + k) * warp_size + lane]);
            }
        }
    }

    /// Adds to sums[r][k % sets]: several sets make chains shorter.
    template <int sets>
    __device__ void multiply(const ValueRows<depth>& values, FragmentC (&sums)[count][sets]) const {
        const int lane = static_cast<int>(threadIdx.x % warp_size);
        const std::uint32_t* const row = values.row(lane / 4);
        const auto add = [&](int k, const PackedB& b) {
#pragma unroll
            for (int r = 0; r < count; ++r) {
                sums[r][k % sets] = mma<Bf16>(a[r][k], b, sums[r][k % sets]);
            }
        };
#pragma unroll
        for (int k = 0; k + 1 < depth; k += 2) {
            const uint4 b = reinterpret_cast<const uint4*>(row)[k / 2 * 4 + lane % 4];
            add(k, {{b.x, b.y}});
            add(k + 1, {{b.z, b.w}});
        }
        if constexpr (depth % 2 == 1) {
            const uint2 b = reinterpret_cast<const uint2*>(row)[(depth - 1) * 4 + lane % 4];
            add(depth - 1, {{b.x, b.y}});
        }
    }
};

/// Writes a tile's values, one lane's share of which is `value`, rounded to 16 bits; rows from
/// `limit`, an even number, on are left alone. All lanes of the warp call it.
template <int tiles>
__device__ __forceinline__ void store_tile(const ValueRows<tiles>& to, int tile,
                                           const float (&value)[mma_c_count], int limit,
                                           CallSite site = ELM_CALL_SITE) {
    const int lane = static_cast<int>(threadIdx.x % warp_size);
    const bool odd = lane / 4 % 2 == 1;
    // A lane has rows r, r + 8 of two samples; its neighbour has the rows beside them. Each keeps
    // one of the samples.
    const std::uint32_t mine = odd ? pair_of(value[1], value[3]) : pair_of(value[0], value[2]);
    const std::uint32_t give = odd ? pair_of(value[0], value[2]) : pair_of(value[1], value[3]);
    const std::uint32_t taken = exchange_lanes(give, 4, site);
    const std::uint32_t low = odd ? taken : mine, high = odd ? mine : taken;
    const int row = tile * mma_rows + lane / 4 / 2 * 2;  // even
    std::uint32_t* const words = to.row(lane % 4 * 2 + (odd ? 1 : 0));
    if (row < limit) words[row / 2] = (low & 0xFFFFu) | high << 16;
    if (row + 8 < limit) words[row / 2 + 4] = low >> 16 | (high & 0xFFFF0000u);
}

__device__ __forceinline__ float fast_scaled_tanh(float x) {
    // tanh(y) = 1 - 2 / (exp(2 y) + 1): right at both ends, too
    return 1.7159F - __fdividef(2 * 1.7159F, __expf(x * (4.0F / 3.0F)) + 1.0F);
}

}  // namespace elm::tensor
