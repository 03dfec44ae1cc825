// Neurons with adaptation beside recurrences that the published cells agree with, step by step.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "kernels/io/hdf5_file.h"
#include "neuron/point/adlif_euler.h"
#include "neuron/point/alif.h"
#include "tests/support/compare.h"

namespace elm::test {
namespace {

const std::string golden = std::string(ELM_DATA_DIR) + "/networks_golden.h5";

struct Recurrence {
    std::vector<double> potential, adaptation, spikes;  // (steps, neurons)
};

/// Runs the neurons of a case, whose numbers stand under `q` times 1 - beta in form B. With
/// `adaptation_before` the adaptation is noted as it was before each step.
template <class Neuron>
Recurrence run(const Hdf5File& file, const std::string& group, ResetKind reset, bool is_scaled,
               bool adaptation_before) {
    const auto read = [&](const char* name) { return file.read<double>(group + "/" + name); };
    const std::vector<double> input = read("input"), alpha = read("alpha"), beta = read("beta"),
                              a = read("a"), b = read("b");
    const std::size_t neurons = alpha.size(), steps = input.size() / neurons;
    Recurrence result;
    for (auto* const values : {&result.potential, &result.adaptation, &result.spikes}) {
        values->resize(input.size());
    }
    for (std::size_t n = 0; n < neurons; ++n) {
        const double scale = is_scaled ? (1 - beta[n]) * file.number_attribute(group, "q") : 1;
        const double theta = is_scaled ? file.number_attribute(group, "theta") : 1;
        const typename Neuron::template Coefficients<double> c{
            alpha[n], beta[n], scale * a[n], scale * b[n], 1 - alpha[n], theta, 0, 0, 0};
        GridState<Neuron, double> state{Neuron::template initial<OneLane<double>>(c)};
        for (std::size_t t = 0; t < steps; ++t) {
            const std::size_t at = t * neurons + n;
            const double before = state.own.adaptation;
            result.spikes[at] = grid_step<Neuron, OneLane<double>>(c, reset, 0, state, {input[at]});
            result.potential[at] = state.own.membrane_potential;
            result.adaptation[at] = adaptation_before ? before : state.own.adaptation;
        }
    }
    return result;
}

void expect_recurrence(const Hdf5File& file, const std::string& group, const Recurrence& found) {
    const auto spikes = file.read<double>(group + "/z");
    EXPECT_GT(std::count(spikes.begin(), spikes.end(), 1.0), 100);
    EXPECT_EQ(found.spikes, spikes);
    EXPECT_CLOSE(found.potential, file.read<double>(group + "/u"), {.condition = 16, .terms = 400});
    EXPECT_CLOSE(found.adaptation, file.read<double>(group + "/w"),
                 {.condition = 16, .terms = 400});
}

class GoldenAdaptive : public ::testing::Test {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(golden)) GTEST_SKIP() << golden << " is not there";
    }
};

TEST_F(GoldenAdaptive, symplectic_steps_with_reset_to_a_value) {
    const Hdf5File file = Hdf5File::open(golden);
    const std::string group = "/adaptive/adlif_form_b_symplectic";
    expect_recurrence(file, group, run<Adlif>(file, group, ResetKind::to_value, true, false));
}

TEST_F(GoldenAdaptive, euler_steps_with_reset_to_a_value) {
    const Hdf5File file = Hdf5File::open(golden);
    const std::string group = "/adaptive/adlif_form_b_euler";
    expect_recurrence(file, group, run<AdlifEuler>(file, group, ResetKind::to_value, true, false));
}

TEST_F(GoldenAdaptive, steps_with_reset_by_subtraction) {
    const Hdf5File file = Hdf5File::open(golden);
    const std::string group = "/adaptive/adlif_form_a";
    expect_recurrence(file, group, run<Adlif>(file, group, ResetKind::by_subtraction, false, true));
}

/// Neurons whose thresholds adapt, each alone or, where the case has W_rec, (source, target), with
/// the spikes of the step before. The scaled form takes 1 - alpha of the input and 1 - rho of a
/// spike.
void expect_alif(const Hdf5File& file, const std::string& group, bool is_scaled) {
    const auto number = [&](const char* name) { return file.number_attribute(group, name); };
    const double alpha = std::exp(-number("dt_ms") / number("tau_m")),
                 rho = std::exp(-number("dt_ms") / number("tau_a"));
    const double strength = number("beta") * (is_scaled ? 1 - rho : 1);
    Alif::Coefficients<double> c;
    c.decay = alpha;
    c.threshold = number("v_th");
    c.resting = 0;
    c.reset = 0;
    c.adaptation_decay = rho;
    c.adaptation_strength = strength;
    const auto input = file.read<double>(group + "/input");
    std::vector<double> recurrent(36);
    if (file.has(group + "/W_rec")) recurrent = file.read<double>(group + "/W_rec");
    std::vector<GridState<Alif, double>> states(6, {Alif::initial<OneLane<double>>(c)});
    std::vector<double> potential, threshold, spikes, before(6);
    for (std::size_t at = 0; at < input.size(); at += 6) {
        std::vector<double> now(6);
        for (std::size_t n = 0; n < 6; ++n) {
            double drive = (is_scaled ? 1 - alpha : 1) * input[at + n];
            for (std::size_t source = 0; source < 6; ++source) {
                drive += before[source] * recurrent[source * 6 + n];
            }
            threshold.push_back(c.threshold + strength * states[n].own.adaptation);
            now[n] = grid_step<Alif, OneLane<double>>(c, ResetKind::by_subtraction, number("n_ref"),
                                                      states[n], {drive});
            potential.push_back(states[n].own.membrane_potential);
            spikes.push_back(now[n]);
        }
        before = now;
    }
    const auto expected = file.read<double>(group + "/z");
    EXPECT_GT(std::count(expected.begin(), expected.end(), 1.0), 30);
    EXPECT_EQ(spikes, expected);
    EXPECT_CLOSE(potential, file.read<double>(group + "/v"), {.condition = 16, .terms = 400});
    EXPECT_CLOSE(threshold, file.read<double>(group + "/threshold"),
                 {.condition = 16, .terms = 400});
}

TEST_F(GoldenAdaptive, thresholds_rise_with_spikes) {
    const Hdf5File file = Hdf5File::open(golden);
    expect_alif(file, "/adaptive/alif_eprop_form", false);
    expect_alif(file, "/adaptive/alif_scaled_form", true);
    expect_alif(file, "/adaptive/alif_recurrent", false);
}

}  // namespace
}  // namespace elm::test
