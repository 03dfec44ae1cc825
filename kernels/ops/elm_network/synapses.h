#pragma once

#include <cstdint>
#include <span>

#include "kernels/core/tensor.h"

/// Synapses of a layer of neurons: which source feeds which branch of which neuron.
namespace elm {

/// What kernels see of them. Synapses stand in the order of their rows: those of row r are
/// row_begin[r] to row_begin[r + 1] - 1; those of source p are by_source[source_begin[p]] to
/// by_source[source_begin[p + 1] - 1].
struct SynapsesView {
    View<const std::int32_t, 1> source, row, row_begin, source_begin, by_source;

    ELM_HD std::int64_t count() const { return source.extent[0]; }
    ELM_HD std::int64_t sources() const { return source_begin.extent[0] - 1; }
    ELM_HD std::int64_t rows() const { return row_begin.extent[0] - 1; }
};

/// The same with their memory on one device; all of type i32. A row is branch * neurons + neuron.
struct Synapses {
    Tensor source, row;   // (synapses)
    Tensor row_begin;     // (rows + 1)
    Tensor source_begin;  // (sources + 1)
    Tensor by_source;     // (synapses)

    std::int64_t count() const { return source.shape()[0]; }
    std::int64_t sources() const { return source_begin.shape()[0] - 1; }
    std::int64_t rows() const { return row_begin.shape()[0] - 1; }
    SynapsesView view() const;
};

/// Throws Error{invalid} unless there is a source in [0, sources) and a row in [0, rows) for each
/// synapse and the rows rise.
Synapses make_synapses(Stream& stream, std::int64_t sources, std::int64_t rows,
                       std::span<const std::int32_t> source, std::span<const std::int32_t> row);

}  // namespace elm
