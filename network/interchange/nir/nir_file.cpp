#include "network/interchange/nir/nir_file.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/one_line.h"
#include "kernels/io/toml_config.h"

namespace elm::network {
namespace {

constexpr int deepest = 16;  // graphs within graphs

/// Nodes at which edges from outside enter and leave: the borders of a graph, or a node itself.
struct Ports {
    std::size_t in = 0, out = 0;
};

class Reader {
public:
    explicit Reader(const Hdf5File& file) : file_(&file) { graph_.origin = file.path(); }

    NirGraph read() {
        read_graph("/node", "", 0);
        return std::move(graph_);
    }

private:
    std::string at(const std::string& object) const { return file_->path() + ": " + object; }

    std::string type_in(const std::string& group) const {
        if (!file_->is_dataset(group + "/type")) {
            fail_nir(at(group), "has no type, expected a text that says what kind of node it is.");
        }
        return file_->read_string(group + "/type");
    }

    NirArray read_array(const std::string& dataset) const {
        NirArray array{file_->shape(dataset), file_->read<double>(dataset), false};
        array.is_f32 = file_->type_name(dataset) == "float32";
        if (array.shape.empty() && array.values.empty()) {
            fail_nir(at(dataset), "holds nothing, expected numbers.");
        }
        return array;
    }

    void read_parameter(const std::string& group, const std::string& name, NirNode& node) const {
        const std::string dataset = group + "/" + name;
        if (!file_->is_dataset(dataset)) return;
        if (name == "padding" && file_->type_name(dataset) == "string") {
            node.padding = file_->read_string(dataset);
            if (node.padding == "same" || node.padding == "valid") return;
            fail_nir(at(dataset), fmt::format("is {}, expected numbers, \"same\" or \"valid\".",
                                              one_line(node.padding)));
        }
        node.arrays[name] = read_array(dataset);
    }

    NirNode read_node(const std::string& group, const std::string& name) const {
        const std::string type_name = type_in(group);
        const NirType* const type = find_nir_type(type_name);
        if (type == nullptr) {
            fail_nir(at(group),
                     fmt::format("is of the type {}, which is not known.{} Known are {}.",
                                 type_name, nearest_hint(type_name, nir_type_names()),
                                 fmt::join(nir_type_names(), ", ")));
        }
        NirNode node{.name = name, .kind = type->kind, .place = at(group)};
        for (const auto* list : {&type->required, &type->optional}) {
            for (const std::string& parameter : *list) read_parameter(group, parameter, node);
        }
        check_nir_node(node);
        return node;
    }

    /// Reads the nodes and edges of a graph and returns its borders.
    Ports read_graph(const std::string& group, const std::string& prefix, int depth) {
        if (depth > deepest) {
            fail_nir(at(group), fmt::format("is a graph within {} graphs, expected at most {}.",
                                            depth, deepest));
        }
        if (type_in(group) != "NIRGraph") {
            fail_nir(at(group + "/type"), fmt::format("is {}, expected NIRGraph.", type_in(group)));
        }
        if (!file_->is_group(group + "/nodes")) {
            fail_nir(at(group + "/nodes"), "is not there, expected a group of nodes.");
        }
        std::map<std::string, Ports> found;
        std::vector<std::size_t> ins, outs;
        for (const std::string& name : file_->links(group + "/nodes")) {
            const std::string place = fmt::format("{}/nodes/{}", group, name);
            if (type_in(place) == "NIRGraph") {
                found[name] = read_graph(place, fmt::format("{}{}.", prefix, name), depth + 1);
                continue;
            }
            NirNode node = read_node(place, prefix + name);
            const std::size_t index = graph_.nodes.size();
            if (node.kind == NirKind::input) ins.push_back(index);
            if (node.kind == NirKind::output) outs.push_back(index);
            const bool is_border = node.kind == NirKind::input || node.kind == NirKind::output;
            if (depth > 0 && is_border) node.kind = NirKind::port;
            graph_.nodes.push_back(std::move(node));
            found[name] = {index, index};
        }
        require_borders(group, depth, ins.size(), outs.size());
        read_edges(group, found);
        return {ins[0], outs[0]};
    }

