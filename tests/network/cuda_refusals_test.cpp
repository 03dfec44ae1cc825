// What a CUDA device is not asked to do, and how that is said.

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "network/neurons/population_neuron.h"
#include "network/time_stepped/cuda/cuda_engine.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "tests/network/busy_network.h"
#include "tests/support/devices.h"
#include "tests/support/error_message.h"

namespace elm::test {
namespace {

using network::Connection;
using network::ConnectionRule;
using network::Distribution;
using network::NetworkDescription;

TEST(CudaEngine, is_not_made_where_there_is_no_device) {
    if (!cuda_devices().empty()) GTEST_SKIP() << "there is one";
    try {
        make_cuda_engine(small_network("lif"), DType::f32, {.kind = DeviceKind::cuda});
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::unsupported);
        EXPECT_EQ(error.message(), why_no_cuda());
    }
}

void expect_refused(const NetworkDescription& network, const std::string& what) {
    try {
        make_cuda_engine(network, DType::f32, cuda_devices().front());
        FAIL() << "no error: " << what;
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::unsupported);
        EXPECT_EQ(error.message(), what + ": not on a CUDA device. Run it on the CPU.");
    }
}

TEST(CudaEngine, refuses_by_name_what_runs_on_the_cpu_alone_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    const NetworkDescription good = small_network("lif_exponential");
    NetworkDescription fixed_weights = good;
    fixed_weights.connections[0].weight = Distribution::constant(0.1);
    fixed_weights.connections[0].delay_ms = Distribution::constant(1);
    const auto expect_plastic_refused = [&](const auto& change) {
        NetworkDescription plastic = fixed_weights;
        change(plastic.connections[0]);
        expect_refused(plastic, "the plastic connection from e to e");
    };
    for (const network::StdpPairs pairs :
         {network::StdpPairs::all, network::StdpPairs::nearest,
          network::StdpPairs::presynaptic_centred, network::StdpPairs::restricted}) {
        expect_plastic_refused([&](Connection& c) { c.stdp = network::Stdp{.pairs = pairs}; });
    }
    using Rule = network::Homeostasis::Rule;
    for (const Rule rule : {Rule::normalise, Rule::scale}) {
        expect_plastic_refused(
            [&](Connection& c) { c.homeostasis = network::Homeostasis{.rule = rule, .total = 2}; });
    }
    NetworkDescription balancing = small_network("lif_conductance");
    balancing.connections[2].weight = Distribution::constant(0.01);
    balancing.connections[2].delay_ms = Distribution::constant(1);
    balancing.connections[2].stdp = network::Stdp{.is_balancing = true};
    balancing.connections[2].place = "net.toml:12:1";
    expect_refused(balancing, "net.toml:12:1: the plastic connection from i to e");

    for (const double tau_current_ms : {0.0, 3.0}) {
        NetworkDescription depressing = good;
        depressing.populations[2].short_term =
            network::ShortTermPlasticity{.tau_current_ms = tau_current_ms};
        expect_refused(depressing, "population noise with short-term plasticity");
    }
    NetworkDescription learned;
    learned.time_step_ms = 1;
    learned.populations = {{.name = "cells", .size = 3, .model = "elm"}};
    learned.populations[0].elm = network::load_elm_node("l5pc-elm-20", "", learned.time_step_ms);
    expect_refused(learned, "population cells of ELM neurons");
}

TEST(CudaEngine, says_what_a_device_has_too_little_memory_for_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    NetworkDescription network;
    network.populations = {{.name = "few", .size = 1'000'000, .model = "lif_exponential"}};
    Connection connection{.from = 0, .to = 0, .rule = ConnectionRule::list};
    connection.sources = {0};
    connection.targets = {5};
    connection.weight = Distribution::constant(1);
    connection.delay_ms = Distribution::constant(5900);  // 65536 steps of 8 bytes for each slot
    network.connections.push_back(connection);
    try {
        make_cuda_engine(network, DType::f32, cuda_devices().front());
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::memory);
        EXPECT_NE(error.message().find("events on their way for 65536 steps"), std::string::npos)
            << error.message();
    }
}

TEST(CudaEngine, names_the_neuron_that_is_not_finite_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    NetworkDescription network;
    network.populations = {
        {.name = "source", .size = 1, .model = "spikes", .spike_times = {1}, .spike_neurons = {0}},
        {.name = "cell", .size = 70, .model = "lif_conductance"}};
    Connection connection{.from = 0, .to = 1, .rule = ConnectionRule::list};
    connection.sources = {0};
    connection.targets = {66};
    connection.weight = Distribution::list({1e38});
    connection.delay_ms = Distribution::constant(0.1);
    network.connections.push_back(connection);
    const auto message = [&](Device device) {
        return message_of([&] {
            (device.kind == DeviceKind::cpu ? make_time_stepped_engine(network, DType::f32)
                                            : make_cuda_engine(network, DType::f32, device))
                ->advance(100);
        });
    };
    EXPECT_NE(message({}), "no error");
    for (const Device device : cuda_devices()) EXPECT_EQ(message(device), message({}));
}

}  // namespace
}  // namespace elm::test
