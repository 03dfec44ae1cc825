#include "kernels/ops/attention/outer_scan.h"

#include <algorithm>
#include <utility>

#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

/// Tensors of one use of the kernel.
struct Use {
    OuterScanShape shape;
    Tensor left, right, read;
    Tensor source_lengths = {}, read_lengths = {}, start = {}, end = {};

    Tensor run(Stream& stream) const {
        const Tensor output = Tensor::empty(
            stream, {shape.batch, shape.read_steps, shape.heads * shape.rows}, left.dtype());
        visit_real(output.dtype(), [&]<class Real>(Real) {
            const auto rows = [&]<class Element>(const Tensor& tensor, std::int64_t features,
                                                 Element*) {
                return AttentionRows<Element>{reinterpret_cast<Element*>(tensor.data()),
                                              tensor.shape()[1], shape.heads, features};
            };
            const auto lengths = [](const Tensor& tensor) {
                return tensor.defined() ? view<const std::int32_t, 1>(tensor)
                                        : View<const std::int32_t, 1>{nullptr, {0}};
            };
            const Real* const values = nullptr;
            outer_scan_kernel<Real>(
                stream,
                {.shape = shape,
                 .left = rows(left, shape.rows, values),
                 .right = rows(right, shape.columns, values),
                 .read = rows(read, shape.columns, values),
                 .source_lengths = lengths(source_lengths),
                 .read_lengths = lengths(read_lengths),
                 .start = start.defined() ? view<const Real, 4>(start)
                                          : View<const Real, 4>{nullptr, {0, 0, 0, 0}},
                 .end = end.defined() ? view<Real, 4>(end) : View<Real, 4>{nullptr, {0, 0, 0, 0}},
                 .output = rows(output, shape.rows, static_cast<Real*>(nullptr))});
        });
        return output;
    }
};

ScanOrder reversed(ScanOrder order) {
    if (order == ScanOrder::all) return order;
    return order == ScanOrder::forwards ? ScanOrder::backwards : ScanOrder::forwards;
}

/// M[t]ᵀ g[t].
Tensor read_gradient(Stream& stream, const Use& use, const Tensor& gradient) {
    OuterScanShape shape = use.shape;
    std::swap(shape.rows, shape.columns);
    Tensor start;
    if (use.start.defined()) {
        Context plain{stream};
        start = transpose(plain, {use.start}, 2, 3).value;
    }
    return Use{.shape = shape,
               .left = use.right,
               .right = use.left,
               .read = gradient,
               .source_lengths = use.source_lengths,
               .start = start}
        .run(stream);
}

/// The gradient of one factor of the outer products, of `rows` features, given the other factor.
Tensor factor_gradient(Stream& stream, const Use& use, const Tensor& left, const Tensor& right,
                       const Tensor& other, std::int64_t rows, std::int64_t columns) {
    OuterScanShape shape = use.shape;
    std::swap(shape.source_steps, shape.read_steps);
    shape.rows = rows;
    shape.columns = columns;
    shape.order = reversed(shape.order);
    return Use{.shape = shape,
               .left = left,
               .right = right,
               .read = other,
               .read_lengths = use.source_lengths}
        .run(stream);
}

std::int64_t features_of(const char* what, std::int64_t all, std::int64_t heads) {
    ELM_CHECK(all > 0 && all % heads == 0,
              "outer_scan: {} has {} features for {} heads, expected a multiple", what, all, heads);
    return all / heads;
}

OuterScanShape shape_of(const Var& left, const Var& right, const Var& read,
                        const OuterScanSettings& settings) {
    const std::int64_t heads = settings.heads;
    ELM_CHECK(heads > 0, "outer_scan: expected at least one head (got {})", heads);
    const auto [batch, sources, left_width] =
        require_rank<3>(left.value.shape(), "outer_scan: left (batch, source steps, heads rows)");
    const auto [read_batch, reads, width] =
        require_rank<3>(read.value.shape(), "outer_scan: read (batch, read steps, heads columns)");
    require_shape(read.value.shape(), {batch, reads, width},
                  "outer_scan: read (batch, read steps, heads columns)");
    require_shape(right.value.shape(), {batch, sources, width},
                  "outer_scan: right (batch, source steps, heads columns)");
    ELM_CHECK(!settings.causal || sources == reads,
              "outer_scan: a causal scan of {} steps is read in {}, expected as many", sources,
              reads);
    const OuterScanShape shape{batch,
                               heads,
                               sources,
                               reads,
                               features_of("left", left_width, heads),
                               features_of("read", width, heads),
                               settings.causal ? ScanOrder::forwards : ScanOrder::all};
    if (settings.start.defined()) {
        require_shape(settings.start.shape(), {batch, heads, shape.rows, shape.columns},
                      "outer_scan: start (batch, heads, rows, columns)");
    }
    if (settings.lengths.defined()) {
        require_shape(settings.lengths.shape(), {batch}, "outer_scan: lengths (batch)");
        for (const std::int32_t length : settings.lengths.host<std::int32_t>()) {
            ELM_CHECK(length >= 0 && length <= sources,
                      "outer_scan: a length of {} among {} source steps", length, sources);
        }
    }
    return shape;
}

}  // namespace

void require_outer_scan_fits(const DeviceLimits& device, std::int64_t rows, std::int64_t columns,
                             DType dtype) {
    if (device.kind == DeviceKind::cpu) return;
    // Backward the matrix is read the other way round, too.
    const auto size = static_cast<std::int64_t>(size_of(dtype));
    const auto bytes =
        static_cast<std::size_t>(std::max(outer_scan_shared_bytes(rows, columns, size),
                                          outer_scan_shared_bytes(columns, rows, size)));
    if (bytes <= device.shared_bytes) return;
    throw Error(ErrorKind::unsupported,
                fmt::format("outer_scan: a matrix of {} by {} in {} takes {} bytes of the shared "
                            "memory of a CUDA device, which has {}. Use more heads, or fewer "
                            "features.",
                            rows, columns, name_of(dtype), bytes, device.shared_bytes));
}

Var outer_scan(Context& context, const Var& left, const Var& right, const Var& read,
               const OuterScanSettings& settings) {
    const OuterScanShape shape = shape_of(left, right, read, settings);
    require_outer_scan_fits(limits_of(context.stream.device()), shape.rows, shape.columns,
                            left.value.dtype());
    const Tensor& lengths = settings.lengths;
    Use use{.shape = shape,
            .left = left.value,
            .right = right.value,
            .read = read.value,
            .source_lengths = lengths.defined() ? lengths.to(context.stream) : Tensor{},
            .start = settings.start};
    if (settings.end != nullptr) {
        use.end =
            Tensor::empty(context.stream, {shape.batch, shape.heads, shape.rows, shape.columns},
                          left.value.dtype());
        *settings.end = use.end;
    }
    const Tensor output = use.run(context.stream);
    context.count(2 * shape.batch * shape.heads * shape.rows * shape.columns *
                  (shape.source_steps + shape.read_steps));
    use.end = {};
    return record(context, output, {left, right, read},
                  [use](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
                      const std::int64_t rows = use.shape.rows, columns = use.shape.columns;
                      if (sinks[0].wanted()) {
                          sinks[0].deliver(stream, factor_gradient(stream, use, gradient, use.read,
                                                                   use.right, rows, columns));
                      }
                      if (sinks[1].wanted()) {
                          sinks[1].deliver(stream, factor_gradient(stream, use, use.read, gradient,
                                                                   use.left, columns, rows));
                      }
                      if (sinks[2].wanted())
                          sinks[2].deliver(stream, read_gradient(stream, use, gradient));
                  });
}

}  // namespace elm
