#pragma once

#include <cstdint>
#include <string>

#include "kernels/autograd/context.h"
#include "kernels/io/option_set.h"

/// Attention of one head with a bias, by softmax or by a function of each score by itself.
namespace elm {

/// Adds "attention": softmax, laplace or relu2.
void declare_weights(OptionSet& options);

/// What is read: queries (batch, queries, features), keys (batch, keys, features), values (batch,
/// keys, value features), and what is added to scores (queries, keys).
struct WeightedReads {
    Var query, key, value, bias;
    Tensor counts;        // of keys, as lengths; undefined: all
    bool causal = false;  // then the queries are the last steps of the keys' sequence

    std::int64_t queries() const { return query.value.shape()[1]; }
    std::int64_t keys() const { return key.value.shape()[1]; }
};

/// (batch, queries, value features), with weights of `kind`:
///
///     softmax   the softmax of q k / sqrt(features) + bias
///     laplace   laplace(q k / n + bias), see kernels/ops/basic/activation.h
///     relu2     max(q k / n + bias, 0)^2
///
/// over the n keys that count for a query.
Var read_weighted(Context& context, const std::string& kind, const WeightedReads& in);

}  // namespace elm
