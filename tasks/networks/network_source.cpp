#include "tasks/networks/network_source.h"

#include "kernels/core/support/error.h"
#include "kernels/io/file_kind.h"
#include "kernels/io/hdf5_file.h"
#include "network/description/network_file.h"
#include "network/interchange/nir/nir_file.h"
#include "network/interchange/sonata/sonata_network.h"
#include "tasks/networks/network_spikes.h"

namespace elm {
namespace {

network::NetworkDescription load_description(const std::string& path) {
    if (!network::is_json(path)) return network::load_network(path);
    network::SonataNetwork sonata = network::load_sonata(path);
    for (const network::SonataSpikeInput& input : sonata.inputs) {
        with_context(input.place,
                     [&] { give_spikes(sonata.network, input.file, input.population); });
    }
    return std::move(sonata.network);
}

}  // namespace

NetworkSource load_network_source(const std::string& path, const std::string& input) {
    require_plain_file(path);
    if (Hdf5File::is_hdf5(path)) return network::load_nir(path);
    network::NetworkDescription network = load_description(path);
    if (!input.empty()) give_spikes(network, input);
    return network;
}

}  // namespace elm
