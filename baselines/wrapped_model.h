#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "kernels/modules/sequence_model.h"

namespace elm {

/// A model around another one, its child "model": what all of them share. Dropout is that of what
/// the inner model gets.
class WrappedModel : public SequenceModel {
public:
    /// What stands before the names of the inner model's parameters and arrays.
    static constexpr std::string_view prefix = "model.";

    /// Those of the inner model; memory and branches cannot be recorded.
    ModelTraits traits() const override;
    double flops_per_step(std::int64_t steps) override;
    void require_device(const DeviceLimits& device, DType dtype) const override {
        inner_.require_device(device, dtype);
    }
    void use_arithmetic(ElmArithmetic arithmetic) override { inner_.use_arithmetic(arithmetic); }
    void drop_inputs(double share) override { inner_.drop_inputs(share); }
    std::vector<NamedArray> arrays() override;

protected:
    /// By reference, so that `shape` may be taken from the inner model.
    WrappedModel(const SequenceShape& shape, std::unique_ptr<SequenceModel>&& inner)
        : SequenceModel(shape), inner_(child("model", std::move(inner))) {}

    SequenceModel& inner_;
};

}  // namespace elm
