// Windows of simulations as samples of an arena: what they hold, whole simulations in one part
// alone, losses relative to one who says the mean, and what is refused.

#include "tasks/arena/sets/neuronio_pool.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include <gtest/gtest.h>

#include "tasks/neuronio/neuronio_file.h"
#include "tests/arena/small_neuronio.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

class NeuronIoWindows : public testing::Test {
protected:
    static SampleNumbers all_of(const ArenaPool& pool) {
        SampleNumbers all;
        for (std::int64_t k = 0; k < pool.count(); ++k) all.push_back(k);
        return all;
    }
    BuildOptions build(const std::string& name) const {
        BuildOptions options{.task = task_, .sizes = test::small_neuronio_sizes()};
        options.committee = {"lstm"};
        options.committee_size = 1;
        options.committee_updates = 3;
        options.model_options = {{"lstm", {{"units", std::int64_t{4}}}}};
        options.recipe = {.training = arena_training_options()};
        options.recipe.training.set("batch", "4");
        options.out = folder_ / name;
        return options;
    }

    test::TemporaryDirectory folder_;
    ArenaTask task_ = test::small_neuronio(folder_ / "set.h5");
    Stream stream_{Device{}};
};

TEST_F(NeuronIoWindows, are_those_of_the_file_one_after_another) {
    const std::unique_ptr<ArenaPool> pool = open_pool(task_);
    EXPECT_EQ(pool->count(), 40 * 5);
    EXPECT_EQ(pool->group_size(), 5);
    const NeuronIoFile file(task_.files.front());
    const std::unique_ptr<Task> task = pool->task_of({.train = {12, 3}, .test = {0}});
    Batch batch;
    task->fill({.split = Split::train, .size = 2, .first = 0, .count = 2, .dtype = DType::f64},
               batch);
    EXPECT_EQ(batch.n_counted, 2 * 150);
    const NeuronIoSimulation simulation = file.read(2);  // window 12 is the third of it
    for (std::int64_t step = 0; step < 150; ++step) {
        const auto at = static_cast<std::size_t>(100 + 2 * 150 + step);
        const double voltage = (std::min(simulation.soma_voltage_mV[at], -55.0) + 67.7) / 10;
        EXPECT_NEAR(batch.targets[1].host<double>()[static_cast<std::size_t>(step)], voltage, 1e-9);
        const auto found = batch.spikes.row(0, step),
                   expected = simulation.input.row(0, static_cast<std::int64_t>(at));
        EXPECT_TRUE(std::equal(found.begin(), found.end(), expected.begin(), expected.end()));
    }
}

/// One who says the mean rate and the mean voltage of what it is weighed by has a loss of 2 there.
TEST_F(NeuronIoWindows, have_losses_relative_to_one_who_says_the_mean) {
    const std::unique_ptr<ArenaPool> pool = open_pool(task_);
    const SampleNumbers some{0, 1, 2, 3, 4, 20, 21, 22, 23, 24};
    pool->weigh_by(some);
    const std::unique_ptr<Task> task = pool->task_of({.train = some, .test = some});
    Batch batch;
    task->fill({.split = Split::test, .size = 10, .count = 10, .dtype = DType::f64}, batch);
    double rate = 0, voltage = 0;
    const auto spikes = batch.targets[0].host<double>(), voltages = batch.targets[1].host<double>();
    for (std::size_t k = 0; k < spikes.size(); ++k) {
        rate += spikes[k] / static_cast<double>(spikes.size());
        voltage += voltages[k] / static_cast<double>(spikes.size());
    }
    Stream host{Device{}};
    const Tensor output = Tensor::zeros(host, {10, 150, 2}, DType::f64),
                 gradient = Tensor::zeros(host, {10, 150, 2}, DType::f64);
    for (std::size_t k = 0; k < spikes.size(); ++k) {
        output.host<double>()[2 * k] = std::log(rate / (1 - rate));
        output.host<double>()[2 * k + 1] = voltage;
    }
    LossSums sums;
    for (std::int64_t k = 0; k < 10; ++k) sums.add(task->loss(batch, output, k, gradient));
    const TaskSpec& spec = task->spec();
    // Voltages are float32 where the scale is taken from them.
    EXPECT_NEAR(spec.loss_parts[0].weight * sums.mean(0), 1, 1e-9);
    EXPECT_NEAR(spec.loss_parts[1].weight * sums.mean(1), 1, 1e-5);
    EXPECT_NEAR(sums.mean(spec), 2, 1e-5);
    // At the mean the loss rests.
    double slope = 0;
    for (std::size_t k = 0; k < spikes.size(); ++k) slope += gradient.host<double>()[2 * k + 1];
    EXPECT_NEAR(slope, 0, 1e-6);
}

TEST_F(NeuronIoWindows, of_one_simulation_stand_in_one_part_alone) {
    const BuildOptions options = build("arena");
    const ArenaSet built = build_arena(stream_, options, [] {});
    ArenaSet arena = read_arena(options.out);
    const std::unique_ptr<ArenaPool> pool = open_pool(arena);
    std::map<std::int64_t, std::set<std::string>> parts_of;
    for (const auto& [name, samples] : arena.parts) {
        if (name == part::diverse || name == part::hard) continue;
        EXPECT_FALSE(samples.empty()) << name;
        for (const std::int64_t sample : samples) parts_of[sample / 5].insert(name);
    }
    for (const auto& [simulation, names] : parts_of) EXPECT_EQ(names.size(), 1u) << simulation;
    EXPECT_EQ(built.duplicates, 0);
    // Another window of a tested simulation is no other sample.
    const std::int64_t tested = arena.part(part::test).front() / 5 * 5;
    std::erase(arena.parts[part::test], tested);
    arena.parts["d1"].push_back(tested);
    for (const char* const name : {"d1", part::test}) {
        arena.contents[name] = pool->fingerprint(arena.parts[name]);
    }
    EXPECT_NE(
        test::message_of([&] { require_same_samples(arena, *pool); }).find("stands in both parts"),
        std::string::npos);
}

TEST_F(NeuronIoWindows, are_refused_where_they_do_not_fit) {
    ArenaTask longer = task_;
    longer.options["window_steps"] = std::int64_t{800};
    EXPECT_NE(test::message_of([&] { open_pool(longer); })
                  .find("windows of 800 ms after the first 100 ms do not fit into simulations of "
                        "850 ms"),
              std::string::npos);
    ArenaSizes small = test::small_neuronio_sizes();
    small.calibration = 4;
    EXPECT_NE(test::message_of([&] {
                  divide_pool(*open_pool(task_), small, 1);
              }).find("the part cal has 4 samples, and 5 of one group"),
              std::string::npos);
    BuildOptions one_source = build("one");
    one_source.sizes.source = 9;
    EXPECT_NE(test::message_of([&] {
                  build_arena(stream_, one_source, [] {});
              }).find("choose a larger source"),
              std::string::npos);
}

TEST_F(NeuronIoWindows, have_a_fingerprint_of_input_and_answers) {
    const std::unique_ptr<ArenaPool> pool = open_pool(task_);
    const std::string own = pool->fingerprint({0, 1});
    EXPECT_EQ(open_pool(task_)->fingerprint({0, 1}), own);
    EXPECT_NE(pool->fingerprint({0, 2}), own);
    const std::vector<std::string> inputs = pool->contents(all_of(*pool));
    EXPECT_EQ(std::set<std::string>(inputs.begin(), inputs.end()).size(), inputs.size());
}

}  // namespace
}  // namespace elm
