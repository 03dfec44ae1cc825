#include "kernels/core/support/parallel.h"
#include "kernels/core/support/pool.h"
#include "kernels/ops/attention/attention_tile.h"

namespace elm {
namespace attention_tile {
namespace {

/// A part of the keys of one sample and head, whose gradients nobody else adds to.
struct Part {
    std::int64_t sample, head, first_key, end_key;
};

/// How the work is cut. Few samples and heads have their keys in parts, each with a gradient of the
/// queries of its own; the number follows from the shape alone, and so do the bits.
struct Cut {
    explicit Cut(const AttentionShape& shape) : pairs(shape.batch * shape.heads) {
        constexpr std::int64_t tasks = 8, least_tiles = 4;
        const std::int64_t tiles = (shape.keys + tile_keys - 1) / tile_keys;
        const std::int64_t wanted =
            std::max<std::int64_t>(1, tasks / std::max<std::int64_t>(pairs, 1));
        const std::int64_t most = std::max<std::int64_t>(1, tiles / least_tiles);
        const std::int64_t number = std::min(wanted, most);
        keys_per_part = std::max<std::int64_t>(1, (tiles + number - 1) / number) * tile_keys;
        parts = std::max<std::int64_t>(1, (shape.keys + keys_per_part - 1) / keys_per_part);
    }

    std::int64_t pairs, parts, keys_per_part;
};

template <class Real>
struct BackwardRoom {
    AlignedVector<Real> query_lanes, gradient_lanes, query_rows, gradient_rows;
    AlignedVector<Real> weights, score_gradients, query_gradient, key_gradient, value_gradient;
    AlignedVector<Real> log_sums, products, factors, bias;
    std::int64_t row_features, row_values;  // whole vectors

