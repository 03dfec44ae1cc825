// Rows and keys of a tile are gathered side by side, so that scores, weighted sums and their
// gradients are products of matrices. Scores are in powers of two.

#include <cmath>
#include <limits>

#include "kernels/core/support/parallel.h"
#include "kernels/core/support/pool.h"
#include "kernels/ops/attention/attention_tile.h"
#include "kernels/ops/attention/listed_attention.h"
#include "kernels/ops/product/host_product.h"

namespace elm {
namespace {

using lanes::AlignedVector;

constexpr double log2_e = 1.44269504088896340736;

/// A tile of one sample and head, and its list.
struct Tile {
    std::int64_t sample, head, group, first_row, rows, begin, count;

    Tile(const ListedAttentionShape& shape, const View<const std::int32_t, 1>& starts,
         std::int64_t pair, std::int64_t number)
        : sample(pair / shape.heads),
          head(pair % shape.heads),
          group(shape.group(sample, head)),
          first_row(number * shape.tile),
          rows(std::min(shape.tile, shape.queries - first_row)),
          begin(starts(group * shape.tiles() + number)),
          count(starts(group * shape.tiles() + number + 1) - begin) {}
};

template <class Real>
struct Room {
    AlignedVector<Real> queries, keys, values, weights, output;
    AlignedVector<Real> output_gradients, weight_gradients, query_gradients, key_gradients,
        value_gradients;
};

/// Rows of one tile, `width` features each, side by side.
template <class Real, class RowOf>
void gather(AlignedVector<Real>& room, const HeadRows<const Real>& from, std::int64_t count,
            std::int64_t width, const RowOf& row_of) {
    lanes::make_room(room, count * width);
    for (std::int64_t i = 0; i < count; ++i) {
        std::copy_n(from.row(row_of(i)), width, room.data() + i * width);
    }
}

template <class Real>
void add_rows(const AlignedVector<Real>& room, const HeadRows<Real>& to, std::int64_t count,
              std::int64_t width, const auto& row_of) {
    for (std::int64_t i = 0; i < count; ++i) {
        Real* const row = to.row(row_of(i));
        const Real* const from = room.data() + i * width;
        for (std::int64_t c = 0; c < width; ++c) row[c] += from[c];
    }
}

/// One tile with what it has gathered.
template <class Real>
class TileWork {
public:
    TileWork(const ListedAttentionArgs<Real>& args, const Tile& tile, Room<Real>& room)
        : args_(args), tile_(tile), room_(room), stride_(lanes::padded<Real>(tile.count)) {
        const ListedAttentionShape& shape = args.shape;
        const auto key_of = [this](std::int64_t entry) { return this->key_of(entry); };
        const auto query_of = [this](std::int64_t row) { return this->query_of(row); };
        gather(room.queries, args.query.of(tile.sample, tile.head), tile.rows, shape.features,
               query_of);
        gather(room.keys, args.key.of(tile.sample, tile.head), tile.count, shape.features, key_of);
        gather(room.values, args.value.of(tile.sample, tile.head), tile.count, shape.value_features,
               key_of);
        lanes::make_zeros(room.weights, tile.rows * stride_);
        add_product<Real>(tile.rows, tile.count, shape.features,
                          {room.queries.data(), shape.features},
                          {room.keys.data(), shape.features, true}, room.weights.data(), stride_);
        for (std::int64_t row = 0; row < tile.rows; ++row) scale_scores(row);
    }

    std::int64_t key_of(std::int64_t entry) const { return args_.entries(tile_.begin + entry, 0); }
    std::int64_t query_of(std::int64_t row) const {
        return args_.query_of(tile_.group, tile_.first_row + row);
    }
    Real* weights(std::int64_t row) const { return room_.weights.data() + row * stride_; }
    std::int64_t stride() const { return stride_; }

    Real largest(std::int64_t row) const {
        const Real* const scores = weights(row);
        Real result = -std::numeric_limits<Real>::infinity();
        for (std::int64_t entry = 0; entry < tile_.count; ++entry) {
            result = result < scores[entry] ? scores[entry] : result;
        }
        return result;
    }

    /// Makes weights of scores, 2^(score - shift), 0 where the row sees nothing.
    void soften(std::int64_t row, Real shift) const {
        constexpr int N = lanes::native<Real>;
        Real* const scores = weights(row);
        const auto offset = lanes::broadcast<Real, N>(shift);
        const auto lowest = lanes::broadcast<Real, N>(std::numeric_limits<Real>::lowest());
        for (std::int64_t entry = 0; entry < stride_; entry += N) {
            const auto score = lanes::load<Real, N>(scores + entry);
            const auto weight = attention_tile::power_of_two<Real, N>(score - offset);
            lanes::store<Real, N>(scores + entry, score < lowest ? lanes::Vec<Real, N>{} : weight);
        }
    }

