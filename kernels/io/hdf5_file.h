#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/io/value.h"

namespace elm {

/// Types of elements that files are written with. Reading converts from whatever is stored,
/// float16 and booleans included.
enum class FileType { f16, f32, f64, u8, u16, u32, u64, i16, i32, i64, boolean };

/// Rows of unequal length, one after the other: row k is values[offsets[k]] .. offsets[k + 1] - 1.
template <class T>
struct RaggedRows {
    std::vector<std::int64_t> offsets = {0};
    std::vector<T> values = {};

    std::int64_t count() const { return std::ssize(offsets) - 1; }
    std::span<const T> row(std::int64_t at) const {
        const std::int64_t begin = offsets[static_cast<std::size_t>(at)];
        return std::span<const T>(values).subspan(
            static_cast<std::size_t>(begin),
            static_cast<std::size_t>(offsets[static_cast<std::size_t>(at) + 1] - begin));
    }
    void add(std::span<const T> row) {
        values.insert(values.end(), row.begin(), row.end());
        offsets.push_back(std::ssize(values));
    }
};

/// An HDF5 file, open as long as the object lives. Objects inside are named by their path from the
/// root ("/model/w_y.weight" or "model/w_y.weight"; "/" is the root group).
///
/// A failure while reading throws Error{data}, while writing Error{write}; both name the file and
/// the object and say what was expected. Threads may use different files at the same time, or read
/// from one: the library itself does one thing after the other. The element type T of a template is
/// float, double, std::int32_t, std::int64_t or std::uint8_t.
class Hdf5File {
public:
    /// Opens for reading. Throws Error{data} if the file is missing, truncated or not HDF5.
    static Hdf5File open(const std::string& path);
    /// Opens the bytes of a file that stand in memory, which are copied. `name` stands for the
    /// path.
    static Hdf5File open_image(const std::string& name, std::span<const std::byte> image);
    /// Creates an empty file, in place of one that is there.
    static Hdf5File create(const std::string& path);
    /// True if `path` is a file that starts as HDF5 files do.
    static bool is_hdf5(const std::string& path);

    ~Hdf5File();
    Hdf5File(Hdf5File&&) noexcept;
    Hdf5File& operator=(Hdf5File&&) noexcept;

    const std::string& path() const noexcept;
    /// Writes everything out and closes. Throws Error{write}, for example on a full disk; the
    /// destructor closes too, but cannot tell.
    void close();

    // --- looking around. What a link leads to counts as being there; a link that leads nowhere is
    // an error, Error{data}, and not an object that is not there.
    bool has(const std::string& object) const;
    bool is_group(const std::string& object) const;
    bool is_dataset(const std::string& object) const;
    /// Names of the links in a group, sorted. Throws Error{data} naming one that leads nowhere.
    std::vector<std::string> links(const std::string& group) const;
    std::vector<std::int64_t> shape(const std::string& dataset) const;
    /// "float32", "int64", "boolean", ...: the stored type, for people.
    std::string type_name(const std::string& dataset) const;
    /// True if elements are stored as real numbers of 8 bytes.
    bool stores_f64(const std::string& dataset) const;

    // --- reading
    /// All elements, row-major.
    template <class T>
    std::vector<T> read(const std::string& dataset) const;
    /// As many elements of a one-dimensional dataset as `out` holds, from `begin` on.
    template <class T>
    void read_range(const std::string& dataset, std::int64_t begin, std::span<T> out) const;
    /// Rows [first, first + count) along axis 0, row-major. Throws Error{data} if they are not
    /// there.
    template <class T>
    std::vector<T> read_rows(const std::string& dataset, std::int64_t first,
                             std::int64_t count) const;
    /// Throws Error{data} with both shapes unless the dataset has this one.
    void require_shape(const std::string& dataset, const std::vector<std::int64_t>& expected) const;
    std::string read_string(const std::string& dataset) const;
    /// Rows [first, first + count) of a list of lists (variable-length sequences of numbers). T is
    /// float or std::int32_t.
    template <class T>
    RaggedRows<T> read_ragged(const std::string& dataset, std::int64_t first,
                              std::int64_t count) const;
    /// All elements of an array of texts, row-major.
    std::vector<std::string> read_strings(const std::string& dataset) const;

