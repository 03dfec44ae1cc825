#pragma once

#include <cstdint>
#include <string>

#include "neuron/cable/shape/morphology.h"

namespace elm::cable {

/// A thick-tufted pyramidal cell of layer 5 that nobody traced: drawn by rule from counts of forks
/// and tips at each distance from the soma, so that lengths, areas and diameters are those of such
/// cells (layer5_morphology.cpp says which). Every seed gives another shape with the same counts:
/// 84 basal and 109 apical sections, and 262 and 377 segments of at most 40 um. The axon is a stub
/// of two cylinders of 30 um. The soma's centre is the origin, y points to the tuft. um.
/// The same bits on every machine.
Morphology layer5_morphology(std::uint64_t seed = 0);

/// A place on a tree.
struct NexusSite {
    std::string section;
    double x = 0;
};

/// Where the apical dendrite's calcium spikes begin: 678 um from the soma's centre along the
/// thickest path, above the fork at the end of the trunk. The path takes, at each fork, the branch
/// of the largest area per length. Throws Error{data} if there is no apical dendrite or it ends
/// before.
NexusSite layer5_nexus(const Morphology& morphology, double distance_um = 678);

}  // namespace elm::cable
