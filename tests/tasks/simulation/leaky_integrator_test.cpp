#include "neuron/elm/leaky_integrator.h"

#include <cmath>

#include <gtest/gtest.h>

#include "neuron/elm/elm_builtin.h"
#include "neuron/elm/elm_neuron.h"
#include "tasks/data/spikes/poisson_source.h"
#include "tasks/neuronio/neuronio_output.h"

namespace elm {
namespace {

/// Largest |V_ELM - V_exact| in mV over one run.
double largest_error_mV(double time_step_ms, DType precision, double rate_hz) {
    const ElmModel model = find_builtin("leaky-integrator")->make(time_step_ms);
    const auto n_steps = static_cast<std::int64_t>(2000 / time_step_ms);
    const SpikeTrain spikes =
        poisson_input(rate_hz, model.options.n_input, n_steps, time_step_ms, 7)
            .source->next(n_steps);
    Stream stream{Device{}};
    const ElmNeuron neuron(stream, model, precision);
    ElmState state = neuron.initial_state(stream, 1);
    const Tensor output = neuron.run(stream, spikes, state).output.cast(stream, DType::f64);
    const auto y = view<const double, 3>(output);
    const auto exact = ExactLeakyIntegrator(LeakyIntegrator{}, time_step_ms).advance(spikes);
    double largest = 0;
    for (std::int64_t step = 0; step < n_steps; ++step) {
        const double error =
            predicted_voltage_mV(y(0, step, 1)) - exact[static_cast<std::size_t>(step)];
        largest = std::max(largest, std::abs(error));
    }
    return largest;
}

TEST(LeakyIntegrator, equals_the_exact_solution_at_every_time_step) {
    for (const double time_step_ms : {0.1, 0.5, 1.0, 2.0}) {
        for (const double rate_hz : {5.0, 20.0}) {
            EXPECT_LT(largest_error_mV(time_step_ms, DType::f64, rate_hz), 1e-4)
                << time_step_ms << " ms, " << rate_hz << " Hz";
        }
    }
}

TEST(LeakyIntegrator, keeps_the_exact_solution_in_float32) {
    EXPECT_LT(largest_error_mV(1.0, DType::f32, 20.0), 1e-4);
}

TEST(ExactLeakyIntegrator, gives_the_double_exponential_of_one_spike) {
    const LeakyIntegrator cell;
    const SpikeEvent event{3, 0};
    const SpikeTrain spikes = make_spike_train({&event, 1}, 100, cell.n_input);
    const auto potential = ExactLeakyIntegrator(cell, 0.5).advance(spikes);
    for (int step = 0; step < 100; ++step) {
        const double t = 0.5 * (step + 1 - 3);
        const double expected =
            cell.resting_potential +
            (t <= 0 ? 0.0
                    : cell.excitatory_weight * cell.tau_syn / (cell.tau_m - cell.tau_syn) *
                          (std::exp(-t / cell.tau_m) - std::exp(-t / cell.tau_syn)));
        EXPECT_NEAR(potential[static_cast<std::size_t>(step)], expected, 1e-12);
    }
}

TEST(LeakyIntegrator, is_driven_near_its_threshold_by_poisson_input) {
    const LeakyIntegrator cell;
    const auto mean_at = [&](double rate_hz) {
        const SpikeTrain spikes =
            poisson_input(rate_hz, cell.n_input, 100000, 1.0, 1).source->next(100000);
        const auto potential = ExactLeakyIntegrator(cell, 1.0).advance(spikes);
        double sum = 0;
        for (const double value : potential) sum += value;
        return sum / static_cast<double>(potential.size());
    };
    EXPECT_NEAR(mean_at(5), -66.25, 0.3);
    EXPECT_NEAR(mean_at(20), -55.0, 0.6);
}

}  // namespace
}  // namespace elm
