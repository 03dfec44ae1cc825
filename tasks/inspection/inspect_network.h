#pragma once

#include <string>

#include "tasks/inspection/findings.h"

namespace elm {

class Hdf5File;

/// True for a NIR graph, a recording of one, and files of nodes or edges of SONATA.
bool is_network_part(const Hdf5File& file);
Findings inspect_network_part(const Hdf5File& file);

/// True for a JSON file that names the files of a SONATA network.
bool is_sonata_configuration(const std::string& path);
Findings inspect_sonata(const std::string& path);

/// True for a network in TOML.
bool is_network_description(const std::string& path);
Findings inspect_network_description(const std::string& path);

}  // namespace elm
