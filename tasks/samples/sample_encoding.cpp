#include "tasks/samples/sample_encoding.h"

#include <algorithm>
#include <type_traits>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "tasks/data/spikes/spike_rows.h"

namespace elm {
namespace {

constexpr std::int64_t byte_values = 256;

template <class T>
void add_spikes(const InputEncoding& encoding, std::span<const T> sample, SpikeTrain& train) {
    if constexpr (std::is_same_v<T, float>) {
        append_binary(train, sample);
    } else {
        thread_local std::vector<std::int32_t> units;
        units.assign(sample.begin(), sample.end());
        for (std::int32_t& unit : units) {
            const auto kinds = static_cast<std::int32_t>(
                encoding.units.empty() ? encoding.width : std::ssize(encoding.units));
            if (unit < 0 || unit >= kinds) {
                throw Error(ErrorKind::data,
                            fmt::format("token {}; expected 0 to {}.", unit, kinds - 1));
            }
            if (!encoding.units.empty()) unit = encoding.units[static_cast<std::size_t>(unit)];
        }
        if (encoding.end >= 0) units.push_back(encoding.end);
        append_one_hot(train, units);
    }
}

template <class T, class Real>
void add_dense(const InputEncoding& encoding, std::span<const T> sample, std::span<Real> row) {
    for (std::size_t k = 0; k < row.size(); ++k) {
        if (k >= sample.size()) {
            row[k] = 0;
        } else if (encoding.values.empty()) {
            row[k] = static_cast<Real>(sample[k]);
        } else {
            const auto value = static_cast<std::int64_t>(sample[k]);
            if (value < 0 || value >= std::ssize(encoding.values)) {
                throw Error(ErrorKind::data, fmt::format("value {}; expected 0 to {}.", value,
                                                         std::ssize(encoding.values) - 1));
            }
            row[k] = static_cast<Real>(encoding.values[static_cast<std::size_t>(value)]);
        }
    }
}

/// One sequence whose units are read from its bytes. Returns its steps.
std::int64_t add_read_units(const InputEncoding& encoding, std::span<const std::uint8_t> bytes,
                            SpikeTrain& train) {
    thread_local std::vector<std::int32_t> units;
    units.clear();
    encoding.read_units(bytes, units);
    if (units.empty()) throw Error(ErrorKind::data, "a sample without steps.");
    const std::int64_t room = train.n_steps - (encoding.end >= 0 ? 1 : 0);
    if (std::ssize(units) > room) units.resize(static_cast<std::size_t>(room));
    if (encoding.end >= 0) units.push_back(encoding.end);
    append_one_hot(train, units);
    return std::ssize(units);
}

/// One sequence. Returns its steps.
template <class T>
std::int64_t add_sequence(const InputEncoding& encoding, std::span<const T> values,
                          std::int64_t row, Batch& batch) {
    if constexpr (std::is_same_v<T, std::uint8_t>) {
        if (encoding.read_units) return add_read_units(encoding, values, batch.spikes);
    }
    const bool is_dense = encoding.kind == InputKind::dense;
    const std::int64_t room = is_dense ? batch.dense.shape()[1] : batch.spikes.n_steps;
    const std::int64_t width = std::is_same_v<T, float> ? encoding.width : 1;
    const std::int64_t steps =
        std::ssize(values) / width + (encoding.end >= 0 && !is_dense ? 1 : 0);
    if (steps < 1) throw Error(ErrorKind::data, "a sample without steps.");
    if (steps > room) {
        throw Error(ErrorKind::data, fmt::format("{} steps; expected at most {}.", steps, room));
    }
    if (!is_dense) {
        add_spikes(encoding, values, batch.spikes);
    } else {
        visit_real(batch.dense.dtype(), [&]<class Real>(Real) {
            const auto size = static_cast<std::size_t>(room * encoding.width);
            add_dense<T, Real>(
                encoding, values,
                batch.dense.host<Real>().subspan(static_cast<std::size_t>(row) * size, size));
        });
    }
    return steps;
}

}  // namespace

InputEncoding one_hot(std::int64_t n_kinds) { return {.name = "one-hot", .width = n_kinds}; }

void declare_grey_encoding(OptionSet& options) {
    options.declare({.name = "encoding",
                     .value = std::string("grey_bins"),
                     .help = "of a pixel: a spike of its grey bin, or one dense value",
                     .choices = {"grey_bins", "value"}});
    options.declare({.name = "bins",
                     .value = std::int64_t{8},
                     .help = "grey bins of equal width",
                     .lowest = 2,
                     .highest = static_cast<double>(byte_values)});
}

InputEncoding grey_encoding(const OptionSet& options, double centre, double scale) {
    if (options.get<std::string>("encoding") == "value") {
        InputEncoding dense{.name = fmt::format("(grey - {}) / {}", centre, scale),
                            .kind = InputKind::dense};
        for (std::int64_t byte = 0; byte < byte_values; ++byte) {
            dense.values.push_back((static_cast<double>(byte) - centre) / scale);
        }
        return dense;
    }
    const std::int64_t n_bins = options.get<std::int64_t>("bins");
    InputEncoding bins{.name = fmt::format("{} grey bins, one-hot", n_bins), .width = n_bins};
    for (std::int64_t byte = 0; byte < byte_values; ++byte) {
        bins.units.push_back(static_cast<std::int32_t>(byte * n_bins / byte_values));
    }
    return bins;
}

void declare_pooling(OptionSet& options) {
    options.declare({.name = "pooling",
                     .value = std::string("last"),
                     .help = "the output that is judged: of the last step, the mean, or that of a "
                             "class token behind it",
                     .choices = {"last", "mean", "cls"}});
}

Pooling pooling_of(const OptionSet& options) {
    const auto& pooling = options.get<std::string>("pooling");
    return pooling == "mean" ? Pooling::mean : pooling == "cls" ? Pooling::cls : Pooling::last;
}

void reshape_to(Tensor& tensor, const Shape& shape, DType dtype) {
    if (tensor.defined() && tensor.shape() == shape && tensor.dtype() == dtype) return;
    Stream host{Device{}};
    tensor = Tensor::empty(host, shape, dtype);
}

void begin_input(const InputEncoding& encoding, const SetColumn& column, std::int64_t count,
                 std::int64_t n_steps, DType dtype, Batch& batch) {
    const std::int64_t sequences = encoding.separator < 0 ? count : 2 * count;
    if (encoding.kind == InputKind::spikes) {
        begin_rows(batch.spikes, sequences, n_steps, encoding.width);
    } else {
        reshape_to(batch.dense, {sequences, n_steps, encoding.width}, dtype);
    }
    if (column.field.ragged && !encoding.events) reshape_to(batch.lengths, {sequences}, DType::i32);
}

void add_input(const InputEncoding& encoding, const SetColumn& column, std::int64_t sample,
               std::int64_t row, Batch& batch) {
    if (encoding.events) {
        append_events(batch.spikes, *encoding.events, encoding.units, column.at<float>(sample));
        return;
    }
    std::visit(
        [&]<class T>(const std::vector<T>&) {
            const std::span<const T> values = column.at<T>(sample);
            const auto add = [&](std::span<const T> sequence, std::int64_t at) {
                const std::int64_t steps = add_sequence(encoding, sequence, at, batch);
                if (!column.field.ragged) return;
                batch.lengths.host<std::int32_t>()[static_cast<std::size_t>(at)] =
                    static_cast<std::int32_t>(steps);
            };
            if (encoding.separator < 0) return add(values, row);
            const auto between =
                std::find(values.begin(), values.end(), static_cast<T>(encoding.separator));
            if (between == values.end()) throw Error(ErrorKind::data, "no pair of sequences.");
            const auto first = static_cast<std::size_t>(between - values.begin());
            add(values.first(first), 2 * row);
            add(values.subspan(first + 1), 2 * row + 1);
        },
        column.values);
}

}  // namespace elm
