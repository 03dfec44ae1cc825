// Plasticity of both sides against NEST, spike by spike.

#include <cmath>

#include "kernels/core/support/parallel.h"
#include "network/connectivity/delay_steps.h"
#include "network/plasticity/plastic_synapses.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "tests/network/golden_cases.h"
#include "tests/support/compare.h"

namespace elm::test {
namespace {

using network::Connection;
using network::Distribution;
using network::NetworkDescription;
using network::Stdp;

class GoldenStdp : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        ELM_SKIP_WITHOUT_GOLDEN_NETWORKS();
        file_.emplace(Hdf5File::open(golden_networks));
    }
    std::string group() const { return std::string("/stdp/") + GetParam(); }
    double number(const char* name) const { return file_->number_attribute(group(), name); }
    std::vector<double> read(const char* name) const {
        return file_->read<double>(group() + "/" + name);
    }
    Stdp rule() const {
        const std::string name = GetParam();
        if (name == "vogels_sprekeler") {
            return {.tau_plus_ms = number("p_tau"),
                    .tau_minus_ms = number("tau_minus_ms"),
                    .rate = number("p_eta") / number("p_Wmax"),
                    .asymmetry = number("p_alpha"),
                    .unit_weight = number("p_Wmax"),
                    .is_balancing = true};
        }
        Stdp stdp{.tau_plus_ms = number("p_tau_plus"),
                  .tau_minus_ms = number("tau_minus_ms"),
                  .rate = number("p_lambda"),
                  .asymmetry = number("p_alpha")};
        stdp.is_power_law = name == "power_law";
        if (name == "nn_symmetric") stdp.pairs = network::StdpPairs::nearest;
        if (name == "nn_pre_centred") stdp.pairs = network::StdpPairs::presynaptic_centred;
        if (name == "nn_restricted") stdp.pairs = network::StdpPairs::restricted;
        stdp.mu_plus = number(stdp.is_power_law ? "p_mu" : "p_mu_plus");
        if (!stdp.is_power_law) stdp.mu_minus = number("p_mu_minus");
        if (!stdp.is_power_law) stdp.unit_weight = number("p_Wmax");
        return stdp;
    }
    /// One synapse, between a source and a target alone.
    NetworkDescription pair() const {
        NetworkDescription network;
        network.populations = {{.name = "pre", .size = 1, .model = "lif"},
                               {.name = "post", .size = 1, .model = "lif"}};
        Connection connection{.from = 0, .to = 1, .stdp = rule()};
        connection.weight = Distribution::constant(number("initial_weight"));
        connection.delay_ms = Distribution::constant(number("delay_ms"));
        network.connections = {connection};
        return network;
    }

    std::optional<Hdf5File> file_;
};

/// The synapse alone: weights that it transmits.
TEST_P(GoldenStdp, transmits_the_weights_of_nest) {
    const NetworkDescription network = pair();
    const network::Projection projection(network, 0);
    const network::SynapseTarget target;
    network::PlasticSynapses<double> synapses({&projection, 0, 0, 1, target, target, 0.1});
    const auto pre = read("pre"), post = read("post");
    const std::int64_t delay = network::delay_steps_of(number("delay_ms"), 0.1);
    std::vector<double> found;
    std::vector<std::int64_t> arrivals;
    double arena[1] = {0};
    std::size_t next_pre = 0, next_post = 0;
    const auto last = std::llround(std::max(pre.back(), post.back()) / 0.1) + delay;
    for (std::int64_t step = 0; step <= last; ++step) {
        arena[0] = 0;
        synapses.arrive(step, arena);
        if (found.size() < arrivals.size() && arrivals[found.size()] == step) {
            found.push_back(arena[0]);
        } else {
            EXPECT_EQ(arena[0], 0) << step;
        }
        // Spikes carry the time of the end of their step.
        const auto is_now = [&](const std::vector<double>& times, std::size_t at) {
            return at < times.size() && std::llround(times[at] / 0.1) - 1 == step;
        };
        if (is_now(post, next_post)) {
            synapses.postsynaptic(0, step);
            ++next_post;
        }
        if (is_now(pre, next_pre)) {
            synapses.presynaptic(0, step, 1);
            arrivals.push_back(step + delay);
            ++next_pre;
        }
    }
    const auto expected = read("weight_at_pre");
    EXPECT_EQ(next_pre, pre.size());
    EXPECT_GT(expected.size(), 50u);
    EXPECT_EQ(difference_above(found, expected, 1e-9), "");
}
INSTANTIATE_TEST_SUITE_P(Nest, GoldenStdp,
                         ::testing::Values("additive", "multiplicative", "van_rossum", "guetig",
                                           "additive_bounds", "multiplicative_short_tau",
                                           "power_law", "nn_symmetric", "nn_pre_centred",
                                           "nn_restricted", "vogels_sprekeler"),
                         [](const auto& instance) { return std::string(instance.param); });

