#include "kernels/io/state_dict.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/safetensors.h"

namespace elm {
namespace {

constexpr int deepest_group = 8;       // groups may hold themselves
constexpr std::size_t n_examples = 3;  // of each kind of difference

DType stored_type(const std::string& type) {
    if (type == "float64") return DType::f64;
    if (type.starts_with("float")) return DType::f32;
    return type == "boolean" ? DType::u8 : DType::i32;
}

void read_group(const Hdf5File& file, const std::string& group, const std::string& prefix,
                int depth, std::vector<NamedArray>& arrays) {
    for (const std::string& link : file.links(group)) {
        const std::string path = (group == "/" ? "" : group) + "/" + link;
        if (file.is_dataset(path)) {
            arrays.push_back({prefix + link, file.shape(path), file.read<double>(path),
                              stored_type(file.type_name(path))});
        } else if (depth < deepest_group && file.is_group(path)) {
            read_group(file, path, prefix + link + ".", depth + 1, arrays);
        }
    }
}

std::string shape_text(const NamedArray& array) {
    return fmt::format("({})", fmt::join(array.shape, ", "));
}

/// "a is missing; b is missing; and 4 more", or nothing.
std::string examples(const std::vector<std::string>& all) {
    if (all.empty()) return {};
    const auto shown = static_cast<std::ptrdiff_t>(std::min(all.size(), n_examples));
    std::string text = fmt::format("; {}", fmt::join(all.begin(), all.begin() + shown, "; "));
    if (all.size() > n_examples) text += fmt::format(" and {} more", all.size() - n_examples);
    return text;
}

}  // namespace

std::vector<NamedArray> read_arrays(const Hdf5File& file, const std::string& group) {
    std::vector<NamedArray> arrays;
    read_group(file, group, "", 0, arrays);
    return arrays;
}

Values read_model_attributes(const std::string& path, const std::vector<std::string>& names) {
    return is_safetensors(path) ? read_safetensors(path).attributes
                                : Hdf5File::open(path).attributes("/", names);
}

void unwrap_names(std::vector<NamedArray>& arrays, std::span<const NamedArray> expected) {
    if (arrays.empty()) return;
    const std::string first = arrays.front().name;
    for (std::size_t length = 0; length != std::string::npos;) {
        const std::string wrapping = first.substr(0, length);
        const auto is_wrapped = [&](const NamedArray& array) {
            return array.name.starts_with(wrapping);
        };
        if (!std::all_of(arrays.begin(), arrays.end(), is_wrapped)) return;
        const auto is_expected = [&](const NamedArray& array) {
            return std::any_of(expected.begin(), expected.end(), [&](const NamedArray& other) {
                return array.name.substr(length) == other.name;
            });
        };
        if (std::any_of(arrays.begin(), arrays.end(), is_expected)) {
            for (NamedArray& array : arrays) array.name.erase(0, length);
            return;
        }
        const std::size_t dot = first.find('.', length);
        length = dot == std::string::npos ? dot : dot + 1;
    }
}

std::string array_differences(std::span<const NamedArray> expected,
                              std::span<const NamedArray> found) {
    std::map<std::string, const NamedArray*> left;
    std::vector<std::string> missing, misshapen, superfluous;
    for (const NamedArray& array : found) {
        if (!left.emplace(array.name, &array).second) {
            superfluous.push_back(fmt::format("{} stands there twice", array.name));
        }
    }
    std::size_t n_found = 0;
    for (const NamedArray& array : expected) {
        const auto at = left.find(array.name);
        if (at == left.end()) {
            missing.push_back(fmt::format("{} {} is missing", array.name, shape_text(array)));
            continue;
        }
        ++n_found;
        if (at->second->shape != array.shape) {
            misshapen.push_back(fmt::format("{} has shape {}, expected {}", array.name,
                                            shape_text(*at->second), shape_text(array)));
        }
        left.erase(at);
    }
    for (const auto& entry : left) {
        superfluous.push_back(fmt::format("{} is not part of such a model", entry.first));
    }
    const std::string text = examples(missing) + examples(misshapen) + examples(superfluous);
    if (text.empty()) return {};
    return fmt::format("{} arrays expected, {} found: {}", expected.size(), n_found,
                       text.substr(2));
}

}  // namespace elm
