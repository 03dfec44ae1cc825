#include "baselines/pairs/two_towers.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "baselines/wrapped_model.h"
#include "kernels/core/support/check.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

class TwoTowers : public WrappedModel {
public:
    TwoTowers(const OptionSet& options, std::int64_t n_output, std::unique_ptr<SequenceModel> model)
        : WrappedModel({model->shape().n_input, n_output}, std::move(model)),
          takes_mean_(options.get<std::string>("pooling") == "mean"),
          head_(child("head",
                      std::make_unique<Mlp>(
                          std::vector<std::int64_t>{4 * inner_.shape().n_output,
                                                    options.get<std::int64_t>("hidden"), n_output},
                          Activation::relu))),
          head_products_(products_per_step(head_)) {
        count_apart(head_);
    }

    ModelTraits traits() const override {
        ModelTraits traits = WrappedModel::traits();
        traits.streams = false;
        return traits;
    }
    /// The head reads two sequences once.
    double flops_per_step(std::int64_t steps) override {
        return WrappedModel::flops_per_step(steps) +
               static_cast<double>(head_products_) / static_cast<double>(steps);
    }

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState&) override {
        return run_once(context, input);
    }
    Var run_once(Context& context, const SequenceInput& input) override {
        const std::int64_t pairs = input.batch() / 2, latent = inner_.shape().n_output;
        ELM_CHECK(input.batch() == 2 * pairs, "{} sequences are no pairs", input.batch());
        const Var output = inner_.forward(context, input);
        const Var pooled = matmul(context, Var{shares(context.stream, input, output.value.dtype())},
                                  output);  // (2 pairs, 1, latent)
        const Var both = reshape(context, pooled, {pairs, 2 * latent});
        const Var a = slice(context, both, 1, 0, latent);
        const Var b = slice(context, both, 1, latent, 2 * latent);
        const std::array seen{a, b, multiply(context, a, b), subtract(context, a, b)};
        return reshape(context, head_.forward(context, concatenate(context, seen, 1)),
                       {pairs, 1, shape().n_output});
    }

private:
    /// How much each step counts, (batch, 1, time).
    Tensor shares(Stream& stream, const SequenceInput& input, DType dtype) const {
        const std::int64_t batch = input.batch(), steps = input.steps();
        return visit_real(dtype, [&]<class Real>(Real) {
            std::vector<Real> values(static_cast<std::size_t>(batch * steps));
            for (std::int64_t sample = 0; sample < batch; ++sample) {
                const std::int64_t length =
                    input.lengths.defined()
                        ? input.lengths.host<std::int32_t>()[static_cast<std::size_t>(sample)]
                        : steps;
                const std::int64_t counted =
                    takes_mean_ ? length : std::min<std::int64_t>(length, 1);
                std::fill_n(values.begin() + sample * steps + length - counted, counted,
                            Real(1) / static_cast<Real>(counted));
            }
            return Tensor::from<Real>(stream, {batch, 1, steps}, values);
        });
    }

    bool takes_mean_;
    Mlp& head_;
    std::int64_t head_products_;
};

}  // namespace

OptionSet towers_options() {
    OptionSet options;
    options.declare({.name = "latent",
                     .value = std::int64_t{75},  // Spieler et al. 2024
                     .help = "outputs of the model, which the head compares",
                     .lowest = 1,
                     .highest = 65536});
    options.declare({.name = "hidden",
                     .value = std::int64_t{150},
                     .help = "hidden units of the head",
                     .lowest = 1,
                     .highest = 65536});
    options.declare({.name = "pooling",
                     .value = std::string("last"),
                     .help = "what is compared: the output of the last step, or the mean",
                     .choices = {"last", "mean"}});
    return options;
}

std::unique_ptr<SequenceModel> with_towers(const OptionSet& options, std::int64_t n_output,
                                           std::unique_ptr<SequenceModel> model) {
    return std::make_unique<TwoTowers>(options, n_output, std::move(model));
}

}  // namespace elm
