#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/io/state_dict.h"
#include "neuron/elm/elm_options.h"

namespace elm {

/// A fitted ELM neuron as it stands in a file: options and parameters under the state-dict names
/// of the published code (`_proto_w_s`, `tau_s` or `tau_b`, `_proto_tau_m`,
/// `input_to_synapse_indices`, `valid_indices_mask`, `mlp.network.N.weight`, `w_y.weight`, ...).
struct ElmModel {
    ElmOptions options;
    std::vector<NamedArray> parameters;
    std::string source;  // where it came from, for people

    /// The array called `name`; throws Error{data} if there is none.
    const NamedArray& at(std::string_view name) const;

    /// Throws Error{data} that lists every missing, superfluous or wrongly shaped array.
    void check() const;

    /// Number of trainable parameters (`_proto_tau_m` counts only where it is learnable).
    std::int64_t parameter_count() const;
};

/// The arrays that a model with these options has, with their shapes, in file order.
std::vector<NamedArray> expected_arrays(const ElmOptions& options);

/// Whether training changes the array called `name`.
bool is_trainable(const ElmOptions& options, std::string_view name);

/// Index of the input of each synapse, -1 where a synapse has none. For routing "random" the
/// indices are drawn from `seed`. Source: Spieler et al. 2024, arXiv 2306.16922.
std::vector<std::int64_t> make_routing(const ElmOptions& options, std::uint64_t seed);

}  // namespace elm
