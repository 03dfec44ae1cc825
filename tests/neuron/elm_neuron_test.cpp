#include "neuron/elm/elm_neuron.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/random_elm.h"

namespace elm {
namespace {

using test::make_random_elm;
using test::random_spikes;
using test::RandomElm;
using test::values_of;

constexpr ElmRecording record_all{.memory = true, .branches = true};

struct Case {
    std::string name;
    RandomElm elm;
};

/// Both versions, every routing and activation, depths 0 to 3, traces per branch and per synapse,
/// models with and without a spike table, sizes that are no multiple of a vector.
std::vector<Case> cases() {
    const auto options = [](ElmVersion version, std::int64_t n_input, std::int64_t n_output,
                            std::int64_t n_memory, std::int64_t n_branch, std::int64_t n_synapse,
                            SynapseRouting routing) {
        ElmOptions o;
        o.version = version;
        o.n_input = n_input;
        o.n_output = n_output;
        o.n_memory = n_memory;
        o.n_branch = n_branch;
        o.n_synapse_per_branch = n_synapse;
        o.routing = routing;
        return o;
    };
    constexpr auto v1 = ElmVersion::v1, v2 = ElmVersion::v2;
    constexpr auto none = SynapseRouting::none, random = SynapseRouting::random,
                   neuronio = SynapseRouting::neuronio;
    std::vector<Case> list;
    list.push_back({"spike_table", {options(v1, 128, 2, 20, 5, 40, neuronio)}});
    list.push_back({"spike_table_v2", {options(v2, 128, 3, 17, 3, 60, neuronio)}});
    list.push_back({"wide_silu", {options(v1, 64, 2, 100, 8, 10, neuronio)}});
    list.back().elm.options.activation = HiddenUnit::silu;
    list.push_back({"wide_relu2", {options(v2, 64, 2, 100, 8, 10, neuronio)}});
    list.back().elm.options.activation = HiddenUnit::relu2;
    list.push_back({"unequal_synapses", {options(v1, 64, 2, 12, 8, 10, neuronio), true}});
    list.push_back({"unequal_branches", {options(v2, 7, 3, 5, 0, 1, none), true}});
    list.push_back({"three_hidden_layers", {options(v2, 20, 4, 33, 6, 5, random)}});
    list.back().elm.options.mlp_layers = 3;
    list.back().elm.options.mlp_hidden = 51;
    list.push_back({"no_hidden_layer", {options(v2, 20, 1, 9, 6, 5, random)}});
    list.back().elm.options.mlp_layers = 0;
    list.push_back({"one_memory_unit", {options(v1, 3, 1, 1, 0, 1, none)}});
    list.push_back({"half_millisecond", {options(v2, 5, 2, 8, 0, 1, none)}});
    list.back().elm.options.time_step_ms = 0.5;
    list.back().elm.options.lambda = 1;
    return list;
}

/// The spikes as the model sees them: inhibitory inputs count -1.
Tensor signed_dense(Stream& host, const ElmOptions& options, const SpikeTrain& spikes) {
    Tensor dense = to_dense(host, spikes, DType::f64);
    if (options.routing == SynapseRouting::neuronio) {
        const auto values = dense.host<double>();
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto input = static_cast<std::int64_t>(i) % options.n_input;
            if (input >= options.n_input / 2) values[i] = -values[i];
        }
    }
    return dense;
}

struct Reference {
    std::vector<double> output, memory, branches;
};

Reference reference_run(const ElmModel& model, const Tensor& dense) {
    const auto parameters = test::reference_of(model);
    const auto input = view<double, 3>(dense);
    Reference all;
    for (std::int64_t sample = 0; sample < input.extent[0]; ++sample) {
        const auto trace =
            reference::run_elm(parameters, &input(sample, 0, 0), static_cast<int>(input.extent[1]));
        const auto append = [](std::vector<double>& to, const std::vector<double>& from) {
            to.insert(to.end(), from.begin(), from.end());
        };
        append(all.output, trace.output);
        append(all.memory, trace.memory);
        append(all.branches, trace.branch);
    }
    return all;
}

std::int64_t longest_sum(const ElmOptions& options) {
    const std::int64_t first = options.branches() + options.n_memory;
    const std::int64_t hidden = options.mlp_layers > 0 ? options.hidden() : 0;
    return std::max(first, hidden) + options.n_synapse_per_branch;
}

void expect_close(const ElmTrace& trace, const Reference& expected, const ElmOptions& options) {
    const std::int64_t terms = longest_sum(options);
    EXPECT_CLOSE(trace.output, expected.output, {.terms = terms});
    EXPECT_CLOSE(trace.memory, expected.memory, {.terms = terms});
    EXPECT_CLOSE(trace.branches, expected.branches, {.terms = terms});
    for (const Tensor* tensor : {&trace.output, &trace.memory, &trace.branches}) {
        EXPECT_TRUE(tensor->storage().guards_intact());
    }
}

void expect_same_bits(const Tensor& a, const Tensor& b) {
    EXPECT_EQ(a.shape(), b.shape());
    EXPECT_EQ(values_of(a), values_of(b));
}

/// Sample `sample` of a train, steps [begin, begin + n_steps).
SpikeTrain piece(const SpikeTrain& spikes, std::int64_t sample, std::int64_t begin,
                 std::int64_t n_steps) {
    SpikeTrain part{1, n_steps, spikes.n_units, {0}, {}};
    for (std::int64_t step = begin; step < begin + n_steps; ++step) {
        const auto row = spikes.row(sample, step);
        part.units.insert(part.units.end(), row.begin(), row.end());
        part.row_begin.push_back(static_cast<std::int64_t>(part.units.size()));
    }
    return part;
}

class ElmNeuronCases : public ::testing::TestWithParam<Case> {
protected:
    const Case& given_ = GetParam();
    const ElmOptions& options_ = given_.elm.options;
    ElmModel model_ = make_random_elm(given_.elm);
    Stream host_{Device{}};

