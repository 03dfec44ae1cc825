#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace elm::reference {

struct AttentionSizes {
    std::size_t batch, heads, queries, keys, features, value_features;
    bool causal = false;
    std::vector<std::size_t> lengths = {};          // empty: all keys count
    std::size_t before = 1000000, after = 1000000;  // keys around a query's own step
};

/// Exact attention by its definition: query (batch, queries, heads features), key and value (batch,
/// keys, heads ...), bias (heads, queries, keys) or empty. A query that sees no key gives 0.
inline std::vector<double> attention(const std::vector<double>& query,
                                     const std::vector<double>& key,
                                     const std::vector<double>& value, const AttentionSizes& n,
                                     const std::vector<double>& bias = {}) {
    const auto score = [&](std::size_t b, std::size_t h, std::size_t i, std::size_t j) {
        double sum = 0;
        for (std::size_t c = 0; c < n.features; ++c) {
            sum += query[((b * n.queries + i) * n.heads + h) * n.features + c] *
                   key[((b * n.keys + j) * n.heads + h) * n.features + c];
        }
        const double added = bias.empty() ? 0 : bias[(h * n.queries + i) * n.keys + j];
        return sum / std::sqrt(static_cast<double>(n.features)) + added;
    };
    std::vector<double> output(n.batch * n.queries * n.heads * n.value_features, 0.0);
    for (std::size_t b = 0; b < n.batch; ++b) {
        const std::size_t length = n.lengths.empty() ? n.keys : n.lengths[b];
        for (std::size_t h = 0; h < n.heads; ++h) {
            for (std::size_t i = 0; i < n.queries; ++i) {
                const auto seen = [&](std::size_t j) {
                    const std::size_t own = i + n.keys, at = j + n.queries;
                    const std::size_t after = n.causal ? 0 : n.after;
                    return j < length && at <= own + after && own <= at + n.before;
                };
                for (std::size_t j = 0; j < n.keys; ++j) {
                    if (!seen(j)) continue;
                    // 1 / sum over k of exp(s[k] - s[j]) needs no maximum.
                    double sum = 0;
                    for (std::size_t k = 0; k < n.keys; ++k) {
                        if (seen(k)) sum += std::exp(score(b, h, i, k) - score(b, h, i, j));
                    }
                    for (std::size_t c = 0; c < n.value_features; ++c) {
                        output[((b * n.queries + i) * n.heads + h) * n.value_features + c] +=
                            value[((b * n.keys + j) * n.heads + h) * n.value_features + c] / sum;
                    }
                }
            }
        }
    }
    return output;
}

}  // namespace elm::reference