    bool is_self(std::int64_t row, std::int64_t entry) const {
        return args_.has_self_score && key_of(entry) == query_of(row);
    }

private:
    /// Scores of 2^..., -infinity where the row does not see the key.
    void scale_scores(std::int64_t row) {
        const Real factor = static_cast<Real>(args_.scale * log2_e);
        const Real self = static_cast<Real>(args_.self_score * log2_e);
        const std::int64_t length = args_.keys_of(tile_.sample);
        Real* const scores = weights(row);
        const std::int32_t* const entries = &args_.entries.data[3 * tile_.begin];
        for (std::int64_t entry = 0; entry < tile_.count; ++entry) {
            const bool seen = entries[3 * entry] < length && entries[3 * entry + 1] <= row &&
                              row < entries[3 * entry + 2];
            scores[entry] = seen ? factor * scores[entry] : -std::numeric_limits<Real>::infinity();
        }
        for (std::int64_t entry = tile_.count; entry < stride_; ++entry) {
            scores[entry] = -std::numeric_limits<Real>::infinity();
        }
        if (!args_.has_self_score) return;
        for (std::int64_t entry = 0; entry < tile_.count; ++entry) {
            const bool seen = !(scores[entry] < std::numeric_limits<Real>::lowest());
            if (seen && is_self(row, entry)) scores[entry] = self;
        }
    }