    void require_borders(const std::string& group, int depth, std::size_t ins,
                         std::size_t outs) const {
        if (ins == 0 || outs == 0) {
            fail_nir(at(group), fmt::format("has no {} node, expected at least one.",
                                            ins == 0 ? "Input" : "Output"));
        }
        if (depth > 0 && (ins > 1 || outs > 1)) {
            fail_nir(at(group), fmt::format("is an inner graph with {} Input and {} Output nodes, "
                                            "expected one of each: edges name the graph alone.",
                                            ins, outs));
        }
    }

    void read_edges(const std::string& group, const std::map<std::string, Ports>& found) {
        const std::string dataset = group + "/edges";
        const NirShape shape = file_->is_dataset(dataset) ? file_->shape(dataset) : NirShape{0, 2};
        if (shape.size() != 2 || shape[1] != 2) {
            if (elements_of(shape) == 0) return;
            fail_nir(at(dataset), fmt::format("has the shape ({}), expected (edges, 2).",
                                              fmt::join(shape, ", ")));
        }
        if (shape[0] == 0) return;
        const std::vector<std::string> names = file_->read_strings(dataset);
        std::vector<std::string> known;
        for (const auto& entry : found) known.push_back(entry.first);
        std::set<std::pair<std::string, std::string>> seen;
        for (std::size_t k = 0; k + 1 < names.size(); k += 2) {
            for (const std::string& name : {names[k], names[k + 1]}) {
                if (found.contains(name)) continue;
                fail_nir(at(dataset),
                         fmt::format("edge {} from {} to {}: there is no node {}.{}", k / 2,
                                     names[k], names[k + 1], name, nearest_hint(name, known)));
            }
            if (!seen.emplace(names[k], names[k + 1]).second) continue;
            graph_.edges.push_back({found.at(names[k]).out, found.at(names[k + 1]).in});
        }
    }

    const Hdf5File* file_;
    NirGraph graph_;
};

void write_node(Hdf5File& file, const NirNode& node) {
    const std::string group = "/node/nodes/" + node.name;
    file.write_string(group + "/type", node.type().name);
    if (!node.padding.empty()) file.write_string(group + "/padding", node.padding);
    static const std::set<std::string> whole{"shape",     "stride",      "padding", "groups",
                                             "dilation",  "input_shape", "end_dim", "kernel_size",
                                             "start_dim", "input_type"};
    for (const auto& entry : node.arrays) {
        const FileType type = whole.contains(entry.first) ? FileType::i64
                              : entry.second.is_f32       ? FileType::f32
                                                          : FileType::f64;
        file.write<double>(group + "/" + entry.first, entry.second.shape, entry.second.values,
                           type);
    }
}

}  // namespace

bool is_nir(const Hdf5File& file) {
    return file.is_group("/node") && file.is_dataset("/node/type");
}

NirGraph read_nir(const Hdf5File& file) {
    try {
        if (!is_nir(file)) {
            const bool is_recording = file.attributes("/", {"__type__"}).contains("__type__");
            fail_nir(file.path(), is_recording
                                      ? "is a recording, expected a graph: /node is not there. "
                                        "A recording goes in with --input."
                                      : "is no NIR graph: /node/type is not there.");
        }
        return Reader(file).read();
    } catch (const Error& error) {
        // Names may hold any letter, messages are one line.
        throw Error(error.kind(), one_line(error.message()), error.site());
    }
}

NirGraph load_nir(const std::string& path) { return read_nir(Hdf5File::open(path)); }

void write_nir(const OutputFile& output, const NirGraph& graph) {
    Hdf5File file = Hdf5File::create(output.temporary_path());
    file.write_string("/version", "1.0.8");
    file.write_string("/node/type", "NIRGraph");
    for (const NirNode& node : graph.nodes) {
        ELM_CHECK(node.kind != NirKind::port && node.name.find('/') == std::string::npos,
                  "node {} cannot be written: {}.", node.name,
                  node.kind == NirKind::port ? "it is the border of an inner graph"
                                             : "/ stands in its name");
        write_node(file, node);
    }
    std::vector<std::string> names;
    for (const NirEdge& edge : graph.edges) {
        names.push_back(graph.nodes[edge.from].name);
        names.push_back(graph.nodes[edge.to].name);
    }
    file.write_texts("/node/edges", {std::ssize(graph.edges), 2}, names);
    file.close();
}

}  // namespace elm::network
