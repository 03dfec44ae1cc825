#include "kernels/core/sum.h"

#include "kernels/core/check.h"
#include "kernels/core/parallel.h"
#include "kernels/core/sum_body.h"
#include "kernels/core/tensor.h"

namespace elm {

template void run_add_into<Cpu>(Stream&, const AddIntoArgs<float>&);
template void run_add_into<Cpu>(Stream&, const AddIntoArgs<double>&);
template void run_sum_rows<Cpu>(Stream&, const SumRowsArgs<float>&);
template void run_sum_rows<Cpu>(Stream&, const SumRowsArgs<double>&);

void add_into(Stream& stream, const Tensor& sum, const Tensor& addend) {
    const std::int64_t count = sum.shape().size();
    ELM_CHECK(addend.shape().size() == count, "a tensor of shape {} was added to one of shape {}",
              to_string(addend.shape()), to_string(sum.shape()));
    visit_real(sum.dtype(), [&]<class Real>(Real) {
        add_into_kernel<Real>(stream, {view<const Real, 1>(addend.reshape({count})),
                                       view<Real, 1>(sum.reshape({count}))});
    });
}

Tensor sum_rows(Stream& stream, const Tensor& rows) {
    const auto extents = require_rank<2>(rows.shape(), "sum_rows: rows (rows, columns)");
    const Tensor sums = Tensor::empty(stream, {extents[1]}, rows.dtype());
    visit_real(rows.dtype(), [&]<class Real>(Real) {
        sum_rows_kernel<Real>(stream, {view<const Real, 2>(rows), view<Real, 1>(sums)});
    });
    return sums;
}

}  // namespace elm
