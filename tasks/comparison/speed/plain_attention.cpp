#include "tasks/comparison/speed/plain_attention.h"

#include <cmath>

#include "kernels/core/support/check.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/softmax.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

class PlainAttention : public SequenceModel {
public:
    PlainAttention(std::int64_t width, std::int64_t heads)
        : SequenceModel({width, width}),
          heads_(heads),
          head_width_(width / heads),
          query_(child("query", std::make_unique<Linear>(width, width))),
          key_(child("key", std::make_unique<Linear>(width, width))),
          value_(child("value", std::make_unique<Linear>(width, width))),
          readout_(child("readout", std::make_unique<Linear>(width, width))) {}

    ModelTraits traits() const override {
        return {.causal = false, .streams = false, .inputs = {.spikes = false}};
    }

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState&) override {
        const std::int64_t batch = input.batch(), steps = input.steps();
        const Var query = in_heads(context, query_.forward(context, input.dense), batch, steps);
        const Var key = in_heads(context, key_.forward(context, input.dense), batch, steps);
        const Var value = in_heads(context, value_.forward(context, input.dense), batch, steps);
        const Var scores = scale(context, matmul(context, query, transpose(context, key, 1, 2)),
                                 1 / std::sqrt(static_cast<double>(head_width_)));
        const Var mixed = matmul(context, softmax(context, scores), value);
        const Var apart = reshape(context, mixed, {batch, heads_, steps, head_width_});
        const Var together =
            reshape(context, transpose(context, apart, 1, 2), {batch, steps, heads_ * head_width_});
        return readout_.forward(context, together);
    }

private:
    /// (batch, time, width) → (batch heads, time, width of a head).
    Var in_heads(Context& context, const Var& all, std::int64_t batch, std::int64_t steps) const {
        const Var apart = reshape(context, all, {batch, steps, heads_, head_width_});
        return reshape(context, transpose(context, apart, 1, 2),
                       {batch * heads_, steps, head_width_});
    }

    std::int64_t heads_, head_width_;
    Linear &query_, &key_, &value_, &readout_;
};

}  // namespace

std::unique_ptr<SequenceModel> make_plain_attention(std::int64_t width, std::int64_t heads) {
    ELM_CHECK(heads > 0 && width % heads == 0, "{} heads do not divide a width of {}", heads,
              width);
    return std::make_unique<PlainAttention>(width, heads);
}

}  // namespace elm