    const ListedAttentionArgs<Real>& args_;
    const Tile& tile_;
    Room<Real>& room_;
    std::int64_t stride_;  // of rows of weights: whole vectors
};

template <class Real>
void attend(const ListedAttentionArgs<Real>& args, const Tile& tile, Room<Real>& room) {
    const TileWork<Real> work(args, tile, room);
    const std::int64_t width = args.shape.value_features;
    lanes::make_zeros(room.output, tile.rows * width);
    AlignedVector<Real>& sums = room.output_gradients;  // not needed forward
    lanes::make_room(sums, tile.rows);
    for (std::int64_t row = 0; row < tile.rows; ++row) {
        const Real largest = work.largest(row);
        const bool sees_nothing = largest < std::numeric_limits<Real>::lowest();
        work.soften(row, sees_nothing ? Real(0) : largest);
        const Real* const weights = work.weights(row);
        const Real sum = CpuRow::sum(tile.count, [=](std::int64_t i) { return weights[i]; });
        sums[static_cast<std::size_t>(row)] = sees_nothing ? Real(0) : 1 / sum;
        args.log_sums(tile.sample, tile.head, work.query_of(row)) =
            sees_nothing ? Real(nothing_seen)
                         : static_cast<Real>((largest + std::log2(sum)) / Real(log2_e));
    }
    add_product<Real>(tile.rows, width, tile.count, {room.weights.data(), work.stride()},
                      {room.values.data(), width}, room.output.data(), width);
    const HeadRows<Real> output = args.output.of(tile.sample, tile.head);
    for (std::int64_t row = 0; row < tile.rows; ++row) {
        const Real factor = sums[static_cast<std::size_t>(row)];
        const Real* const from = room.output.data() + row * width;
        Real* const to = output.row(work.query_of(row));
        for (std::int64_t c = 0; c < width; ++c) to[c] = factor * from[c];
    }
}

/// Turns weights and their gradients into gradients of scores, and puts the probabilities in the
/// place of the weights.
template <class Real>
void score_gradients(const ListedAttentionBackwardArgs<Real>& args, const Tile& tile,
                     const TileWork<Real>& work, Room<Real>& room) {
    const ListedAttentionArgs<Real>& forward = args.forward;
    const std::int64_t width = forward.shape.value_features;
    const HeadRows<Real> output = forward.output.of(tile.sample, tile.head);
    for (std::int64_t row = 0; row < tile.rows; ++row) {
        const std::int64_t query = work.query_of(row);
        const Real log_sum = forward.log_sums(tile.sample, tile.head, query);
        const bool sees_nothing = log_sum == Real(nothing_seen);
        work.soften(row, sees_nothing ? Real(0) : static_cast<Real>(log_sum * Real(log2_e)));
        const Real* const own = output.row(query);
        const Real* const given = room.output_gradients.data() + row * width;
        const Real product = CpuRow::sum(width, [=](std::int64_t c) { return own[c] * given[c]; }) -
                             args.log_sum_gradient(tile.sample, tile.head, query);
        const Real* const weights = work.weights(row);
        Real* const gradients = room.weight_gradients.data() + row * work.stride();
        const Real scale = forward.scale;
        for (std::int64_t entry = 0; entry < tile.count; ++entry) {
            gradients[entry] = scale * weights[entry] * (gradients[entry] - product);
        }
        if (!forward.has_self_score) continue;
        for (std::int64_t entry = 0; entry < tile.count; ++entry) {
            if (work.is_self(row, entry)) gradients[entry] = 0;
        }
    }
}

template <class Real>
void differentiate(const ListedAttentionBackwardArgs<Real>& args, const Tile& tile,
                   Room<Real>& room) {
    const ListedAttentionArgs<Real>& forward = args.forward;
    const TileWork<Real> work(forward, tile, room);
    const std::int64_t features = forward.shape.features, width = forward.shape.value_features;
    const auto key_of = [&](std::int64_t entry) { return work.key_of(entry); };
    const auto query_of = [&](std::int64_t row) { return work.query_of(row); };
    gather(room.output_gradients, args.output_gradient.of(tile.sample, tile.head), tile.rows, width,
           query_of);
    lanes::make_zeros(room.weight_gradients, tile.rows * work.stride());
    add_product<Real>(tile.rows, tile.count, width, {room.output_gradients.data(), width},
                      {room.values.data(), width, true}, room.weight_gradients.data(),
                      work.stride());
    score_gradients(args, tile, work, room);
    lanes::make_zeros(room.query_gradients, tile.rows * features);
    lanes::make_zeros(room.key_gradients, tile.count * features);
    lanes::make_zeros(room.value_gradients, tile.count * width);
    const HostFactor<Real> scores{room.weight_gradients.data(), work.stride()};
    add_product<Real>(tile.rows, features, tile.count, scores, {room.keys.data(), features},
                      room.query_gradients.data(), features);
    add_product<Real>(tile.count, features, tile.rows, {scores.data, scores.stride, true},
                      {room.queries.data(), features}, room.key_gradients.data(), features);
    add_product<Real>(tile.count, width, tile.rows, {room.weights.data(), work.stride(), true},
                      {room.output_gradients.data(), width}, room.value_gradients.data(), width);
    const HeadRows<Real> query_rows = args.query_gradient.of(tile.sample, tile.head);
    for (std::int64_t row = 0; row < tile.rows; ++row) {
        std::copy_n(room.query_gradients.data() + row * features, features,
                    query_rows.row(query_of(row)));
    }
    add_rows(room.key_gradients, args.key_gradient.of(tile.sample, tile.head), tile.count, features,
             key_of);
    add_rows(room.value_gradients, args.value_gradient.of(tile.sample, tile.head), tile.count,
             width, key_of);
}

template <class Real>
void attend_all(const ListedAttentionArgs<Real>& args) {
    const ListedAttentionShape& shape = args.shape;
    const std::int64_t pairs = shape.batch * shape.heads;
    Pool<Room<Real>> rooms;
    Cpu::for_each_task(pairs * shape.tiles(), [&](std::int64_t task) {
        const auto room = rooms.take([] { return Room<Real>(); });
        attend(args, Tile(shape, args.starts, task % pairs, task / pairs), *room);
    });
}

/// A task has all tiles of a sample and head: nobody else adds to its keys.
template <class Real>
void differentiate_all(const ListedAttentionBackwardArgs<Real>& args) {
    const ListedAttentionShape& shape = args.forward.shape;
    Pool<Room<Real>> rooms;
    Cpu::for_each_task(shape.batch * shape.heads, [&](std::int64_t pair) {
        const auto room = rooms.take([] { return Room<Real>(); });
        for (std::int64_t number = 0; number < shape.tiles(); ++number) {
            differentiate(args, Tile(shape, args.forward.starts, pair, number), *room);
        }
    });
}

}  // namespace

template <>
void run_listed_attention<Cpu, float>(Stream&, const ListedAttentionArgs<float>& args) {
    attend_all(args);
}
template <>
void run_listed_attention<Cpu, double>(Stream&, const ListedAttentionArgs<double>& args) {
    attend_all(args);
}
template <>
void run_listed_attention_backward<Cpu, float>(Stream&,
                                               const ListedAttentionBackwardArgs<float>& args) {
    differentiate_all(args);
}
template <>
void run_listed_attention_backward<Cpu, double>(Stream&,
                                                const ListedAttentionBackwardArgs<double>& args) {
    differentiate_all(args);
}

}  // namespace elm
