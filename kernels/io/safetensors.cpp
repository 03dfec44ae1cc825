#include "kernels/io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernels/core/support/check.h"
#include "kernels/io/output_file.h"
#include "kernels/io/toml_config.h"

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

/// How elements are stored, and as what they are kept.
struct ElementType {
    const char* name;
    std::size_t bytes;
    DType kept;
    double (*value)(const char* bytes);
};

template <class T>
T load(const char* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

template <class T>
double plain(const char* bytes) {
    return static_cast<double>(load<T>(bytes));
}

/// IEEE 754 binary16.
double half(const char* bytes) {
    const auto bits = load<std::uint16_t>(bytes);
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double value = exponent == 31 ? (fraction == 0 ? std::numeric_limits<double>::infinity()
                                                   : std::numeric_limits<double>::quiet_NaN())
                                  : std::ldexp(fraction + (exponent == 0 ? 0 : 1024),
                                               std::max(exponent, 1) - 25);
    return (bits & 0x8000) != 0 ? -value : value;
}

/// The upper half of a float32.
double brain_half(const char* bytes) {
    return std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(bytes)} << 16);
}

constexpr ElementType element_types[] = {
    {"F64", 8, DType::f64, plain<double>},
    {"F32", 4, DType::f32, plain<float>},
    {"F16", 2, DType::f32, half},
    {"BF16", 2, DType::f32, brain_half},
    {"I64", 8, DType::i32, plain<std::int64_t>},
    {"I32", 4, DType::i32, plain<std::int32_t>},
    {"I16", 2, DType::i32, plain<std::int16_t>},
    {"I8", 1, DType::i32, plain<std::int8_t>},
    {"U8", 1, DType::u8, plain<std::uint8_t>},
    {"BOOL", 1, DType::u8, plain<std::uint8_t>},
};

/// Puts what a text of the metadata says among the attributes.
void add_attribute(Values& attributes, const std::string& key, const std::string& text) {
    const Json parsed = Json::parse(text, nullptr, false);
    const auto add = [&](const std::string& name, const Json& value) {
        if (value.is_boolean()) {
            attributes[name] = value.get<bool>();
        } else if (value.is_number_integer()) {
            attributes[name] = value.get<std::int64_t>();
        } else if (value.is_number()) {
            attributes[name] = value.get<double>();
        } else if (value.is_string()) {
            attributes[name] = value.get<std::string>();
        }
    };
    if (parsed.is_object()) {
        for (const auto& [name, value] : parsed.items()) add(name, value);
    } else if (text == "True" || text == "False") {
        attributes[key] = text == "True";
    } else if (parsed.is_discarded() && text != "None") {
        attributes[key] = parse_value(text);
    } else {
        add(key, parsed);
    }
}

/// One array as the header describes it.
struct Entry {
    std::string name;
    const ElementType* type;
    std::vector<std::int64_t> shape;
    std::uint64_t begin, end;  // bytes behind the header
};

/// Reads from a file or from memory. Throws Error{data} naming the file.
class Reader {
public:
    Reader(std::string path, std::istream& input) : path_(std::move(path)), input_(input) {
        input_.seekg(0, std::ios::end);
        const auto size = input_.tellg();
        if (!input_ || size < 0) fail("cannot be read: is there such a file?");
        size_ = static_cast<std::uint64_t>(size);
    }

    StateDict read() {
        StateDict contents{path_, {}, {}};
        const Json header = read_header();
        for (const Entry& entry : entries_of(header)) contents.arrays.push_back(read_array(entry));
        const auto metadata = header.find(metadata_key);
        if (metadata == header.end()) return contents;
        if (!metadata->is_object()) fail("__metadata__ is not an object");
        for (const auto& [key, value] : metadata->items()) {
            if (!value.is_string()) fail("__metadata__ holds something that is not a string");
            add_attribute(contents.attributes, key, value.get<std::string>());
        }
        return contents;
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(ErrorKind::data, fmt::format("{}: {}", path_, what));
    }

    void read_bytes(std::uint64_t begin, void* out, std::uint64_t count) {
        input_.seekg(static_cast<std::streamoff>(begin));
        input_.read(static_cast<char*>(out), static_cast<std::streamsize>(count));
        if (!input_) fail(fmt::format("cannot be read: {} bytes at {}", count, begin));
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
        if (offsets.size() != 2 || offsets[0] > offsets[1]) {
            fail(fmt::format("{} has {} offsets, expected two in rising order", name,
                             offsets.size()));
        }
        const auto type = description.find("dtype");
        std::string known;
        for (const ElementType& candidate : element_types) {
            known += fmt::format("{}{}", known.empty() ? "" : ", ", candidate.name);
            if (type == description.end() || *type != candidate.name) continue;
            Entry entry{name, &candidate, shape, static_cast<std::uint64_t>(offsets[0]),
                        static_cast<std::uint64_t>(offsets[1])};
            require_size(entry);
            return entry;
        }
        fail(fmt::format("{} has type {}, expected one of {}", name,
                         type == description.end() ? "none" : type->dump(), known));
    }

    /// The product of extents is taken step by step, because it could overflow.
    void require_size(const Entry& entry) const {
        std::uint64_t bytes = entry.type->bytes;
        const std::string shape = fmt::format("({})", fmt::join(entry.shape, ", "));
        for (const std::int64_t axis : entry.shape) {
            const auto extent = static_cast<std::uint64_t>(axis);
            if (extent != 0 && bytes > UINT64_MAX / extent) {
                fail(fmt::format("{} has an impossible shape {}", entry.name, shape));
            }
            bytes *= extent;
        }
        if (bytes != entry.end - entry.begin) {
            fail(fmt::format("{} of shape {} has {} bytes, expected {}", entry.name, shape,
                             entry.end - entry.begin, bytes));
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

    NamedArray read_array(const Entry& entry) {
        std::string bytes(entry.end - entry.begin, '\0');
        read_bytes(data_begin_ + entry.begin, bytes.data(), bytes.size());
        NamedArray array{entry.name, entry.shape, {}, entry.type->kept};
        array.values.reserve(bytes.size() / entry.type->bytes);
        for (std::size_t at = 0; at < bytes.size(); at += entry.type->bytes) {
            array.values.push_back(entry.type->value(bytes.data() + at));
        }
        return array;
    }

    std::string path_;
    std::istream& input_;
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

bool is_safetensors(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    char start[length_bytes + 1] = {};
    if (!file.read(start, sizeof start)) return path.ends_with(".safetensors");
    const bool begins = load<std::uint64_t>(start) <= largest_header && start[length_bytes] == '{';
    return begins || path.ends_with(".safetensors");
}

StateDict read_safetensors(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return Reader(path, file).read();
}

StateDict read_safetensors(const std::string& name, std::string_view bytes) {
    std::istringstream text{std::string(bytes)};
    return Reader(name, text).read();
}

}  // namespace elm
