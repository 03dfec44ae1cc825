#include "baselines/model_file.h"

#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "baselines/front_end.h"
#include "baselines/model_registry.h"
#include "baselines/pairs/two_towers.h"
#include "kernels/core/build_info.h"
#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/output_file.h"
#include "kernels/io/safetensors.h"
#include "kernels/io/toml_config.h"
#include "neuron/elm/elm_model_file.h"

namespace elm {
namespace {

constexpr const char* format_name = "sequence-model";
constexpr const char* exchange_format = "pt";  // as other programs expect it of safetensors
constexpr const char* config_name = "config";
constexpr std::int64_t format_version = 1;

/// One attribute of the root; throws Error{data} if it is not there or of another type.
template <class T>
T attribute(const Values& attributes, const char* name, const char* expected) {
    const auto found = attributes.find(name);
    if (found != attributes.end()) {
        if (const auto* value = std::get_if<T>(&found->second)) return *value;
    }
    throw Error(
        ErrorKind::data,
        fmt::format("the attribute {} is {}, expected {}.", name,
                    found == attributes.end() ? "missing" : to_text(found->second), expected));
}

double real_attribute(const Values& attributes, const char* name) {
    const auto found = attributes.find(name);
    if (found != attributes.end()) {
        if (const auto* whole = std::get_if<std::int64_t>(&found->second)) {
            return static_cast<double>(*whole);
        }
    }
    return attribute<double>(attributes, name, "a number");
}

bool is_registered(const Values& attributes) {
    const auto format = attributes.find("format");
    if (format == attributes.end()) return false;
    return format->second == Value(std::string(format_name)) ||
           (format->second == Value(std::string(exchange_format)) && attributes.contains("model") &&
            attributes.contains(config_name));
}

ModelSpec read_spec(const StateDict& dict) {
    const Values& attributes = dict.attributes;
    const auto version = attribute<std::int64_t>(attributes, "format_version", "a whole number");
    if (version != format_version) {
        throw Error(ErrorKind::data,
                    fmt::format("format_version is {}, this program reads {}. Use the program that "
                                "wrote it, or a newer elmsim.",
                                version, format_version));
    }
    ModelSpec spec;
    spec.model = attribute<std::string>(attributes, "model", "the name of a model");
    spec.shape = {attribute<std::int64_t>(attributes, "n_input", "a whole number"),
                  attribute<std::int64_t>(attributes, "n_output", "a whole number")};
    spec.time_step_ms = real_attribute(attributes, "time_step_ms");
    if (!(spec.time_step_ms > 0) || !std::isfinite(spec.time_step_ms)) {
        throw Error(ErrorKind::data, fmt::format("time_step_ms is {}, expected a number above 0.",
                                                 spec.time_step_ms));
    }
    if (attributes.contains("source")) spec.source = to_text(attributes.at("source"));
    const Config config =
        Config::parse(attribute<std::string>(attributes, config_name, "a text"), config_name);
    const auto section = config.sections.find(spec.model);
    if (section != config.sections.end()) {
        spec.options = section->second;
    } else if (!find_model(spec.model).options().options().empty()) {  // none: none are written
        throw Error(ErrorKind::data,
                    fmt::format("{} has no section [{}].", config_name, spec.model));
    }
    for (const auto& [name, values] :
         {std::pair(front_end_section, &spec.front_end), {towers_section, &spec.towers}}) {
        const auto found = config.sections.find(name);
        if (found != config.sections.end()) *values = found->second;
    }
    return spec;
}

/// Both forms of file as one: the attributes, the text of the configuration among them.
StateDict read_file(const std::string& path) {
    if (is_safetensors(path)) return read_safetensors(path);
    const Hdf5File file = Hdf5File::open(path);
    StateDict dict{path, file.attributes("/"), {}};
    if (!is_registered(dict.attributes)) return dict;
    dict.attributes[config_name] = file.read_string("/config");
    if (file.is_group("/model")) dict.arrays = read_arrays(file, "/model");
    return dict;
}

/// Attributes at the root of a file, the configuration beside.
Values attributes_of(const ModelSpec& spec) {
    return {{"format", std::string(format_name)},
            {"format_version", format_version},
            {"program_version", std::string(build_info::version)},
            {"source", spec.source},
            {"model", spec.model},
            {"n_input", spec.shape.n_input},
            {"n_output", spec.shape.n_output},
            {"time_step_ms", spec.time_step_ms}};
}

std::string config_of(const ModelSpec& spec) {
    Config config{{{spec.model, spec.options}}};
    if (!spec.front_end.empty()) config.sections[front_end_section] = spec.front_end;
    if (!spec.towers.empty()) config.sections[towers_section] = spec.towers;
    return config.to_toml();
}

}  // namespace

void save_model(const FittedModel& fitted, const std::string& path, bool force) {
    OutputFile output(path, force);
    Hdf5File file = Hdf5File::create(output.temporary_path());
    for (const auto& [name, value] : attributes_of(fitted.spec)) {
        file.set_attribute("/", name, value);
    }
    file.write_string("/config", config_of(fitted.spec));
    file.make_group("/model");
    for (const NamedArray& array : fitted.model->arrays()) {
        const FileType type = array.stored == DType::f32   ? FileType::f32
                              : array.stored == DType::f64 ? FileType::f64
                              : array.stored == DType::u8  ? FileType::boolean
                                                           : FileType::i64;
        file.write<double>("/model/" + array.name, array.shape, array.values, type);
    }
    file.close();
    output.commit();
}

void save_safetensors(const FittedModel& fitted, const std::string& path, bool force) {
    std::map<std::string, std::string> metadata;
    for (const auto& [name, value] : fitted.spec.options) metadata[name] = to_text(value);
    for (const auto& [name, value] : attributes_of(fitted.spec)) metadata[name] = to_text(value);
    metadata["format"] = exchange_format;
    metadata[config_name] = config_of(fitted.spec);
    Stream host{Device{}};
    std::vector<NamedTensor> tensors;
    for (const NamedArray& array : fitted.model->arrays()) {
        if (array.values.empty()) continue;
        const auto add = [&]<class T>(T) {
            const std::vector<T> values(array.values.begin(), array.values.end());
            tensors.push_back({array.name, Tensor::from<T>(host, shape_of(array), values)});
        };
        if (array.stored == DType::u8) add(std::uint8_t{});
        if (array.stored == DType::i32) add(std::int32_t{});
        if (array.stored == DType::f64) add(double{});
        if (array.stored == DType::f32) add(float{});
    }
    write_safetensors(path, force, tensors, metadata);
}

FittedModel load_model(Stream& stream, const std::string& path, DType precision,
                       const Values& changed) {
    FittedModel fitted;
    try {
        StateDict dict = read_file(path);
        if (is_registered(dict.attributes)) {
            const ModelSpec spec = read_spec(dict);
            fitted = restored(stream, spec, std::move(dict.arrays), precision);
        } else {
            fitted = make_model(is_safetensors(path) ? elm_model_of(std::move(dict))
                                                     : load_elm_model(path));
            allocate(stream, fitted, precision, {});
        }
    } catch (const Error& error) {
        // Whatever is wrong inside a file is wrong with the data, not with the command.
        const ErrorKind kind = error.kind() == ErrorKind::invalid ? ErrorKind::data : error.kind();
        const bool named = error.message().find(path) != std::string::npos;
        const Error told(kind, error.message(), error.site());
        throw named ? told : told.with_context("loading " + path);
    }
    return changed.empty() ? std::move(fitted) : with_options(stream, std::move(fitted), changed);
}

}  // namespace elm
