#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/ops/elm/scan_node.h"
#include "tests/reference/elm_scan_reference.h"
#include "tests/support/hidden_unit.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

/// Uses of the ELM node with random parameters, and the naive loops for them.
namespace elm::test {

struct ElmScanSizes {
    std::int64_t batch = 2, time = 6;
    std::int64_t n_input = 5, n_branch = 3, n_per_branch = 4, n_memory = 7, n_hidden = 9,
                 n_output = 2;
    std::int64_t hidden_layers = 1;
    bool per_synapse = false;
    HiddenUnit hidden_unit = HiddenUnit::relu;
    bool spikes = false;
    bool alike = false;  // all traces decay alike
    std::int64_t segment_steps = 0;
    ElmArithmetic arithmetic = ElmArithmetic::exact;
};

inline ElmStructure structure_of(const ElmScanSizes& sizes) {
    ElmStructure structure;
    structure.n_input = sizes.n_input;
    structure.n_branch = sizes.n_branch;
    structure.n_synapse_per_branch = sizes.n_per_branch;
    const std::int64_t n_synapse = sizes.n_branch * sizes.n_per_branch;
    for (std::int64_t s = 0; s < n_synapse; ++s) {
        // Some inputs reach a branch twice, some synapses have none.
        structure.input_of_synapse.push_back(s % 7 == 5 ? -1 : s * s % sizes.n_input);
    }
    structure.trace_per_synapse = sizes.per_synapse;
    const std::int64_t n_trace = sizes.per_synapse ? n_synapse : sizes.n_branch;
    structure.trace_decay = sizes.alike
                                ? std::vector<double>(static_cast<std::size_t>(n_trace), 0.8)
                                : random_values(n_trace, 0.3, 0.95, {7, 1, 0});
    for (std::int64_t i = 0; i < sizes.n_input; ++i) {
        structure.input_sign.push_back(sizes.spikes && i % 3 == 2 ? -1 : 1);
    }
    structure.hidden_unit = sizes.hidden_unit;
    structure.segment_steps = sizes.segment_steps;
    structure.arithmetic = sizes.arithmetic;
    return structure;
}

/// Each unit spikes in a third of the steps, some of them twice.
inline SpikeTrain spikes_of(const ElmScanSizes& sizes) {
    SpikeTrain train{sizes.batch, sizes.time, sizes.n_input, {0}, {}};
    for (std::int64_t row = 0; row < sizes.batch * sizes.time; ++row) {
        for (std::int64_t unit = 0; unit < sizes.n_input; ++unit) {
            const std::uint32_t word = random_word({11, 0, 0}, row * sizes.n_input + unit);
            if (word % 3 == 0) train.units.push_back(static_cast<std::int32_t>(unit));
            if (word % 12 == 0) train.units.push_back(static_cast<std::int32_t>(unit));
        }
        train.row_begin.push_back(static_cast<std::int64_t>(train.units.size()));
    }
    return train;
}

/// Counts that the structure makes of the train, as the naive loops see it.
inline std::vector<double> signed_counts(const SpikeTrain& train, const std::vector<double>& sign) {
    std::vector<double> counts(
        static_cast<std::size_t>(train.n_samples * train.n_steps * train.n_units));
    for (std::size_t row = 0; row + 1 < train.row_begin.size(); ++row) {
        for (auto at = train.row_begin[row]; at < train.row_begin[row + 1]; ++at) {
            const auto unit = static_cast<std::size_t>(train.units[static_cast<std::size_t>(at)]);
            counts[row * sign.size() + unit] += sign[unit];
        }
    }
    return counts;
}

inline ElmScanVars vars_of(std::span<const Var> in, std::int64_t hidden_layers) {
    ElmScanVars vars{in[0], in[1], in[2], {}, {}};
    std::size_t next = 3;
    for (std::int64_t l = 0; l <= hidden_layers; ++l, next += 2) {
        vars.layers.push_back({in[next], in[next + 1]});
    }
    vars.readout = {in[next], in[next + 1]};
    return vars;
}

inline reference::ElmScan reference_of(const ElmScanSizes& sizes, const ElmStructure& structure) {
    const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
    reference::ElmScan elm;
    elm.n_input = size(sizes.n_input);
    elm.n_branch = size(sizes.n_branch);
    elm.n_synapse_per_branch = size(sizes.n_per_branch);
    elm.n_memory = size(sizes.n_memory);
    elm.n_output = size(sizes.n_output);
    elm.hidden.assign(size(sizes.hidden_layers), size(sizes.n_hidden));
    for (const auto input : structure.input_of_synapse) {
        elm.input_of_synapse.push_back(static_cast<int>(input));
    }
    elm.trace_per_synapse = sizes.per_synapse;
    elm.hidden_unit = reference_of(sizes.hidden_unit);
    elm.trace_decay = structure.trace_decay;
    return elm;
}

inline OpCase scan_case(const std::string& name, const ElmScanSizes& sizes) {
    const auto structure = std::make_shared<const ElmStructure>(structure_of(sizes));
    const auto spikes = std::make_shared<const SpikeTrain>(spikes_of(sizes));
    std::vector<InputSpec> inputs{
        {.name = "synapse_weight",
         .shape = {sizes.n_branch * sizes.n_per_branch},
         .low = 0.1,
         .high = 0.9},
        {.name = "memory_decay", .shape = {sizes.n_memory}, .low = 0.2, .high = 0.95},
        {.name = "memory_gain", .shape = {sizes.n_memory}, .low = 0.1, .high = 0.8}};
    const auto add_layer = [&](const std::string& layer, std::int64_t n_in, std::int64_t n_out) {
        const double bound = 1 / std::sqrt(static_cast<double>(n_in));
        inputs.push_back(
            {.name = layer + ".weight", .shape = {n_out, n_in}, .low = -bound, .high = bound});
        inputs.push_back({.name = layer + ".bias", .shape = {n_out}, .low = -0.3, .high = 0.3});
    };
    std::int64_t n_in = sizes.n_branch + sizes.n_memory;
    for (std::int64_t l = 0; l < sizes.hidden_layers; ++l) {
        add_layer("hidden" + std::to_string(l), n_in, sizes.n_hidden);
        n_in = sizes.n_hidden;
    }
    add_layer("last", n_in, sizes.n_memory);
    add_layer("readout", sizes.n_memory, sizes.n_output);
    if (!sizes.spikes) {
        inputs.push_back({.name = "input", .shape = {sizes.batch, sizes.time, sizes.n_input}});
    }
    OpCase op;
    op.name = name;
    op.inputs = inputs;
    op.run = [=](Context& context, std::span<const Var> in) -> std::vector<Var> {
        const ElmScanVars vars = vars_of(in, sizes.hidden_layers);
        if (sizes.spikes) return {elm_scan(context, *structure, vars, *spikes)};
        return {elm_scan(context, *structure, vars, in.back())};
    };
    op.reference = [=](const Arrays& in) -> Arrays {
        const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
        const reference::ElmScan elm = reference_of(sizes, *structure);
        const auto x = sizes.spikes ? signed_counts(*spikes, structure->input_sign) : in.back();
        return {reference::elm_scan(elm, in, x, size(sizes.batch), size(sizes.time))};
    };
    op.longest_sum = std::max<std::int64_t>(1, sizes.batch * sizes.time) *
                     (sizes.n_branch + sizes.n_memory + sizes.n_hidden);
    return op;
}

}  // namespace elm::test
