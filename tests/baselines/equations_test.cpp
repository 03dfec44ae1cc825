// Registered models against naive loops in float64 over the equations that their files open with.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tests/baselines/cases/model_case.h"

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

enum class Adapts { no, threshold, current };

struct SpikingNetworkCase {
    std::size_t units = 1, layers = 1, adaptive = 0;
    Adapts adapts = Adapts::no;
    bool to_zero = false, leaky = true;
    double input_scale = 5, shortest = 5, longest = 25, shortest_adaptation = 1,
           longest_adaptation = 1, gain = 1;
};

/// A unit's number between two bounds, as its logit says.
double between(const Parameters& parameters, const std::string& name, std::size_t unit, double low,
               double high) {
    return low + (high - low) * sigmoid(parameters[name][unit]);
}
double decay_between(const Parameters& parameters, const std::string& name, std::size_t unit,
                     double shortest, double longest) {
    return std::exp(
        -1 / std::exp(between(parameters, name, unit, std::log(shortest), std::log(longest))));
}

/// Spikes of one layer that gets these currents.
Rows naive_spiking_layer(const Parameters& parameters, const std::string& layer,
                         const Rows& currents, const SpikingNetworkCase& is) {
    std::vector<double> z(is.units), v(is.units), w(is.units);
    Rows spikes;
    for (const auto& x : currents) {
        const std::vector<double> heard = z;
        for (std::size_t n = 0; n < is.units; ++n) {
            double current = x[n];
            for (std::size_t k = 0; k < is.units; ++k) {
                current += parameters[layer + ".recurrent_weight"][n * is.units + k] * heard[k];
            }
            const double alpha = decay_between(parameters, layer + ".membrane_tau_logit", n,
                                               is.shortest, is.longest);
            const bool adapts = n < is.adaptive;
            const double rho = adapts
                                   ? decay_between(parameters, layer + ".adaptation_tau_logit", n,
                                                   is.shortest_adaptation, is.longest_adaptation)
                                   : 0;
            if (is.adapts == Adapts::current) current -= w[n];
            const double u = alpha * v[n] + (1 - alpha) * current;
            const double threshold = 1 + (is.adapts == Adapts::threshold ? w[n] : 0);
            z[n] = u >= threshold ? 1 : 0;
            v[n] = is.to_zero ? u * (1 - z[n]) : u - z[n];
            if (is.adapts == Adapts::threshold && adapts) {
                w[n] = rho * w[n] +
                       std::log1p(std::exp(parameters[layer + ".jump_softplus"][n])) * z[n];
            }
            if (is.adapts == Adapts::current) {
                const double a = between(parameters, layer + ".coupling_logit", n, 0, 1);
                const double b = between(parameters, layer + ".jump_logit", n, 0, 2);
                w[n] = rho * w[n] + (1 - rho) * is.gain * (a * v[n] + b * z[n]);
            }
        }
        spikes.push_back(z);
    }
    return spikes;
}

void expect_spiking_network(const ModelCase& model, const SpikingNetworkCase& is) {
    LivingModel living(model, DType::f64);
    living.fill("synapses.bias", 0.3);
    const SpikeTrain input = test::random_spikes(1, n_steps, case_shape.n_input, 0.3, 9);
    const Parameters parameters(*living.model);
    Rows values;
    for (const auto& x : counts_of(input)) {
        values.push_back(parameters["synapses.bias"]);
        for (std::size_t j = 0; j < x.size(); ++j) {
            for (std::size_t n = 0; n < is.units; ++n) {
                values.back()[n] += parameters["synapses.weight"][j * is.units + n] * x[j];
            }
        }
    }
    double n_spikes = 0;
    for (std::size_t layer = 0; layer < is.layers; ++layer) {
        const std::string number = std::to_string(layer);
        for (auto& row : values) {
            if (layer > 0) row = affine(parameters, "feedforward." + number, row);
            for (double& value : row) value *= is.input_scale;
        }
        values = naive_spiking_layer(parameters, "layers." + number, values, is);
        for (const double spike : flat(values)) n_spikes += spike;
    }
    EXPECT_GT(n_spikes, 10);
    std::vector<double> y(2);
    for (auto& row : values) {
        row = affine(parameters, "readout", row);
        for (std::size_t o = 0; o < 2 && is.leaky; ++o) {
            const double decay = sigmoid(parameters["readout_decay_logit"][o]);
            y[o] = decay * y[o] + (1 - decay) * row[o];
            row[o] = y[o];
        }
    }
    EXPECT_CLOSE(living.run({.spikes = &input}), flat(values), {.terms = n_steps});
}

TEST(Equations, of_recurrent_lif_networks) {
    expect_spiking_network({"", "recurrent_lif", {{"units", "7"}, {"layers", "2"}}, 0},
                           {.units = 7, .layers = 2});
}

TEST(Equations, of_lsnn_networks) {
    expect_spiking_network(
        {"", "lsnn", {{"units", "6"}, {"readout", "linear"}, {"adaptation_strength", "0.4"}}, 0},
        {.units = 6,
         .adaptive = 3,
         .adapts = Adapts::threshold,
         .leaky = false,
         .shortest_adaptation = 30,
         .longest_adaptation = 300});
}

TEST(Equations, of_adlif_networks) {
    expect_spiking_network({"",
                            "adlif_network",
                            {{"units", "6"}, {"input_scale", "40"}, {"membrane_tau_max", "8"}},
                            0},
                           {.units = 6,
                            .adaptive = 6,
                            .adapts = Adapts::current,
                            .to_zero = true,
                            .input_scale = 40,
                            .longest = 8,
                            .shortest_adaptation = 60,
                            .longest_adaptation = 300,
                            .gain = 120});
}

}  // namespace
}  // namespace elm
