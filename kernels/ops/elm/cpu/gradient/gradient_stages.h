#pragma once

#include "kernels/ops/elm/cpu/gradient/gradient_workspace.h"

namespace elm::gradient {

/// One, two or four samples of a batch.
struct SampleRange {
    std::int64_t first;
    int count;
};

/// A tile forward, and backward from the gradient of its outputs (gradient_tile.h), with N units as
/// lanes. They take long to compile, so they have files of their own.
template <class Real, int N, Activation unit>
struct GradientStages {
    static void forward(const ElmGradientArgs<Real>& args, const SampleRange& samples,
                        TileWorkspace<Real>& work);
    static void backward(const ElmGradientArgs<Real>& args, const SampleRange& samples,
                         TileWorkspace<Real>& work, PartialGradient<Real>& sums);
};

#if defined(__AVX512F__)
#    define ELM_GRADIENT_STAGES(prefix, Real, unit)                          \
        prefix template struct GradientStages<Real, unit_lanes<Real>, unit>; \
        prefix template struct GradientStages<Real, native<Real>, unit>;
#else
#    define ELM_GRADIENT_STAGES(prefix, Real, unit) \
        prefix template struct GradientStages<Real, unit_lanes<Real>, unit>;
#endif
ELM_GRADIENT_STAGES(extern, float, Activation::relu)
ELM_GRADIENT_STAGES(extern, float, Activation::relu2)
ELM_GRADIENT_STAGES(extern, float, Activation::silu)
ELM_GRADIENT_STAGES(extern, double, Activation::relu)
ELM_GRADIENT_STAGES(extern, double, Activation::relu2)
ELM_GRADIENT_STAGES(extern, double, Activation::silu)

/// Calls body with the GradientStages of these weights.
template <class Real, class Body>
void with_stages(const ElmScanWeights<Real>& w, const Body& body) {
    const auto with_lanes = [&]<int N>() {
        with_hidden_unit(w.hidden_unit,
                         [&]<HiddenUnit unit>() { body(GradientStages<Real, N, unit>{}); });
    };
    if (w.unit_lanes == unit_lanes<Real>) {
        with_lanes.template operator()<unit_lanes<Real>>();
    } else {
        with_lanes.template operator()<native<Real>>();
    }
}

}  // namespace elm::gradient
