#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace elm::reference {

/// Rows first <= row < end of tile `tile` in group `group` see `key`.
struct SeenKey {
    std::size_t group, tile, key, first, end;
};

struct ListedAttentionSizes {
    std::size_t batch, heads, queries, keys, features, value_features, tile;
    bool samples_differ = false, heads_differ = false;
    std::vector<SeenKey> seen = {};
    std::vector<std::size_t> order = {};    // (groups, queries); empty: in order
    std::vector<std::size_t> lengths = {};  // empty: all keys count
    double self_score = std::numeric_limits<double>::quiet_NaN();
};

struct ListedAttentionOutputs {
    std::vector<double> output, log_sums;
};

/// By its definition, entry by entry.
inline ListedAttentionOutputs listed_attention(const std::vector<double>& query,
                                               const std::vector<double>& key,
                                               const std::vector<double>& value,
                                               const ListedAttentionSizes& n) {
    ListedAttentionOutputs result{
        std::vector<double>(n.batch * n.queries * n.heads * n.value_features, 0.0), {}};
    const std::size_t groups_of_heads = n.heads_differ ? n.heads : 1;
    for (std::size_t b = 0; b < n.batch; ++b) {
        for (std::size_t h = 0; h < n.heads; ++h) {
            const std::size_t group =
                (n.samples_differ ? b : 0) * groups_of_heads + (n.heads_differ ? h : 0);
            std::vector<double> log_sums(n.queries);
            for (std::size_t row = 0; row < n.queries; ++row) {
                const std::size_t i = n.order.empty() ? row : n.order[group * n.queries + row];
                std::vector<std::size_t> keys;
                std::vector<double> scores;
                for (const SeenKey& seen : n.seen) {
                    const bool sees = seen.group == group && seen.tile == row / n.tile &&
                                      seen.first <= row % n.tile && row % n.tile < seen.end &&
                                      (n.lengths.empty() || seen.key < n.lengths[b]);
                    if (!sees) continue;
                    double sum = 0;
                    for (std::size_t c = 0; c < n.features; ++c) {
                        sum += query[((b * n.queries + i) * n.heads + h) * n.features + c] *
                               key[((b * n.keys + seen.key) * n.heads + h) * n.features + c];
                    }
                    const bool self = seen.key == i && !std::isnan(n.self_score);
                    keys.push_back(seen.key);
                    scores.push_back(self ? n.self_score
                                          : sum / std::sqrt(static_cast<double>(n.features)));
                }
                double total = 0;
                for (const double score : scores) total += std::exp(score);
                log_sums[i] = std::log(total);
                for (std::size_t at = 0; at < keys.size(); ++at) {
                    for (std::size_t c = 0; c < n.value_features; ++c) {
                        result.output[((b * n.queries + i) * n.heads + h) * n.value_features + c] +=
                            std::exp(scores[at]) / total *
                            value[((b * n.keys + keys[at]) * n.heads + h) * n.value_features + c];
                    }
                }
            }
            result.log_sums.insert(result.log_sums.end(), log_sums.begin(), log_sums.end());
        }
    }
    return result;
}

}  // namespace elm::reference
