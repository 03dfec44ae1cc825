#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "kernels/ops/attention/attention.h"
#include "kernels/ops/product/tile_product.h"

/// Attention on the CPU, a block of queries at a time: a lane is a query, so that rows of keys and
/// values are read where they are and sums over keys need no sum of lanes.
namespace elm::attention_tile {

using lanes::AlignedVector;
using lanes::Vec;

/// Keys of a tile: their scores stay in the L1 cache.
inline constexpr std::int64_t tile_keys = 16 * lanes::tile_rows;

/// log2 e: powers are of 2.
inline constexpr double log2_e = 1.4426950408889634074;

/// 2^x for x that is not above 0 by more than rounding; 2^-126 or 2^-1022 below. At most 2 units in
/// the last place off.
template <class Real, int N>
ELM_INLINE Vec<Real, N> power_of_two(const Vec<Real, N>& from) {
    if constexpr (std::is_same_v<Real, float>) {
        const Vec<float, N> lowest = lanes::broadcast<float, N>(-126.0F);
        Vec<float, N> power, poly;
        lanes::ExpParts::split<N>(from < lowest ? lowest : from, 1.0F, power, poly);
        return lanes::multiply_add<float, N>(power, poly, power);
    } else {
        constexpr double magic = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer
        const Vec<double, N> lowest = lanes::broadcast<double, N>(-1022.0);
        const Vec<double, N> x = from < lowest ? lowest : from;
        const Vec<double, N> rounded = x + magic;
        const Vec<double, N> r = (x - (rounded - magic)) * 0.69314718055994530942;
        // Taylor series of e^r, |r| <= ln 2 / 2: the first term left out is below 1e-17.
        constexpr double inverse_factorials[] = {1.0,
                                                 1.0,
                                                 1.0 / 2,
                                                 1.0 / 6,
                                                 1.0 / 24,
                                                 1.0 / 120,
                                                 1.0 / 720,
                                                 1.0 / 5040,
                                                 1.0 / 40320,
                                                 1.0 / 362880,
                                                 1.0 / 3628800,
                                                 1.0 / 39916800,
                                                 1.0 / 479001600,
                                                 1.0 / 6227020800.0};
        Vec<double, N> sum = lanes::broadcast<double, N>(inverse_factorials[13]);
#pragma GCC unroll 16
        for (int k = 12; k >= 0; --k) {
            sum = lanes::multiply_add<double, N>(
                sum, r, lanes::broadcast<double, N>(inverse_factorials[k]));
        }
        const auto exponent = std::bit_cast<Vec<std::int64_t, N>>(rounded) << 52;
        return sum * std::bit_cast<Vec<double, N>>(exponent + (std::int64_t{1023} << 52));
    }
}

/// A block of queries of one sample and head.
struct Block {
    std::int64_t sample, head, first, rows;
};

/// How queries fill lanes: few queries take one vector, so that little is computed in vain.
template <class Real>
struct Lanes {
    explicit Lanes(std::int64_t queries)
        : vectors(queries <= lanes::native<Real> ? 1 : lanes::tile_vectors) {}

