#include "baselines/model_file.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "neuron/elm/elm_builtin.h"
#include "tasks/data/spikes/poisson_source.h"
#include "tasks/neuronio/evaluation.h"
#include "tasks/neuronio/neuronio_output.h"
#include "tests/support/compare.h"
#include "tests/support/random_elm.h"
#include "tests/support/saved_elm.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

constexpr std::int64_t n_channels = 100;

/// Files of an ELM neuron and of two sequence models with drawn parameters.
class FittedModels : public testing::Test {
protected:
    FittedModels() {
        test::save_elm(find_builtin("leaky-integrator")->make(1.0), folder_ / "elm.h5");
        for (const char* name : {"lstm", "tcn"}) {
            ModelSpec spec{.model = name, .shape = {n_channels, 2}};
            if (spec.model == "tcn") spec.options = {{"depth", std::int64_t{2}}};
            FittedModel model = make_model(spec);
            allocate(stream_, model, DType::f32, {3});
            save_model(model, folder_ / (std::string(name) + ".h5"), false);
        }
    }
    FittedModel load(const std::string& name) {
        return load_model(stream_, folder_ / (name + ".h5"), DType::f32);
    }

    test::TemporaryDirectory folder_;
    Stream stream_{Device{}};
};

TEST_F(FittedModels, a_file_says_what_it_holds) {
    const FittedModel neuron = load("elm"), lstm = load("lstm");
    EXPECT_EQ(neuron.spec.model, "elm");
    EXPECT_EQ(neuron.model->traits().n_memory, 1);
    EXPECT_TRUE(neuron.model->traits().inhibitory_half);
    EXPECT_EQ(lstm.spec.model, "lstm");
    EXPECT_EQ(lstm.spec.options.at("units"), Value(std::int64_t{16}));
    EXPECT_EQ(trainable_count(*lstm.model), 64 * (n_channels + 16 + 2) + 2 * 17);
    EXPECT_EQ(lstm.model->traits().n_memory, 0);
    for (const FittedModel* model : {&neuron, &lstm}) {
        EXPECT_EQ(model->spec.shape.n_input, n_channels);
        EXPECT_EQ(model->spec.shape.n_output, 2);
        EXPECT_EQ(model->spec.time_step_ms, 1);
    }
}

TEST_F(FittedModels, pieces_of_time_are_the_whole) {
    const SpikeTrain spikes = test::random_spikes(2, 300, n_channels, 0.02, 1);
    const SpikeTrain first = slice_steps(spikes, 0, 130), second = slice_steps(spikes, 130, 170);
    for (const char* name : {"elm", "lstm", "tcn"}) {
        const FittedModel model = load(name);
        const auto at_once = model.model->runner(stream_), pieces = model.model->runner(stream_);
        at_once->start(stream_, 2);
        pieces->start(stream_, 2);
        const auto whole = test::values_of(at_once->advance(stream_, spikes).output);
        const auto start = test::values_of(pieces->advance(stream_, first).output);
        const auto rest = test::values_of(pieces->advance(stream_, second).output);
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
TEST_F(FittedModels, models_of_several_kinds_are_evaluated_side_by_side) {
    const FittedModel lstm = load("lstm"), neuron = load("elm"), tcn = load("tcn");
    const std::vector<const FittedModel*> all{&lstm, &neuron, &tcn, &neuron};
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
            const std::vector<const FittedModel*> one{all[k]};
            const auto alone = predict(stream_, one, simulations, protocol, [](auto, auto) {});
            EXPECT_EQ(together[k].spike_probability, alone[0].spike_probability);
            EXPECT_EQ(together[k].voltage_mV, alone[0].voltage_mV);
        }
    }
}

TEST_F(FittedModels, a_prediction_is_what_the_model_says) {
    const FittedModel lstm = load("lstm");
    const std::vector<const FittedModel*> models{&lstm};
    const std::vector<NeuronIoSimulation> simulations{simulation(1)};
    const auto prediction =
        predict(stream_, models, simulations, Protocol::continuous, [](auto, auto) {}).front();
    const auto runner = lstm.model->runner(stream_);
    runner->start(stream_, 1);
    const auto output = test::values_of(runner->advance(stream_, simulations[0].input).output);
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

TEST_F(FittedModels, a_model_of_other_channels_is_refused) {
    const FittedModel lstm = load("lstm");
    const std::vector<const FittedModel*> models{&lstm};
    NeuronIoSimulation narrow = simulation(1);
    narrow.input = test::random_spikes(1, 1300, 7, 0.02, 1);
    EXPECT_THROW(
        predict(stream_, models, std::vector{narrow}, Protocol::published, [](auto, auto) {}),
        Error);
}

/// Files of every version, and what the program that wrote them said (tests/golden/models/make.sh).
TEST(GoldenModels, are_read_for_ever) {
    namespace fs = std::filesystem;
    Stream stream{Device{}};
    const SpikeTrain spikes = poisson_input(20, 6, 100, 1.0, 4).source->next(100);
    int count = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(ELM_GOLDEN_DIR) / "models")) {
        const std::string path = entry.path();
        const bool is_model = (path.ends_with(".h5") && !path.ends_with(".output.h5")) ||
                              path.ends_with(".safetensors");
        if (!is_model) continue;
        ++count;
        const FittedModel fitted = load_model(stream, path, DType::f64);
        const auto runner = fitted.model->runner(stream);
        runner->start(stream, 1);
        const auto output = test::values_of(runner->advance(stream, spikes).output);
        std::vector<double> probability, voltage;
        for (std::size_t step = 0; step < 100; ++step) {
            probability.push_back(spike_probability(output[2 * step]));
            voltage.push_back(predicted_voltage_mV(output[2 * step + 1]));
        }
        const Hdf5File said = Hdf5File::open(path + ".output.h5");
        EXPECT_CLOSE(probability, said.read<double>("/poisson/spike_probability"), {.terms = 100});
        EXPECT_CLOSE(voltage, said.read<double>("/poisson/voltage_mV"), {.terms = 100});
    }
    EXPECT_EQ(count, 10);
}

}  // namespace
}  // namespace elm
