#include "tasks/networks/convert_network.h"

#include <filesystem>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/output_file.h"
#include "network/interchange/nir/network_of_nir.h"
#include "network/interchange/nir/nir_file.h"
#include "network/interchange/nir/nir_of_network.h"
#include "network/interchange/sonata/sonata_writer.h"
#include "tasks/networks/network_source.h"
#include "tasks/networks/network_spikes.h"

namespace elm {
namespace {

network::NetworkDescription load_description(const ConversionPlan& plan) {
    NetworkSource source = load_network_source(plan.file, plan.input);
    if (const auto* const graph = std::get_if<network::NirGraph>(&source)) {
        ELM_CHECK(plan.dt_ms && *plan.dt_ms > 0,
                  "--dt-ms {}: a NIR graph says no time step, expected one above 0.",
                  plan.dt_ms ? std::to_string(*plan.dt_ms) : "is missing");
        network::NetworkDescription network = network::network_of(*graph, *plan.dt_ms);
        if (!plan.input.empty()) give_spikes(network, plan.input);
        return network;
    }
    ELM_CHECK(!plan.dt_ms, "--dt-ms is for NIR graphs: a network says its own step.");
    return std::get<network::NetworkDescription>(std::move(source));
}

/// A graph or a folder: a name with another ending is neither, unless it says it is a folder.
void require_form(const std::string& out) {
    const std::filesystem::path path(out);
    const bool is_folder =
        !path.has_filename() || !path.has_extension() || std::filesystem::is_directory(path);
    ELM_CHECK(is_folder || out.ends_with(".nir"),
              "--out {}: expected NAME.nir for a graph of NIR, or a folder for SONATA: {}/ with a "
              "slash at its end.",
              out, path.stem().string());
}

}  // namespace

Conversion convert_network(const ConversionPlan& plan) {
    std::error_code missing;
    ELM_CHECK(!std::filesystem::equivalent(plan.file, plan.out, missing),
              "--out {} is the file that is converted. Choose another name.", plan.out);
    require_form(plan.out);
    network::NetworkDescription network = load_description(plan);
    if (plan.seed) network.seed = *plan.seed;
    if (!plan.out.ends_with(".nir")) {
        network::write_sonata(plan.out, network, plan.force);
        const auto configuration = std::filesystem::path(plan.out) / "simulation_config.json";
        return {"SONATA network", configuration.string(), network.n_neurons()};
    }
    for (const network::Population& population : network.populations) {
        if (population.spike_times.empty()) continue;
        log::info("{}: its spikes are no part of a graph, they go in with --input",
                  population.name);
    }
    OutputFile output(plan.out, plan.force);
    network::write_nir(output, network::nir_of(network));
    output.commit();
    return {"NIR graph", plan.out, network.n_neurons()};
}

}  // namespace elm
