#include "tasks/training/fit.h"

#include <array>
#include <cmath>
#include <mutex>
#include <utility>

#include <gtest/gtest.h>

#include "kernels/core/error.h"
#include "kernels/core/parallel.h"
#include "neuron/elm/elm_module.h"
#include "tasks/neuronio/evaluation.h"
#include "tasks/neuronio/neuronio_output.h"
#include "tasks/training/budget.h"
#include "tasks/training/fit_presets.h"
#include "tasks/training/tape_gradient.h"
#include "tests/support/devices.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/leaky_neuronio.h"

namespace elm {
namespace {

ElmModel small_neuron(std::uint64_t seed = 0) {
    ElmOptions options;
    options.n_input = 20;
    options.n_output = 2;
    options.n_memory = 6;
    options.n_branch = 4;
    options.n_synapse_per_branch = 8;
    options.routing = SynapseRouting::neuronio;
    options.learn_memory_tau = true;
    return make_elm_model(options, seed);
}

class FitTest : public testing::Test {
protected:
    FitSettings settings(std::int64_t updates) const {
        FitSettings s;
        s.updates = updates;
        s.windows = {.batch = 5, .window_steps = 100, .first_step = 200};
        s.seed = 7;
        s.learning_rate = {.schedule = Schedule::cosine, .peak = 0.01, .total_steps = updates};
        return s;
    }
    std::unique_ptr<Fit> make(const FitSettings& s) {
        return std::make_unique<Fit>(stream_, make_model(small_neuron()), s, data_, alone_);
    }
    static std::vector<std::vector<double>> numbers(Fit& fit) {
        std::vector<std::vector<double>> all;
        for (const auto& [name, parameter] : fit.module().parameters()) {
            const auto values = parameter->value.host<float>();
            all.emplace_back(values.begin(), values.end());
        }
        return all;
    }

