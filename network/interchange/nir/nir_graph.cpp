#include "network/interchange/nir/nir_graph.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernels/core/support/error.h"

namespace elm::network {
namespace {

const std::vector<NirType>& all_types() {
    using enum NirKind;
    static const std::vector<NirType> types{
        {input, "Input", {"shape"}, {}},
        {output, "Output", {"shape"}, {}},
        {port, "a border of an inner graph", {"shape"}, {}},
        {affine, "Affine", {"weight", "bias"}, {}},
        {linear, "Linear", {"weight"}, {}},
        {scale, "Scale", {"scale"}, {}},
        {conv1d,
         "Conv1d",
         {"weight", "stride", "padding", "dilation", "groups", "bias"},
         {"input_shape"}},
        {conv2d,
         "Conv2d",
         {"weight", "stride", "padding", "dilation", "groups", "bias"},
         {"input_shape"}},
        {sum_pool, "SumPool2d", {"kernel_size", "stride", "padding"}, {}},
        {avg_pool, "AvgPool2d", {"kernel_size", "stride", "padding"}, {}},
        {flatten, "Flatten", {"start_dim", "end_dim"}, {"input_type"}},
        {delay, "Delay", {"delay"}, {}},
        {threshold, "Threshold", {"threshold"}, {}},
        {integrator, "I", {"r"}, {}, true},
        {integrate_and_fire, "IF", {"r", "v_threshold"}, {"v_reset"}, true, true},
        {leaky_integrator, "LI", {"tau", "r", "v_leak"}, {}, true},
        {leaky_integrate_and_fire,
         "LIF",
         {"tau", "r", "v_leak", "v_threshold"},
         {"v_reset"},
         true,
         true},
        {current_leaky_integrator, "CubaLI", {"tau_syn", "tau_mem", "r", "v_leak"}, {"w_in"}, true},
        {current_leaky_integrate_and_fire,
         "CubaLIF",
         {"tau_syn", "tau_mem", "r", "v_leak", "v_threshold"},
         {"v_reset", "w_in"},
         true,
         true}};
    return types;
}

/// Numbers that set sizes: whole, and not below this.
void require_whole(const NirNode& node, const std::string& name, double lowest) {
    if (!node.has(name)) return;
    for (const double value : node.array(name).values) {
        if (value == std::floor(value) && value >= lowest && value <= 1e9) continue;
        fail_nir(node.place, fmt::format("{} is {}, expected a whole number of at least {}.", name,
                                         value, lowest));
    }
}

void require_positive_times(const NirNode& node) {
    for (const char* const name : {"tau", "tau_mem", "tau_syn"}) {
        if (!node.has(name)) continue;
        for (const double value : node.array(name).values) {
            if (value > 0) continue;
            fail_nir(node.place, fmt::format("{} is {} s, expected a positive time.", name, value));
        }
    }
    if (!node.has("delay")) return;
    for (const double value : node.array("delay").values) {
        if (value >= 0) continue;
        fail_nir(node.place, fmt::format("delay is {} s, expected at least 0.", value));
    }
}

void require_one_shape(const NirNode& node) {
    const NirArray* first = nullptr;
    std::string first_name;
    for (const auto& entry : node.arrays) {
        if (entry.second.is_scalar()) continue;
        if (first == nullptr) {
            first = &entry.second;
            first_name = entry.first;
        } else if (entry.second.shape != first->shape) {
            fail_nir(node.place,
                     fmt::format("{} has the shape ({}) and {} ({}), expected one shape for all "
                                 "parameters of the neurons.",
                                 first_name, fmt::join(first->shape, ", "), entry.first,
                                 fmt::join(entry.second.shape, ", ")));
        }
    }
}

}  // namespace

std::int64_t elements_of(const NirShape& shape) {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    return count;
}

const NirType& type_of(NirKind kind) { return all_types()[static_cast<std::size_t>(kind)]; }

const NirType* find_nir_type(std::string_view name) {
    for (const NirType& type : all_types()) {
        if (type.kind != NirKind::port && type.name == name) return &type;
    }
    return nullptr;
}

std::vector<std::string> nir_type_names() {
    std::vector<std::string> names;
    for (const NirType& type : all_types()) {
        if (type.kind != NirKind::port) names.emplace_back(type.name);
    }
    names.emplace_back("NIRGraph");
    return names;
}

void fail_nir(const std::string& place, const std::string& message) {
    throw Error(ErrorKind::data, fmt::format("{}{}{}", place, place.empty() ? "" : ": ", message));
}

void check_nir_node(const NirNode& node) {
    for (const std::string& name : node.type().required) {
        if (node.has(name) || (name == "padding" && !node.padding.empty())) continue;
        fail_nir(node.place, fmt::format("a node of the type {} must have {}, which is not there.",
                                         node.type().name, name));
    }
    for (const auto& entry : node.arrays) {
        const std::vector<double>& values = entry.second.values;
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (std::isfinite(values[i])) continue;
            fail_nir(node.place, fmt::format("{}[{}] is {}, expected finite numbers.", entry.first,
                                             i, values[i]));
        }
        if (values.empty()) {
            fail_nir(node.place, fmt::format("{} holds no number.", entry.first));
        }
    }
    for (const char* const name :
         {"shape", "stride", "dilation", "groups", "kernel_size", "input_shape", "input_type"}) {
        require_whole(node, name, 1);
    }
    require_whole(node, "padding", 0);
    require_positive_times(node);
    if (node.type().is_neuron) require_one_shape(node);
}

}  // namespace elm::network
