#include "kernels/ops/elm/structure.h"

#include "kernels/core/support/check.h"

namespace elm {

void ElmStructure::check() const {
    ELM_CHECK(is_hidden_unit(hidden_unit),
              "elm_scan: hidden units of an ELM are relu, relu2 or silu (got activation {})",
              static_cast<int>(hidden_unit));
    ELM_CHECK(n_input >= 1 && n_branch >= 1 && n_synapse_per_branch >= 1,
              "elm_scan: structure has {} inputs, {} branches, {} synapses a branch, expected at "
              "least 1 of each",
              n_input, n_branch, n_synapse_per_branch);
    const std::int64_t n_synapse = n_branch * n_synapse_per_branch;
    const auto require = [](std::size_t size, std::int64_t expected, const char* what) {
        ELM_CHECK(static_cast<std::int64_t>(size) == expected,
                  "elm_scan: {} has {} values, expected {}", what, size, expected);
    };
    require(input_of_synapse.size(), n_synapse, "input_of_synapse (branches * synapses a branch)");
    require(input_sign.size(), n_input, "input_sign (inputs)");
    require(trace_decay.size(), trace_per_synapse ? n_synapse : n_branch,
            trace_per_synapse ? "trace_decay (one per synapse)" : "trace_decay (one per branch)");
    for (const std::int64_t input : input_of_synapse) {
        ELM_CHECK(input >= -1 && input < n_input,
                  "elm_scan: a synapse is routed from input {}, expected one of 0 to {}, or -1 for "
                  "none",
                  input, n_input - 1);
    }
    for (const double sign : input_sign) {
        ELM_CHECK(sign == 1 || sign == -1, "elm_scan: input_sign holds {}, expected +1 or -1",
                  sign);
    }
}

}  // namespace elm
