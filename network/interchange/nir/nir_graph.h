#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Graphs of the Neuromorphic Intermediate Representation (NIR): named nodes, and edges along which
/// signals go. Several edges into a node add up. Numbers carry no units but times, which are in
/// seconds.
/// Source: Pedersen et al. 2024, doi:10.1038/s41467-024-52259-9.
namespace elm::network {

using NirShape = std::vector<std::int64_t>;

std::int64_t elements_of(const NirShape& shape);

/// What a node holds under one name, row-major; no axis: one number for all.
struct NirArray {
    NirShape shape = {};
    std::vector<double> values = {};
    bool is_f32 = false;  // in the file

    bool is_scalar() const { return shape.empty(); }
};

/// x: the sum of what comes in; y: what goes out; z: a spike, 1 where v > v_threshold, after which
/// v = v_reset.
enum class NirKind : std::uint8_t {
    input,
    output,
    port,                      // border of a graph within a graph: y = x
    affine,                    // y = W x + b
    linear,                    // y = W x
    scale,                     // y = s x
    conv1d,                    // cross-correlation
    conv2d,                    // cross-correlation
    sum_pool,                  // sums of windows
    avg_pool,                  // means of windows; what is put around the image counts
    flatten,                   // y = x in another shape
    delay,                     // y(t) = x(t - delay)
    threshold,                 // y = 1 where x > threshold, else 0
    integrator,                // dv/dt = r x, y = v
    integrate_and_fire,        // the same, y = z
    leaky_integrator,          // tau dv/dt = v_leak - v + r x, y = v
    leaky_integrate_and_fire,  // the same, y = z
    current_leaky_integrator,  // tau_syn dI/dt = w_in x - I, tau_mem dv/dt = v_leak - v + r I, y =
                               // v
    current_leaky_integrate_and_fire  // the same, y = z
};

/// A type of nodes as files name it.
struct NirType {
    NirKind kind;
    const char* name;
    std::vector<std::string> required, optional;  // arrays
    bool is_neuron = false;                       // all arrays have the shape of the neurons
    bool spikes = false;
};
const NirType& type_of(NirKind kind);
/// Null if no type has this name.
const NirType* find_nir_type(std::string_view name);
std::vector<std::string> nir_type_names();

struct NirNode {
    std::string name = {};  // those of inner graphs: GRAPH.NODE
    NirKind kind = NirKind::input;
    std::map<std::string, NirArray> arrays = {};
    std::string padding = {};  // of a convolution: "same" or "valid", in place of numbers
    std::string place = {};    // for messages

    const NirType& type() const { return type_of(kind); }
    bool has(const std::string& key) const { return arrays.contains(key); }
    const NirArray& array(const std::string& key) const { return arrays.at(key); }
};

struct NirEdge {
    std::size_t from = 0, to = 0;
};

struct NirGraph {
    std::string origin = {};  // for messages
    std::vector<NirNode> nodes = {};
    std::vector<NirEdge> edges = {};  // in the order in which they stand
};

/// Throws Error{data} with what a node cannot be: arrays that are missing or not finite, time
/// constants and delays below their range, parameters of unequal shapes.
void check_nir_node(const NirNode& node);

/// Throws Error{data} that begins with the place of a node.
[[noreturn]] void fail_nir(const std::string& place, const std::string& message);

}  // namespace elm::network