    int vectors;
    std::int64_t count() const { return vectors * lanes::native<Real>; }
    std::int64_t blocks(std::int64_t queries) const { return (queries + count() - 1) / count(); }
};

/// Calls squares(lane, feature) for squares of as many rows and features as a vector has lanes, and
/// single(lane, feature) for the elements that are left.
template <class Real, class Square, class Single>
void for_each_square(std::int64_t rows, std::int64_t features, const Square& square,
                     const Single& single) {
    constexpr std::int64_t N = lanes::native<Real>;
    for (std::int64_t lane = 0; lane < rows; lane += N) {
        const std::int64_t whole = lane + N <= rows ? features / N * N : 0;
        for (std::int64_t c = 0; c < whole; c += N) square(lane, c);
        for (std::int64_t l = lane; l < std::min(lane + N, rows); ++l) {
            for (std::int64_t c = whole; c < features; ++c) single(l, c);
        }
    }
}

/// to[feature][lane] = factor from[lane][feature]; lanes past the rows are 0.
template <class Real>
void pack_lanes(const HeadRows<const Real>& from, const Block& block, std::int64_t features,
                Real factor, std::int64_t lane_count, Real* to) {
    constexpr int N = lanes::native<Real>;
    const auto square = [&](std::int64_t lane, std::int64_t c) {
        Vec<Real, N> rows[N];
        for (int k = 0; k < N; ++k) {
            rows[k] = lanes::load<Real, N>(from.row(block.first + lane + k) + c);
        }
        lanes::transpose<Real, N>(rows);
        for (int k = 0; k < N; ++k) {
            lanes::store<Real, N>(to + (c + k) * lane_count + lane, factor * rows[k]);
        }
    };
    const auto single = [&](std::int64_t lane, std::int64_t c) {
        to[c * lane_count + lane] = factor * from.row(block.first + lane)[c];
    };
    for_each_square<Real>(block.rows, features, square, single);
    for (std::int64_t c = 0; block.rows < lane_count && c < features; ++c) {
        std::fill(to + c * lane_count + block.rows, to + (c + 1) * lane_count, Real(0));
    }
}

/// to[lane][feature] = factors[lane] from[feature][lane].
template <class Real>
void unpack_lanes(const Real* from, const Block& block, std::int64_t features, const Real* factors,
                  std::int64_t lane_count, const HeadRows<Real>& to) {
    constexpr int N = lanes::native<Real>;
    const auto square = [&](std::int64_t lane, std::int64_t c) {
        Vec<Real, N> rows[N];
        const Vec<Real, N> factor = lanes::load<Real, N>(factors + lane);
        for (int k = 0; k < N; ++k) {
            rows[k] = factor * lanes::load<Real, N>(from + (c + k) * lane_count + lane);
        }
        lanes::transpose<Real, N>(rows);
        for (int k = 0; k < N; ++k) {
            lanes::store<Real, N>(to.row(block.first + lane + k) + c, rows[k]);
        }
    };
    const auto single = [&](std::int64_t lane, std::int64_t c) {
        to.row(block.first + lane)[c] = factors[lane] * from[c * lane_count + lane];
    };
    for_each_square<Real>(block.rows, features, square, single);
}

/// scores[key][lane] = sum over features of rows[key][feature] queries[feature][lane].
template <class Real>
void key_products(const HeadRows<const Real>& rows, std::int64_t first_key, std::int64_t count,
                  std::int64_t features, const Real* queries, const Lanes<Real>& lanes_of,
                  Real* scores) {
    std::fill_n(scores, count * lanes_of.count(), Real(0));
    lanes::add_rows_of_tiles<Real>({.left = rows.row(first_key),
                                    .left_row = rows.stride,
                                    .left_inner = 1,
                                    .left_segment = 0,
                                    .right = queries,
                                    .right_inner = lanes_of.count(),
                                    .right_segment = 0,
                                    .result = scores,
                                    .result_row = lanes_of.count(),
                                    .segments = 1,
                                    .inner = features},
                                   count, lanes_of.vectors);
}

/// Rows of the bias of a head, from `first_key` on.
template <class Real>
HeadRows<Real> bias_rows(const View<Real, 3>& bias, std::int64_t head, std::int64_t first_key) {
    return {bias.data + head * bias.extent[1] * bias.extent[2] + first_key, bias.extent[2]};
}

/// scores[key][lane] += log2 e times the bias of the lane's query and the key, where there is one.
/// `room` holds a tile.
template <class Real>
void add_bias(const AttentionArgs<Real>& args, const Block& block, std::int64_t first_key,
              std::int64_t count, std::int64_t lane_count, Real* room, Real* scores) {
    if (args.bias.data == nullptr) return;
    pack_lanes<Real>(bias_rows(args.bias, block.head, first_key), block, count,
                     static_cast<Real>(log2_e), lane_count, room);
    for (std::int64_t i = 0; i < count * lane_count; ++i) scores[i] += room[i];
}

/// result[feature][lane] += sum over keys of rows[key][feature] weights[key][lane].
template <class Real>
void add_weighted_rows(const HeadRows<const Real>& rows, std::int64_t first_key, std::int64_t count,
                       std::int64_t features, const Real* weights, const Lanes<Real>& lanes_of,
                       Real* result) {
    lanes::add_rows_of_tiles<Real>({.left = rows.row(first_key),
                                    .left_row = 1,
                                    .left_inner = rows.stride,
                                    .left_segment = 0,
                                    .right = weights,
                                    .right_inner = lanes_of.count(),
                                    .right_segment = 0,
                                    .result = result,
                                    .result_row = lanes_of.count(),
                                    .segments = 1,
                                    .inner = count},
                                   features, lanes_of.vectors);
}

/// Which keys of a tile each lane of a vector sees: those from `begin` to before `end`, as reals.
template <class Real, int N>
struct Seen {
    using Lane = Vec<Real, N>;
    Lane begin, end;

    ELM_INLINE Seen(const AttentionShape& shape, const Block& block, std::int64_t first_key,
                    int v) {
        for (int lane = 0; lane < N; ++lane) {
            const std::int64_t query = block.first + v * N + lane;
            begin[lane] = static_cast<Real>(shape.begin_of_keys(query) - first_key);
            end[lane] = static_cast<Real>(shape.end_of_keys(query) - first_key);
        }
    }
    Seen() = default;

    /// `then` where key number `key` of the tile is seen, else `other`.
    ELM_INLINE Lane choose(std::int64_t key, const Lane& then, const Lane& other) const {
        const Lane at = lanes::broadcast<Real, N>(static_cast<Real>(key));
        const Lane until_end = at < end ? then : other;
        return at < begin ? other : until_end;
    }
};

/// Whether some query does not see some key of a tile.
inline bool is_cut(const AttentionShape& shape, const Block& block, std::int64_t first_key,
                   std::int64_t count) {
    return first_key + count > shape.end_of_keys(block.first) ||
           first_key < shape.begin_of_keys(block.first + block.rows - 1);
}

/// Keys that queries of a block see: from `begin` to before `end`.
struct KeyRange {
    std::int64_t begin, end;
};
template <class Real>
KeyRange keys_of(const AttentionArgs<Real>& args, const Block& block) {
    return {
        args.shape.begin_of_keys(block.first),
        std::min(args.keys_of(block.sample), args.shape.end_of_keys(block.first + block.rows - 1))};
}

/// Block number `index` of a sample and head, and the sample and head themselves, in an order in
/// which long rows come first.
template <class Real>
Block block_of(const AttentionShape& shape, const Lanes<Real>& lanes_of, std::int64_t pair,
               std::int64_t index) {
    const std::int64_t first = index * lanes_of.count();
    return {pair / shape.heads, pair % shape.heads, first,
            std::min(lanes_of.count(), shape.queries - first)};
}

}  // namespace elm::attention_tile
