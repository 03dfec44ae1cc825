#include "kernels/modules/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "kernels/core/check.h"
#include "kernels/core/output_file.h"

namespace elm {
namespace {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little);  // elements are copied as they are
constexpr std::uint64_t largest_header = 100'000'000;       // as the format's own reader allows
constexpr std::size_t length_bytes = sizeof(std::uint64_t);
constexpr const char* metadata_key = "__metadata__";

constexpr std::pair<const char*, DType> types[] = {
    {"F32", DType::f32}, {"F64", DType::f64}, {"I32", DType::i32}, {"U8", DType::u8}};

const char* type_name(DType type) {
    for (const auto& [name, known] : types) {
        if (known == type) return name;
    }
    return "?";
}

/// Calls visitor(T{}) for the element type.
template <class Visitor>
auto visit_type(DType type, const Visitor& visitor) {
    if (type == DType::i32) return visitor(std::int32_t{});
    if (type == DType::u8) return visitor(std::uint8_t{});
    return visit_real(type, visitor);
}

/// The header for tensors that follow one another, filled with spaces to a multiple of 8 bytes.
std::string header_of(std::span<const NamedTensor> tensors,
                      const std::map<std::string, std::string>& metadata) {
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty()) header[metadata_key] = metadata;
    std::size_t begin = 0;
    for (const auto& [name, tensor] : tensors) {
        ELM_CHECK(name != metadata_key && !header.contains(name),
                  "a tensor of name {} cannot be written, or was given twice", name);
        auto shape = nlohmann::ordered_json::array();
        for (int axis = 0; axis < tensor.shape().rank(); ++axis) {
            shape.push_back(tensor.shape()[axis]);
        }
        header[name] = {{"dtype", type_name(tensor.dtype())},
                        {"shape", shape},
                        {"data_offsets", {begin, begin + tensor.bytes()}}};
        begin += tensor.bytes();
    }
    std::string text = header.dump();
    text.resize((text.size() + length_bytes - 1) / length_bytes * length_bytes, ' ');
    return text;
}

/// One tensor as the header describes it.
struct Entry {
    std::string name;
    DType dtype;
    Shape shape;
    std::uint64_t begin, end;  // bytes behind the header
};

/// Throws Error{data} naming the file.
class Reader {
public:
    explicit Reader(const std::string& path) : path_(path), file_(path, std::ios::binary) {
        file_.seekg(0, std::ios::end);
        const auto size = file_.tellg();
        if (!file_ || size < 0) fail("cannot be read: is there such a file?");
        size_ = static_cast<std::uint64_t>(size);
    }

    SafetensorsFile read(Stream& stream) {
        SafetensorsFile contents;
        const Json header = read_header();
        for (const Entry& entry : entries_of(header)) {
            contents.tensors.push_back({entry.name, read_tensor(stream, entry)});
        }
        const auto metadata = header.find(metadata_key);
        if (metadata == header.end()) return contents;
        if (!metadata->is_object()) fail("__metadata__ is not an object");
        for (const auto& [key, value] : metadata->items()) {
            if (!value.is_string()) fail("__metadata__ holds something that is not a string");
            contents.metadata[key] = value.get<std::string>();
        }
        return contents;
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(ErrorKind::data, fmt::format("{}: {}", path_, what));
    }

    void read_bytes(std::uint64_t begin, void* out, std::uint64_t count) {
        file_.seekg(static_cast<std::streamoff>(begin));
        file_.read(static_cast<char*>(out), static_cast<std::streamsize>(count));
        if (!file_) fail(fmt::format("cannot be read: {} bytes at {}", count, begin));
    }

    Json read_header() {
        if (size_ < length_bytes) fail("is too short to be a safetensors file");
        std::uint64_t length = 0;
        read_bytes(0, &length, length_bytes);
        if (length > largest_header || length > size_ - length_bytes) {
            fail(fmt::format("the header is said to have {} bytes in a file of {}", length, size_));
        }
        data_begin_ = length_bytes + length;
        std::string text(length, '\0');
        read_bytes(length_bytes, text.data(), length);
        std::vector<std::set<std::string>> keys;  // of the open objects
        const auto refuse_twins = [&](int, Json::parse_event_t event, Json& parsed) {
            if (event == Json::parse_event_t::object_start) keys.emplace_back();
            if (event == Json::parse_event_t::object_end) keys.pop_back();
            if (event == Json::parse_event_t::key &&
                !keys.back().insert(parsed.get<std::string>()).second) {
                fail(fmt::format("the header names {} twice", parsed.get<std::string>()));
            }
            return true;
        };
        Json header = text.empty() || text.front() != '{' ? Json(Json::value_t::discarded)
                                                          : Json::parse(text, refuse_twins, false);
        if (!header.is_object()) fail("the header is not an object in JSON");
        return header;
    }

