#pragma once

// Target of the fuzzers of the readers, and of the replay of their corpus: one text.

#include <cstdlib>
#include <string>
#include <string_view>

#include "kernels/core/support/error.h"
#include "neuron/cable/shape/compartments.h"
#include "neuron/cable/shape/morphology_edit.h"
#include "neuron/cable/shape/morphology_writer.h"

namespace elm::test {

using MorphologyReader = cable::Morphology (*)(std::string_view text, const std::string& origin);

/// True if `reader` accepts `text`. It must either refuse it with Error{data}, or give a morphology
/// that passes the checks, can be cut, and can be written; anything else ends the program.
inline bool read_any(MorphologyReader reader, std::string_view text) {
    cable::Morphology cell;
    try {
        cell = reader(text, "fuzz");
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::data || error.message().rfind("fuzz:", 0) != 0) std::abort();
        return false;
    }
    cable::check_morphology(cell);
    double length_um = 0;
    for (const cable::Section& section : cell.sections) length_um += cable::length_of(section);
    // More would only fill the memory.
    if (!(length_um < 1e6)) return true;
    const cable::Compartments cut = cable::discretise(cell, {});
    for (std::size_t i = 1; i < cut.nodes.size(); ++i) {
        const int parent = cut.nodes[i].parent;
        if (parent < 0 || parent >= static_cast<int>(i)) std::abort();
    }
    try {
        cable::swc_text(cell);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::data) std::abort();
    }
    return true;
}

}  // namespace elm::test
