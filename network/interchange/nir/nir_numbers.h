#pragma once

#include <cstdint>
#include <vector>

#include "network/interchange/nir/nir_engine.h"
#include "network/interchange/nir/nir_shapes.h"

namespace elm::network {

/// Numbers of a node that stay: one for each element.
template <class Real>
struct NodeNumbers {
    std::vector<Real> a_mem, a_syn, r, v_leak, w_in, threshold, reset, scale;
    std::vector<std::int64_t> delay;
    std::int64_t slots = 0;  // of a Delay: the longest one
    // Connections by source.
    std::vector<std::int64_t> begins;
    std::vector<std::int32_t> targets;
    std::vector<Real> weights, bias;
};

/// Those of a node on a grid of time. Throws Error{data} with the place of a time constant shorter
/// than the step, where the rule is Euler's.
template <class Real>
NodeNumbers<Real> numbers_of(const NirNode& node, const NirShape& in, const NirShape& out,
                             const NirGrid& grid);

extern template NodeNumbers<float> numbers_of(const NirNode&, const NirShape&, const NirShape&,
                                              const NirGrid&);
extern template NodeNumbers<double> numbers_of(const NirNode&, const NirShape&, const NirShape&,
                                               const NirGrid&);

}  // namespace elm::network
