#include <cmath>
#include <limits>

#include "kernels/core/support/parallel.h"
#include "kernels/core/support/pool.h"
#include "kernels/ops/attention/attention_tile.h"

namespace elm {
namespace attention_tile {
namespace {

/// What one block of queries needs.
template <class Real>
struct ForwardRoom {
    AlignedVector<Real> queries, weights, output, largest, sums, factors, bias;

    ForwardRoom(const AttentionArgs<Real>& args, std::int64_t lane_count) {
        const AttentionShape& shape = args.shape;
        if (args.bias.data != nullptr) lanes::make_room(bias, tile_keys * lane_count);
        lanes::make_room(queries, shape.features * lane_count);
        lanes::make_room(weights, tile_keys * lane_count);
        lanes::make_room(output, shape.value_features * lane_count);
        lanes::make_room(largest, lane_count);
        lanes::make_room(sums, lane_count);
        lanes::make_room(factors, lane_count);
    }
};

/// Turns the scores of a tile into weights relative to the largest score so far, and corrects what
/// has been summed up to then.
template <class Real, int V>
void soften(const AttentionShape& shape, const Block& block, std::int64_t first_key,
            std::int64_t count, ForwardRoom<Real>& room) {
    constexpr int N = lanes::native<Real>;
    using Lane = Vec<Real, N>;
    Real* const scores = room.weights.data();
    const Lane nothing = lanes::broadcast<Real, N>(-std::numeric_limits<Real>::infinity());
    const bool cut = is_cut(shape, block, first_key, count);
    Lane before[V], largest[V], sums[V];
    Seen<Real, N> seen[V];
    for (int v = 0; v < V; ++v) {
        largest[v] = before[v] = lanes::load<Real, N>(room.largest.data() + v * N);
        sums[v] = Lane{};
        if (cut) seen[v] = Seen<Real, N>(shape, block, first_key, v);
    }
    for (std::int64_t key = 0; key < count; ++key) {
        for (int v = 0; v < V; ++v) {
            Real* const place = scores + (key * V + v) * N;
            Lane score = lanes::load<Real, N>(place);
            if (cut) lanes::store<Real, N>(place, score = seen[v].choose(key, score, nothing));
            largest[v] = largest[v] < score ? score : largest[v];
        }
    }
    for (std::int64_t key = 0; key < count; ++key) {
        for (int v = 0; v < V; ++v) {
            Real* const place = scores + (key * V + v) * N;
            Lane weight = power_of_two<Real, N>(lanes::load<Real, N>(place) - largest[v]);
            if (cut) weight = seen[v].choose(key, weight, Lane{});
            sums[v] += weight;
            lanes::store<Real, N>(place, weight);
        }
    }
    bool raised = false;
    for (int v = 0; v < V; ++v) {
        raised = raised || lanes::nonzero_mask<Real, N>(largest[v] > before[v]
                                                            ? lanes::broadcast<Real, N>(Real(1))
                                                            : Lane{}) != 0;
        // Equal ones may be -infinity, where nothing has been seen as yet.
        const Lane one = lanes::broadcast<Real, N>(Real(1));
        const Lane kept =
            before[v] == largest[v] ? one : power_of_two<Real, N>(before[v] - largest[v]);
        lanes::store<Real, N>(room.largest.data() + v * N, largest[v]);
        Real* const sum = room.sums.data() + v * N;
        lanes::store<Real, N>(
            sum, lanes::multiply_add<Real, N>(lanes::load<Real, N>(sum), kept, sums[v]));
        before[v] = kept;
    }
    if (!raised) return;
    for (std::int64_t c = 0; c < shape.value_features; ++c) {
        for (int v = 0; v < V; ++v) {
            Real* const place = room.output.data() + (c * V + v) * N;
            lanes::store<Real, N>(place, lanes::load<Real, N>(place) * before[v]);
        }
    }
}

template <class Real>
void write_block(const AttentionArgs<Real>& args, const Block& block, std::int64_t lane_count,
                 ForwardRoom<Real>& room) {
    for (std::int64_t lane = 0; lane < block.rows; ++lane) {
        const auto at = static_cast<std::size_t>(lane);
        const Real sum = room.sums[at];
        room.factors[at] = sum > 0 || std::isnan(sum) ? 1 / sum : Real(0);
        args.log_sums(block.sample, block.head, block.first + lane) =
            room.largest[at] + std::log2(sum);
    }
    unpack_lanes<Real>(room.output.data(), block, args.shape.value_features, room.factors.data(),
                       lane_count, args.output.of(block.sample, block.head));
}

template <class Real>
void attend(const AttentionArgs<Real>& args, const Block& block, const Lanes<Real>& lanes_of,
            ForwardRoom<Real>& room) {
    const AttentionShape& shape = args.shape;
    const HeadRows<const Real> keys = args.key.of(block.sample, block.head);
    const HeadRows<const Real> values = args.value.of(block.sample, block.head);
    pack_lanes<Real>(args.query.of(block.sample, block.head), block, shape.features,
                     static_cast<Real>(args.scale * log2_e), lanes_of.count(), room.queries.data());
    std::fill(room.output.begin(), room.output.end(), Real(0));
    std::fill(room.largest.begin(), room.largest.end(), -std::numeric_limits<Real>::infinity());
    std::fill(room.sums.begin(), room.sums.end(), Real(0));
    const KeyRange range = keys_of(args, block);
    for (std::int64_t first = range.begin; first < range.end; first += tile_keys) {
        const std::int64_t count = std::min(tile_keys, range.end - first);
        key_products<Real>(keys, first, count, shape.features, room.queries.data(), lanes_of,
                           room.weights.data());
        add_bias(args, block, first, count, lanes_of.count(), room.bias.data(),
                 room.weights.data());
        if (lanes_of.vectors == 1) {
            soften<Real, 1>(shape, block, first, count, room);
        } else {
            soften<Real, lanes::tile_vectors>(shape, block, first, count, room);
        }
        add_weighted_rows<Real>(values, first, count, shape.value_features, room.weights.data(),
                                lanes_of, room.output.data());
    }
    write_block(args, block, lanes_of.count(), room);
}

template <class Real>
void attend_all(const AttentionArgs<Real>& args) {
    const AttentionShape& shape = args.shape;
    const Lanes<Real> lanes_of(shape.queries);
    const std::int64_t pairs = shape.batch * shape.heads;
    const std::int64_t blocks = lanes_of.blocks(shape.queries);
    Pool<ForwardRoom<Real>> rooms;
    Cpu::for_each_task(pairs * blocks, [&](std::int64_t task) {
        const auto room = rooms.take([&] { return ForwardRoom<Real>(args, lanes_of.count()); });
        // Causal rows become longer: the last blocks first.
        attend(args, block_of(shape, lanes_of, task % pairs, blocks - 1 - task / pairs), lanes_of,
               *room);
    });
}

}  // namespace
}  // namespace attention_tile

template <>
void run_attention<Cpu, float>(Stream&, const AttentionArgs<float>& args) {
    attention_tile::attend_all(args);
}
template <>
void run_attention<Cpu, double>(Stream&, const AttentionArgs<double>& args) {
    attention_tile::attend_all(args);
}

}  // namespace elm