    /// Scalar attributes of an object: booleans, integers, reals and strings, and the names of an
    /// enumeration's values; others are left out. A library older than the one that wrote the file
    /// may be unable to list them: then those of `names` are looked for, one by one.
    Values attributes(const std::string& object, const std::vector<std::string>& names = {}) const;
    /// One attribute; throws Error{data} if it is not there or is not a number.
    double number_attribute(const std::string& object, const std::string& name) const;

    // --- writing; parent groups are made as needed
    /// Copies an object of another file, with all it holds, to the same path in this one.
    void copy_from(const Hdf5File& other, const std::string& object);
    void make_group(const std::string& group);
    template <class T>
    void write(const std::string& dataset, const std::vector<std::int64_t>& shape,
               std::span<const T> values, FileType type);
    void write_string(const std::string& dataset, std::string_view text);
    void write_strings(const std::string& dataset, std::span<const std::string> texts);
    /// An array of texts that are each as long as they are, row-major.
    void write_texts(const std::string& dataset, const std::vector<std::int64_t>& shape,
                     std::span<const std::string> texts);
    /// A list of lists that write_ragged() fills, `rows` of them.
    void make_ragged(const std::string& dataset, std::int64_t rows, FileType type);
    /// Writes rows from `first` on. T is float or std::int32_t.
    template <class T>
    void write_ragged(const std::string& dataset, std::int64_t first, const RaggedRows<T>& rows);
    void set_attribute(const std::string& object, const std::string& name, const Value& value);
    /// An attribute of whole numbers: of one axis, or a scalar where `shape` is empty.
    void set_attribute(const std::string& object, const std::string& name,
                       const std::vector<std::int64_t>& shape, std::span<const std::int64_t> values,
                       FileType type);
    /// An attribute of an enumeration of bytes that has these names for 0, 1, ...
    void set_choice(const std::string& object, const std::string& name,
                    const std::vector<std::string>& choices, std::size_t chosen);
    /// An empty dataset that grows along axis 0 by append(). `row`: shape of one row, empty for
    /// scalars. `chunk_rows`: rows written to disk together. `deflate_level`: 0 as they are, 1 .. 9
    /// compressed.
    void make_growing(const std::string& dataset, const std::vector<std::int64_t>& row,
                      FileType type, std::int64_t chunk_rows, int deflate_level = 0);
    /// Adds whole rows at the end of a growing dataset.
    template <class T>
    void append(const std::string& dataset, std::span<const T> values);
    /// A dataset of known shape that fill() writes in pieces, all of it.
    void make_filled(const std::string& dataset, const std::vector<std::int64_t>& shape,
                     FileType type);
    /// Writes values from `begin` on along the last axis, row-major, for all of the other axes.
    template <class T>
    void fill(const std::string& dataset, std::int64_t begin, std::span<const T> values);

    /// A dataset of known shape in compressed chunks of `chunk_rows` rows, which write_chunk()
    /// writes, all of it.
    void make_chunked(const std::string& dataset, const std::vector<std::int64_t>& shape,
                      FileType type, std::int64_t chunk_rows);
    /// Writes the chunk that begins at row `first_row` as pack_chunk() made it.
    void write_chunk(const std::string& dataset, std::int64_t first_row, std::string_view packed);

    /// Rows of a chunk of a dataset of bytes that is stored as make_chunked() does it; 0 for any
    /// other.
    std::int64_t packed_rows(const std::string& dataset) const;
    /// The chunk that begins at row `first_row` as it stands in the file: unpack_chunk(), which
    /// needs no lock, makes its bytes. Throws Error{data} if it is not there.
    std::string read_chunk(const std::string& dataset, std::int64_t first_row) const;

private:
    struct Implementation;
    explicit Hdf5File(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> file_;
};

/// One chunk of a make_chunked() dataset, compressed: its elements of `element_bytes` bytes in the
/// order of the file (little-endian), the last chunk of a dataset filled up with zeros. Any thread
/// may make one; equal elements are equal bytes.
std::string pack_chunk(std::string_view elements, std::int64_t element_bytes);

/// The `size` elements of one byte that pack_chunk() packed, on any thread. Throws Error{data} for
/// others.
std::string unpack_chunk(std::string_view packed, std::int64_t size);

}  // namespace elm
