#include "baselines/mixers/sparse/hashed_attention.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "baselines/mixers/padding.h"
#include "baselines/mixers/sparse/host_values.h"
#include "baselines/mixers/sparse/merged_reads.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

/// The score of a step with itself: so low that it counts only where nothing else does.
constexpr double last_resort = -1e5;  // Kitaev et al. 2020, in their public code

using Whole = std::vector<std::int32_t>;

/// Steps of one sample, head and round in the order of their buckets: those that count, then the
/// others.
struct Sorted {
    Whole order;
    Whole first, end;  // of the rows that have the bucket of this row
    std::int64_t counted;
};

/// Products with the rotations, (batch, time, heads, rounds, buckets / 2), on the host.
std::vector<double> rotated(const Context& context, const Tensor& query,
                            const HashSettings& settings) {
    Context plain{.stream = context.stream, .operations = context.operations};
    const Shape& rotations = settings.rotations.shape();
    const Var rows = reshape(plain, {query}, {query.shape().size() / rotations[0], rotations[0]});
    const Tensor products =
        matmul(plain, rows,
               {settings.rotations.reshape({rotations[0], rotations[1] * rotations[2]})})
            .value;
    return host_values(context.stream, products);
}

/// The bucket of each step.
Whole buckets_of(const std::vector<double>& products, const Shape& query, std::int64_t sample,
                 std::int64_t head, std::int64_t round, const HashSettings& settings) {
    const std::int64_t half = settings.buckets / 2;
    Whole buckets;
    for (std::int64_t step = 0; step < query[1]; ++step) {
        const std::int64_t row = (sample * query[1] + step) * settings.heads + head;
        const auto begin = products.begin() + (row * settings.rounds + round) * half;
        const auto largest = std::max_element(begin, begin + half);
        const auto smallest = std::min_element(begin, begin + half);
        buckets.push_back(static_cast<std::int32_t>(
            *largest >= -*smallest ? largest - begin : half + (smallest - begin)));
    }
    return buckets;
}

Sorted sort_by_bucket(const Whole& buckets, std::int64_t counted) {
    const std::size_t steps = buckets.size();
    Sorted sorted{
        .order = Whole(steps), .first = Whole(steps), .end = Whole(steps), .counted = counted};
    std::iota(sorted.order.begin(), sorted.order.end(), 0);
    const auto bucket = [&](std::int32_t step) { return buckets[static_cast<std::size_t>(step)]; };
    std::stable_sort(sorted.order.begin(), sorted.order.begin() + counted,
                     [&](std::int32_t a, std::int32_t b) { return bucket(a) < bucket(b); });
    const auto rows = static_cast<std::size_t>(counted);
    for (std::size_t begin = 0; begin < rows;) {
        std::size_t end = begin;
        while (end < rows && bucket(sorted.order[end]) == bucket(sorted.order[begin])) ++end;
        for (std::size_t row = begin; row < end; ++row) {
            sorted.first[row] = static_cast<std::int32_t>(begin);
            sorted.end[row] = static_cast<std::int32_t>(end);
        }
        begin = end;
    }
    return sorted;
}

/// The lists of a round: rows of the chunk and of the one before, by `before` where that is of
/// another round.
void list_chunks(KeyLists& lists, const Sorted& own, const Sorted& before, bool within_bucket) {
    const std::int64_t chunk = lists.tile(), steps = std::ssize(own.order);
    for (std::int64_t begin = 0; begin < steps; begin += chunk) {
        const std::int64_t last = (lists.tiles() - 1) * chunk;
        for (std::int64_t row = last; !within_bucket && begin == 0 && row < before.counted; ++row) {
            const std::int64_t key = before.order[static_cast<std::size_t>(row)];
            lists.see(key, key + 1);
        }
        const std::int64_t end = std::min(begin + chunk, own.counted);
        for (std::int64_t row = std::max<std::int64_t>(begin - chunk, 0); row < end; ++row) {
            const auto at = static_cast<std::size_t>(row);
            const std::int64_t key = own.order[at];
            const std::int64_t first = within_bucket ? own.first[at] : begin;
            lists.see(key, key + 1, first - begin, (within_bucket ? own.end[at] : end) - begin);
        }
        lists.close();
    }
    lists.append_order(own.order);
}

std::vector<KeyLists> lists_of_rounds(const std::vector<double>& products, const Shape& query,
                                      const HashSettings& settings) {
    const std::int64_t steps = query[1];
    const std::vector<std::int64_t> lengths = lengths_of(settings.lengths, steps);
    std::vector<KeyLists> lists(static_cast<std::size_t>(settings.rounds),
                                KeyLists(steps, steps, settings.chunk, query[0], settings.heads));
    for (std::int64_t pair = 0; pair < query[0] * settings.heads; ++pair) {
        const std::int64_t sample = pair / settings.heads, head = pair % settings.heads;
        const auto of_sample = static_cast<std::size_t>(lengths.size() == 1 ? 0 : sample);
        std::vector<Sorted> rounds;
        for (std::int64_t round = 0; round < settings.rounds; ++round) {
            rounds.push_back(sort_by_bucket(
                buckets_of(products, query, sample, head, round, settings), lengths[of_sample]));
        }
        for (std::size_t round = 0; round < rounds.size(); ++round) {
            const Sorted& before = rounds[(round + rounds.size() - 1) % rounds.size()];
            list_chunks(lists[round], rounds[round], before, settings.within_bucket);
        }
    }
    return lists;
}

}  // namespace

Var hashed_attention(Context& context, const Var& query, const Var& key, const Var& value,
                     const HashSettings& settings) {
    const std::vector<double> products = rotated(context, query.value, settings);
    ListedAttentionSettings how{.heads = settings.heads, .scale = settings.scale};
    if (settings.avoids_itself) how.self_score = last_resort;
    std::vector<ListedAttentionResult> parts;
    for (const KeyLists& lists : lists_of_rounds(products, query.value.shape(), settings)) {
        parts.push_back(listed_attention(context, query, key, value, lists, how));
    }
    return merged_reads(context, parts, settings.heads);
}

}  // namespace elm
