// The network of ELM neurons against naive loops in float64, its size and its connectome.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "baselines/elm/connectome.h"
#include "kernels/core/support/error.h"
#include "tests/baselines/cases/model_case.h"
#include "tests/reference/elm_layer_reference.h"

namespace elm {
namespace {

using test::case_shape;
using test::LivingModel;
using test::ModelCase;

constexpr std::int64_t n_steps = 40;

/// Numbers of one child of a model by name.
using Numbers = std::map<std::string, std::vector<double>>;

Numbers numbers_of(SequenceModel& model, const std::string& child) {
    Numbers numbers;
    for (const auto& [name, parameter] : model.parameters()) {
        if (name.starts_with(child + ".")) {
            numbers[name.substr(child.size() + 1)] = test::values_of(parameter->value);
        }
    }
    return numbers;
}

struct Layer {
    ElmLayerShape shape;
    std::int64_t inputs, synapses;
    double recurrent_share, branch_decay, high_pass_decay;
    reference::ElmOutput output;
};

constexpr double lambda = 5, input_scale = 2, longest_tau = 20;  // of both cases

/// One sample from (time, inputs).
reference::ElmLayerResult naive_layer(const Layer& layer, Numbers numbers, const RandomKey& key,
                                      const std::vector<double>& input) {
    const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
    const ElmLayerShape& is = layer.shape;
    const std::size_t neurons = size(is.neurons), rows = size(is.branches) * neurons;
    const Connectome connectome =
        draw_connectome(is, layer.inputs, layer.synapses, layer.recurrent_share, key);
    std::vector<double> outside(size(n_steps) * rows, 0.0);
    for (std::size_t t = 0; t < size(n_steps); ++t) {
        for (std::size_t i = 0; i < size(connectome.outer.count()); ++i) {
            outside[t * rows + size(connectome.outer.row[i])] +=
                input_scale * numbers.at("input_weight")[i] *
                input[t * size(layer.inputs) + size(connectome.outer.source[i])];
        }
    }
    std::vector<double> recurrent;
    if (connectome.recurrent.count() > 0) recurrent = numbers.at("recurrent_weight");
    for (double& weight : recurrent) weight *= input_scale;
    std::vector<double> decay, gain;
    for (std::int64_t m = 0; m < is.memories; ++m) {
        const double part =
            is.memories == 1 ? 0 : static_cast<double>(m) / static_cast<double>(is.memories - 1);
        const double tau = std::pow(longest_tau, part);
        decay.insert(decay.end(), neurons, std::exp(-1 / tau));
        gain.insert(gain.end(), neurons, 1 - std::exp(-lambda / tau));
    }
    std::vector<double> parameters;
    const auto append = [&](const std::vector<double>& values) {
        parameters.insert(parameters.end(), values.begin(), values.end());
    };
    for (const char* name : {"hidden_weight", "hidden_bias", "update_weight", "update_bias"}) {
        append(numbers[name]);
    }
    append(decay), append(gain), append(numbers.at("readout")), append(numbers.at("offset"));
    const reference::ElmLayerCase reference{.batch = 1,
                                            .time = size(n_steps),
                                            .neurons = neurons,
                                            .branches = size(is.branches),
                                            .memories = size(is.memories),
                                            .hidden = size(is.hidden),
                                            .branch_decay = layer.branch_decay,
                                            .high_pass_decay = layer.high_pass_decay,
                                            .output = layer.output,
                                            .source = connectome.recurrent.source,
                                            .row = connectome.recurrent.row};
    const std::vector<double> rest(size(is.state_rows()) * neurons, 0.0), heard(neurons, 1.0);
    return reference::elm_layer(reference, outside, parameters, recurrent, rest, heard);
}

void expect_equations(const std::string& name, const Layer& first, const Layer& second,
                      std::uint64_t seed) {
    ModelCase found;
    for (const ModelCase& one : test::model_cases()) {
        if (one.name == name) found = one;
    }
    LivingModel living(found, DType::f64);
    const SpikeTrain spikes = test::random_spikes(1, n_steps, case_shape.n_input, 0.3, 9);
    const std::vector<double> input = test::values_of(to_dense(living.stream, spikes, DType::f64));
    const std::vector<double> activity =
        naive_layer(first, numbers_of(*living.model, "neurons"), connectome_key(seed, 0), input)
            .activity;
    EXPECT_GT(*std::max_element(activity.begin(), activity.end()), 0);
    const std::vector<double> read =
        naive_layer(second, numbers_of(*living.model, "readers"), connectome_key(seed, 1), activity)
            .activity;
    Numbers readout = numbers_of(*living.model, "readout");
    std::vector<double> expected;
    for (std::size_t t = 0; t < static_cast<std::size_t>(n_steps); ++t) {
        for (std::size_t o = 0; o < 2; ++o) {
            expected.push_back(readout["bias"][o] + readout["weight"][2 * o] * read[2 * t] +
                               readout["weight"][2 * o + 1] * read[2 * t + 1]);
        }
    }
    EXPECT_CLOSE(living.run({.spikes = &spikes}), expected, {.terms = 8 * n_steps});
}

TEST(ElmNetwork, follows_its_equations) {
    expect_equations("elm_network",
                     {.shape = {.neurons = 5, .branches = 3, .memories = 2, .hidden = 4},
                      .inputs = 6,
                      .synapses = 4,
                      .recurrent_share = 0.25,
                      .branch_decay = 0,
                      .high_pass_decay = std::exp(-1 / 5.0),
                      .output = reference::ElmOutput::relu},
                     {.shape = {.neurons = 2, .branches = 3, .memories = 2, .hidden = 0},
                      .inputs = 5,
                      .synapses = 4,
                      .recurrent_share = 0,
                      .branch_decay = 0,
                      .high_pass_decay = 1,
                      .output = reference::ElmOutput::linear},
                     0);
}

TEST(ElmNetwork, follows_its_equations_with_traces) {
    expect_equations("elm_network_traces_and_dropout",
                     {.shape = {.neurons = 4, .branches = 2, .memories = 3, .hidden = 6},
                      .inputs = 6,
                      .synapses = 5,
                      .recurrent_share = 0.6,
                      .branch_decay = std::exp(-1 / 2.0),
                      .high_pass_decay = 1,
                      .output = reference::ElmOutput::relu},
                     {.shape = {.neurons = 2, .branches = 2, .memories = 1, .hidden = 0},
                      .inputs = 4,
                      .synapses = 5,
                      .recurrent_share = 0,
                      .branch_decay = std::exp(-1 / 2.0),
                      .high_pass_decay = 1,
                      .output = reference::ElmOutput::linear},
                     3);
}

/// A small network with these penalties.
ModelCase penalised(const char* update_penalty, const char* activity_penalty) {
    return {.name = "penalised",
            .model = "elm_network",
            .options = {{"neurons", "5"},
                        {"num_memory", "2"},
                        {"output_memory", "2"},
                        {"branches", "3"},
                        {"synapses_per_branch", "4"},
                        {"memory_tau_max", "20"},
                        {"input_scale", "2"},
                        {"update_penalty", update_penalty},
                        {"activity_penalty", activity_penalty}}};
}

/// Terms of the loss of a pass; with a tape their gradients as well, in the parameters.
std::vector<double> penalties_of(LivingModel& living, const SequenceInput& input, bool goes_back) {
    Tape tape;
    std::vector<Var> penalties;
    Context context{.stream = living.stream,
                    .tape = goes_back ? &tape : nullptr,
                    .training = true,
                    .penalties = &penalties};
    living.model->forward(context, input);
    std::vector<double> values;
    std::vector<Tensor> gradients;
    for (const Var& penalty : penalties) {
        values.push_back(test::values_of(penalty.value).at(0));
        gradients.push_back(
            test::tensor_of(living.stream, penalty.value.shape(), DType::f64, {1.0}));
    }
    if (goes_back) {
        clear_gradients(living.stream, living.flat);
        tape.backward(living.stream, penalties, gradients);
    }
    return values;
}

TEST(ElmNetwork, penalties_are_of_updates_and_activity) {
    LivingModel living(penalised("0.3", "0.7"), DType::f64);
    const SpikeTrain spikes = test::random_spikes(1, n_steps, case_shape.n_input, 0.3, 9);
    const auto layer =
        naive_layer({.shape = {.neurons = 5, .branches = 3, .memories = 2, .hidden = 4},
                     .inputs = 6,
                     .synapses = 4,
                     .recurrent_share = 0.25,
                     .branch_decay = 0,
                     .high_pass_decay = std::exp(-1 / 5.0),
                     .output = reference::ElmOutput::relu},
                    numbers_of(*living.model, "neurons"), connectome_key(0, 0),
                    test::values_of(to_dense(living.stream, spikes, DType::f64)));
    double squares = 0, activity = 0;
    for (const double magnitude : layer.update_magnitude) {
        squares += std::pow(magnitude / (n_steps * 2), 2) / 5;
    }
    for (const double value : layer.activity) activity += value / (n_steps * 5);
    const std::vector<double> found = penalties_of(living, {.spikes = &spikes}, false);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_NEAR(found[0], 0.3 * squares, 1e-12);
    EXPECT_NEAR(found[1], 0.7 * activity, 1e-12);
    LivingModel plain(penalised("0", "0"), DType::f64);
    EXPECT_TRUE(penalties_of(plain, {.spikes = &spikes}, false).empty());
}

TEST(ElmNetwork, penalties_have_the_gradients_of_central_differences) {
    LivingModel living(penalised("0.3", "0.7"), DType::f64);
    const SpikeTrain spikes = test::random_spikes(3, 11, case_shape.n_input, 0.3, 9);
    const auto total = [&] {
        const std::vector<double> terms = penalties_of(living, {.spikes = &spikes}, false);
        return terms.at(0) + terms.at(1);
    };
    penalties_of(living, {.spikes = &spikes}, true);
    double largest = 0;
    for (const auto& [name, parameter] : living.model->parameters()) {
        const std::vector<double> gradient = test::values_of(parameter->gradient);
        const auto values = parameter->value.host<double>();
        for (std::size_t k = 0; k < values.size(); ++k) {
            constexpr double step = 1e-6;
            const double before = values[k];
            values[k] = before + step;
            const double above = total();
            values[k] = before - step;
            const double below = total();
            values[k] = before;
            ASSERT_NEAR(gradient[k], (above - below) / (2 * step), 1e-7) << name << " " << k;
            largest = std::max(largest, std::abs(gradient[k]));
        }
    }
    EXPECT_GT(largest, 0.01);
}

// Spieler et al. 2026, table of SHD-Adding: N, d_m and the number of trainable parameters.
TEST(ElmNetwork, has_the_published_numbers_of_parameters) {
    struct Row {
        const char *neurons, *memories;
        std::int64_t parameters;
    };
    for (const Row& row : {Row{"155", "2", 77069}, {"57", "9", 76551}, {"15", "25", 74109}}) {
        OptionSet options = find_model("elm_network").options();
        options.set("neurons", row.neurons);
        options.set("num_memory", row.memories);
        const auto model = find_model("elm_network").make(options, {700, 19}, 0);
        EXPECT_EQ(trainable_count(*model), row.parameters) << row.neurons;
    }
}

TEST(ElmNetwork, drops_the_same_inputs_and_neurons_in_all_steps) {
    ModelCase dropping;
    dropping.model = "elm_network";
    dropping.options = {{"neurons", "9"},
                        {"num_memory", "2"},
                        {"branches", "4"},
                        {"input_dropout", "0.5"},
                        {"recurrent_dropout", "0.5"}};
    LivingModel living(dropping, DType::f64);
    const SpikeTrain spikes = test::random_spikes(4, 30, case_shape.n_input, 0.3, 9);
    EXPECT_NE(living.run({.spikes = &spikes}, nullptr, true), living.run({.spikes = &spikes}));
    // Were steps dropped apart from each other, a constant input would not settle.
    const std::vector<double> ones(static_cast<std::size_t>(400 * case_shape.n_input), 1.0);
    const Var constant{
        test::tensor_of(living.stream, {1, 400, case_shape.n_input}, DType::f64, ones)};
    dropping.options.insert(dropping.options.end(),
                            {{"memory_tau_max", "3"}, {"recurrent_share", "0"}});
    LivingModel quick(dropping, DType::f64);
    const std::vector<double> output = quick.run({.dense = constant}, nullptr, true);
    EXPECT_NEAR(output[output.size() - 1], output[output.size() - 21], 1e-9);
}

TEST(ElmNetwork, refuses_a_range_of_time_constants_that_falls) {
    OptionSet options = find_model("elm_network").options();
    options.set("memory_tau_min", "30");
    options.set("memory_tau_max", "20");
    EXPECT_THROW(find_model("elm_network").make(options, {6, 2}, 0), Error);
}

TEST(Connectome, draws_sources_evenly_and_the_share_that_is_recurrent) {
    const ElmLayerShape shape{.neurons = 40, .branches = 20, .memories = 1, .hidden = 2};
    const Connectome drawn = draw_connectome(shape, 25, 10, 0.25, connectome_key(1, 0));
    const double all = 40 * 20 * 10;
    EXPECT_EQ(drawn.outer.count() + drawn.recurrent.count(), 8000);
    const auto expect_near = [&](double count, double probability) {
        EXPECT_NEAR(count, all * probability, 5 * std::sqrt(all * probability * (1 - probability)));
    };
    expect_near(static_cast<double>(drawn.recurrent.count()), 0.25);
    std::vector<double> outer(25), own(40);
    for (const std::int32_t source : drawn.outer.source)
        ++outer.at(static_cast<std::size_t>(source));
    for (const std::int32_t source : drawn.recurrent.source) {
        ++own.at(static_cast<std::size_t>(source));
    }
    for (const double count : outer) expect_near(count, 0.75 / 25);
    for (const double count : own) expect_near(count, 0.25 / 40);
    EXPECT_TRUE(std::is_sorted(drawn.outer.row.begin(), drawn.outer.row.end()));
    EXPECT_EQ(drawn.outer.source,
              draw_connectome(shape, 25, 10, 0.25, connectome_key(1, 0)).outer.source);
    EXPECT_NE(drawn.outer.source,
              draw_connectome(shape, 25, 10, 0.25, connectome_key(2, 0)).outer.source);
}

}  // namespace
}  // namespace elm
