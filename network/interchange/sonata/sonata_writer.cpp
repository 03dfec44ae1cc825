#include "network/interchange/sonata/sonata_writer.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernels/core/support/check.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/one_line.h"
#include "kernels/io/output_file.h"
#include "network/interchange/sonata/sonata_edges_writer.h"
#include "network/interchange/sonata/sonata_nodes_writer.h"
#include "network/recording/spike_group.h"

namespace elm::network {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// Names become those of files, and stand in quotes, in tables and in paths with $.
template <class Refuse>
void require_plain_name(const Population& population, const Refuse& refuse) {
    for (const char letter : population.name) {
        const bool is_control = static_cast<unsigned char>(letter) < ' ';
        if (!is_control && letter != '/' && letter != '$' && letter != '"') continue;
        const std::string what = is_control ? "a line break" : std::string(1, letter);
        refuse(population.place,
               "a population with " + what + " in its name: " + one_line(population.name));
    }
}

void require_words(const NetworkDescription& network) {
    const auto refuse = [](const std::string& place, const std::string& what) {
        ELM_CHECK(false, "{}{}SONATA has no word for {}.", place, place.empty() ? "" : ": ", what);
    };
    for (const PoissonInput& input : network.poisson) {
        refuse(input.place, "Poisson inputs: make them a population of the neuron poisson");
    }
    for (const CurrentInput& input : network.currents) {
        refuse(input.place, "currents from outside: constant_current of the neurons is one");
    }
    for (const Population& population : network.populations) {
        if (population.short_term) refuse(population.place, "depression and facilitation");
        if (population.elm) refuse(population.place, "neurons of the model " + population.model);
        require_plain_name(population, refuse);
    }
    for (const Connection& connection : network.connections) {
        if (connection.stdp) refuse(connection.place, "plasticity by the times of spikes");
        if (connection.homeostasis) refuse(connection.place, "homeostasis");
    }
}

/// Spikes of a source in order of time, and of neuron where times are equal.
SpikeTrainOf spikes_of(const Population& source) {
    std::vector<std::size_t> order(source.spike_times.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto key = [&](std::size_t i) {
        return std::pair(source.spike_times[i], source.spike_neurons[i]);
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
    SpikeTrainOf spikes;
    for (const std::size_t i : order) {
        spikes.add(source.spike_times[i], static_cast<std::uint32_t>(source.spike_neurons[i]));
    }
    return spikes;
}

class Writer {
public:
    Writer(const std::string& folder, const NetworkDescription& network, bool force)
        : folder_(folder), network_(&network), force_(force) {
        std::error_code status;
        for (const char* const inner : {"network", "point_neuron_models", "inputs"}) {
            fs::create_directories(folder_ / inner, status);
            if (!status) continue;
            throw Error(ErrorKind::write,
                        fmt::format("{} cannot be made: {}.", (folder_ / inner).string(),
                                    status.message()));
        }
        name_edges();
        require_writable();
    }

    void write() {
        for (std::size_t p = 0; p < network_->populations.size(); ++p) write_population(p);
        for (std::size_t c = 0; c < network_->connections.size(); ++c) write_connection(c);
        write_configurations();
    }

private:
    std::string path(const std::string& name) const { return (folder_ / name).string(); }

    void name_edges() {
        std::set<std::string> names;
        for (const Connection& connection : network_->connections) {
            const std::string both = network_->populations[connection.from].name + "_to_" +
                                     network_->populations[connection.to].name;
            std::string name = both;
            for (int k = 2; !names.insert(name).second; ++k) name = fmt::format("{}_{}", both, k);
            edge_names_.push_back(name);
        }
    }

    /// Of every file, before the first is written.
    void require_writable() const {
        std::vector<std::string> files;
        for (const Population& population : network_->populations) {
            files.push_back(nodes_file(population));
            files.push_back(node_types_file(population));
            files.push_back("point_neuron_models/" + population.name + ".json");
            if (population.model == "spikes") files.push_back(input_file(population));
        }
        for (const std::string& name : edge_names_) {
            files.push_back(edges_file(name));
            files.push_back(edge_types_file(name));
        }
        for (const char* const file : {"circuit_config.json", "simulation_config.json"}) {
            files.emplace_back(file);
        }
        for (const std::string& file : files) const OutputFile looked_at(path(file), force_);
    }
    static std::string nodes_file(const Population& population) {
        return "network/" + population.name + "_nodes.h5";
    }
    static std::string node_types_file(const Population& population) {
        return "network/" + population.name + "_node_types.csv";
    }
    static std::string input_file(const Population& population) {
        return "inputs/" + population.name + "_spikes.h5";
    }
    static std::string edges_file(const std::string& name) {
        return "network/" + name + "_edges.h5";
    }
    static std::string edge_types_file(const std::string& name) {
        return "network/" + name + "_edge_types.csv";
    }

    void write_text(const std::string& name, const std::string& text) const {
        write_text_file(path(name), force_, text);
    }

    void write_population(std::size_t index) {
        const Population& population = network_->populations[index];
        const std::string nodes = nodes_file(population);
        OutputFile output(path(nodes), force_);
        const auto shared = write_sonata_nodes(output, *network_, index);
        output.commit();
        std::string parameters = "NULL", model_template = "NULL";
        if (!shared.empty()) {
            parameters = population.name + ".json";
            write_text("point_neuron_models/" + parameters, Json(shared).dump(1) + "\n");
        }
        if (!population.is_source()) model_template = sonata_neuron_for(*network_, index).name;
        if (population.model == "poisson") model_template = "elmsim:poisson";
        const std::string types = node_types_file(population);
        write_text(types, fmt::format("node_type_id model_type model_template dynamics_params\n"
                                      "0 {} {} \"{}\"\n",
                                      population.is_source() ? "virtual" : "point_neuron",
                                      model_template, parameters));
        nodes_.push_back({{"nodes_file", "$BASE/" + nodes}, {"node_types_file", "$BASE/" + types}});
        if (population.model == "spikes") write_input(population);
    }

    void write_input(const Population& population) {
        const std::string name = input_file(population);
        OutputFile output(path(name), force_);
        Hdf5File file = Hdf5File::create(output.temporary_path());
        mark_as_sonata(file);
        write_spike_group(file, population.name, population.size, spikes_of(population),
                          network_->duration_ms);
        file.close();
        output.commit();
        inputs_[population.name] = {{"input_type", "spikes"},
                                    {"module", "sonata"},
                                    {"input_file", "$BASE/" + name},
                                    {"node_set", {{"population", population.name}}}};
    }

    void write_connection(std::size_t index) {
        const Connection& connection = network_->connections[index];
        const std::string& name = edge_names_[index];
        const std::string edges = edges_file(name);
        OutputFile output(path(edges), force_);
        write_sonata_edges(output, name, *network_, index,
                           sonata_neuron_for(*network_, connection.to).weight_per);
        output.commit();
        const std::string types = edge_types_file(name);
        write_text(types, fmt::format("edge_type_id model_template input\n0 static_synapse {}\n",
                                      connection.input.empty() ? "NULL" : connection.input));
        edges_.push_back({{"edges_file", "$BASE/" + edges}, {"edge_types_file", "$BASE/" + types}});
    }

    void write_configurations() const {
        const Json manifest{{"$BASE", "."}};
        write_text("circuit_config.json",
                   Json{{"manifest", manifest},
                        {"components", {{"point_neuron_models_dir", "$BASE/point_neuron_models"}}},
                        {"networks", {{"nodes", nodes_}, {"edges", edges_}}}}
                           .dump(1) +
                       "\n");
        write_text("simulation_config.json",
                   Json{{"manifest", manifest},
                        {"network", "$BASE/circuit_config.json"},
                        {"run", {{"tstop", network_->duration_ms}, {"dt", network_->time_step_ms}}},
                        {"inputs", inputs_},
                        {"output", {{"output_dir", "$BASE/output"}, {"spikes_file", "spikes.h5"}}}}
                           .dump(1) +
                       "\n");
    }

    fs::path folder_;
    const NetworkDescription* network_;
    bool force_;
    Json nodes_ = Json::array(), edges_ = Json::array(), inputs_ = Json::object();
    std::vector<std::string> edge_names_;  // of the populations of edges, by connection
};

}  // namespace

void write_sonata(const std::string& folder, const NetworkDescription& network, bool force) {
    check(network);
    require_words(network);
    Writer(folder, network, force).write();
}

}  // namespace elm::network
