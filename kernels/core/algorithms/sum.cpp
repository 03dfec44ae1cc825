#include "kernels/core/algorithms/sum.h"

#include <algorithm>

#include "kernels/core/algorithms/sum_body.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/core/tensor.h"

namespace elm {

template void run_add_into<Cpu>(Stream&, const AddIntoArgs<float>&);
template void run_add_into<Cpu>(Stream&, const AddIntoArgs<double>&);

namespace {

/// A strip of lanes at a time, so that the running sums stay in registers. A single lane has
/// several running sums side by side.
template <class Real>
void fold_on_cpu(Stream& stream, const FoldSumArgs<Real>& args) {
    constexpr std::int64_t strip = 64;
    const auto [groups, lanes] = args.sums.extent;
    const std::int64_t elements = args.values.extent[1];
    if (lanes == 1) {
        return Cpu::for_each_row(stream, groups, elements, [&](const CpuRow&, std::int64_t group) {
            const Real* const values = args.values.data + group * elements;
            args.sums(group, 0) =
                CpuRow::sum(elements, [values](std::int64_t at) { return values[at]; });
        });
    }
    const std::int64_t strips = (lanes + strip - 1) / strip;
    Cpu::for_each_task(groups * strips, [&, lanes = lanes](std::int64_t task) {
        const std::int64_t group = task / strips, first = task % strips * strip;
        const Real* values = args.values.data + group * elements;
        const std::int64_t width = std::min(strip, lanes - first);
        Real sums[strip] = {};
        for (std::int64_t at = first; at < elements; at += lanes) {
            const std::int64_t count = std::min(width, elements - at);
            for (std::int64_t k = 0; k < count; ++k) sums[k] += values[at + k];
        }
        std::copy_n(sums, width, args.sums.data + group * lanes + first);
    });
}

/// Partial sums of a column of `rows`, so that there is work for many threads and rounding errors
/// grow with the length of a part; a single column also needs neighbours that are added together.
std::int64_t part_count(std::int64_t rows, std::int64_t columns) {
    constexpr std::int64_t rows_per_part = 64, most_parts = 1024, narrow = 8, least_if_narrow = 32;
    if (rows <= rows_per_part) return 1;
    const std::int64_t parts = std::min(most_parts, (rows + rows_per_part - 1) / rows_per_part);
    return columns < narrow ? std::max(parts, least_if_narrow) : parts;
}

}  // namespace

template <>
void run_fold_sum<Cpu, float>(Stream& stream, const FoldSumArgs<float>& args) {
    fold_on_cpu(stream, args);
}
template <>
void run_fold_sum<Cpu, double>(Stream& stream, const FoldSumArgs<double>& args) {
    fold_on_cpu(stream, args);
}

void add_into(Stream& stream, const Tensor& sum, const Tensor& addend) {
    const std::int64_t count = sum.shape().size();
    ELM_CHECK(addend.shape().size() == count, "a tensor of shape {} was added to one of shape {}",
              to_string(addend.shape()), to_string(sum.shape()));
    visit_real(sum.dtype(), [&]<class Real>(Real) {
        add_into_kernel<Real>(stream, {view<const Real, 1>(addend.reshape({count})),
                                       view<Real, 1>(sum.reshape({count}))});
    });
}

Tensor sum_middle(Stream& stream, const Tensor& values) {
    const auto [groups, rows, columns] =
        require_rank<3>(values.shape(), "sum_middle: values (groups, rows, columns)");
    const std::int64_t parts = part_count(rows, columns);
    const Tensor sums = Tensor::empty(stream, {groups, parts * columns}, values.dtype());
    visit_real(values.dtype(), [&, groups = groups, elements = rows * columns]<class Real>(Real) {
        fold_sum_kernel<Real>(
            stream, {view<const Real, 2>(values.reshape({groups, elements})), view<Real, 2>(sums)});
    });
    return parts == 1 ? sums : sum_middle(stream, sums.reshape({groups, parts, columns}));
}

Tensor sum_rows(Stream& stream, const Tensor& rows) {
    const auto [count, columns] = require_rank<2>(rows.shape(), "sum_rows: rows (rows, columns)");
    return sum_middle(stream, rows.reshape({1, count, columns})).reshape({columns});
}

}  // namespace elm
