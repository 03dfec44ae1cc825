#pragma once

#include <memory>
#include <utility>

#include "baselines/fitted_model.h"
#include "kernels/modules/sequence_model.h"

namespace elm::test {

/// The same model without its fused pass.
class OnTape : public SequenceModel {
public:
    explicit OnTape(FittedModel inner)
        : SequenceModel(inner.spec.shape), inner_(child("inner", std::move(inner.model))) {}
    ModelTraits traits() const override { return inner_.traits(); }
    void drop_inputs(double share) override { inner_.drop_inputs(share); }
    std::unique_ptr<SequenceRunner> runner(Stream& stream) override {
        return inner_.runner(stream);
    }

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState& state) override {
        return inner_.forward(context, input, &state);
    }

private:
    SequenceModel& inner_;
};

}  // namespace elm::test
