// Networks that are stopped, written to a file, and go on from there.

#include "network/recording/network_checkpoint.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "kernels/io/hdf5_file.h"
#include "network/event_driven/event_driven_engine.h"
#include "network/neurons/population_neuron.h"
#include "network/recording/state_file.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "tests/network/busy_network.h"
#include "tests/network/thread_count.h"
#include "tests/support/error_message.h"
#include "tests/support/random_elm.h"
#include "tests/support/temporary_directory.h"

namespace elm::test {
namespace {

using network::CheckpointOwner;
using network::Connection;
using network::ConnectionRule;
using network::Distribution;
using network::Engine;
using network::NetworkDescription;

using Make = std::function<std::unique_ptr<Engine>()>;

void expect_same(Engine& a, Engine& b, const NetworkDescription& network) {
    EXPECT_EQ(a.current_step(), b.current_step());
    EXPECT_EQ(a.n_events(), b.n_events());
    for (std::size_t p = 0; p < network.populations.size(); ++p) {
        EXPECT_EQ(a.spikes()[p].times_ms, b.spikes()[p].times_ms) << p;
        EXPECT_EQ(a.spikes()[p].neurons, b.spikes()[p].neurons) << p;
    }
    ASSERT_EQ(a.traces().size(), b.traces().size());
    for (std::size_t i = 0; i < a.traces().size(); ++i) {
        EXPECT_EQ(a.traces()[i].values, b.traces()[i].values) << i;
    }
    for (std::size_t c = 0; c < network.connections.size(); ++c) {
        if (!network.connections[c].stdp) continue;
        const auto left = a.weights(c), right = b.weights(c);
        ASSERT_EQ(left.size(), right.size());
        for (std::size_t i = 0; i < left.size(); ++i) {
            ASSERT_EQ(left[i].weight, right[i].weight) << i;
        }
    }
}

/// Runs a network in one go, and stopped after each of `stops` steps to go on in another engine on
/// another number of threads.
void expect_continuation(const CheckpointOwner& owner, const Make& make,
                         const std::vector<std::int64_t>& stops, std::int64_t steps,
                         std::int64_t least_spikes) {
    const TemporaryDirectory folder;
    const std::string path = folder / "net.checkpoint.h5";
    const auto whole = [&] {
        const Threads threads(1);
        auto engine = make();
        engine->advance(steps);
        return engine;
    }();
    EXPECT_GT(whole->spikes()[0].size(), least_spikes);
    std::int64_t threads = 1, done = 0;
    for (const std::int64_t stop : stops) {
        const Threads count(static_cast<int>(threads));
        const auto engine = make();
        if (done > 0) read_network_checkpoint(path, owner, *engine);
        EXPECT_EQ(engine->current_step(), done);
        engine->advance(stop - done);
        write_network_checkpoint(path, owner, "", *engine);
        done = stop;
        threads = threads % 3 + 1;
    }
    const Threads count(2);
    const auto engine = make();
    read_network_checkpoint(path, owner, *engine);
    engine->advance(steps - done);
    expect_same(*engine, *whole, *owner.network);
}

class StoppedNetworks : public ::testing::TestWithParam<const char*> {};

TEST_P(StoppedNetworks, go_on_with_the_same_bits) {
    const NetworkDescription network = busy_network(GetParam());
    for (const DType precision : {DType::f32, DType::f64}) {
        expect_continuation(
            {&network, "time-stepped", precision},
            [&] { return make_time_stepped_engine(network, precision); }, {1, 150, 391}, 600, 100);
    }
}
INSTANTIATE_TEST_SUITE_P(Neurons, StoppedNetworks,
                         ::testing::Values("lif", "alif", "lif_exponential", "adex"),
                         [](const auto& instance) { return std::string(instance.param); });

TEST(NetworkCheckpoint, holds_weights_that_change_and_resources) {
    NetworkDescription network = busy_network("lif_exponential");
    network.populations[0].short_term = network::ShortTermPlasticity{0.4, 200, 50};
    Connection& plastic = network.connections[0];
    plastic.rule = ConnectionRule::fixed_out_degree;
    plastic.weight = Distribution::normal(0.15, 0.03, 0, 0.3);
    plastic.delay_ms = Distribution::constant(1.5);
    plastic.stdp = network::Stdp{.unit_weight = 0.35};
    network.connections[1].stdp = network::Stdp{.unit_weight = 0.35};
    network.connections[1].weight = Distribution::uniform(0.1, 0.2);
    network.connections[1].delay_ms = Distribution::constant(0.9);
    expect_continuation(
        {&network, "time-stepped", DType::f32},
        [&] { return make_time_stepped_engine(network, DType::f32); }, {333, 700}, 1000, 1000);
}

TEST(NetworkCheckpoint, holds_elm_neurons_of_both_versions) {
    ElmOptions options;
    options.n_input = 30;
    options.n_output = 2;
    options.n_memory = 8;
    NetworkDescription network;
    network.time_step_ms = 1;
    for (const ElmVersion version : {ElmVersion::v1, ElmVersion::v2}) {
        options.version = version;
        network::Population population{
            .name = version == ElmVersion::v1 ? "one" : "two", .size = 140, .model = "elm"};
        population.elm = network::ElmNode{.name = "drawn",
                                          .model = std::make_shared<const ElmModel>(make_random_elm(
                                              {options, version == ElmVersion::v1}))};
        population.parameters["refractory_period"] = Distribution::constant(3);
        network.populations.push_back(population);
    }
    network.populations.push_back({.name = "cells", .size = 70, .model = "lif_exponential"});
    for (std::size_t to = 0; to < 2; ++to) {
        Connection c{
            .from = 1 - to, .to = to, .rule = ConnectionRule::fixed_in_degree, .degree = 10};
        c.weight = Distribution::constant(0.5);
        c.delay_ms = Distribution::uniform(1, 6);
        network.connections.push_back(c);
        network.poisson.push_back({.to = to, .rate_hz = 300, .weight = 1});
    }
    network.traces = {{.population = 0, .states = {"membrane_potential"}, .neurons = {0, 139}},
                      {.population = 1, .states = {"spike_probability"}, .neurons = {70}}};
    expect_continuation(
        {&network, "time-stepped", DType::f32},
        [&] { return make_time_stepped_engine(network, DType::f32); }, {50, 177}, 300, 100);
}

TEST(NetworkCheckpoint, holds_a_network_without_a_grid) {
    NetworkDescription network = busy_network("lif_exponential");
    network.populations[0].size = 400;
    network.populations[1].size = 100;
    network.populations[0].short_term = network::ShortTermPlasticity{0.4, 200, 50};
    network.traces.clear();
    network::Population times{.name = "times", .size = 1, .model = "spikes"};
    times.spike_times = {3, 9.95, 10, 10.05, 25, 40};
    times.spike_neurons = {0, 0, 0, 0, 0, 0};
    network.populations.push_back(times);
    Connection c{.from = 3, .to = 0};
    c.weight = Distribution::constant(0.5);
    c.delay_ms = Distribution::constant(2.25);
    network.connections.push_back(c);
    expect_continuation(
        {&network, "event-driven", DType::f64}, [&] { return make_event_driven_engine(network); },
        {100, 333}, 600, 100);
}

class DamagedCheckpoint : public ::testing::Test {
protected:
    DamagedCheckpoint() {
        network_ = busy_network("lif_exponential");
        network_.populations[0].size = 128;
        network_.populations[1].size = 64;
        network_.traces.clear();
        const auto engine = make_time_stepped_engine(network_, DType::f32);
        engine->advance(120);
        write_network_checkpoint(path_, {&network_, "time-stepped", DType::f32}, "a text", *engine);
    }
    std::string says(const NetworkDescription& network, DType precision = DType::f32) const {
        const auto engine = make_time_stepped_engine(network, precision);
        return message_of([&] {
            read_network_checkpoint(path_, {&network, "time-stepped", precision}, *engine);
        });
    }

