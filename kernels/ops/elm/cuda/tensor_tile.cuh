#pragma once

/// Products of the ELM's recurrence on the tensor cores, for one block of 8 samples.
///
/// The 16 rows of a tile are units, its 8 columns the samples. Weights are the A operand of each
/// product; they are rounded to the Element once, Bf16 or Tf32, and stay in the registers of the
/// warp that owns the rows, or in its part of shared memory where registers do not suffice. Values
/// are the B operand, in shared memory, a row of units for each sample. Sums are float32.
///
/// A 32-bit word holds two units in Bf16, one in Tf32. An inner tile is the 8 words that one
/// product takes, so that a tile of 16 units is one of them or two, and both elements lie alike in
/// words.
///
/// The order of the inner index is free if both operands share it. Lane q of a group of four takes
/// words 16 g + 4 q .. + 3 of inner tiles 2 g and 2 g + 1, so that one 16-byte load brings its part
/// of both; of a last tile alone it takes two words. Rows of neighbouring samples begin such that
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

/// Inner tiles of `tiles` tiles of 16 units.
template <class Element>
constexpr int inner_tiles(int tiles) {
    return tiles * 2 / mma_per_word<Element>;
}

/// The values of one word, rounded.
template <class Element>
__device__ __forceinline__ std::uint32_t word_of(const float (&value)[mma_per_word<Element>]) {
    if constexpr (mma_per_word<Element> == 1) {
        return to_tf32(value[0]).bits;
    } else {
        return std::uint32_t{to_bf16(value[0]).bits} | std::uint32_t{to_bf16(value[1]).bits} << 16;
    }
}

/// Shared rows of rounded values: `depth` inner tiles for each sample.
template <class Element, int depth>
struct ValueRows {
    static constexpr int row_words = (depth + 1) / 2 * 16;
    static constexpr int pitch = row_words % 32 == 16 ? row_words : row_words + 16;  // 32 n + 16
    /// A tile's units are stored one word after the other: 4 words of a sample, or 8.
    static constexpr int shift = 8 / mma_per_word<Element>;
    static constexpr int words = samples * pitch + 3 * shift;

    std::uint32_t* data;  // 16-byte aligned, `words` long

    /// First word of a sample's row.
    __device__ std::uint32_t* row(int sample) const {
        return data + sample * pitch + sample / 2 * shift;
    }
    /// Units 2 pair and 2 pair + 1.
    __device__ void put_pair(int sample, int pair, float first, float second) const {
        std::uint32_t* const at = row(sample) + pair * (2 / mma_per_word<Element>);
        if constexpr (mma_per_word<Element> == 1) {
            at[0] = word_of<Element>({first});
            at[1] = word_of<Element>({second});
        } else {
            at[0] = word_of<Element>({first, second});
        }
    }
};

/// Packed weights of both phases, each (tile, inner tile, lane).
struct Fragments {
    const uint4 *hidden, *memory;
};

/// Writes the fragments of `weight(row, unit)`, which gives zero outside: element (tile, k, lane)
/// is the lane's share of inner tile k of `depth`.
template <class Element, class Weight, int depth>
struct PackFragments {
    Weight weight;
    uint4* to;

    __device__ void operator()(std::int64_t index) const {
        constexpr int per_word = mma_per_word<Element>;
        const int lane = static_cast<int>(index % warp_size);
        const int k = static_cast<int>(index / warp_size % depth);
        const int tile = static_cast<int>(index / warp_size / depth);
        const bool alone = k % 2 == 0 && k + 1 == depth;
        std::uint32_t words[mma_a_words];
        for (int word = 0; word < mma_a_words; ++word) {
            const TilePlace place = word_at_a(lane, word);
            const int q = place.column % 4, j = place.column / 4;
            const int at = alone ? k * 8 + q * 2 + j : k / 2 * 16 + q * 4 + k % 2 * 2 + j;
            float value[per_word];
            for (int part = 0; part < per_word; ++part) {
                value[part] = weight(tile * mma_rows + place.row, at * per_word + part);
            }
            words[word] = word_of<Element>(value);
        }
        to[index] = {words[0], words[1], words[2], words[3]};
    }
};

/// Registers of a thread that weights may take: the rest is for values and addresses, and for
/// weights on their way from shared memory, which tf32 needs.
template <class Element>
inline constexpr int weight_registers = mma_per_word<Element> == 1 ? 184 : 196;

