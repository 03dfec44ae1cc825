#include "tasks/simulation/surrogate.h"

#include <gtest/gtest.h>

#include "kernels/core/error.h"
#include "neuron/elm/elm_builtin.h"
#include "neuron/elm/elm_model_file.h"
#include "tasks/neuronio/evaluation.h"
#include "tests/support/compare.h"
#include "tests/support/random_elm.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

constexpr std::int64_t n_channels = 100;

/// Files of an ELM neuron and of two sequence models with drawn numbers.
class SurrogateTest : public testing::Test {
protected:
    SurrogateTest() {
        save_elm_model(find_builtin("leaky-integrator")->make(1.0), folder_ / "elm.h5", false);
        for (const char* name : {"lstm", "tcn"}) {
            SequenceModelSpec spec{.model = name, .shape = {n_channels, 2}};
            if (spec.model == "tcn") spec.options = {{"depth", std::int64_t{2}}};
            const auto model = make_model(spec);
            allocate_parameters(stream_, *model, DType::f32, {3});
            save_sequence_model(spec, *model, folder_ / (std::string(name) + ".h5"), false);
        }
    }
    std::unique_ptr<Surrogate> load(const std::string& name) {
        return load_surrogate(stream_, folder_ / (name + ".h5"), DType::f32);
    }
    std::vector<double> run(const Surrogate& model, const SpikeTrain& spikes,
                            SurrogateState& state) {
        return test::values_of(model.run(stream_, spikes, state).output);
    }

    test::TemporaryDirectory folder_;
    Stream stream_{Device{}};
};

TEST_F(SurrogateTest, a_file_says_what_it_holds) {
    const auto neuron = load("elm"), lstm = load("lstm");
    EXPECT_EQ(neuron->info().kind, "elm");
    EXPECT_EQ(neuron->info().n_memory, 1);
    EXPECT_TRUE(neuron->info().has_inhibitory_half);
    EXPECT_NE(neuron->elm(), nullptr);
    EXPECT_EQ(lstm->info().kind, "lstm");
    EXPECT_EQ(lstm->info().options.at("units"), Value(std::int64_t{16}));
    EXPECT_EQ(lstm->info().parameters, 64 * (n_channels + 16 + 2) + 2 * 17);
    EXPECT_EQ(lstm->info().n_memory, 0);
    EXPECT_EQ(lstm->elm(), nullptr);
    for (const Surrogate* model : {neuron.get(), lstm.get()}) {
        EXPECT_EQ(model->info().n_input, n_channels);
        EXPECT_EQ(model->info().n_output, 2);
        EXPECT_EQ(model->info().time_step_ms, 1);
    }
}

TEST_F(SurrogateTest, pieces_of_time_are_the_whole) {
    const SpikeTrain spikes = test::random_spikes(2, 300, n_channels, 0.02, 1);
    const SpikeTrain first = slice_steps(spikes, 0, 130), second = slice_steps(spikes, 130, 170);
    for (const char* name : {"elm", "lstm", "tcn"}) {
        const auto model = load(name);
        SurrogateState at_once = model->initial_state(stream_, 2);
        SurrogateState pieces = model->initial_state(stream_, 2);
        const auto whole = run(*model, spikes, at_once);
        const auto start = run(*model, first, pieces), rest = run(*model, second, pieces);
        std::vector<double> joined;
        for (std::ptrdiff_t sample = 0; sample < 2; ++sample) {
            joined.insert(joined.end(), start.begin() + sample * 260,
                          start.begin() + (sample + 1) * 260);
            joined.insert(joined.end(), rest.begin() + sample * 340,
                          rest.begin() + (sample + 1) * 340);
        }
        EXPECT_EQ(test::difference(joined, whole, DType::f32, {.terms = 300}), "") << name;
    }
}

NeuronIoSimulation simulation(unsigned seed) {
    return {.name = "sim",
            .input = test::random_spikes(1, 1300, n_channels, 0.02, seed),
            .output_spike_times_ms = {700, 900},
            .soma_voltage_mV = std::vector<double>(1300, -70)};
}

/// Models of several kinds together say what each says alone; with the published protocol a window
/// begins at rest.
TEST_F(SurrogateTest, models_of_several_kinds_are_evaluated_side_by_side) {
    const auto lstm = load("lstm"), neuron = load("elm"), tcn = load("tcn");
    const std::vector<const Surrogate*> all{lstm.get(), neuron.get(), tcn.get(), neuron.get()};
    const std::vector<NeuronIoSimulation> simulations{simulation(1), simulation(2)};
    for (const Protocol protocol : {Protocol::published, Protocol::continuous}) {
        std::int64_t last_done = 0, last_total = -1;
        const auto together = predict(stream_, all, simulations, protocol,
                                      [&](std::int64_t done, std::int64_t total) {
                                          EXPECT_GT(done, last_done);
                                          last_done = done;
                                          last_total = total;
                                      });
        EXPECT_EQ(last_done, last_total);
        for (std::size_t k = 0; k < all.size(); ++k) {
            const std::vector<const Surrogate*> one{all[k]};
            const auto alone = predict(stream_, one, simulations, protocol, [](auto, auto) {});
            EXPECT_EQ(together[k].spike_probability, alone[0].spike_probability);
            EXPECT_EQ(together[k].voltage_mV, alone[0].voltage_mV);
        }
    }
}

TEST_F(SurrogateTest, a_prediction_is_what_the_model_says) {
    const auto lstm = load("lstm");
    const std::vector<const Surrogate*> models{lstm.get()};
    const std::vector<NeuronIoSimulation> simulations{simulation(1)};
    const auto prediction =
        predict(stream_, models, simulations, Protocol::continuous, [](auto, auto) {}).front();
    SurrogateState state = lstm->initial_state(stream_, 1);
    const auto output = run(*lstm, simulations[0].input, state);
    std::vector<double> probability, voltage;
    for (std::size_t step = 0; step < 1300; ++step) {
        probability.push_back(1 / (1 + std::exp(-output[2 * step])));
        voltage.push_back(10 * output[2 * step + 1]);
    }
    EXPECT_EQ(
        test::difference(prediction.spike_probability, probability, DType::f32, {.terms = 300}),
        "");
    EXPECT_EQ(test::difference(prediction.voltage_mV, voltage, DType::f32, {.terms = 300}), "");
}

TEST_F(SurrogateTest, a_model_of_other_channels_is_refused) {
    const auto lstm = load("lstm");
    const std::vector<const Surrogate*> models{lstm.get()};
    NeuronIoSimulation narrow = simulation(1);
    narrow.input = test::random_spikes(1, 1300, 7, 0.02, 1);
    EXPECT_THROW(
        predict(stream_, models, std::vector{narrow}, Protocol::published, [](auto, auto) {}),
        Error);
}

}  // namespace
}  // namespace elm
