#pragma once

#include <string>

#include "kernels/io/output_file.h"
#include "network/interchange/nir/nir_graph.h"

namespace elm {
class Hdf5File;
}

/// NIR graphs in HDF5, as the Python package nir writes them:
///
///     /version  text      /node/type  "NIRGraph"      /node/edges  (edges, 2) texts
///     /node/nodes/NAME/type  text, and an array for each parameter
///
/// A graph within a graph is taken apart: its nodes are called GRAPH.NODE, its Input and Output
/// become borders that hand on what comes. An edge that stands twice counts once.
namespace elm::network {

/// True for a file that holds a graph.
bool is_nir(const Hdf5File& file);
/// Throws Error{data} with the place of what is not there, of another type, not finite or out of
/// range; for types of nodes that are not known, with the nearest; for edges that lead nowhere and
/// a graph without Input or Output.
NirGraph read_nir(const Hdf5File& file);
NirGraph load_nir(const std::string& path);

/// Writes a graph without borders of inner graphs; the caller commits the output.
void write_nir(const OutputFile& output, const NirGraph& graph);

}  // namespace elm::network
