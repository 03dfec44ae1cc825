#include <vector>

#include <gtest/gtest.h>

#include "kernels/core/support/parallel.h"
#include "kernels/modules/module.h"
#include "neuron/elm/elm_gradient_pass.h"
#include "neuron/elm/elm_module.h"
#include "tests/support/allocation_peak.h"

namespace elm {
namespace {

constexpr std::int64_t n_steps = 16384, n_levels = 8;

/// The neuron of Spieler et al. 2024, arXiv 2306.16922, for images of 128 px: 150 memory units, 300
/// hidden ones, 8 grey levels one-hot.
ElmModel image_neuron() {
    return make_elm_model({.n_input = n_levels,
                           .n_output = 2,
                           .n_memory = 150,
                           .memory_tau_max_ms = 2e4,
                           .learn_memory_tau = true},
                          1);
}

/// One level in each step.
SpikeTrain levels(std::int64_t batch) {
    SpikeTrain spikes{batch, n_steps, n_levels, {0}, {}};
    for (std::int64_t i = 0; i < batch * n_steps; ++i) {
        spikes.units.push_back(static_cast<std::int32_t>(i * i / 3 % n_levels));
        spikes.row_begin.push_back(std::ssize(spikes.units));
    }
    return spikes;
}

struct Bytes {
    std::int64_t taken, said;
};

/// What a pass forward and backward over so many samples takes at once.
Bytes bytes_of_pass(std::int64_t batch, bool keep_updates) {
    Stream host{Device{}};
    ElmModule module(image_neuron());
    const FlatParameters flat = allocate_parameters(host, module, DType::f32, RandomKey{1});
    std::vector<Tensor> parameters, gradients;
    for (const NamedParameter& entry : module.trainable()) {
        parameters.push_back(entry.parameter->value);
        gradients.push_back(entry.parameter->gradient);
    }
    const SpikeTrain spikes = levels(batch);
    const Tensor output = Tensor::zeros(host, {batch, n_steps, 2}, DType::f32);
    const Tensor output_gradient = Tensor::zeros(host, output.shape(), DType::f32);
    ElmGradientPass pass(module.structure(), DType::f32);
    const std::int64_t segment = pass.segment_steps(n_steps);
    const test::AllocationPeak peak;
    pass.run({.parameters = parameters,
              .gradients = gradients,
              .spikes = &spikes,
              .outputs = {output, output_gradient, {}},
              .segment_steps = segment,
              .keep_updates = keep_updates});
    return {peak.bytes(), pass.memory(batch, n_steps, segment, keep_updates)};
}

// What a sample takes: a state at the start of each segment, what the steps of one segment leave
// for the way back, and the rows of one chunk. Weights and sums of gradients are not of a sample,
// so it is the difference of two batches that counts.
void expect_at_most(std::int64_t bytes, bool keep_updates) {
    const int threads_before = thread_count();
    set_thread_count(1);
    const Bytes two = bytes_of_pass(2, keep_updates), four = bytes_of_pass(4, keep_updates);
    const std::int64_t a_sample = (four.taken - two.taken) / 2;
    EXPECT_LE(a_sample, bytes);
    EXPECT_NEAR(static_cast<double>(a_sample), static_cast<double>(four.said - two.said) / 2,
                0.01 * static_cast<double>(a_sample));
    set_thread_count(threads_before);
}

TEST(ElmMemory, a_sample_of_16384_steps_takes_less_than_400_kB) { expect_at_most(400'000, false); }

// An update of each of up to 160 memory units with padding, 10.5 MB, and what stands above.
TEST(ElmMemory, a_sample_whose_updates_are_kept_takes_less_than_11_MB) {
    expect_at_most(16384 * 160 * 4 + 400'000, true);
}

}  // namespace
}  // namespace elm
