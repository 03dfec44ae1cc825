#include "tasks/networks/network_source.h"

#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/file_kind.h"
#include "kernels/io/hdf5_file.h"
#include "network/description/network_file.h"
#include "network/interchange/nir/nir_file.h"
#include "network/interchange/sonata/sonata_network.h"
#include "tasks/networks/network_spikes.h"

namespace elm {
namespace {

/// Bytes that are no text, where there are some.
void require_text(const std::string& path) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(path, missing);
    if (missing || size == 0 || begins_as_text(path)) return;
    const std::string hint = foreign_hint(path);
    throw Error(ErrorKind::data,
                fmt::format("{} is no network: neither TOML, nor JSON of SONATA, nor a graph of "
                            "NIR{}.",
                            path, hint.empty() ? "" : "; " + hint));
}

network::NetworkDescription load_description(const std::string& path) {
    require_text(path);
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
