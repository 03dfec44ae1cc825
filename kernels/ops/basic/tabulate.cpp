#include "kernels/ops/basic/tabulate.h"

#include <vector>

namespace elm {

Tensor tabulate(Stream& stream, const Shape& shape, DType dtype,
                const std::function<double(std::int64_t)>& number) {
    Tensor result = Tensor::empty(stream, shape, dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        std::vector<Real> values;
        values.reserve(static_cast<std::size_t>(shape.size()));
        for (std::int64_t i = 0; i < shape.size(); ++i) {
            values.push_back(static_cast<Real>(number(i)));
        }
        result.assign<Real>(stream, values);
    });
    return result;
}

}  // namespace elm