/// How a warp keeps its weights: those of its hidden tiles in registers, of each of its memory
/// tiles the first `kept` inner ones too, the others in shared memory.
template <class Element, class Sizes, int hidden_depth, int memory_depth>
struct RoleWeights {
    template <int hidden_count, int memory_count>
    struct Plan {
        static constexpr int room =
            (weight_registers<Element> / mma_a_words - hidden_count * hidden_depth) /
            memory_count;  // inner tiles
        static constexpr int kept = room < memory_depth ? room : memory_depth;
        static constexpr int shared_tiles = memory_count * (memory_depth - kept);
        static_assert(kept > 0);
    };
    static constexpr int of_two = Plan<1, 2>::shared_tiles;
    static constexpr int of_one = Plan<Sizes::hidden_each, 1>::shared_tiles;
    static constexpr int shared_words =
        (Sizes::two_memory > 0 && of_two > of_one ? of_two : of_one) * mma_a_words * Sizes::warps *
        warp_size;
};

/// `count` tiles of 16 rows with `depth` inner tiles each, of one warp: `kept` of them in
/// registers, the others in shared memory, where each thread reads only what it wrote itself.
template <class Element, int warps, int count, int depth, int kept = depth>
struct WeightTiles {
    static constexpr int shared_depth = depth - kept, threads = warps * warp_size;
    PackedA a[count][kept];
    uint4* room;  // of all threads

    __device__ static PackedA packed(const uint4& words) {
        return {{words.x, words.y, words.z, words.w}};
    }
    /// From the fragments of all tiles. `shared` is 16-byte aligned, the block's.
    __device__ WeightTiles(const uint4* fragments, int first_tile, std::uint32_t* shared = nullptr)
        : room(reinterpret_cast<uint4*>(shared)) {
        const int thread = static_cast<int>(threadIdx.x), lane = thread % warp_size;
#pragma unroll
        for (int r = 0; r < count; ++r) {
            const uint4* const from = fragments + (first_tile + r) * depth * warp_size + lane;
#pragma unroll
            for (int k = 0; k < kept; ++k) a[r][k] = packed(from[k * warp_size]);
            for (int k = kept; k < depth; ++k) {
                room[(r * shared_depth + k - kept) * threads + thread] = from[k * warp_size];
            }
        }
    }

    /// Adds to sums[r][k % sets]: several sets make chains shorter.
    template <int sets>
    __device__ void multiply(const ValueRows<Element, depth>& values,
                             FragmentC (&sums)[count][sets]) const {
        const int lane = static_cast<int>(threadIdx.x % warp_size);
        const std::uint32_t* const row = values.row(lane / 4);
        const uint4* const own =
            shared_depth > 0 ? room + recomputed(static_cast<int>(threadIdx.x)) : nullptr;
        const auto add = [&](int k, const PackedB& b) {
#pragma unroll
            for (int r = 0; r < count; ++r) {
                const PackedA weights = k < kept
                                            ? a[r][k < kept ? k : 0]
                                            : packed(own[(r * shared_depth + k - kept) * threads]);
                sums[r][k % sets] = mma<Element>(weights, b, sums[r][k % sets]);
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

/// Writes a tile's values, one lane's share of which is `value`, rounded; rows from `limit`, an
/// even number, on are left alone. All lanes of the warp call it.
template <class Element, int depth>
__device__ __forceinline__ void store_tile(const ValueRows<Element, depth>& to, int tile,
                                           const float (&value)[mma_c_count], int limit,
                                           CallSite site = ELM_CALL_SITE) {
    const int lane = static_cast<int>(threadIdx.x % warp_size);
    if constexpr (mma_per_word<Element> == 1) {
        (void)site;
#pragma unroll
        for (int i = 0; i < mma_c_count; ++i) {
            const TilePlace place = at_c(lane, i);
            const int row = tile * mma_rows + place.row;
            if (row < limit) to.row(place.column)[row] = word_of<Element>({value[i]});
        }
    } else {
        const bool odd = lane / 4 % 2 == 1;
        // A lane has rows r, r + 8 of two samples; its neighbour has the rows beside them. Each
        // keeps one of the samples.
        const std::uint32_t of_first = word_of<Element>({value[0], value[2]});
        const std::uint32_t of_second = word_of<Element>({value[1], value[3]});
        const std::uint32_t mine = odd ? of_second : of_first;
        const std::uint32_t taken = exchange_lanes(odd ? of_first : of_second, 4, site);
        const std::uint32_t low = odd ? taken : mine, high = odd ? mine : taken;
        const int row = tile * mma_rows + lane / 4 / 2 * 2;  // even
        std::uint32_t* const words = to.row(lane % 4 * 2 + (odd ? 1 : 0));
        if (row < limit) words[row / 2] = (low & 0xFFFFu) | high << 16;
        if (row + 8 < limit) words[row / 2 + 4] = low >> 16 | (high & 0xFFFF0000u);
    }
}

__device__ __forceinline__ float fast_scaled_tanh(float x) {
    // tanh(y) = 1 - 2 / (exp(2 y) + 1): right at both ends, too
    return 1.7159F - __fdividef(2 * 1.7159F, __expf(x * (4.0F / 3.0F)) + 1.0F);
}

}  // namespace elm::tensor
