#include "tasks/training/training.h"

#include <array>
#include <atomic>
#include <cmath>
#include <utility>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "neuron/elm/elm_module.h"
#include "tasks/neuronio/evaluation.h"
#include "tasks/neuronio/neuronio_output.h"
#include "tasks/task_registry.h"
#include "tests/support/devices.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/neuronio/leaky_neuronio.h"
#include "tests/tasks/training/on_tape.h"

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

std::unique_ptr<Task> task_of(const std::string& path, std::int64_t window_steps) {
    const TaskEntry& entry = find_task("neuronio");
    OptionSet options = entry.options();
    options.set("window_steps", std::to_string(window_steps));
    options.set("first_step", "200");
    return entry.make(options, {.files = {path}, .train = "0:4"});
}

class TrainingTest : public testing::Test {
protected:
    TrainingSettings settings(std::int64_t updates) const {
        TrainingSettings s;
        s.updates = updates;
        s.batch = 5;
        s.seed = 7;
        s.learning_rate = {.schedule = Schedule::cosine, .peak = 0.01, .total_steps = updates};
        return s;
    }
    std::unique_ptr<Training> make(const TrainingSettings& s) {
        return std::make_unique<Training>(stream_, make_model(small_neuron()), s, *task_, alone_);
    }
    double score(const Validation& validation, const char* name) const {
        const auto& metrics = task_->spec().metrics;
        for (std::size_t k = 0; k < metrics.size(); ++k) {
            if (metrics[k].name == name) return validation.scores[k];
        }
        throw std::logic_error(name);
    }
    static std::vector<std::vector<double>> parameters(Training& training) {
        std::vector<std::vector<double>> all;
        for (const auto& [name, parameter] : training.module().parameters()) {
            const auto values = parameter->value.host<float>();
            all.emplace_back(values.begin(), values.end());
        }
        return all;
    }

    Stream stream_{Device{}};
    Communicator alone_;
    test::TemporaryDirectory folder_;
    const std::string path_ = test::LeakyNeuronIo{}.write(folder_ / "data.h5");
    const std::unique_ptr<Task> task_ = task_of(path_, 100);
};

TEST_F(TrainingTest, learns_a_leaky_integrator) {
    set_thread_count(1);  // so small an update is done sooner than a thread wakes up
    const auto fit = make(settings(600));
    const Validation before = fit->validate();
    fit->advance(600, 600);
    const Validation after = fit->validate();
    EXPECT_TRUE(fit->done());
    EXPECT_LT(score(before, "voltage_explained_variance_percent"), 50);
    EXPECT_GT(score(after, "voltage_explained_variance_percent"), 90);
    EXPECT_GT(score(after, "auc"), 0.9);
    EXPECT_TRUE(fit->is_best());
    EXPECT_EQ(fit->best()->update, 600);
    set_thread_count(0);
}

TEST_F(TrainingTest, is_best_where_the_held_out_loss_is_least_and_never_untrained) {
    std::vector<NeuronIoSimulation> held_out{NeuronIoFile(path_).read(4),
                                             NeuronIoFile(path_).read(5)};
    const auto fit = make(settings(40));
    fit->validate();
    EXPECT_FALSE(fit->is_best());
    EXPECT_EQ(fit->best(), nullptr);
    double least = INFINITY;
    for (const std::int64_t end : {10, 20, 30, 40}) {
        fit->advance(end, 600);
        const double loss = fit->validate().scores.front();
        EXPECT_EQ(fit->is_best(), loss < least);
        least = std::min(least, loss);
    }
    EXPECT_EQ(fit->best()->scores.front(), least);

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
    EXPECT_NEAR(elm::score(held_out, said, Protocol::published).loss, loss / bins,
                1e-6 * loss / bins);
}

TEST_F(TrainingTest, has_the_same_bits_for_any_number_of_threads_and_slices) {
    std::vector<std::vector<std::vector<double>>> results;
    for (const int threads : {1, 2, 4}) {
        set_thread_count(threads);
        const auto fit = make(settings(20));
        while (!fit->done()) fit->advance(20, threads == 2 ? 0 : 600);  // 2: update by update
        results.push_back(parameters(*fit));
    }
    set_thread_count(0);
    EXPECT_EQ(results[0], results[1]);
    EXPECT_EQ(results[0], results[2]);
}

TEST_F(TrainingTest, goes_on_from_a_checkpoint_with_the_same_bits) {
    const std::string path = folder_ / "fit.checkpoint.h5";
    TrainingSettings s = settings(30);
    s.accumulation_steps = 2;
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
    EXPECT_EQ(resumed->reports()[0].loss.parts, whole->reports()[0].loss.parts);
    resumed->advance(30, 600);
    EXPECT_EQ(parameters(*whole), parameters(*resumed));
    EXPECT_EQ(whole->report().loss.parts, resumed->report().loss.parts);
}

