#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/algorithms.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/basic/embedding_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_gather_rows, GatherRowsArgs);
ELM_DEFINE_INSTANCES(Cpu, run_sum_rows_by_entry, SumRowsByEntryArgs);
template void run_list_entries<Cpu>(Stream&, const ListEntriesArgs&);

namespace {

/// (...) → (..., columns)
Shape with_columns(const Shape& shape, std::int64_t columns) {
    switch (shape.rank()) {
        case 0:
            return {columns};
        case 1:
            return {shape[0], columns};
        case 2:
            return {shape[0], shape[1], columns};
        default:
            return {shape[0], shape[1], shape[2], columns};
    }
}

/// The gradient of the table: sorted by entry, then summed in the order of the indices.
Tensor table_gradient(Stream& stream, const Shape& table, const Tensor& indices,
                      const Tensor& gradient) {
    const Tensor entries = Tensor::empty(stream, indices.shape(), DType::i32);
    const Tensor positions = Tensor::empty(stream, indices.shape(), DType::i32);
    list_entries_kernel(stream, {view<const std::int32_t, 1>(indices),
                                 view<std::int32_t, 1>(entries), view<std::int32_t, 1>(positions)});
    sort_by_key(stream, view<std::int32_t, 1>(entries), view<std::int32_t, 1>(positions));
    const Tensor result = Tensor::zeros(stream, table, gradient.dtype());
    visit_real(result.dtype(), [&]<class Real>(Real) {
        sum_rows_by_entry_kernel<Real>(
            stream, {view<const std::int32_t, 1>(entries), view<const std::int32_t, 1>(positions),
                     view<const Real, 2>(gradient), view<Real, 2>(result)});
    });
    return result;
}

}  // namespace

Var embedding(Context& context, const Var& table, const Tensor& indices) {
    const Shape shape = table.value.shape();
    const std::int64_t columns = require_rank<2>(shape, "embedding: table (entries, columns)")[1];
    ELM_CHECK(indices.shape().rank() < max_rank,
              "embedding: indices have shape {}, expected up to "
              "three axes",
              to_string(indices.shape()));
    const std::int64_t rows = indices.shape().size();
    const Tensor flat = indices.reshape({rows});
    const Tensor result = Tensor::empty(context.stream, {rows, columns}, table.value.dtype());
    visit_real(result.dtype(), [&]<class Real>(Real) {
        gather_rows_kernel<Real>(
            context.stream, {view<const Real, 2>(table.value), view<const std::int32_t, 1>(flat),
                             view<Real, 2>(result)});
    });
    return record(context, result.reshape(with_columns(indices.shape(), columns)), {table},
                  [=](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
                      sinks[0].deliver(stream, table_gradient(stream, shape, flat,
                                                              gradient.reshape({rows, columns})));
                  });
}

}  // namespace elm
