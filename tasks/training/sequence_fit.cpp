#include "tasks/training/sequence_fit.h"

#include <utility>
#include <vector>

#include "tasks/training/tape_gradient.h"

namespace elm {
namespace {

class SequenceFit final : public FitModel {
public:
    SequenceFit(SequenceModelSpec spec, DType precision, std::string start)
        : spec_(std::move(spec)),
          precision_(precision),
          start_(std::move(start)),
          model_(make_model(spec_)) {}

    Module& module() override { return *model_; }

    /// The options of both models are equal, so their parameters are, too.
    void start(Stream& stream) override {
        if (start_.empty()) return;
        const FittedSequenceModel fitted = load_sequence_model(stream, start_, precision_);
        const std::vector<NamedParameter> from = fitted.model->parameters();
        const std::vector<NamedParameter> to = model_->parameters();
        Stream host{Device{}};
        for (std::size_t k = 0; k < to.size(); ++k) {
            const Tensor values = from[k].parameter->value.to(host);
            visit_real(precision_, [&]<class Real>(Real) {
                to[k].parameter->value.assign<Real>(stream, values.host<Real>());
            });
        }
    }

    NeuronIoLoss add_gradient(Stream& stream, const NeuronIoBatch& batch,
                              const RandomKey& key) override {
        return tape_gradient(stream, *model_, batch, key);
    }

    std::unique_ptr<Surrogate> surrogate(Stream&) override {
        return sequence_surrogate(spec_, *model_);
    }

    /// Every weight multiplies once a step; spikes make the first layer's cheaper than that.
    double flops_per_step() const override {
        return 2 * static_cast<double>(trainable_count(*model_));
    }

    void save(const std::string& path, const std::string& source, bool force) override {
        SequenceModelSpec spec = spec_;
        spec.source = source;
        save_sequence_model(spec, *model_, path, force);
    }

    void save_safetensors(const std::string& path, bool force) override {
        save_sequence_safetensors(spec_, *model_, path, force);
    }

private:
    SequenceModelSpec spec_;
    DType precision_;
    std::string start_;  // file of its first values, or empty
    std::unique_ptr<SequenceModel> model_;
};

}  // namespace

std::unique_ptr<FitModel> sequence_fit(const SequenceModelSpec& spec, DType precision,
                                       const std::string& start) {
    return std::make_unique<SequenceFit>(spec, precision, start);
}

}  // namespace elm
