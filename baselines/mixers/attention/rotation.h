#pragma once

#include <cstdint>
#include <vector>

#include "kernels/autograd/context.h"

namespace elm {

/// Turns pairs of features of each head by angles that grow with the position, so that products of
/// queries and keys depend on the difference of their positions:
///
///     (a, b) → (a cos w t - b sin w t, a sin w t + b cos w t)      w = 10000^(-2 i / features)
///
/// for pair i, features i and i + features / 2. Source: Su et al. 2021, arXiv 2104.09864.
class Rotation {
public:
    /// Throws Error{invalid} for an odd number of features.
    Rotation(std::int64_t heads, std::int64_t features);
    /// The same with angles `frequencies` for each step in place of w, one for each pair.
    Rotation(std::int64_t heads, std::vector<double> frequencies);

    /// (batch, time, heads features) → the same; the first step is at position `begin`.
    Var turn(Context& context, const Var& input, std::int64_t begin);

private:
    struct Tables {
        Tensor cosine, sine;  // (time, heads, features / 2)
    };
    Tables tables(Stream& stream, std::int64_t begin, std::int64_t end, DType dtype);

    std::int64_t heads_, features_;
    std::vector<double> frequencies_;
    Tables tables_;  // of the first positions
};

}  // namespace elm