    BackwardRoom(const AttentionArgs<Real>& args, const Cut& cut, std::int64_t lane_count)
        : BackwardRoom(args.shape, cut, lane_count) {
        if (args.bias.data != nullptr) lanes::make_room(bias, tile_keys * lane_count);
    }
    BackwardRoom(const AttentionShape& shape, const Cut& cut, std::int64_t lane_count)
        : row_features(lanes::padded<Real>(shape.features)),
          row_values(lanes::padded<Real>(shape.value_features)) {
        lanes::make_room(query_lanes, shape.features * lane_count);
        lanes::make_room(query_gradient, shape.features * lane_count);
        lanes::make_room(gradient_lanes, shape.value_features * lane_count);
        lanes::make_room(query_rows, row_features * lane_count);
        lanes::make_room(gradient_rows, row_values * lane_count);
        lanes::make_room(weights, tile_keys * lane_count);
        lanes::make_room(score_gradients, tile_keys * lane_count);
        lanes::make_room(key_gradient, cut.keys_per_part * row_features);
        lanes::make_room(value_gradient, cut.keys_per_part * row_values);
        lanes::make_room(log_sums, lane_count);
        lanes::make_room(products, lane_count);
        lanes::make_room(factors, lane_count);
    }
};

/// Rows of a block side by side, padded with what is in the room: zeros.
template <class Real>
void pack_rows(const HeadRows<const Real>& from, const Block& block, std::int64_t features,
               std::int64_t stride, Real* to) {
    for (std::int64_t row = 0; row < block.rows; ++row) {
        std::copy_n(from.row(block.first + row), features, to + row * stride);
    }
}

/// result[key][feature] += sum over lanes of weights[key][lane] rows[lane][feature].
template <class Real>
void add_outer_rows(const Real* weights, std::int64_t lane_count, std::int64_t count,
                    const Real* rows, std::int64_t row_count, std::int64_t stride, Real* result) {
    constexpr std::int64_t wide = lanes::tile_columns<Real>;
    for (std::int64_t first = 0; first < stride; first += wide) {
        const std::int64_t width = std::min(wide, stride - first);
        lanes::add_rows_of_tiles<Real>({.left = weights,
                                        .left_row = lane_count,
                                        .left_inner = 1,
                                        .left_segment = 0,
                                        .right = rows + first,
                                        .right_inner = stride,
                                        .right_segment = 0,
                                        .result = result + first,
                                        .result_row = stride,
                                        .segments = 1,
                                        .inner = row_count},
                                       count, static_cast<int>(width / lanes::native<Real>));
    }
}

/// Weights from scores, and gradients of scores from those of the weights.
template <class Real>
void score_gradients(const AttentionShape& shape, const Block& block, std::int64_t first_key,
                     std::int64_t count, int vectors, BackwardRoom<Real>& room) {
    constexpr int N = lanes::native<Real>;
    using Lane = Vec<Real, N>;
    const bool cut = is_cut(shape, block, first_key, count);
    for (int v = 0; v < vectors; ++v) {
        const Lane log_sum = lanes::load<Real, N>(room.log_sums.data() + v * N);
        const Lane product = lanes::load<Real, N>(room.products.data() + v * N);
        const Seen<Real, N> seen =
            cut ? Seen<Real, N>(shape, block, first_key, v) : Seen<Real, N>();
        for (std::int64_t key = 0; key < count; ++key) {
            const std::int64_t place = (key * vectors + v) * N;
            Real* const weight = room.weights.data() + place;
            Real* const gradient = room.score_gradients.data() + place;
            Lane p = power_of_two<Real, N>(lanes::load<Real, N>(weight) - log_sum);
            if (cut) p = seen.choose(key, p, Lane{});
            lanes::store<Real, N>(weight, p);
            lanes::store<Real, N>(gradient, p * (lanes::load<Real, N>(gradient) - product));
        }
    }
}

/// Everything of a block of queries that does not depend on keys.
template <class Real>
void pack_block(const AttentionBackwardArgs<Real>& args, const Block& block,
                std::int64_t lane_count, BackwardRoom<Real>& room) {
    const AttentionArgs<Real>& forward = args.forward;
    const AttentionShape& shape = forward.shape;
    const HeadRows<const Real> queries = forward.query.of(block.sample, block.head);
    const HeadRows<const Real> gradients = args.output_gradient.of(block.sample, block.head);
    const HeadRows<Real> outputs = forward.output.of(block.sample, block.head);
    pack_lanes<Real>(queries, block, shape.features, static_cast<Real>(forward.scale * log2_e),
                     lane_count, room.query_lanes.data());
    pack_lanes<Real>(gradients, block, shape.value_features, Real(1), lane_count,
                     room.gradient_lanes.data());
    pack_rows(queries, block, shape.features, room.row_features, room.query_rows.data());
    pack_rows(gradients, block, shape.value_features, room.row_values, room.gradient_rows.data());
    for (std::int64_t lane = 0; lane < lane_count; ++lane) {
        const auto at = static_cast<std::size_t>(lane);
        const bool inside = lane < block.rows;
        const std::int64_t query = block.first + lane;
        room.log_sums[at] = inside ? forward.log_sums(block.sample, block.head, query) : Real(0);
        Real product = 0;
        for (std::int64_t c = 0; inside && c < shape.value_features; ++c) {
            product += gradients.row(query)[c] * outputs.row(query)[c];
        }
        room.products[at] = product;
    }
    std::fill(room.query_gradient.begin(), room.query_gradient.end(), Real(0));
}

/// Adds the gradients of a tile's scores to that of the bias, where it is wanted.
template <class Real>
void add_bias_gradient(const AttentionBackwardArgs<Real>& args, const Block& block,
                       std::int64_t first_key, std::int64_t count, std::int64_t lane_count,
                       BackwardRoom<Real>& room) {
    if (args.bias_gradient.data == nullptr) return;
    std::fill(room.factors.begin(), room.factors.end(), Real(1));
    Block at_zero = block;
    at_zero.first = 0;
    unpack_lanes<Real>(room.score_gradients.data(), at_zero, count, room.factors.data(), lane_count,
                       {room.bias.data(), count});
    const HeadRows<Real> rows = bias_rows(args.bias_gradient, block.head, first_key);
    for (std::int64_t lane = 0; lane < block.rows; ++lane) {
        Real* const row = rows.row(block.first + lane);
        const Real* const from = room.bias.data() + lane * count;
        for (std::int64_t key = 0; key < count; ++key) row[key] += from[key];
    }
}

/// Adds what a block of queries and the keys of a part give each other.
template <class Real>
void add_block(const AttentionBackwardArgs<Real>& args, const Part& part, const Block& block,
               const Lanes<Real>& lanes_of, BackwardRoom<Real>& room) {
    const AttentionShape& shape = args.forward.shape;
    const HeadRows<const Real> keys = args.forward.key.of(part.sample, part.head);
    const HeadRows<const Real> values = args.forward.value.of(part.sample, part.head);
    const KeyRange range = keys_of(args.forward, block);
    const std::int64_t end = std::min(part.end_key, range.end);
    for (std::int64_t first = std::max(part.first_key, range.begin); first < end;
         first += tile_keys) {
        const std::int64_t count = std::min(tile_keys, end - first), own = first - part.first_key;
        key_products<Real>(keys, first, count, shape.features, room.query_lanes.data(), lanes_of,
                           room.weights.data());
        add_bias(args.forward, block, first, count, lanes_of.count(), room.bias.data(),
                 room.weights.data());
        key_products<Real>(values, first, count, shape.value_features, room.gradient_lanes.data(),
                           lanes_of, room.score_gradients.data());
        score_gradients(shape, block, first, count, lanes_of.vectors, room);
        add_bias_gradient(args, block, first, count, lanes_of.count(), room);
        add_outer_rows<Real>(room.weights.data(), lanes_of.count(), count,
                             room.gradient_rows.data(), block.rows, room.row_values,
                             room.value_gradient.data() + own * room.row_values);
        add_outer_rows<Real>(room.score_gradients.data(), lanes_of.count(), count,
                             room.query_rows.data(), block.rows, room.row_features,
                             room.key_gradient.data() + own * room.row_features);
        add_weighted_rows<Real>(keys, first, count, shape.features, room.score_gradients.data(),
                                lanes_of, room.query_gradient.data());
    }
}

template <class Real>
void differentiate_part(const AttentionBackwardArgs<Real>& args, const Part& part,
                        const Lanes<Real>& lanes_of, const AttentionRows<Real>& query_gradient,
                        BackwardRoom<Real>& room) {
    const AttentionShape& shape = args.forward.shape;
    std::fill(room.key_gradient.begin(), room.key_gradient.end(), Real(0));
    std::fill(room.value_gradient.begin(), room.value_gradient.end(), Real(0));
    const std::int64_t pair = part.sample * shape.heads + part.head;
    for (std::int64_t index = 0; index < lanes_of.blocks(shape.queries); ++index) {
        const Block block = block_of(shape, lanes_of, pair, index);
        pack_block(args, block, lanes_of.count(), room);
        add_block(args, part, block, lanes_of, room);
        std::fill(room.factors.begin(), room.factors.end(), args.forward.scale);
        unpack_lanes<Real>(room.query_gradient.data(), block, shape.features, room.factors.data(),
                           lanes_of.count(), query_gradient.of(part.sample, part.head));
    }
    const HeadRows<Real> keys = args.key_gradient.of(part.sample, part.head);
    const HeadRows<Real> values = args.value_gradient.of(part.sample, part.head);
    for (std::int64_t key = part.first_key; key < part.end_key; ++key) {
        const std::int64_t own = key - part.first_key;
        const Real* const from = room.key_gradient.data() + own * room.row_features;
        Real* const row = keys.row(key);
        for (std::int64_t c = 0; c < shape.features; ++c) row[c] = args.forward.scale * from[c];
        std::copy_n(room.value_gradient.data() + own * room.row_values, shape.value_features,
                    values.row(key));
    }
}

template <class Real>
void differentiate_all(Stream& stream, const AttentionBackwardArgs<Real>& args) {
    const AttentionShape& shape = args.forward.shape;
    const Lanes<Real> lanes_of(shape.queries);
    const Cut cut(shape);
    const std::int64_t size = shape.batch * shape.queries * shape.heads * shape.features;
    AlignedVector<Real> copies;  // gradients of the queries of all parts but the first
    lanes::make_room(copies, (cut.parts - 1) * size);
    Pool<BackwardRoom<Real>> rooms;
    // All samples add to the gradient of a bias: then one task takes them all, in their order.
    const std::int64_t together = args.bias_gradient.data == nullptr ? 1 : shape.batch;
    const std::int64_t groups = together == 0 ? 0 : cut.pairs / together;
    Cpu::for_each_task(groups * cut.parts, [&](std::int64_t task) {
        const std::int64_t group = task % groups, number = task / groups;
        const std::int64_t first = number * cut.keys_per_part;
        AttentionRows<Real> gradient = args.query_gradient;
        if (number > 0) gradient.data = copies.data() + (number - 1) * size;
        const auto room =
            rooms.take([&] { return BackwardRoom<Real>(args.forward, cut, lanes_of.count()); });
        for (std::int64_t sample = 0; sample < together; ++sample) {
            const std::int64_t pair = sample * shape.heads + group;
            differentiate_part(args,
                               {pair / shape.heads, pair % shape.heads, first,
                                std::min(first + cut.keys_per_part, shape.keys)},
                               lanes_of, gradient, *room);
        }
    });
    if (cut.parts == 1) return;
    Cpu::for_each_index(stream, size, [&](std::int64_t i) {
        Real sum = args.query_gradient.data[i];
        for (std::int64_t number = 1; number < cut.parts; ++number) {
            sum += copies[static_cast<std::size_t>((number - 1) * size + i)];
        }
        args.query_gradient.data[i] = sum;
    });
}

}  // namespace
}  // namespace attention_tile

template <>
void run_attention_backward<Cpu, float>(Stream& stream, const AttentionBackwardArgs<float>& args) {
    attention_tile::differentiate_all(stream, args);
}
template <>
void run_attention_backward<Cpu, double>(Stream& stream,
                                         const AttentionBackwardArgs<double>& args) {
    attention_tile::differentiate_all(stream, args);
}

}  // namespace elm