    std::vector<std::int64_t> whole_numbers(const std::string& name, const Json& description,
                                            const char* key) const {
        const auto list = description.find(key);
        std::vector<std::int64_t> numbers;
        if (list != description.end() && list->is_array()) {
            for (const Json& item : *list) {
                if (item.is_number_unsigned() && item.get<std::uint64_t>() <= size_) {
                    numbers.push_back(item.get<std::int64_t>());
                }
            }
            if (numbers.size() == list->size()) return numbers;
        }
        fail(fmt::format("{}: {} must be a list of whole numbers that fit the file", name, key));
    }

    Entry entry_of(const std::string& name, const Json& description) const {
        if (!description.is_object()) fail(fmt::format("{} is not described by an object", name));
        const std::vector<std::int64_t> shape = whole_numbers(name, description, "shape");
        const std::vector<std::int64_t> offsets = whole_numbers(name, description, "data_offsets");
        if (shape.size() > max_rank || offsets.size() != 2 || offsets[0] > offsets[1]) {
            fail(
                fmt::format("{} has {} axes and {} offsets, expected at most {} axes and two "
                            "offsets in rising order",
                            name, shape.size(), offsets.size(), max_rank));
        }
        const auto type = description.find("dtype");
        for (const auto& [known, dtype] : types) {
            if (type == description.end() || *type != known) continue;
            const Entry entry{name, dtype, Shape(shape), static_cast<std::uint64_t>(offsets[0]),
                              static_cast<std::uint64_t>(offsets[1])};
            require_size(entry);
            return entry;
        }
        fail(fmt::format("{} has type {}, expected F32, F64, I32 or U8", name,
                         type == description.end() ? "none" : type->dump()));
    }

    /// The product of extents is taken step by step, because it could overflow.
    void require_size(const Entry& entry) const {
        std::uint64_t bytes = size_of(entry.dtype);
        for (int axis = 0; axis < entry.shape.rank(); ++axis) {
            const auto extent = static_cast<std::uint64_t>(entry.shape[axis]);
            if (extent != 0 && bytes > UINT64_MAX / extent) {
                fail(fmt::format("{} has an impossible shape {}", entry.name,
                                 to_string(entry.shape)));
            }
            bytes *= extent;
        }
        if (bytes != entry.end - entry.begin) {
            fail(fmt::format("{} of shape {} has {} bytes, expected {}", entry.name,
                             to_string(entry.shape), entry.end - entry.begin, bytes));
        }
    }

    /// In the order of their bytes, which must fill the rest of the file.
    std::vector<Entry> entries_of(const Json& header) const {
        std::vector<Entry> entries;
        for (const auto& [name, description] : header.items()) {
            if (name != metadata_key) entries.push_back(entry_of(name, description));
        }
        std::sort(entries.begin(), entries.end(), [](const Entry& one, const Entry& other) {
            return std::pair(one.begin, one.end) < std::pair(other.begin, other.end);
        });
        std::uint64_t end = 0;
        for (const Entry& entry : entries) {
            if (entry.begin != end) {
                fail(
                    fmt::format("{} begins at byte {}, expected {}", entry.name, entry.begin, end));
            }
            end = entry.end;
        }
        if (end != size_ - data_begin_) {
            fail(
                fmt::format("the tensors have {} bytes, but the file holds {}: it may be "
                            "truncated",
                            end, size_ - data_begin_));
        }
        return entries;
    }

    Tensor read_tensor(Stream& stream, const Entry& entry) {
        return visit_type(entry.dtype, [&]<class T>(T) {
            std::vector<T> values(static_cast<std::size_t>(entry.shape.size()));
            read_bytes(data_begin_ + entry.begin, values.data(), entry.end - entry.begin);
            return Tensor::from<T>(stream, entry.shape, values);
        });
    }

    std::string path_;
    std::ifstream file_;
    std::uint64_t size_ = 0, data_begin_ = 0;
};

}  // namespace

void write_safetensors(const std::string& path, bool force, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata) {
    const std::string header = header_of(tensors, metadata);
    const std::uint64_t length = header.size();
    OutputFile output(path, force);
    output.write(&length, length_bytes);
    output.write(header);
    Stream cpu{Device{}};
    for (const auto& [name, tensor] : tensors) {
        const Tensor host = tensor.to(cpu);
        output.write(host.data(), static_cast<std::size_t>(host.bytes()));
    }
    output.commit();
}

SafetensorsFile read_safetensors(Stream& stream, const std::string& path) {
    return Reader(path).read(stream);
}

}  // namespace elm
