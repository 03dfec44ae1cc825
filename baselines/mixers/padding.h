#pragma once

#include <cstdint>
#include <vector>

#include "kernels/autograd/context.h"

namespace elm {

/// Rows (batch, time, width) with zeros beyond the lengths (batch, int32 on the host; undefined:
/// all count), so that nothing there can be seen.
Var without_padding(Context& context, const Var& rows, const Tensor& lengths);

/// The same rows, lowered so far beyond the lengths that no largest value is there. A sample
/// without steps stays as it is.
Var lowered_padding(Context& context, const Var& rows, const Tensor& lengths);

/// Scores (batch heads, rows, time) that are far below all others beyond the lengths, so that a
/// softmax over the time takes nothing from there.
Var hide_padding(Context& context, const Var& scores, const Tensor& lengths, std::int64_t heads);

/// The length of each sample, or one for all of them: `steps`, where lengths are undefined.
std::vector<std::int64_t> lengths_of(const Tensor& lengths, std::int64_t steps);

}  // namespace elm
