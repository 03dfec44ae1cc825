// A warp takes a query, and in the backward pass also a key with all entries that hold it, so no
// sum has two writers; lanes are entries for scores, and features for weighted sums.

#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/attention/listed_attention.h"

namespace elm {
namespace {

/// A row of queries of one sample and head, and its list.
struct QueryPlace {
    std::int64_t sample, head, group, query, row, begin, count;
};

template <class Real>
ELM_HD QueryPlace place_of(const ListedAttentionArgs<Real>& args, std::int64_t index) {
    const ListedAttentionShape& shape = args.shape;
    const std::int64_t pair = index / shape.queries, row = index % shape.queries;
    const std::int64_t sample = pair / shape.heads, head = pair % shape.heads;
    const std::int64_t group = shape.group(sample, head);
    const std::int64_t list = group * shape.tiles() + row / shape.tile;
    const std::int64_t begin = args.starts(list);
    return {sample,
            head,
            group,
            args.query_of(group, row),
            row % shape.tile,
            begin,
            args.starts(list + 1) - begin};
}

template <class Real>
ELM_HD Real product(const Real* left, const Real* right, std::int64_t count) {
    Real sum = 0;
    for (std::int64_t c = 0; c < count; ++c) sum += left[c] * right[c];
    return sum;
}

/// The scores of one query.
template <class Real>
struct Scores {
    const ListedAttentionArgs<Real>& args;
    const QueryPlace& at;

    ELM_HD std::int64_t key_of(std::int64_t entry) const {
        return args.entries(at.begin + entry, 0);
    }
    ELM_HD bool sees(std::int64_t entry) const {
        return key_of(entry) < args.keys_of(at.sample) &&
               args.entries(at.begin + entry, 1) <= at.row &&
               at.row < args.entries(at.begin + entry, 2);
    }
    ELM_HD bool is_self(std::int64_t entry) const {
        return args.has_self_score && key_of(entry) == at.query;
    }
    /// -infinity where the query does not see the key.
    ELM_HD Real operator()(std::int64_t entry) const {
        if (!sees(entry)) return Real(-INFINITY);
        if (is_self(entry)) return args.self_score;
        return args.scale * product(args.query.of(at.sample, at.head).row(at.query),
                                    args.key.of(at.sample, at.head).row(key_of(entry)),
                                    args.shape.features);
    }
};

template <class Real>
struct AttendOneQuery {
    ListedAttentionArgs<Real> args;

    template <class Row>
    __device__ void operator()(const Row& along, std::int64_t index) const {
        const QueryPlace at = place_of(args, index);
        const Scores<Real> scores{args, at};
        const Real largest = along.maximum(at.count, scores);
        const bool sees_nothing = largest == Real(-INFINITY);
        const Real sum = along.sum(at.count, [&](std::int64_t entry) {
            return sees_nothing ? Real(0) : exp(scores(entry) - largest);
        });
        const Real log_sum = sees_nothing ? Real(nothing_seen) : largest + log(sum);
        if (along.leads()) args.log_sums(at.sample, at.head, at.query) = log_sum;
        const HeadRows<const Real> values = args.value.of(at.sample, at.head);
        Real* const output = args.output.of(at.sample, at.head).row(at.query);
        along.for_each(args.shape.value_features, [&](std::int64_t c) { output[c] = 0; });
        for (std::int64_t entry = 0; entry < at.count && !sees_nothing; ++entry) {
            if (!scores.sees(entry)) continue;
            const Real weight = exp(scores(entry) - log_sum);
            const Real* const value = values.row(scores.key_of(entry));
            along.for_each(args.shape.value_features,
                           [&](std::int64_t c) { output[c] += weight * value[c]; });
        }
    }
};

/// Also writes g[i] output[i] - h[i], which the keys read.
template <class Real>
struct DifferentiateOneQuery {
    ListedAttentionBackwardArgs<Real> args;

    template <class Row>
    __device__ void operator()(const Row& along, std::int64_t index) const {
        const ListedAttentionArgs<Real>& forward = args.forward;
        const QueryPlace at = place_of(forward, index);
        const Scores<Real> scores{forward, at};
        const std::int64_t width = forward.shape.value_features, features = forward.shape.features;
        const Real* const given = args.output_gradient.of(at.sample, at.head).row(at.query);
        const Real* const own = forward.output.of(at.sample, at.head).row(at.query);
        const Real part = along.sum(width, [&](std::int64_t c) { return given[c] * own[c]; }) -
                          args.log_sum_gradient(at.sample, at.head, at.query);
        if (along.leads()) args.products(at.sample, at.head, at.query) = part;
        const Real log_sum = forward.log_sums(at.sample, at.head, at.query);
        const HeadRows<const Real> keys = forward.key.of(at.sample, at.head);
        const HeadRows<const Real> values = forward.value.of(at.sample, at.head);
        Real* const result = args.query_gradient.of(at.sample, at.head).row(at.query);
        along.for_each(features, [&](std::int64_t c) { result[c] = 0; });
        for (std::int64_t entry = 0; entry < at.count; ++entry) {
            if (!scores.sees(entry) || scores.is_self(entry)) continue;
            const std::int64_t key = scores.key_of(entry);
            const Real factor = forward.scale * exp(scores(entry) - log_sum) *
                                (product(given, values.row(key), width) - part);
            const Real* const row = keys.row(key);
            along.for_each(features, [&](std::int64_t c) { result[c] += factor * row[c]; });
        }
    }
};

template <class Real>
struct DifferentiateOneKey {
    ListedAttentionBackwardArgs<Real> args;