/// A network whose excitatory synapses learn.
NetworkDescription learning_network(network::StdpPairs pairs) {
    NetworkDescription network;
    network.seed = 6;
    network.populations = {{.name = "e", .size = 900, .model = "lif_exponential"},
                           {.name = "i", .size = 200, .model = "lif_exponential"}};
    for (std::size_t from = 0; from < 2; ++from) {
        for (std::size_t to = 0; to < 2; ++to) {
            Connection connection{.from = from,
                                  .to = to,
                                  .rule = network::ConnectionRule::fixed_in_degree,
                                  .degree = 40};
            connection.weight = Distribution::constant(from == 0 ? 0.08 : -0.4);
            connection.delay_ms = Distribution::constant(1.5);
            if (from == 0 && to == 0) {
                connection.stdp = Stdp{.rate = 0.05, .asymmetry = 1.05, .unit_weight = 0.2};
                connection.stdp->pairs = pairs;
            }
            network.connections.push_back(connection);
        }
        network.poisson.push_back({.to = from, .rate_hz = 9000, .weight = 0.09});
    }
    return network;
}

std::vector<double> weights_after(const std::vector<std::int64_t>& chunks, int threads,
                                  network::StdpPairs pairs = network::StdpPairs::all) {
    const int before = thread_count();
    set_thread_count(threads);
    const auto engine = make_time_stepped_engine(learning_network(pairs), DType::f32);
    std::vector<double> weights;
    for (const std::int64_t steps : chunks) {
        engine->advance(steps);
        weights.clear();  // of which a look at them in between leaves no trace
        for (const network::SynapseWeight& synapse : engine->weights(0)) {
            weights.push_back(synapse.weight);
        }
    }
    set_thread_count(before);
    return weights;
}

/// Also across the times at which spikes that no weight waits for are let go.
TEST(PlasticNetworks, have_the_same_weights_for_any_number_of_threads_and_pieces) {
    const std::vector<double> weights = weights_after({12000}, 1);
    EXPECT_EQ(weights.size(), 900u * 40);
    std::int64_t n_changed = 0;
    for (const double weight : weights) {
        EXPECT_GE(weight, 0);
        EXPECT_LE(weight, 0.2 * (1 + 1e-6));
        n_changed += std::abs(weight - 0.08) > 1e-4 ? 1 : 0;
    }
    EXPECT_GT(n_changed, 18000);
    EXPECT_EQ(weights_after({12000}, 4), weights);
    EXPECT_EQ(weights_after({1, 33, 9000, 2966}, 2), weights);
}

TEST(PlasticNetworks, have_the_same_weights_of_nearest_pairs_too) {
    std::vector<std::vector<double>> seen{weights_after({12000}, 1)};
    using enum network::StdpPairs;
    for (const network::StdpPairs pairs : {nearest, presynaptic_centred, restricted}) {
        const std::vector<double> weights = weights_after({12000}, 1, pairs);
        EXPECT_EQ(weights_after({33, 9000, 2967}, 3, pairs), weights);
        for (const auto& other : seen) EXPECT_NE(weights, other);
        seen.push_back(weights);
    }
}

}  // namespace
}  // namespace elm::test