    Stream stream_{Device{}};
    Communicator alone_;
    test::TemporaryDirectory folder_;
    const std::string path_ = test::LeakyNeuronIo{}.write(folder_ / "data.h5");
    const NeuronIoDataset data_{{path_}, {.selection = "0:4"}};
};

TEST_F(FitTest, learns_a_leaky_integrator) {
    std::vector<NeuronIoSimulation> held_out{NeuronIoFile(path_).read(4),
                                             NeuronIoFile(path_).read(5)};
    set_thread_count(1);  // so small an update is done sooner than a thread wakes up
    const auto fit = make(settings(600));
    const FitScores before = fit->validate(held_out);
    fit->advance(600, 600);
    const FitScores after = fit->validate(held_out);
    EXPECT_TRUE(fit->done());
    EXPECT_LT(before.explained_variance_percent, 50);
    EXPECT_GT(after.explained_variance_percent, 90);
    EXPECT_GT(after.auc, 0.9);
    EXPECT_TRUE(fit->is_best());
    EXPECT_EQ(fit->best()->update, 600);
    set_thread_count(0);
}

TEST_F(FitTest, is_best_where_the_held_out_loss_is_least_and_never_untrained) {
    std::vector<NeuronIoSimulation> held_out{NeuronIoFile(path_).read(4),
                                             NeuronIoFile(path_).read(5)};
    const auto fit = make(settings(40));
    fit->validate(held_out);
    EXPECT_FALSE(fit->is_best());
    EXPECT_EQ(fit->best(), nullptr);
    double least = INFINITY;
    for (const std::int64_t end : {10, 20, 30, 40}) {
        fit->advance(end, 600);
        const double loss = fit->validate(held_out).loss;
        EXPECT_EQ(fit->is_best(), loss < least);
        least = std::min(least, loss);
    }
    EXPECT_EQ(fit->best()->loss, least);

    // The loss as it is written down, from probabilities.
    const std::array<const FittedModel*, 1> models{&fit->fitted()};
    const auto said =
        predict(stream_, models, held_out, Protocol::published, [](auto, auto) {}).front();
    double loss = 0, bins = 0;
    std::size_t begin = 0;
    for (const NeuronIoSimulation& simulation : held_out) {
        const auto spikes = spike_bins(simulation);
        for (std::size_t t = 500; t < spikes.size(); ++t) {
            const double p = said.spike_probability[begin + t];
            const double target = std::min(simulation.soma_voltage_mV[t], -55.0) + 67.7;
            const double error = (said.voltage_mV[begin + t] - target) / 10;
            loss += 0.5 * (spikes[t] != 0 ? -std::log(p) : -std::log1p(-p)) + 0.5 * error * error;
            ++bins;
        }
        begin += spikes.size();
    }
    // Probabilities are rounded to float32, 6e-8 of their size.
    EXPECT_NEAR(score(held_out, said, Protocol::published).loss, loss / bins, 1e-6 * loss / bins);
}

TEST_F(FitTest, has_the_same_bits_for_any_number_of_threads_and_slices) {
    std::vector<std::vector<std::vector<double>>> results;
    for (const int threads : {1, 2, 4}) {
        set_thread_count(threads);
        const auto fit = make(settings(20));
        while (!fit->done()) fit->advance(20, threads == 2 ? 0 : 600);  // 2: update by update
        results.push_back(numbers(*fit));
    }
    set_thread_count(0);
    EXPECT_EQ(results[0], results[1]);
    EXPECT_EQ(results[0], results[2]);
}

TEST_F(FitTest, goes_on_from_a_checkpoint_with_the_same_bits) {
    const std::string path = folder_ / "fit.checkpoint.h5";
    FitSettings s = settings(30);
    s.passes = 2;
    s.optimizer.average_decay = 0.9;
    const auto whole = make(s);
    whole->advance(10, 600);
    whole->report();
    whole->advance(17, 600);
    whole->write_checkpoint(path, {});
    whole->advance(30, 600);

    const auto resumed = make(s);
    resumed->resume(path);
    EXPECT_EQ(resumed->update_count(), 17);
    ASSERT_EQ(resumed->reports().size(), 1u);
    EXPECT_EQ(resumed->reports()[0].loss.spike, whole->reports()[0].loss.spike);
    resumed->advance(30, 600);
    EXPECT_EQ(numbers(*whole), numbers(*resumed));
    EXPECT_EQ(whole->report().loss.voltage, resumed->report().loss.voltage);
}

TEST_F(FitTest, tape_gives_the_gradients_of_the_fused_pass) {
    const WindowOptions windows{
        .batch = 3, .window_steps = 40, .first_step = 200, .dtype = DType::f64};
    NeuronIoBatch batch;
    sample_windows(data_, windows, 3, 0, batch);
    ElmModule module(small_neuron());
    FittedModel fused = make_model(small_neuron());
    const FlatParameters taped_row = allocate_parameters(stream_, module, DType::f64, {});
    allocate(stream_, fused, DType::f64, {});
    const NeuronIoLoss taped_loss = tape_gradient(stream_, module, batch, {});
    NeuronIoLoss fused_loss;
    PassCall call;
    call.spikes = &batch.spikes;
    call.output = Tensor::zeros(stream_, {3, 40, 2}, DType::f64);
    call.output_gradient = Tensor::zeros(stream_, {3, 40, 2}, DType::f64);
    call.loss = [&](std::int64_t first, std::int64_t count) {
        for (std::int64_t sample = first; sample < first + count; ++sample) {
            const NeuronIoLoss loss =
                neuronio_loss(call.output, batch.spike_target, batch.voltage_target, sample,
                              batch.n_bins, call.output_gradient);
            static std::mutex lock;
            const std::lock_guard guard(lock);
            fused_loss.add(loss);
        }
    };
    fused.model->training_pass(stream_, DType::f64)->run(call);
    // The same sums of at most 3 x 40 x 20 terms in another order.
    const double allowed = 8 * 2.2e-16 * std::sqrt(2400.0);
    EXPECT_NEAR(taped_loss.mean(), fused_loss.mean(), allowed);
    const auto a = taped_row.gradients.host<double>(),
               b = fused.parameters.gradients.host<double>();
    ASSERT_EQ(a.size(), b.size());
    double largest = 0;
    for (std::size_t k = 0; k < a.size(); ++k) {
        largest = std::max(largest, std::abs(b[k]));
        ASSERT_NEAR(a[k], b[k], allowed) << k;
    }
    EXPECT_GT(largest, 1e-3);
}

/// Three updates by the tape on a device against three by the fused pass.
void expect_equal_update(const NeuronIoDataset& data, Device device, double tolerance,
                         ElmArithmetic arithmetic = ElmArithmetic::exact) {
    FitSettings s;
    s.updates = 3;
    s.windows = {.batch = 3, .window_steps = 40, .first_step = 200};
    s.optimizer.rule = OptimizerRule::sgd;
    s.learning_rate = {.peak = 0.1};
    Communicator alone;
    Stream host{Device{}}, stream{device};
    FittedModel on_device = make_model(small_neuron());
    on_device.model->use_arithmetic(arithmetic);
    Fit fused(host, make_model(small_neuron()), s, data, alone);
    Fit taped(stream, std::move(on_device), s, data, alone);
    fused.advance(3, 600);
    taped.advance(3, 600);
    const auto left = fused.module().parameters();
    const auto right = taped.module().parameters();
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t p = 0; p < left.size(); ++p) {
        const Tensor other = right[p].parameter->value.to(host);
        const auto a = left[p].parameter->value.host<float>(), b = other.host<float>();
        for (std::size_t k = 0; k < a.size(); ++k) {
            ASSERT_NEAR(a[k], b[k], tolerance) << left[p].name << " " << k;
        }
    }
    EXPECT_NEAR(fused.report().loss.mean(), taped.report().loss.mean(), tolerance);
}

TEST_F(FitTest, learns_the_same_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    // Values of order 1 after 40 steps of sums of at most 20 terms: some hundred roundings.
    expect_equal_update(data_, {DeviceKind::cuda, 0}, 512 * 6e-8);
}

TEST_F(FitTest, learns_nearly_the_same_in_bfloat16_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    // Operands of 8 bits: three updates move no number by more than 0.3, 1 % of that may differ.
    expect_equal_update(data_, {DeviceKind::cuda, 0}, 3e-3, ElmArithmetic::bf16);
}

TEST_F(FitTest, learns_nearly_the_same_in_tf32_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    // Operands of 11 bits: an eighth of what bfloat16 may differ by.
    expect_equal_update(data_, {DeviceKind::cuda, 0}, 3e-3 / 8, ElmArithmetic::tf32);
}

TEST_F(FitTest, a_diverging_fit_names_step_and_parameter_and_keeps_its_numbers) {
    FitSettings s = settings(50);
    s.learning_rate = {.peak = 1e30};
    const auto fit = make(s);
    try {
        fit->advance(50, 600);
        FAIL() << "a learning rate of 1e30 went unnoticed";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::numeric);
        EXPECT_NE(error.message().find("step"), std::string::npos) << error.message();
        EXPECT_NE(error.message().find("gradient of"), std::string::npos) << error.message();
    }
    EXPECT_LT(fit->update_count(), 50);
}

