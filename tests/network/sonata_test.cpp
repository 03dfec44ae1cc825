// SONATA networks: what they do, against other programs.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "kernels/io/hdf5_file.h"
#include "network/description/network_file.h"
#include "network/interchange/sonata/sonata_network.h"
#include "network/interchange/sonata/sonata_types.h"
#include "network/interchange/sonata/sonata_writer.h"
#include "network/time_stepped/time_stepped_engine.h"
#include "tests/network/golden_cases.h"
#include "tests/support/compare.h"
#include "tests/support/error_message.h"
#include "tests/support/random_elm.h"
#include "tests/support/temporary_directory.h"

namespace elm::test {
namespace {

namespace fs = std::filesystem;
using network::NetworkDescription;
using network::SonataNetwork;
using network::SpikeRecord;

const std::string own_folder = std::string(ELM_GOLDEN_DIR) + "/sonata";
const std::string their_folder = std::string(ELM_DATA_DIR) + "/sonata";

SpikeRecord run(const NetworkDescription& network) {
    const auto engine = network::make_time_stepped_engine(network, DType::f64);
    engine->advance(std::llround(network.duration_ms / network.time_step_ms));
    return engine->spikes();
}

/// Gives the spikes of the old layout to the only input.
void give_spikes(SonataNetwork& sonata) {
    ASSERT_EQ(sonata.inputs.size(), 1u);
    const Hdf5File file = Hdf5File::open(sonata.inputs[0].file);
    for (network::Population& population : sonata.network.populations) {
        if (population.name != sonata.inputs[0].population) continue;
        population.spike_times = file.read<double>("/spikes/timestamps");
        population.spike_neurons = file.read<std::int64_t>("/spikes/gids");
    }
}

void expect_spikes(const NetworkDescription& network, const SpikeRecord& spikes,
                   const std::string& path) {
    const Hdf5File file = Hdf5File::open(path);
    for (const std::string& name : file.links("/spikes")) {
        for (std::size_t p = 0; p < network.populations.size(); ++p) {
            if (network.populations[p].name != name) continue;
            const std::string group = "/spikes/" + name;
            const auto times = file.read<double>(group + "/timestamps");
            const auto ids = file.read<std::int64_t>(group + "/node_ids");
            EXPECT_GT(times.size(), 10u);
            EXPECT_EQ(difference_above(spikes[p].times_ms, times, 1e-9), "") << name;
            EXPECT_EQ(std::vector<std::int64_t>(spikes[p].neurons.begin(), spikes[p].neurons.end()),
                      ids)
                << name;
        }
    }
}

TEST(Sonata, a_network_has_the_spikes_of_a_plain_loop) {
    SonataNetwork sonata = network::load_sonata(own_folder + "/simulation_config.json");
    EXPECT_EQ(sonata.network.time_step_ms, 0.1);
    EXPECT_EQ(sonata.network.duration_ms, 200);
    ASSERT_EQ(sonata.network.populations.size(), 3u);
    EXPECT_EQ(sonata.network.connections.size(), 3u);
    give_spikes(sonata);
    expect_spikes(sonata.network, run(sonata.network), own_folder + "/expected.h5");
}

TEST(Sonata, a_circuit_alone_is_a_network_without_input) {
    const SonataNetwork sonata = network::load_sonata(own_folder + "/circuit_config.json");
    EXPECT_TRUE(sonata.inputs.empty());
    EXPECT_EQ(sonata.network.populations[2].model, "spikes");
    EXPECT_EQ(sonata.network.duration_ms, 1000);
}

TEST(Sonata, the_network_of_nest_has_every_spike_of_it) {
    if (!fs::exists(their_folder)) GTEST_SKIP() << their_folder << " is not there";
    const SonataNetwork sonata = network::load_sonata(their_folder + "/simulation_config.json");
    const SpikeRecord spikes = run(sonata.network);
    EXPECT_EQ(spikes[0].size(), 1420);
    expect_spikes(sonata.network, spikes, their_folder + "/output/spikes.h5");
}

}  // namespace
}  // namespace elm::test