    TemporaryDirectory folder_;
    std::string path_ = folder_ / "net.checkpoint.h5";
    NetworkDescription network_;
};

TEST_F(DamagedCheckpoint, of_another_network_is_refused_with_what_differs) {
    EXPECT_EQ(says(network_), "no error");
    NetworkDescription other = network_;
    other.duration_ms *= 7;
    other.discard_ms += 1;
    EXPECT_EQ(says(other), "no error");
    other.seed = 4;
    other.connections[2].weight.first += 1e-6;
    const std::string message = says(other);
    EXPECT_NE(message.find("seed (3, here 4)"), std::string::npos) << message;
    EXPECT_NE(message.find("connections ("), std::string::npos) << message;
    EXPECT_EQ(message.find("populations ("), std::string::npos) << message;
    EXPECT_NE(says(network_, DType::f64).find("precision (f32, here f64)"), std::string::npos);
    other = network_;
    other.populations[0].parameters["threshold"] = Distribution::normal(-50, 1, -54, -47);
    EXPECT_NE(says(other).find("populations ("), std::string::npos);
    other = network_;
    other.poisson[0].stop_ms = 1e6;
    EXPECT_NE(says(other).find("inputs ("), std::string::npos);
}

TEST_F(DamagedCheckpoint, with_arrays_that_do_not_fit_is_refused) {
    const auto damage = [&](const std::string& object, const auto& write) {
        const std::string whole = folder_ / "whole.h5";
        std::filesystem::copy_file(path_, whole, std::filesystem::copy_options::overwrite_existing);
        {
            const Hdf5File from = Hdf5File::open(whole);
            Hdf5File to = Hdf5File::create(path_);
            for (const auto& [name, value] : from.attributes("/")) {
                to.set_attribute("/", name, value);
            }
            for (const char* const group : {"delivery", "neurons", "spikes"}) {
                for (const std::string& one : from.links("/state/" + std::string(group))) {
                    const std::string path = "/state/" + std::string(group) + "/" + one;
                    if (from.is_dataset(path)) {
                        if (path != object) to.copy_from(from, path);
                        continue;
                    }
                    for (const std::string& part : from.links(path)) {
                        const std::string deeper = fmt::format("{}/{}", path, part);
                        if (deeper != object) to.copy_from(from, deeper);
                    }
                }
            }
            for (const char* const one : {"/state/step", "/state/events"}) to.copy_from(from, one);
            write(to);
            to.close();
        }
        std::string message = says(network_);
        std::filesystem::copy_file(whole, path_, std::filesystem::copy_options::overwrite_existing);
        return message;
    };
    const auto values = [](const std::string& object, const std::vector<std::int64_t>& numbers) {
        return [=](Hdf5File& file) {
            file.write<std::int64_t>(object, {std::ssize(numbers)}, numbers, FileType::i64);
        };
    };
    EXPECT_EQ(damage("/none", [](Hdf5File&) {}), "no error");
    EXPECT_NE(damage("/state/neurons/0/membrane_potential",
                     values("/state/neurons/0/membrane_potential", {1, 2, 3}))
                  .find("has 3 values, expected 128"),
              std::string::npos);
    EXPECT_NE(damage("/state/delivery/sources", values("/state/delivery/sources", {1000000}))
                  .find("/state/delivery is damaged"),
              std::string::npos);
    EXPECT_NE(damage("/state/spikes/0/neurons", values("/state/spikes/0/neurons", {5000}))
                  .find("/state/spikes/0 is damaged"),
              std::string::npos);
    EXPECT_NE(damage("/state/neurons/1/refractory_left", [](Hdf5File&) {}).find("refractory_left"),
              std::string::npos);
}

TEST(StateFile, traces_of_more_steps_than_there_are_values_are_refused) {
    const TemporaryDirectory folder;
    Hdf5File file = Hdf5File::create(folder / "state.h5");
    file.write<double>("/state/traces/0", {4}, std::vector<double>{1, 2, 3, 4}, FileType::f64);
    const Hdf5File& from = file;
    network::StateFile state(from);
    network::SpikeRecord spikes;
    const auto message = [&](std::int64_t steps) {
        std::vector<network::TraceRecord> traces{{2, 1, {}}};
        return message_of([&] { exchange_records(state, {}, steps, spikes, traces); });
    };
    EXPECT_EQ(message(2), "no error");
    EXPECT_NE(message(std::int64_t{1} << 50).find("/state/traces/0 is damaged"), std::string::npos);
    for (const std::int64_t step : {std::int64_t{-1}, std::int64_t{1} << 60}) {
        Hdf5File other = Hdf5File::create(folder / "progress.h5");
        std::int64_t given = step, events = 0;
        network::StateFile saved(other);
        saved.number("step", given);
        saved.number("events", events);
        const Hdf5File& of_other = other;
        network::StateFile read(of_other);
        EXPECT_NE(message_of([&] {
                      exchange_progress(read, given, events);
                  }).find("/state/step is damaged"),
                  std::string::npos);
    }
}

TEST(NetworkCheckpoint, of_arrivals_that_cannot_be_is_refused) {
    NetworkDescription network = busy_network("lif_exponential");
    network.populations[0].size = 128;
    network.populations[1].size = 64;
    network.traces.clear();
    const CheckpointOwner owner{&network, "event-driven", DType::f64};
    const TemporaryDirectory folder;
    const std::string whole = folder / "whole.h5", path = folder / "damaged.h5";
    {
        const auto engine = make_event_driven_engine(network);
        engine->advance(200);
        write_network_checkpoint(whole, owner, "", *engine);
    }
    const Hdf5File from = Hdf5File::open(whole);
    const auto message = [&](const std::string& damaged, double value) {
        Hdf5File to = Hdf5File::create(path);
        for (const auto& [name, attribute] : from.attributes("/")) {
            to.set_attribute("/", name, attribute);
        }
        for (const std::string& part : from.links("/state")) {
            if (part != "arrivals") to.copy_from(from, "/state/" + part);
        }
        for (const std::string& part : from.links("/state/arrivals")) {
            const std::string name = "/state/arrivals/" + part;
            if (part != damaged) {
                to.copy_from(from, name);
                continue;
            }
            auto values = from.read<double>(name);
            EXPECT_GT(values.size(), 10u);
            values[7] = value;
            to.write<double>(name, {std::ssize(values)}, values,
                             from.stores_f64(name) ? FileType::f64 : FileType::i64);
        }
        to.close();
        const auto engine = make_event_driven_engine(network);
        return message_of([&] { read_network_checkpoint(path, owner, *engine); });
    };
    EXPECT_EQ(message("none", 0), "no error");
    const std::pair<const char*, double> damages[] = {{"weights", NAN}, {"times_ms", INFINITY},
                                                      {"sources", 1e6}, {"sources", 0x1p32},
                                                      {"targets", 1e6}, {"inputs", 99}};
    for (const auto& [name, value] : damages) {
        EXPECT_NE(message(name, value).find("/state/arrivals"), std::string::npos) << name;
    }
}

TEST_F(DamagedCheckpoint, or_no_checkpoint_at_all_is_named) {
    Hdf5File::create(path_).close();
    EXPECT_NE(says(network_).find("is no checkpoint of a network"), std::string::npos);
}

}  // namespace
}  // namespace elm::test
