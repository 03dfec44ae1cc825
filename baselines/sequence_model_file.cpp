#include "baselines/sequence_model_file.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "baselines/model_registry.h"
#include "kernels/core/build_info.h"
#include "kernels/core/check.h"
#include "kernels/core/hdf5_file.h"
#include "kernels/core/option_set.h"
#include "kernels/core/output_file.h"
#include "kernels/core/toml_config.h"

namespace elm {
namespace {

constexpr const char* format_name = "sequence-model";
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

SequenceModelSpec read_spec(const Hdf5File& file) {
    const Values attributes = file.attributes("/");
    const auto format = attributes.find("format");
    if (format == attributes.end() || format->second != Value(std::string(format_name))) {
        throw Error(ErrorKind::data,
                    fmt::format("this is a file of format {}, expected {}. See elmsim inspect {}.",
                                format == attributes.end() ? "unknown" : to_text(format->second),
                                format_name, file.path()));
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
    spec.time_step_ms = attribute<double>(attributes, "time_step_ms", "a number");
    if (!(spec.time_step_ms > 0) || !std::isfinite(spec.time_step_ms)) {
        throw Error(ErrorKind::data, fmt::format("time_step_ms is {}, expected a number above 0.",
                                                 spec.time_step_ms));
    }
    if (attributes.contains("source")) {
        spec.source = attribute<std::string>(attributes, "source", "a text");
    }
    const Config config = Config::parse(file.read_string("/config"), "/config");
    const auto section = config.sections.find(spec.model);
    if (section == config.sections.end()) {
        throw Error(ErrorKind::data, fmt::format("/config has no section [{}].", spec.model));
    }
    spec.options = section->second;
    return spec;
}

/// Everything in which the arrays of the file differ from the model's parameters; empty if nothing.
std::string array_differences(const Hdf5File& file, const std::vector<NamedParameter>& parameters) {
    const std::vector<std::string> found =
        file.is_group("/model") ? file.links("/model") : std::vector<std::string>{};
    std::string text;
    const auto add = [&](const std::string& difference) {
        text += fmt::format("{}{}", text.empty() ? "" : "; ", difference);
    };
    for (const auto& [name, parameter] : parameters) {
        const std::string path = "/model/" + name;
        const auto expected = extents_of(parameter->shape);
        if (!file.is_dataset(path)) {
            add(fmt::format("{} ({}) is missing", path, fmt::join(expected, ", ")));
            continue;
        }
        const auto shape = file.shape(path);
        if (shape != expected) {
            add(fmt::format("{} has shape ({}), expected ({})", path, fmt::join(shape, ", "),
                            fmt::join(expected, ", ")));
        }
        const std::string type = file.type_name(path);
        if (!type.starts_with("float")) {
            add(fmt::format("{} holds {}, expected real numbers", path, type));
        }
    }
    for (const std::string& name : found) {
        const bool known = std::any_of(parameters.begin(), parameters.end(),
                                       [&](const auto& one) { return one.name == name; });
        if (!known) add(fmt::format("/model/{} is no parameter of this model", name));
    }
    return text;
}

void read_arrays(Stream& stream, const Hdf5File& file,
                 const std::vector<NamedParameter>& parameters) {
    for (const auto& [name, parameter] : parameters) {
        const Tensor& values = parameter->value;
        visit_real(values.dtype(), [&, &array = name]<class Real>(Real) {
            values.assign<Real>(stream, file.read<Real>("/model/" + array));
        });
    }
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
    file.set_attribute("/", "format", std::string(format_name));
    file.set_attribute("/", "format_version", format_version);
    file.set_attribute("/", "program_version", std::string(build_info::version));
    file.set_attribute("/", "source", spec.source);
    file.set_attribute("/", "model", spec.model);
    file.set_attribute("/", "n_input", spec.shape.n_input);
    file.set_attribute("/", "n_output", spec.shape.n_output);
    file.set_attribute("/", "time_step_ms", spec.time_step_ms);
    const Values options = to_values(model_options(spec.model, spec.options));
    file.write_string("/config", Config{{{spec.model, options}}}.to_toml());
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

bool is_sequence_model(const Hdf5File& file) {
    const Values attributes = file.attributes("/");
    const auto format = attributes.find("format");
    return format != attributes.end() && format->second == Value(std::string(format_name));
}

FittedSequenceModel load_sequence_model(Stream& stream, const std::string& path, DType precision) {
    const Hdf5File file = Hdf5File::open(path);
    try {
        FittedSequenceModel fitted;
        fitted.spec = read_spec(file);
        fitted.model = make_model(fitted.spec);
        const auto parameters = fitted.model->parameters();
        if (const std::string differences = array_differences(file, parameters);
            !differences.empty()) {
            throw Error(ErrorKind::data, differences + ".");
        }
        fitted.parameters = allocate_parameters(stream, *fitted.model, precision, {});
        read_arrays(stream, file, parameters);
        return fitted;
    } catch (const Error& error) {
        // Whatever is wrong inside a file is wrong with the data, not with the command.
        const ErrorKind kind = error.kind() == ErrorKind::invalid ? ErrorKind::data : error.kind();
        throw Error(kind, error.message(), error.site()).with_context("loading " + path);
    }
}

}  // namespace elm