    template <class Row>
    __device__ void operator()(const Row& along, std::int64_t index) const {
        const ListedAttentionArgs<Real>& forward = args.forward;
        const ListedAttentionShape& shape = forward.shape;
        const std::int64_t pair = index / shape.keys, key = index % shape.keys;
        const std::int64_t sample = pair / shape.heads, head = pair % shape.heads;
        if (key >= forward.keys_of(sample)) return;  // the gradients are zeros
        const std::int64_t list = shape.group(sample, head) * shape.keys + key;
        for (std::int64_t at = args.key_starts(list); at < args.key_starts(list + 1); ++at) {
            add_entry(along, sample, head, key, args.key_entries(at, 0), args.key_entries(at, 1));
        }
    }

private:
    template <class Row>
    __device__ void add_entry(const Row& along, std::int64_t sample, std::int64_t head,
                              std::int64_t key, std::int64_t entry, std::int64_t tile) const {
        const ListedAttentionArgs<Real>& forward = args.forward;
        const ListedAttentionShape& shape = forward.shape;
        const std::int64_t group = shape.group(sample, head);
        const Real* const own_key = forward.key.of(sample, head).row(key);
        const Real* const own_value = forward.value.of(sample, head).row(key);
        Real* const key_gradient = args.key_gradient.of(sample, head).row(key);
        Real* const value_gradient = args.value_gradient.of(sample, head).row(key);
        for (std::int64_t row = forward.entries(entry, 1); row < forward.entries(entry, 2); ++row) {
            const std::int64_t number = tile * shape.tile + row;
            if (number >= shape.queries) return;
            const std::int64_t query = forward.query_of(group, number);
            const bool is_self = forward.has_self_score && query == key;
            const Real* const own_query = forward.query.of(sample, head).row(query);
            const Real score = is_self
                                   ? forward.self_score
                                   : forward.scale * product(own_query, own_key, shape.features);
            const Real weight = exp(score - forward.log_sums(sample, head, query));
            const Real* const given = args.output_gradient.of(sample, head).row(query);
            const Real part = product(given, own_value, shape.value_features) -
                              args.products(sample, head, query);
            along.for_each(shape.value_features,
                           [&](std::int64_t c) { value_gradient[c] += weight * given[c]; });
            const Real factor = is_self ? Real(0) : forward.scale * weight * part;
            along.for_each(shape.features,
                           [&](std::int64_t c) { key_gradient[c] += factor * own_query[c]; });
        }
    }
};

template <class Real>
void attend(Stream& stream, const ListedAttentionArgs<Real>& args) {
    const ListedAttentionShape& shape = args.shape;
    Cuda::for_each_row(stream, shape.batch * shape.heads * shape.queries, shape.features,
                       AttendOneQuery<Real>{args});
}

template <class Real>
void differentiate(Stream& stream, const ListedAttentionBackwardArgs<Real>& args) {
    const ListedAttentionShape& shape = args.forward.shape;
    const std::int64_t pairs = shape.batch * shape.heads;
    Cuda::for_each_row(stream, pairs * shape.queries, shape.features,
                       DifferentiateOneQuery<Real>{args});
    Cuda::for_each_row(stream, pairs * shape.keys, shape.features, DifferentiateOneKey<Real>{args});
}

}  // namespace

template <>
void run_listed_attention<Cuda, float>(Stream& stream, const ListedAttentionArgs<float>& args) {
    attend(stream, args);
}
template <>
void run_listed_attention<Cuda, double>(Stream& stream, const ListedAttentionArgs<double>& args) {
    attend(stream, args);
}
template <>
void run_listed_attention_backward<Cuda, float>(Stream& stream,
                                                const ListedAttentionBackwardArgs<float>& args) {
    differentiate(stream, args);
}
template <>
void run_listed_attention_backward<Cuda, double>(Stream& stream,
                                                 const ListedAttentionBackwardArgs<double>& args) {
    differentiate(stream, args);
}

}  // namespace elm
