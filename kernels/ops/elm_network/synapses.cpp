#include "kernels/ops/elm_network/synapses.h"

#include <numeric>
#include <vector>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

Tensor tensor_of(Stream& stream, const std::vector<std::int32_t>& values) {
    return Tensor::from<std::int32_t>(stream, {std::ssize(values)}, values);
}

/// begin[i]: how many of `values` are below i, for 0 <= i <= count.
std::vector<std::int32_t> begins(std::span<const std::int32_t> values, std::int64_t count) {
    std::vector<std::int32_t> begin(static_cast<std::size_t>(count) + 1, 0);
    for (const std::int32_t value : values) ++begin[static_cast<std::size_t>(value) + 1];
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    return begin;
}

}  // namespace

SynapsesView Synapses::view() const {
    const auto of = [](const Tensor& tensor) { return elm::view<const std::int32_t, 1>(tensor); };
    return {of(source), of(row), of(row_begin), of(source_begin), of(by_source)};
}

Synapses make_synapses(Stream& stream, std::int64_t sources, std::int64_t rows,
                       std::span<const std::int32_t> source, std::span<const std::int32_t> row) {
    ELM_CHECK(source.size() == row.size(),
              "synapses: {} sources and {} rows, expected one of each for every synapse",
              source.size(), row.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
        ELM_CHECK(source[i] >= 0 && source[i] < sources,
                  "synapses: synapse {} has the source {}, expected 0 to {}", i, source[i],
                  sources - 1);
        ELM_CHECK(row[i] >= 0 && row[i] < rows && (i == 0 || row[i] >= row[i - 1]),
                  "synapses: synapse {} has the row {}, expected rising ones from 0 to {}", i,
                  row[i], rows - 1);
    }
    std::vector<std::int32_t> source_begin = begins(source, sources);
    std::vector<std::int32_t> next = source_begin, by_source(source.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
        const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(source[i])]++);
        by_source[at] = static_cast<std::int32_t>(i);
    }
    return {tensor_of(stream, {source.begin(), source.end()}),
            tensor_of(stream, {row.begin(), row.end()}), tensor_of(stream, begins(row, rows)),
            tensor_of(stream, source_begin), tensor_of(stream, by_source)};
}

}  // namespace elm
