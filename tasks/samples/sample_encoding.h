#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/io/option_set.h"
#include "tasks/data/sets/set_columns.h"
#include "tasks/samples/event_bins.h"
#include "tasks/task.h"

namespace elm {

/// How a sample enters a model, step by step: as spikes, or as dense values.
///
///   bytes, tokens   a spike of one of `width` units in each step, or one dense value
///   real numbers    rows of `width` channels: a spike where one is 1, or the values themselves
///   events          spikes of `width` units in bins of time
struct InputEncoding {
    std::string name;  // in results: "one-hot", "grey_bins", "value"
    InputKind kind = InputKind::spikes;
    std::int64_t width = 1;                // units or channels
    std::vector<std::int32_t> units = {};  // of each byte or token; empty: its own number
    std::vector<double> values = {};       // dense, of each byte; empty: its own number
    /// Appends the units of a sequence of bytes, of which several may be one; null: each byte is
    /// one. What is longer than there is room for is cut, so that there is room for the end.
    std::function<void(std::span<const std::uint8_t> bytes, std::vector<std::int32_t>& units)>
        read_units = {};
    std::int32_t end = -1;  // unit that spikes in one more step behind each sample; below 0: none
    /// The token between the two sequences of a pair; below 0: a sample is one sequence.
    std::int32_t separator = -1;
    std::optional<EventBins> events = {};  // of samples that are events
};

/// A unit for each of `n_kinds` bytes or tokens.
InputEncoding one_hot(std::int64_t n_kinds);

/// The options "encoding", grey_bins or value, and "bins", for bytes that are grey levels.
void declare_grey_encoding(OptionSet& options);
/// The encoding that was chosen: byte b is in bin floor(b n_bins / 256), or (b - centre) / scale.
InputEncoding grey_encoding(const OptionSet& options, double centre, double scale);

/// The option "pooling": last, mean or cls.
void declare_pooling(OptionSet& options);
Pooling pooling_of(const OptionSet& options);

/// A tensor of this shape and type in the memory of another one, where that fits.
void reshape_to(Tensor& tensor, const Shape& shape, DType dtype);

/// Makes room for the input of `count` samples of `n_steps` steps, and for their lengths where the
/// column is ragged, in the memory of an older batch.
void begin_input(const InputEncoding& encoding, const SetColumn& column, std::int64_t count,
                 std::int64_t n_steps, DType dtype, Batch& batch);
/// Puts sample `sample` of the column into row `row`, or the two of a pair into rows 2 row and
/// 2 row + 1, with their lengths; rows come in rising order. What is beyond is silent, or 0. Throws
/// Error{data} for a sample longer than the room that was made, for a number that has no unit and
/// for a pair that is none.
void add_input(const InputEncoding& encoding, const SetColumn& column, std::int64_t sample,
               std::int64_t row, Batch& batch);

}  // namespace elm
