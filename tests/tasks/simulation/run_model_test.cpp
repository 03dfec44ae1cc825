// Runs of models and cells as a library: no flags, no files.

#include "tasks/simulation/run_model.h"

#include <cmath>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "neuron/cable/cell/cell_file.h"
#include "neuron/elm/elm_builtin.h"
#include "tasks/data/spikes/poisson_source.h"
#include "tasks/simulation/run_cell.h"
#include "tests/support/error_message.h"

namespace elm {
namespace {

std::vector<SampleInput> three_samples(std::int64_t n_units) {
    std::vector<SampleInput> inputs;
    for (std::uint32_t trial = 0; trial < 3; ++trial) {
        inputs.push_back(poisson_input(20, n_units, 1000 + 500 * trial, 1.0, 7, trial));
        inputs.back().name = std::to_string(trial);
    }
    return inputs;
}

TEST(RunModel, steps_of_all_samples_are_run_and_counted) {
    Stream stream{Device{}};
    FittedModel model = make_model(find_builtin("leaky-integrator")->make(1.0));
    allocate(stream, model, DType::f32, {});
    ModelRun run{.name = "leaky-integrator", .inputs = three_samples(model.spec.shape.n_input)};
    run.stretch = find_stretch(run.inputs, 1.0, 200, 1800);
    EXPECT_EQ(run.stretch.first, 200);
    EXPECT_EQ(run.stretch.end, 1800);
    EXPECT_EQ(neuron_steps_of(run), 1000 + 1500 + 1800);
    std::int64_t told = 0;
    run.progress = [&](std::int64_t done, double) { told = done; };
    const ModelRunResult result = run_model(stream, model, run);
    EXPECT_EQ(result.neuron_steps, 4300);
    EXPECT_EQ(told, 4300);
    EXPECT_EQ(result.longest, 1800);
    // 20 Hz on every channel; of each sample as much is read as of the longest, 1.8 s.
    const double expected = 20 * static_cast<double>(model.spec.shape.n_input) * 5.4;
    EXPECT_NEAR(static_cast<double>(result.input_spikes), expected, 5 * std::sqrt(expected));
    EXPECT_FALSE(result.figure);
}

TEST(RunModel, a_stretch_without_a_step_is_refused) {
    const auto inputs = three_samples(4);
    EXPECT_NE(test::message_of([&] {
                  find_stretch(inputs, 1.0, 2000, 3000);
              }).find("the input, which is 2000 ms long"),
              std::string::npos);
    EXPECT_NE(test::message_of([&] { find_stretch(inputs, 1.0, 5.1, 5.2); }).find("the same step"),
              std::string::npos);
    EXPECT_EQ(find_stretch(inputs, 1.0, 0, 1e9).end, 2000);
}

TEST(RunCell, a_run_that_is_stopped_returns_nothing) {
    const cable::Cell cell = cable::load_cell("l5pc", std::nullopt);
    CellRun run;
    run.duration_ms = 20;
    run.currents = {parse_clamp(cell, "soma:5nA@1+5")};
    const auto whole = run_cell(cell, run);
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->steps, 800);  // of 0.025 ms
    EXPECT_EQ(whole->samples, 1);
    run.progress = [](double, double) { return false; };
    EXPECT_FALSE(run_cell(cell, run));
}

TEST(RunCell, values_are_a_multiple_of_the_step_apart) {
    EXPECT_EQ(steps_between_values(0.025, std::nullopt), 4);
    EXPECT_EQ(steps_between_values(0.025, 1), 40);
    EXPECT_NE(test::message_of([] {
                  steps_between_values(0.025, 0.03);
              }).find("a multiple of the time step, 0.025 ms"),
              std::string::npos);
}

}  // namespace
}  // namespace elm