TEST(Budget, takes_time_updates_and_operations) {
    EXPECT_EQ(updates_within(parse_budget("5000u"), 1, 1), 5000);
    EXPECT_EQ(updates_within(parse_budget("10m"), 0.5, 1), 1200);
    EXPECT_EQ(updates_within(parse_budget("200s"), 0.5, 1), 400);
    EXPECT_EQ(updates_within(parse_budget("2h"), 7200, 1), 1);
    EXPECT_EQ(updates_within(parse_budget("1e15f"), 1, 1e12), 1000);
    EXPECT_EQ(updates_within(parse_budget("1s"), 5, 1), 1);
    for (const char* const text : {"", "10", "m", "-5u", "0s", "nanu", "1.5u", "10x", "5000 u"}) {
        EXPECT_THROW(parse_budget(text), Error) << text;
    }
}

TEST(FitPresets, name_options_that_exist) {
    for (const FitPreset& preset : fit_presets()) {
        const Config config = find_fit_preset(preset.name);
        OptionSet options = training_options();
        for (const auto& [key, value] : config.sections.at("training")) {
            EXPECT_NO_THROW(options.set(key, to_text(value))) << preset.name << " " << key;
        }
    }
    EXPECT_THROW(find_fit_preset("neuronoi"), Error);
}

}  // namespace
}  // namespace elm