    SpikeTrain spikes(std::int64_t n_samples, std::int64_t n_steps) const {
        return random_spikes(n_samples, n_steps, options_.n_input, 0.06, 3);
    }
};

void agrees_with_the_naive_loops(Device device, const ElmModel& model, const SpikeTrain& spikes) {
    Stream host{Device{}}, stream{device};
    const Tensor dense = signed_dense(host, model.options, spikes);
    const Reference expected = reference_run(model, dense);
    for (const DType precision : {DType::f64, DType::f32}) {
        SCOPED_TRACE(name_of(precision));
        const ElmNeuron neuron(stream, model, precision);
        ElmState sparse = neuron.initial_state(stream, spikes.n_samples, record_all);
        expect_close(neuron.run(stream, spikes, sparse, record_all), expected, model.options);
        EXPECT_TRUE(sparse.memory.storage().guards_intact());
        ElmState from_dense = neuron.initial_state(stream, spikes.n_samples, record_all);
        const Tensor input = dense.cast(host, precision).to(stream);
        expect_close(neuron.run(stream, input, from_dense, record_all), expected, model.options);
        expect_same_bits(from_dense.memory, sparse.memory);
    }
}

TEST_P(ElmNeuronCases, agrees_with_the_naive_loops) {
    agrees_with_the_naive_loops({}, model_, spikes(19, 77));
}

TEST_P(ElmNeuronCases, agrees_with_the_naive_loops_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    // 1, 2, 4 and 8 samples a block on a device of two multiprocessors.
    for (const std::int64_t n_samples : {1, 3, 7, 9}) {
        SCOPED_TRACE(n_samples);
        agrees_with_the_naive_loops(test::cuda_devices().front(), model_, spikes(n_samples, 20));
    }
}

void runs_in_pieces_to_the_same_bits(Device device, const ElmModel& model,
                                     const SpikeTrain& spikes) {
    Stream stream{device};
    const ElmNeuron neuron(stream, model, DType::f32);
    ElmState whole_state = neuron.initial_state(stream, spikes.n_samples);
    const ElmTrace whole = neuron.run(stream, spikes, whole_state, {.memory = true});
    const auto expected = values_of(whole.output), memory = values_of(whole.memory);
    const std::int64_t n_output = model.options.n_output, n_memory = model.options.n_memory;
    for (std::int64_t sample = 0; sample < spikes.n_samples; ++sample) {
        ElmState state = neuron.initial_state(stream, 1);
        std::int64_t begin = 0;
        for (const std::int64_t n : {1, 0, 5, 33, 38}) {
            const ElmTrace part =
                neuron.run(stream, piece(spikes, sample, begin, n), state, {.memory = true});
            const auto slice = [&](const std::vector<double>& all, std::int64_t width) {
                const auto from = all.begin() + (sample * spikes.n_steps + begin) * width;
                return std::vector<double>(from, from + n * width);
            };
            ASSERT_EQ(values_of(part.output), slice(expected, n_output));
            ASSERT_EQ(values_of(part.memory), slice(memory, n_memory));
            begin += n;
        }
        ASSERT_EQ(begin, spikes.n_steps);
    }
}

TEST_P(ElmNeuronCases, runs_in_pieces_and_alone_to_the_same_bits) {
    // 29 samples: every width of tile. Alone: one sample at a time.
    runs_in_pieces_to_the_same_bits({}, model_, spikes(29, 77));
}

TEST_P(ElmNeuronCases, runs_in_pieces_and_alone_to_the_same_bits_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    runs_in_pieces_to_the_same_bits(test::cuda_devices().front(), model_, spikes(3, 77));
}

TEST_P(ElmNeuronCases, gives_the_same_bits_for_any_number_of_threads) {
    const SpikeTrain train = spikes(21, 40);
    const ElmNeuron neuron(host_, model_, DType::f32);
    const int threads_before = thread_count();
    std::vector<ElmTrace> traces;
    for (const int threads : {1, 2, 4}) {
        set_thread_count(threads);
        ElmState state = neuron.initial_state(host_, train.n_samples);
        traces.push_back(neuron.run(host_, train, state));
    }
    set_thread_count(threads_before);
    expect_same_bits(traces[0].output, traces[1].output);
    expect_same_bits(traces[0].output, traces[2].output);
}

TEST_P(ElmNeuronCases, records_without_changing_the_output) {
    const SpikeTrain train = spikes(5, 40);
    const ElmNeuron neuron(host_, model_, DType::f32);
    ElmState plain = neuron.initial_state(host_, 5);
    ElmState recorded = neuron.initial_state(host_, 5, record_all);
    expect_same_bits(neuron.run(host_, train, plain).output,
                     neuron.run(host_, train, recorded, record_all).output);
}

INSTANTIATE_TEST_SUITE_P(Elm, ElmNeuronCases, ::testing::ValuesIn(cases()),
                         [](const auto& instance) { return instance.param.name; });

TEST(ElmNeuron, adds_up_several_spikes_of_one_unit_in_one_step) {
    const ElmModel model = make_random_elm(cases()[0].elm);
    Stream host{Device{}};
    const SpikeTrain twice{1, 3, model.options.n_input, {0, 3, 3, 4}, {2, 2, 7, 90}};
    agrees_with_the_naive_loops({}, model, twice);
}

TEST(ElmNeuron, takes_an_empty_batch_and_no_steps) {
    const ElmModel model = make_random_elm(cases()[1].elm);
    Stream host{Device{}};
    const ElmNeuron neuron(host, model, DType::f32);
    ElmState none = neuron.initial_state(host, 0);
    EXPECT_EQ(neuron.run(host, random_spikes(0, 9, 128, 0.1, 1), none).output.shape(),
              Shape({0, 9, 3}));
    ElmState state = neuron.initial_state(host, 2);
    EXPECT_EQ(neuron.run(host, random_spikes(2, 0, 128, 0.1, 1), state).output.shape(),
              Shape({2, 0, 3}));
    EXPECT_EQ(values_of(state.memory), std::vector<double>(2 * 17, 0.0));
}

TEST(ElmNeuron, runs_neurons_of_different_shape_together_to_the_same_bits) {
    const auto all = cases();
    const SpikeTrain spikes = random_spikes(6, 50, 128, 0.05, 9);
    std::vector<ElmNeuron> neurons;
    Stream host{Device{}};
    for (const std::size_t k : {0U, 1U}) {
        neurons.emplace_back(host, make_random_elm(all[k].elm), DType::f32);
    }
    const ElmNeuron* const pointers[] = {&neurons[0], &neurons[1]};
    std::vector<ElmState> states{neurons[0].initial_state(host, 6),
                                 neurons[1].initial_state(host, 6)};
    const std::vector<ElmTrace> together = run_all(host, pointers, spikes, states);
    for (std::size_t k = 0; k < 2; ++k) {
        ElmState state = neurons[k].initial_state(host, 6);
        expect_same_bits(together[k].output, neurons[k].run(host, spikes, state).output);
        expect_same_bits(states[k].memory, state.memory);
    }
}

/// v2 is consistent under a change of the step: events every 2 ms, run at 1 ms and at 2 ms, give
/// traces that differ by the integration error alone, which falls with the step.
TEST(ElmNeuron, v2_converges_as_the_step_shrinks) {
    RandomElm elm = cases()[1].elm;
    Stream host{Device{}};
    std::vector<std::vector<double>> last_memory;
    for (const int refine : {1, 2, 4, 8}) {
        elm.options.time_step_ms = 1.0 / refine;
        const ElmNeuron neuron(host, make_random_elm(elm), DType::f64);
        std::vector<SpikeEvent> events;
        for (std::int32_t k = 0; k < 20; ++k) events.push_back({k * refine, (k * 37) % 128});
        ElmState state = neuron.initial_state(host, 1);
        neuron.run(host, make_spike_train(events, 30 * refine, 128), state);
        last_memory.push_back(values_of(state.memory));
    }
    const auto distance = [&](std::size_t a, std::size_t b) {
        double sum = 0;
        for (std::size_t m = 0; m < last_memory[a].size(); ++m) {
            sum += std::abs(last_memory[a][m] - last_memory[b][m]);
        }
        return sum;
    };
    // First order: each halving halves the distance to the next.
    EXPECT_LT(distance(1, 2), 0.7 * distance(0, 1));
    EXPECT_LT(distance(2, 3), 0.7 * distance(1, 2));
}

TEST(ElmNeuron, says_what_does_not_fit) {
    const ElmModel model = make_random_elm(cases()[0].elm);
    Stream host{Device{}};
    const ElmNeuron neuron(host, model, DType::f32);
    const auto message = [](const auto& work) -> std::string {
        try {
            work();
        } catch (const Error& error) {
            return error.message();
        }
        return "no error";
    };
    ElmState state = neuron.initial_state(host, 2);
    EXPECT_EQ(message([&] { neuron.run(host, random_spikes(2, 5, 64, 0.1, 1), state); }),
              "the spikes are of 64 units, the model takes 128 inputs");
    EXPECT_EQ(message([&] { neuron.run(host, random_spikes(3, 5, 128, 0.1, 1), state); }),
              "ElmNeuron::run: state.memory has shape (2, 20), expected (3, 20)");
    EXPECT_NE(message([&] {
                  neuron.run(host, random_spikes(2, 5, 128, 0.1, 1), state, record_all);
              }).find("carries no branch traces"),
              std::string::npos);
    SpikeTrain out_of_range = random_spikes(2, 5, 128, 0.1, 1);
    out_of_range.units.back() = 128;
    EXPECT_EQ(message([&] { neuron.run(host, out_of_range, state); }),
              "a spike of unit 128: expected 0 to 127");
}

TEST(ElmModelCheck, lists_every_difference) {
    ElmModel model = make_random_elm(cases()[0].elm);
    model.parameters[0].shape = {3};
    model.parameters[1].name = "tau_x";
    try {
        model.check();
        FAIL() << "a broken model was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data);
        for (const char* const part :
             {"_proto_w_s has shape (3), expected (200)", "tau_s (200) is missing",
              "tau_x is not part of such a model"}) {
            EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
        }
    }
}

TEST(ElmRouting, neuronio_windows_cover_both_halves_alternately) {
    ElmOptions options;
    options.n_input = 1278;
    options.n_branch = 45;
    options.n_synapse_per_branch = 100;
    options.routing = SynapseRouting::neuronio;
    const auto routing = make_routing(options, 0);
    EXPECT_EQ(routing[0], 0);
    EXPECT_EQ(routing[1], 639);
    EXPECT_EQ(routing[100], 639 + 14);  // branch 1 starts at entry 29 of the interleaved inputs
    EXPECT_EQ(std::count(routing.begin(), routing.end(), -1), 218);
}

}  // namespace
}  // namespace elm
