// Fits side by side against each of them alone.

#include "neuron/elm/elm_group_pass.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/support/compare.h"
#include "tests/support/random_elm.h"

namespace elm {
namespace {

constexpr std::int64_t n_input = 80, n_steps = 70;

struct Fit {
    ElmModel model;
    std::vector<Tensor> parameters, gradients;
    SpikeTrain spikes;
    Tensor input;
    ElmPassOutputs outputs;
};

struct FitSpec {
    std::int64_t n_memory, batch;
    HiddenUnit activation = HiddenUnit::relu;
    std::int64_t hidden = 0;
    bool learn_tau = true;
    ElmVersion version = ElmVersion::v1;
};

Fit make_fit(const FitSpec& spec, DType type, unsigned seed) {
    test::RandomElm elm;
    elm.options.version = spec.version;
    elm.options.n_input = n_input;
    elm.options.n_output = 2;
    elm.options.n_memory = spec.n_memory;
    elm.options.mlp_hidden = spec.hidden;
    elm.options.n_branch = 6;
    elm.options.n_synapse_per_branch = 20;
    elm.options.routing = SynapseRouting::neuronio;
    elm.options.activation = spec.activation;
    elm.options.learn_memory_tau = spec.learn_tau;
    elm.seed = seed;
    Stream host{Device{}};
    Fit fit{.model = test::make_random_elm(elm),
            .parameters = {},
            .gradients = {},
            .spikes = test::random_spikes(spec.batch, n_steps, n_input, 0.1, seed),
            .input = {},
            .outputs = {}};
    fit.input = to_dense(host, fit.spikes, type);
    for (const NamedArray& array : fit.model.parameters) {
        if (!is_trainable(fit.model.options, array.name)) continue;
        const Shape shape{std::span<const std::int64_t>(array.shape)};
        fit.parameters.push_back(
            Tensor::from(host, shape, std::span<const double>(array.values)).cast(host, type));
        fit.gradients.push_back(Tensor::zeros(host, shape, type));
    }
    const Shape shape{spec.batch, n_steps, 2};
    fit.outputs.output = Tensor::zeros(host, shape, type);
    fit.outputs.output_gradient = Tensor::zeros(host, shape, type);
    fit.outputs.input_gradient = Tensor::zeros(host, {spec.batch, n_steps, n_input}, type);
    return fit;
}

/// Of L = sum over outputs of sin y.
ElmPassLoss loss_of(const Fit& fit) {
    return [outputs = fit.outputs](std::int64_t first, std::int64_t count) {
        visit_real(outputs.output.dtype(), [&]<class Real>(Real) {
            const auto from = outputs.output.host<Real>(),
                       to = outputs.output_gradient.host<Real>();
            const std::int64_t row = n_steps * 2;
            for (auto i = static_cast<std::size_t>(first * row);
                 i < static_cast<std::size_t>((first + count) * row); ++i) {
                to[i] = std::cos(from[i]);
            }
        });
    };
}

std::vector<Fit> make_fits(const std::vector<FitSpec>& specs, DType type) {
    std::vector<Fit> fits;
    for (std::size_t f = 0; f < specs.size(); ++f) {
        fits.push_back(make_fit(specs[f], type, static_cast<unsigned>(f + 1)));
    }
    return fits;
}

std::vector<ElmPassCall> calls_of(const std::vector<Fit>& fits, bool dense = false) {
    std::vector<ElmPassCall> calls;
    for (const Fit& fit : fits) {
        calls.push_back({fit.parameters, fit.gradients, dense ? nullptr : &fit.spikes,
                         dense ? &fit.input : nullptr, fit.outputs, loss_of(fit), 0});
    }
    return calls;
}

ElmGroupPass group_of(const std::vector<Fit>& fits, DType type) {
    std::vector<ElmModel> models;
    for (const Fit& fit : fits) models.push_back(fit.model);
    return {models, type};
}

/// Sums of a fit go over all steps and samples, in another order than alone.
void expect_close(const Tensor& result, const Tensor& expected, DType type, const Fit& fit) {
    const test::Tolerance tolerance{.terms = fit.spikes.n_samples * n_steps *
                                             (fit.model.options.hidden() + 10)};
    EXPECT_EQ(test::difference(test::values_of(result), test::values_of(expected), type, tolerance),
              "");
}

void agrees_with_fits_alone(const std::vector<FitSpec>& specs, DType type, bool dense = false) {
    const std::vector<Fit> fits = make_fits(specs, type), alone = make_fits(specs, type);
    ElmGroupPass group = group_of(fits, type);
    const auto calls = calls_of(fits, dense);
    EXPECT_TRUE(group.side_by_side(calls));
    group.run(calls);
    for (std::size_t f = 0; f < fits.size(); ++f) {
        SCOPED_TRACE(f);
        const Fit& fit = alone[f];
        ElmGradientPass pass(fit.model, type);
        if (dense) {
            pass.run(fit.parameters, fit.gradients, fit.input, fit.outputs, loss_of(fit));
        } else {
            pass.run(fit.parameters, fit.gradients, fit.spikes, fit.outputs, loss_of(fit));
        }
        expect_close(fits[f].outputs.output, fit.outputs.output, type, fit);
        expect_close(fits[f].outputs.input_gradient, fit.outputs.input_gradient, type, fit);
        for (std::size_t i = 0; i < fit.gradients.size(); ++i) {
            SCOPED_TRACE(group.names(f)[i]);
            expect_close(fits[f].gradients[i], fit.gradients[i], type, fit);
        }
    }
}

TEST(ElmGroupPass, agrees_with_fits_alone_in_both_precisions) {
    const std::vector<FitSpec> equal(5, FitSpec{.n_memory = 5, .batch = 8});
    agrees_with_fits_alone(equal, DType::f64);
    agrees_with_fits_alone(equal, DType::f32);
}

TEST(ElmGroupPass, agrees_with_fits_of_different_sizes) {
    agrees_with_fits_alone({{.n_memory = 1, .batch = 8},
                            {.n_memory = 7, .batch = 3, .learn_tau = false},
                            {.n_memory = 10, .batch = 21, .version = ElmVersion::v2},
                            {.n_memory = 2, .batch = 8, .hidden = 23},
                            {.n_memory = 4, .batch = 1}},
                           DType::f64);
}

TEST(ElmGroupPass, agrees_with_fits_of_other_units_and_dense_input) {
    for (const HiddenUnit unit : {HiddenUnit::relu2, HiddenUnit::silu}) {
        const std::vector<FitSpec> specs{{.n_memory = 3, .batch = 16, .activation = unit},
                                         {.n_memory = 9, .batch = 17, .activation = unit}};
        agrees_with_fits_alone(specs, DType::f64);
        agrees_with_fits_alone(specs, DType::f64, true);
    }
}

TEST(ElmGroupPass, gives_the_same_bits_for_any_number_of_threads) {
    const std::vector<FitSpec> specs{
        {.n_memory = 5, .batch = 24}, {.n_memory = 3, .batch = 19}, {.n_memory = 6, .batch = 30}};
    const int threads_before = thread_count();
    std::vector<std::vector<Fit>> runs;
    for (const int threads : {1, 2, 4}) {
        set_thread_count(threads);
        runs.push_back(make_fits(specs, DType::f32));
        ElmGroupPass group = group_of(runs.back(), DType::f32);
        group.run(calls_of(runs.back()));
    }
    set_thread_count(threads_before);
    for (std::size_t f = 0; f < specs.size(); ++f) {
        for (std::size_t i = 0; i < runs[0][f].gradients.size(); ++i) {
            const auto expected = test::values_of(runs[0][f].gradients[i]);
            EXPECT_EQ(test::values_of(runs[1][f].gradients[i]), expected);
            EXPECT_EQ(test::values_of(runs[2][f].gradients[i]), expected);
        }
    }
}

TEST(ElmGroupPass, keeps_nothing_of_the_pass_before) {
    const std::vector<FitSpec> large(4, FitSpec{.n_memory = 10, .batch = 16}),
        small(4, FitSpec{.n_memory = 3, .batch = 16});
    const auto run = [](const std::vector<FitSpec>& specs) {
        const std::vector<Fit> fits = make_fits(specs, DType::f32);
        ElmGroupPass group = group_of(fits, DType::f32);
        group.run(calls_of(fits));
        return test::values_of(fits[2].gradients.front());
    };
    const auto expected = run(small);
    run(large);
    EXPECT_EQ(run(small), expected);
}

TEST(ElmGroupPass, runs_large_or_unlike_fits_one_after_another) {
    for (const std::vector<FitSpec>& specs :
         {std::vector<FitSpec>(2, FitSpec{.n_memory = 40, .batch = 16}),
          std::vector<FitSpec>{{.n_memory = 3, .batch = 16},
                               {.n_memory = 3, .batch = 16, .activation = HiddenUnit::silu}},
          std::vector<FitSpec>(2, FitSpec{.n_memory = 3, .batch = 2})}) {
        const std::vector<Fit> fits = make_fits(specs, DType::f32),
                               alone = make_fits(specs, DType::f32);
        ElmGroupPass group = group_of(fits, DType::f32);
        const auto calls = calls_of(fits);
        EXPECT_FALSE(group.side_by_side(calls));
        group.run(calls);
        for (std::size_t f = 0; f < fits.size(); ++f) {
            ElmGradientPass pass(alone[f].model, DType::f32);
            pass.run(alone[f].parameters, alone[f].gradients, alone[f].spikes, alone[f].outputs,
                     loss_of(alone[f]));
            for (std::size_t i = 0; i < fits[f].gradients.size(); ++i) {
                EXPECT_EQ(test::values_of(fits[f].gradients[i]),
                          test::values_of(alone[f].gradients[i]));
            }
        }
    }
}

TEST(ElmGroupPass, says_what_does_not_fit) {
    const std::vector<Fit> fits =
        make_fits(std::vector<FitSpec>(2, FitSpec{.n_memory = 3, .batch = 16}), DType::f32);
    ElmGroupPass group = group_of(fits, DType::f32);
    auto calls = calls_of(fits);
    calls.pop_back();
    EXPECT_THROW(group.run(calls), Error);
    calls = calls_of(fits);
    calls[1].input = &fits[1].input;
    EXPECT_THROW(group.run(calls), Error);
    calls[1].input = nullptr, calls[1].spikes = nullptr;
    EXPECT_THROW(group.run(calls), Error);
    EXPECT_THROW(group.names(2), Error);
}

}  // namespace
}  // namespace elm
