// Registered models against naive loops in float64 over the equations that their files open with.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tests/baselines/model_case.h"

namespace elm {
namespace {

using test::case_shape;
using test::LivingModel;
using test::ModelCase;
using Rows = std::vector<std::vector<double>>;  // (time, features)

constexpr std::int64_t n_steps = 40;

ModelCase case_of(const std::string& name) {
    for (const ModelCase& model : test::model_cases()) {
        if (model.name == name) return model;
    }
    ADD_FAILURE() << "there is no case " << name;
    return {};
}

/// Parameters of a model by name.
class Parameters {
public:
    explicit Parameters(SequenceModel& model) {
        for (const auto& [name, parameter] : model.parameters()) {
            values_[name] = test::values_of(parameter->value);
        }
    }
    const std::vector<double>& operator[](const std::string& name) const {
        return values_.at(name);
    }
    double at(const std::string& name, std::int64_t index) const {
        return values_.at(name).at(static_cast<std::size_t>(index));
    }

private:
    std::map<std::string, std::vector<double>> values_;
};

/// Spike counts of the only sample of a train.
Rows counts_of(const SpikeTrain& train) {
    Rows counts(static_cast<std::size_t>(train.n_steps),
                std::vector<double>(static_cast<std::size_t>(train.n_units), 0.0));
    for (std::int64_t t = 0; t < train.n_steps; ++t) {
        for (const std::int32_t unit : train.row(0, t)) {
            ++counts[static_cast<std::size_t>(t)][static_cast<std::size_t>(unit)];
        }
    }
    return counts;
}

std::vector<double> affine(const Parameters& parameters, const std::string& name,
                           const std::vector<double>& input) {
    std::vector<double> output = parameters[name + ".bias"];
    for (std::size_t o = 0; o < output.size(); ++o) {
        for (std::size_t i = 0; i < input.size(); ++i) {
            output[o] += parameters[name + ".weight"][o * input.size() + i] * input[i];
        }
    }
    return output;
}

std::vector<double> flat(const Rows& rows) {
    std::vector<double> all;
    for (const auto& row : rows) all.insert(all.end(), row.begin(), row.end());
    return all;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// Weight of input i, tap k (0: the present step) and output o, in either layout.
double tap(const Parameters& parameters, const std::string& layer, bool first, std::size_t i,
           std::size_t k, std::size_t o, std::size_t inputs, std::size_t taps,
           std::size_t outputs) {
    return parameters[layer + ".weight"][first ? (i * taps + k) * outputs + o
                                               : (o * inputs + i) * taps + (taps - 1 - k)];
}

Rows naive_tcn(const Parameters& parameters, Rows values, std::size_t depth, std::size_t width,
               std::size_t first_taps, std::size_t other_taps) {
    for (std::size_t layer = 0; layer < depth; ++layer) {
        const std::string name = "layers." + std::to_string(layer);
        const std::string norm = "norms." + std::to_string(layer);
        const std::size_t taps = layer == 0 ? first_taps : other_taps;
        const std::size_t inputs = values.front().size();
        Rows next(values.size(), parameters[name + ".bias"]);
        for (std::size_t t = 0; t < values.size(); ++t) {
            for (std::size_t o = 0; o < width; ++o) {
                double& sum = next[t][o];
                for (std::size_t k = 0; k < taps && k <= t; ++k) {
                    for (std::size_t i = 0; i < inputs; ++i) {
                        sum += tap(parameters, name, layer == 0, i, k, o, inputs, taps, width) *
                               values[t - k][i];
                    }
                }
                sum = std::max(sum, 0.0);
                sum = (sum - parameters[norm + ".running_mean"][o]) /
                          std::sqrt(parameters[norm + ".running_variance"][o] + 1e-3) *
                          parameters[norm + ".gain"][o] +
                      parameters[norm + ".bias"][o];
            }
        }
        values = std::move(next);
    }
    for (auto& row : values) row = affine(parameters, "readout", row);
    return values;
}

TEST(Equations, of_the_tcn) {
    LivingModel living(case_of("tcn"), DType::f64);
    const SpikeTrain spikes = test::random_spikes(1, n_steps, case_shape.n_input, 0.3, 9);
    for (int k = 0; k < 3; ++k) living.run({.spikes = &spikes}, nullptr, true);
    const Parameters parameters(*living.model);
    EXPECT_NE(parameters["norms.0.running_mean"][0], 0);
    EXPECT_CLOSE(living.run({.spikes = &spikes}),
                 flat(naive_tcn(parameters, counts_of(spikes), 3, 4, 3, 2)), {.terms = 64});
}

struct PointNeuronCase {
    std::int64_t neurons, currents;
    int refractory_steps;
    bool adapts;
};

/// Outputs, and the number of spikes of all neurons.
std::pair<Rows, int> naive_point_neurons(const Parameters& parameters, const Rows& input,
                                         const PointNeuronCase& is) {
    const auto count = static_cast<std::size_t>(is.neurons);
    const std::int64_t n_currents = is.neurons * is.currents;
    std::vector<double> s(static_cast<std::size_t>(n_currents), 0.0), u(count), z(count), a(count);
    std::vector<int> silent(count, 0);
    Rows outputs;
    int n_spikes = 0;
    for (const auto& x : input) {
        std::vector<double> current(count, 0.0);
        for (std::int64_t b = 0; b < n_currents; ++b) {
            double& trace = s[static_cast<std::size_t>(b)];
            trace = sigmoid(parameters.at("synapse_decay_logit", b)) * trace +
                    parameters.at("synapses.bias", b);
            for (std::int64_t j = 0; j < case_shape.n_input; ++j) {
                trace += parameters.at("synapses.weight", j * n_currents + b) *
                         x[static_cast<std::size_t>(j)];
            }
            current[static_cast<std::size_t>(b / is.currents)] += trace;
        }
        std::vector<double> seen(3 * count);
        for (std::size_t n = 0; n < count; ++n) {
            u[n] = sigmoid(parameters["membrane_decay_logit"][n]) * u[n] + current[n] - z[n];
            double threshold = 1;
            if (is.adapts) {
                threshold +=
                    std::log1p(std::exp(parameters["adaptation_strength_softplus"][n])) * a[n];
            }
            z[n] = u[n] >= threshold && silent[n] == 0 ? 1 : 0;
            if (silent[n] > 0) {
                --silent[n];
            } else if (z[n] == 1) {
                silent[n] = is.refractory_steps;
            }
            if (is.adapts) a[n] = sigmoid(parameters["adaptation_decay_logit"][n]) * a[n] + z[n];
            n_spikes += z[n] == 1;
            seen[n] = u[n];
            seen[count + n] = z[n];
            seen[2 * count + n] = u[n] - threshold;
        }
        outputs.push_back(affine(parameters, "readout", seen));
    }
    return {outputs, n_spikes};
}

void expect_point_neurons(const std::string& name, const PointNeuronCase& is) {
    LivingModel living(case_of(name), DType::f64);
    const SpikeTrain spikes = test::random_spikes(1, n_steps, case_shape.n_input, 0.3, 9);
    const auto [expected, n_spikes] =
        naive_point_neurons(Parameters(*living.model), counts_of(spikes), is);
    EXPECT_GT(n_spikes, 3);
    EXPECT_CLOSE(living.run({.spikes = &spikes}), flat(expected), {.terms = n_steps});
}

TEST(Equations, of_lif_neurons) {
    expect_point_neurons("lif", {1, 4, 2, false});
    expect_point_neurons("lif_neurons", {3, 1, 0, false});
}

TEST(Equations, of_alif_neurons) { expect_point_neurons("alif", {2, 2, 1, true}); }

}  // namespace
}  // namespace elm
