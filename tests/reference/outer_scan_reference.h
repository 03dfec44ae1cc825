#pragma once

#include <cstddef>
#include <vector>

namespace elm::reference {

struct OuterScanSizes {
    std::size_t batch, heads, sources, reads, rows, columns;
    bool causal = false;
    std::vector<std::size_t> lengths = {};  // empty: all sources count
};

/// output[t] = sum over s of left[s] (right[s] read[t]), over s <= t if causal: left (batch,
/// sources, heads rows), right (batch, sources, heads columns), read (batch, reads, heads columns).
inline std::vector<double> outer_scan(const std::vector<double>& left,
                                      const std::vector<double>& right,
                                      const std::vector<double>& read, const OuterScanSizes& n) {
    std::vector<double> output(n.batch * n.reads * n.heads * n.rows, 0.0);
    for (std::size_t b = 0; b < n.batch; ++b) {
        const std::size_t length = n.lengths.empty() ? n.sources : n.lengths[b];
        for (std::size_t h = 0; h < n.heads; ++h) {
            for (std::size_t t = 0; t < n.reads; ++t) {
                for (std::size_t s = 0; s < length && !(n.causal && s > t); ++s) {
                    double product = 0;
                    for (std::size_t c = 0; c < n.columns; ++c) {
                        product += right[((b * n.sources + s) * n.heads + h) * n.columns + c] *
                                   read[((b * n.reads + t) * n.heads + h) * n.columns + c];
                    }
                    for (std::size_t r = 0; r < n.rows; ++r) {
                        output[((b * n.reads + t) * n.heads + h) * n.rows + r] +=
                            product * left[((b * n.sources + s) * n.heads + h) * n.rows + r];
                    }
                }
            }
        }
    }
    return output;
}

}  // namespace elm::reference
