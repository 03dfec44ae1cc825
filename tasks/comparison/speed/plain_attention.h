#pragma once

#include <memory>

#include "kernels/modules/sequence_model.h"

/// One layer of exact attention as its definition says, which cheaper models are held against:
///
///     Q, K, V = x W_q, x W_k, x W_v                       (time, width), in heads of equal width d
///     y = [softmax(Q K^T / sqrt(d)) V  of all heads] W_o
///
/// Every step looks at every other, and the time x time weights of each head are kept: memory and
/// time grow with the square of the length.
/// Source: Vaswani et al. 2017, arXiv 1706.03762, equation 1 and section 3.2.2.
namespace elm {

/// (batch, time, width) → (batch, time, width). Throws Error{invalid} unless the heads divide the
/// width.
std::unique_ptr<SequenceModel> make_plain_attention(std::int64_t width, std::int64_t heads);

}  // namespace elm
