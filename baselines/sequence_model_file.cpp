#include "baselines/sequence_model_file.h"

#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "baselines/model_registry.h"
#include "kernels/core/build_info.h"
#include "kernels/core/check.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/option_set.h"
#include "kernels/io/output_file.h"
#include "kernels/io/safetensors.h"
#include "kernels/io/toml_config.h"

namespace elm {
namespace {

constexpr const char* format_name = "sequence-model";
constexpr const char* exchange_format = "pt";  // as other programs expect it of safetensors
constexpr const char* config_name = "config";
constexpr std::int64_t format_version = 1;

std::vector<std::int64_t> extents_of(const Shape& shape) {
    std::vector<std::int64_t> extents;
    for (int axis = 0; axis < shape.rank(); ++axis) extents.push_back(shape[axis]);
    return extents;
}

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

bool is_sequence_model(const Values& attributes) {
    const auto format = attributes.find("format");
    if (format == attributes.end()) return false;
    return format->second == Value(std::string(format_name)) ||
           (format->second == Value(std::string(exchange_format)) && attributes.contains("model"));
}

SequenceModelSpec read_spec(const StateDict& dict) {
    const Values& attributes = dict.attributes;
    if (!is_sequence_model(attributes)) {
        const auto format = attributes.find("format");
        throw Error(ErrorKind::data,
                    fmt::format("this is a file of format {}, expected {}. See elmsim inspect {}.",
                                format == attributes.end() ? "unknown" : to_text(format->second),
                                format_name, dict.path));
    }
    const auto version = attribute<std::int64_t>(attributes, "format_version", "a whole number");
    if (version != format_version) {
        throw Error(ErrorKind::data,
                    fmt::format("format_version is {}, this program reads {}. Use the program that "
                                "wrote it, or a newer elmsim.",
                                version, format_version));
    }
    SequenceModelSpec spec;
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
    if (section == config.sections.end()) {
        throw Error(ErrorKind::data,
                    fmt::format("{} has no section [{}].", config_name, spec.model));
    }
    spec.options = section->second;
    return spec;
}

/// Both forms of file as one: the attributes, the text of the configuration among them.
StateDict read_file(const std::string& path) {
    if (is_safetensors(path)) return read_safetensors(path);
    const Hdf5File file = Hdf5File::open(path);
    StateDict dict{path, file.attributes("/"), {}};
    if (!is_sequence_model(dict.attributes)) return dict;
    dict.attributes[config_name] = file.read_string("/config");
    if (file.is_group("/model")) dict.arrays = read_arrays(file, "/model");
    return dict;
}

/// Throws Error{data} unless the arrays are those of the parameters.
void require_arrays(StateDict& dict, const std::vector<NamedParameter>& parameters) {
    std::vector<NamedArray> expected;
    for (const auto& [name, parameter] : parameters) {
        expected.push_back({name, extents_of(parameter->shape), {}, DType::f32});
    }
    unwrap_names(dict.arrays, expected);
    if (const std::string differences = array_differences(expected, dict.arrays);
        !differences.empty()) {
        throw Error(ErrorKind::data, differences + ".");
    }
    for (const NamedArray& array : dict.arrays) {
        if (array.stored != DType::f32 && array.stored != DType::f64) {
            throw Error(ErrorKind::data,
                        fmt::format("{} holds whole numbers, expected real ones.", array.name));
        }
    }
}

void assign_arrays(Stream& stream, const StateDict& dict,
                   const std::vector<NamedParameter>& parameters) {
    std::map<std::string, const ModuleParameter*> by_name;
    for (const auto& [name, parameter] : parameters) by_name[name] = parameter;
    for (const NamedArray& array : dict.arrays) {
        const Tensor& values = by_name.at(array.name)->value;
        visit_real(values.dtype(), [&]<class Real>(Real) {
            values.assign<Real>(stream,
                                std::vector<Real>(array.values.begin(), array.values.end()));
        });
    }
}

/// What stands at the root of a file, the configuration beside.
Values attributes_of(const SequenceModelSpec& spec) {
    return {{"format", std::string(format_name)},
            {"format_version", format_version},
            {"program_version", std::string(build_info::version)},
            {"source", spec.source},
            {"model", spec.model},
            {"n_input", spec.shape.n_input},
            {"n_output", spec.shape.n_output},
            {"time_step_ms", spec.time_step_ms}};
}

std::string config_of(const SequenceModelSpec& spec) {
    const Values options = to_values(model_options(spec.model, spec.options));
    return Config{{{spec.model, options}}}.to_toml();
}

}  // namespace

Values to_values(const OptionSet& options) {
    Values values;
    for (const Option& option : options.options()) {
        std::visit([&](const auto& value) { values[option.name] = value; }, option.value);
    }
    return values;
}

OptionSet model_options(const std::string& name, const Values& values) {
    OptionSet options = find_model(name).options();
    with_context(fmt::format("reading the options of {}", name), [&] {
        for (const auto& [option, value] : values) options.set(option, to_text(value));
    });
    return options;
}

std::unique_ptr<SequenceModel> make_model(const SequenceModelSpec& spec) {
    return find_model(spec.model).make(model_options(spec.model, spec.options), spec.shape);
}

void save_sequence_model(const SequenceModelSpec& spec, Module& model, const std::string& path,
                         bool force) {
    OutputFile output(path, force);
    Hdf5File file = Hdf5File::create(output.temporary_path());
    for (const auto& [name, value] : attributes_of(spec)) file.set_attribute("/", name, value);
    file.write_string("/config", config_of(spec));
    file.make_group("/model");
    Stream cpu{Device{}};
    for (const auto& [name, parameter] : model.parameters()) {
        const Tensor host = parameter->value.to(cpu);
        visit_real(host.dtype(), [&, &array = name]<class Real>(Real) {
            file.write<Real>("/model/" + array, extents_of(host.shape()), host.host<Real>(),
                             host.dtype() == DType::f32 ? FileType::f32 : FileType::f64);
        });
    }
    file.close();
    output.commit();
}

void save_sequence_safetensors(const SequenceModelSpec& spec, Module& model,
                               const std::string& path, bool force) {
    std::map<std::string, std::string> metadata;
    for (const auto& [name, value] : attributes_of(spec)) metadata[name] = to_text(value);
    metadata["format"] = exchange_format;
    metadata[config_name] = config_of(spec);
    std::vector<NamedTensor> tensors;
    for (const auto& [name, parameter] : model.parameters()) {
        tensors.push_back({name, parameter->value});
    }
    write_safetensors(path, force, tensors, metadata);
}

bool is_sequence_model(const std::string& path) {
    return is_sequence_model(read_model_attributes(path, {"format", "model"}));
}

FittedSequenceModel load_sequence_model(Stream& stream, const std::string& path, DType precision) {
    try {
        StateDict dict = read_file(path);
        FittedSequenceModel fitted;
        fitted.spec = read_spec(dict);
        fitted.model = make_model(fitted.spec);
        const auto parameters = fitted.model->parameters();
        require_arrays(dict, parameters);
        fitted.parameters = allocate_parameters(stream, *fitted.model, precision, {});
        assign_arrays(stream, dict, parameters);
        return fitted;
    } catch (const Error& error) {
        // Whatever is wrong inside a file is wrong with the data, not with the command.
        const ErrorKind kind = error.kind() == ErrorKind::invalid ? ErrorKind::data : error.kind();
        throw Error(kind, error.message(), error.site()).with_context("loading " + path);
    }
}

}  // namespace elm
