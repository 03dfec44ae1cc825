#include "baselines/mixers/attention/divide.h"

#include "kernels/ops/attention/divide_by_last.h"
#include "kernels/ops/basic/layout.h"

namespace elm {

Var divide(Context& context, const Var& numerator, const Var& divisor, double least) {
    const Shape shape = numerator.value.shape();
    const Var pair[] = {reshape(context, numerator, {shape.size(), 1}),
                        reshape(context, divisor, {shape.size(), 1})};
    return reshape(context, divide_by_last(context, concatenate(context, pair, 1), -least), shape);
}

}  // namespace elm
