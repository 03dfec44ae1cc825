#pragma once

#include <string_view>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "neuron/cable/shape/morphology.h"

namespace elm::cable {

/// Value at a distance; linear between them.
struct Knot {
    double at_um, value;
};

/// The value at a place; beyond the knots, that of the first or last.
double value_at(const std::vector<Knot>& knots, double at_um);

/// How a bush of branches grows out of its roots.
struct BushRule {
    std::string_view name;
    Region region;
    double first_um;               // where the first bin of 50 um begins
    std::vector<int> forks, tips;  // in each bin
    double longest_um;             // the last tip lies here
    int first_order, last_order;   // sections from the soma: at the first root, at most
    bool reaches_last_order;
    int segments;                // of at most 40 um
    std::vector<Knot> diameter;  // um
    double thinnest_um;
};

/// A branch of a bush, from one fork to the next or to its tip.
struct Branch {
    int parent = -1;  // -1: a root
    double begin_um = 0, end_um = 0;
    int order = 1;
    int root = 0;  // of which root it comes
};

/// Branches that keep the rule, parents before children. `roots` says where each root begins,
/// rising, and `root_orders` how many sections it is from the soma. Throws Error{numeric} if none
/// of many draws keeps the rule.
std::vector<Branch> draw_bush(const BushRule& rule, const std::vector<double>& roots,
                              const std::vector<int>& root_orders, const RandomKey& key);

}  // namespace elm::cable