TEST_F(TrainingTest, an_update_that_is_broken_off_leaves_the_one_before) {
    struct Stopped {};
    TrainingSettings all = settings(6);
    all.accumulation_steps = 3;
    const auto whole = make(all);
    whole->advance(6, 600);
    std::int64_t calls = 0;  // of one whole update, on one thread
    for (const int threads : {1, 2}) {
        set_thread_count(threads);
        // After 1, 2, ... pieces: between the batches of an update, tiles and directions.
        for (std::int64_t stop = 0; stop <= (threads == 1 ? calls : 0); ++stop) {
            const auto cut = make(all);
            cut->advance(3, 600);
            const auto before = parameters(*cut);
            std::atomic<std::int64_t> seen{0};
            cut->poll_with([&] {
                if (seen++ >= stop) throw Stopped{};
            });
            EXPECT_THROW(cut->advance(6, 600), Stopped);
            EXPECT_EQ(cut->update_count(), 3);
            EXPECT_EQ(parameters(*cut), before);
            cut->write_checkpoint(folder_ / "cut.h5", {});
            const auto resumed = make(all);
            resumed->resume(folder_ / "cut.h5");
            std::atomic<std::int64_t> asked{0};
            resumed->poll_with([&] { ++asked; });
            resumed->advance(6, 600);
            EXPECT_EQ(parameters(*resumed), parameters(*whole)) << stop;
            // Three batches, each of two tiles forward and back.
            EXPECT_EQ(asked, 3 * 3 * (1 + 2 * 2));
            calls = asked / 3 - 1;
        }
    }
    set_thread_count(0);
}

TEST_F(TrainingTest, steps_that_are_computed_again_take_less_memory_and_have_the_same_bits) {
    const auto kept = make(settings(3));
    double memory = kept->pass()->memory(5, 100);
    kept->advance(3, 600);
    for (const int calls : {1, 2}) {  // updates of the memory are kept; states alone are
        const auto again = make(settings(3));
        for (int i = 0; i < calls; ++i) EXPECT_TRUE(again->pass()->recompute());
        EXPECT_LT(again->pass()->memory(5, 100), memory);
        memory = again->pass()->memory(5, 100);
        again->advance(3, 600);
        EXPECT_EQ(parameters(*kept), parameters(*again));
        if (calls == 2) {
            EXPECT_FALSE(again->pass()->recompute());
        }
    }
}

TEST_F(TrainingTest, the_tape_learns_what_the_fused_pass_learns) {
    TrainingSettings s = settings(3);
    s.batch = 3;
    s.precision = DType::f64;
    s.optimizer.rule = OptimizerRule::sgd;
    s.learning_rate = {.peak = 0.1};
    const auto fused = make(s);
    FittedModel model = make_model(small_neuron());
    const ModelSpec spec = model.spec;
    Training taped(stream_, {spec, std::make_unique<test::OnTape>(std::move(model))}, s, *task_,
                   alone_);
    EXPECT_NE(fused->pass(), nullptr);
    EXPECT_EQ(taped.pass(), nullptr);
    fused->advance(3, 600);
    taped.advance(3, 600);
    // The same sums of at most 3 x 100 x 20 terms in another order, three updates of 0.1.
    const double allowed = 8 * 2.2e-16 * std::sqrt(6000.0);
    EXPECT_NEAR(taped.report().loss.mean(task_->spec()), fused->report().loss.mean(task_->spec()),
                allowed);
    const auto a = fused->fitted().parameters.values.host<double>();
    const auto b = taped.fitted().parameters.values.host<double>();
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t k = 0; k < a.size(); ++k) ASSERT_NEAR(a[k], b[k], allowed) << k;
    const auto untouched = make(s);
    const auto start = untouched->fitted().parameters.values.host<double>();
    double moved = 0;
    for (std::size_t k = 0; k < a.size(); ++k) moved = std::max(moved, std::abs(a[k] - start[k]));
    EXPECT_GT(moved, 1e-3);
}

/// Three updates by the tape on a device against three by the fused pass.
void expect_equal_update(const Task& task, Device device, double tolerance,
                         ElmArithmetic arithmetic = ElmArithmetic::exact) {
    TrainingSettings s;
    s.updates = 3;
    s.batch = 3;
    s.optimizer.rule = OptimizerRule::sgd;
    s.learning_rate = {.peak = 0.1};
    Communicator alone;
    Stream host{Device{}}, stream{device};
    FittedModel on_device = make_model(small_neuron());
    on_device.model->use_arithmetic(arithmetic);
    Training fused(host, make_model(small_neuron()), s, task, alone);
    Training taped(stream, std::move(on_device), s, task, alone);
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
    EXPECT_NEAR(fused.report().loss.mean(task.spec()), taped.report().loss.mean(task.spec()),
                tolerance);
}

TEST_F(TrainingTest, learns_the_same_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    // Values of order 1 after 40 steps of sums of at most 20 terms: some hundred roundings.
    expect_equal_update(*task_of(path_, 40), {DeviceKind::cuda, 0}, 512 * 6e-8);
}

TEST_F(TrainingTest, learns_nearly_the_same_in_bfloat16_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    // Operands of 8 bits: three updates move no number by more than 0.3, 1 % of that may differ.
    expect_equal_update(*task_of(path_, 40), {DeviceKind::cuda, 0}, 3e-3, ElmArithmetic::bf16);
}

TEST_F(TrainingTest, learns_nearly_the_same_in_tf32_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    // Operands of 11 bits: an eighth of what bfloat16 may differ by.
    expect_equal_update(*task_of(path_, 40), {DeviceKind::cuda, 0}, 3e-3 / 8, ElmArithmetic::tf32);
}

TEST_F(TrainingTest, a_diverging_fit_names_step_and_parameter_and_keeps_its_parameters) {
    TrainingSettings s = settings(50);
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
}  // namespace
}  // namespace elm
