#include "tests/fuzz/network_targets.h"

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "network/interchange/nir/network_of_nir.h"
#include "network/interchange/nir/nir_engine.h"
#include "network/interchange/nir/nir_file.h"
#include "network/interchange/nir/nir_of_network.h"
#include "network/interchange/nir/nir_shapes.h"

namespace elm::test {
namespace {

constexpr std::int64_t most_elements = 2000;  // of arrays, and of graphs that are run

/// Letters that a name in HDF5 may have, and no path.
bool is_name(const std::string& text) {
    return !text.empty() && text.find('/') == text.npos && text != "." && text.size() < 60;
}

/// Writes what the lines of a text say.
class Maker {
public:
    explicit Maker(Hdf5File& file) : file_(&file) { open("/node"); }

    void add(const std::string& line) {
        std::istringstream words(line);
        std::string word, name, rest;
        words >> word >> name;
        if (word == "close" && graphs_.size() > 1) return close();
        if (!is_name(name)) return;
        std::string others;
        std::getline(words, others);
        std::istringstream(others) >> rest;
        if (word == "node") {
            node_ = graphs_.back().path + "/nodes/" + name;
            if (!rest.empty() && !file_->has(node_)) file_->write_string(node_ + "/type", rest);
        } else if (word == "text") {
            if (!file_->has(node_ + "/" + name)) file_->write_string(node_ + "/" + name, rest);
        } else if (word == "edge") {
            graphs_.back().edges.push_back(name);
            graphs_.back().edges.push_back(rest);
        } else if (word == "open" && graphs_.size() < 20) {
            const std::string path = graphs_.back().path + "/nodes/" + name;
            if (!file_->has(path)) open(path);
        } else if (word == "array") {
            write_array(node_ + "/" + name, others);
        }
    }
    void finish() {
        while (!graphs_.empty()) close();
    }

private:
    struct Graph {
        std::string path;
        std::vector<std::string> edges;
    };

    void open(const std::string& path) {
        file_->write_string(path + "/type", "NIRGraph");
        node_ = path;
        graphs_.push_back({path, {}});
    }
    void close() {
        const Graph& graph = graphs_.back();
        const auto count = static_cast<std::int64_t>(graph.edges.size() / 2);
        if (!file_->has(graph.path + "/edges")) {
            file_->write_texts(graph.path + "/edges", {count, 2}, graph.edges);
        }
        graphs_.pop_back();
    }

    void write_array(const std::string& path, const std::string& text) {
        const std::size_t colon = text.find(':');
        if (colon == text.npos || file_->has(path)) return;
        std::vector<std::int64_t> shape;
        std::istringstream extents(text.substr(0, colon)), numbers(text.substr(colon + 1));
        std::int64_t count = 1;
        for (std::int64_t extent = 0; extents >> extent;) {
            if (extent < 0 || extent > most_elements || shape.size() > 5) return;
            shape.push_back(extent);
            count *= extent;
            if (count > most_elements) return;
        }
        std::vector<double> given, values;
        for (std::string word; numbers >> word;)
            given.push_back(std::strtod(word.c_str(), nullptr));
        if (given.empty()) given.push_back(NAN);
        for (std::int64_t i = 0; i < count; ++i) {
            values.push_back(given[static_cast<std::size_t>(i) % given.size()]);
        }
        file_->write<double>(path, shape, values, FileType::f64);
    }

    Hdf5File* file_;
    std::string node_;
    std::vector<Graph> graphs_;
};

void write_file(const std::string& path, std::string_view text) {
    Hdf5File file = Hdf5File::create(path);
    Maker maker(file);
    std::istringstream lines{std::string(text.substr(0, text.find('\0')))};
    for (std::string line; std::getline(lines, line);) maker.add(line);
    maker.finish();
    file.close();
}

bool is_small(const network::NirGraph& graph) {
    const network::NirShapes shapes = network::shapes_of(graph);
    std::int64_t elements = 0;
    for (const network::NirShape& shape : shapes.out) elements += network::elements_of(shape);
    for (const network::NirNode& node : graph.nodes) {
        if (node.kind != network::NirKind::delay) continue;
        for (const double delay : node.array("delay").values) {
            if (delay > 1) return false;
        }
    }
    return elements <= most_elements;
}

void run(const network::NirGraph& graph) {
    const network::NirEngine engine(graph, {}, DType::f32);
    network::NirSample sample;
    for (const network::NirPort& port : engine.inputs()) {
        sample.push_back(
            {3, port.size, std::vector<double>(static_cast<std::size_t>(3 * port.size), 1.0)});
    }
    const auto signals = engine.run({sample});
    for (const network::NirSignal& signal : signals[0]) {
        for (const double value : signal.values) {
            if (!std::isfinite(value)) std::abort();
        }
    }
}

/// True if `work` ends; false if it refuses with one of these kinds of error, in one line.
template <class Work>
bool accepts(std::initializer_list<ErrorKind> kinds, Work&& work) {
    try {
        work();
        return true;
    } catch (const Error& error) {
        bool is_right = error.message().find('\n') == std::string::npos;
        bool found = false;
        for (const ErrorKind kind : kinds) found = found || error.kind() == kind;
        is_right = is_right && found;
        if (!is_right) std::abort();
        return false;
    }
}

}  // namespace

bool read_nir_contents(std::string_view text) {
    const std::string path = "/dev/shm/elmsim-fuzz-" + std::to_string(getpid()) + ".nir";
    try {
        write_file(path, text);
    } catch (const Error&) {
        return false;  // a part of what is no group: no such file can be
    }
    const bool accepted = accepts({ErrorKind::data, ErrorKind::numeric}, [&] {
        const network::NirGraph graph = network::load_nir(path);
        if (!is_small(graph)) return;
        run(graph);
        accepts({ErrorKind::data, ErrorKind::invalid}, [&] { network::network_of(graph, 1.0); });
    });
    std::filesystem::remove(path);
    return accepted;
}

}  // namespace elm::test
