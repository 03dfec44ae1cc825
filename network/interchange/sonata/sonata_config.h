#pragma once

#include <optional>
#include <string>
#include <vector>

/// The JSON files of a SONATA network: which files it consists of, and how long it is simulated.
/// Source: Dai et al. 2020, doi:10.1371/journal.pcbi.1007696, and its developer guide, version 0.1.
namespace elm::network {

/// An HDF5 file and the table of types beside it.
struct SonataFiles {
    std::string file, types;
    std::string place;  // in the configuration, for messages
};

/// Spikes of a population from outside.
struct SonataSpikeInput {
    std::string population, file;
    std::string place;
};

struct SonataConfig {
    std::string path;
    std::vector<SonataFiles> nodes, edges;
    std::string neuron_models;  // folder of parameters; empty: none
    std::optional<double> time_step_ms, duration_ms;
    std::vector<SonataSpikeInput> inputs;
};

/// True for a file that begins as JSON does.
bool is_json(const std::string& path);
/// True for a JSON file that names the files of a network, or its circuit.
bool is_sonata_config(const std::string& path);

/// Reads a circuit_config.json, or a simulation_config.json and the circuit that it names. Paths
/// count from the folder of the file in which they stand; $NAMES of its manifest are replaced.
/// Throws Error{data} that begins with the file and the key that is missing, of another type, or
/// asks for what is not known: inputs other than spikes, node sets that are no whole population.
SonataConfig load_sonata_config(const std::string& path);

}  // namespace elm::network
