#include "network/recording/spike_file_writer.h"

#include "kernels/io/hdf5_file.h"
#include "network/recording/spike_group.h"

namespace elm::network {
namespace {

void write_trace(Hdf5File& file, const NetworkDescription& network, std::size_t index,
                 const TraceRecord& trace) {
    const TraceRequest& request = network.traces[index];
    std::string group = "/traces/" + network.populations[request.population].name;
    if (file.has(group)) group += "-" + std::to_string(index);  // of the same population again
    file.make_group(group);
    file.set_attribute(group, "time_step_ms", network.time_step_ms);
    file.write<std::int64_t>(group + "/neurons", {trace.n_neurons}, request.neurons, FileType::i64);
    for (std::int64_t s = 0; s < trace.n_states; ++s) {
        std::vector<double> values;
        for (std::int64_t step = 0; step < trace.n_steps(); ++step) {
            for (std::int64_t n = 0; n < trace.n_neurons; ++n)
                values.push_back(trace.at(step, s, n));
        }
        file.write<double>(group + "/" + request.states[static_cast<std::size_t>(s)],
                           {trace.n_steps(), trace.n_neurons}, values, FileType::f64);
    }
}

void write_weights(Hdf5File& file, std::size_t connection,
                   const std::vector<SynapseWeight>& synapses) {
    std::vector<std::int64_t> sources, targets;
    std::vector<double> weights;
    for (const SynapseWeight& synapse : synapses) {
        sources.push_back(synapse.source);
        targets.push_back(synapse.target);
        weights.push_back(synapse.weight);
    }
    const std::string group = "/weights/" + std::to_string(connection);
    const std::vector<std::int64_t> shape{static_cast<std::int64_t>(synapses.size())};
    file.write<std::int64_t>(group + "/source", shape, sources, FileType::i64);
    file.write<std::int64_t>(group + "/target", shape, targets, FileType::i64);
    file.write<double>(group + "/weight", shape, weights, FileType::f64);
}

}  // namespace

PlasticWeights plastic_weights(const NetworkDescription& network, Engine& engine) {
    PlasticWeights all;
    for (std::size_t c = 0; c < network.connections.size(); ++c) {
        if (network.connections[c].is_plastic()) all.emplace_back(c, engine.weights(c));
    }
    return all;
}

void write_spike_file(const OutputFile& output, const NetworkDescription& network,
                      const Engine& engine, const PlasticWeights& weights, double duration_ms,
                      const std::string& config) {
    Hdf5File file = Hdf5File::create(output.temporary_path());
    mark_as_sonata(file);
    file.write_string("/config", config);
    for (std::size_t p = 0; p < network.populations.size(); ++p) {
        const Population& population = network.populations[p];
        write_spike_group(file, population.name, population.size, engine.spikes()[p], duration_ms);
    }
    for (std::size_t i = 0; i < network.traces.size(); ++i) {
        write_trace(file, network, i, engine.traces()[i]);
    }
    for (const auto& [connection, synapses] : weights) write_weights(file, connection, synapses);
    file.close();
}

}  // namespace elm::network
