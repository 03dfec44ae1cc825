#include "kernels/modules/checkpoint.h"

#include <array>
#include <bit>
#include <chrono>
#include <cstring>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "kernels/core/build_info.h"
#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/output_file.h"

namespace elm {
namespace {

constexpr std::string_view format_name = "elm-checkpoint";
constexpr std::int64_t format_version = 1;

/// A checkpoint in memory, as any version of the format holds it.
struct Contents {
    std::map<std::string, Values> attributes;  // by object: "/", "/optimizer", ...
    std::map<std::string, Tensor> arrays;      // by path, on the CPU
    std::string config;
};

/// Element v - 1 turns contents of version v into those of version v + 1.
using Upgrade = void (*)(Contents&);
constexpr std::array<Upgrade, format_version - 1> upgrades{};

// --- writing

std::vector<std::int64_t> extents_of(const Shape& shape) {
    std::vector<std::int64_t> extents;
    for (int axis = 0; axis < shape.rank(); ++axis) extents.push_back(shape[axis]);
    return extents;
}

void write_array(Hdf5File& file, const std::string& path, const Tensor& tensor) {
    Stream cpu{Device{}};
    const Tensor host = tensor.to(cpu);
    visit_real(host.dtype(), [&]<class Real>(Real) {
        file.write<Real>(path, extents_of(host.shape()), host.host<Real>(),
                         host.dtype() == DType::f32 ? FileType::f32 : FileType::f64);
    });
}

/// Calls visit(path, window) for every array that training changes, in a fixed order.
template <class Visit>
void for_each_array(Module& module, const FlatParameters& parameters, const Optimizer* optimizer,
                    const Visit& visit) {
    const std::vector<NamedParameter> named = module.parameters();
    for (const auto& [name, parameter] : named) visit("/model/" + name, parameter->value);
    if (optimizer == nullptr) return;
    for (const OptimizerRow& row : optimizer->rows()) {
        for (const auto& [name, parameter] : named) {
            visit(fmt::format("/optimizer/{}/{}", row.name, name),
                  window(parameters, *parameter, row.values));
        }
    }
}

void write_contents(Hdf5File& file, Module& module, const FlatParameters& parameters,
                    const Optimizer* optimizer, const TrainingState& state) {
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    file.set_attribute("/", "format", std::string(format_name));
    file.set_attribute("/", "format_version", format_version);
    file.set_attribute("/", "program_version", std::string(build_info::version));
    file.set_attribute("/", "created_utc", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now)));
    file.write_string("/config", state.config.to_toml());
    file.make_group("/model");
    if (optimizer != nullptr) {
        file.make_group("/optimizer");
        file.set_attribute("/optimizer", "kind", std::string(name_of(optimizer->settings().rule)));
        file.set_attribute("/optimizer", "step", optimizer->step_count());
    }
    for_each_array(
        module, parameters, optimizer,
        [&](const std::string& path, const Tensor& tensor) { write_array(file, path, tensor); });
    file.make_group("/random");
    file.set_attribute("/random", "seed", std::bit_cast<std::int64_t>(state.seed));
    file.make_group("/progress/history");
    for (const char* group : {"/random", "/progress"}) {
        file.set_attribute(group, "epoch", state.epoch);
        file.set_attribute(group, "step", state.step);
    }
    file.set_attribute("/progress", "best_metric", state.best_metric);
    for (const auto& [metric, values] : state.history) {
        file.write<double>("/progress/history/" + metric,
                           {static_cast<std::int64_t>(values.size())}, values, FileType::f64);
    }
    if (!state.carried.empty()) file.make_group("/carried");
    for (const auto& [name, values] : state.carried) write_array(file, "/carried/" + name, values);
}

// --- reading

Tensor read_array(const Hdf5File& file, const std::string& path) {
    const std::string type = file.type_name(path);
    const std::vector<std::int64_t> extents = file.shape(path);
    if ((type != "float32" && type != "float64") || extents.size() > max_rank) {
        throw Error(ErrorKind::data,
                    fmt::format("{}: {} holds {} with {} axes, expected float32 or float64 with at "
                                "most {}.",
                                file.path(), path, type, extents.size(), max_rank));
    }
    Stream cpu{Device{}};
    return visit_real(type == "float32" ? DType::f32 : DType::f64, [&]<class Real>(Real) {
        const std::vector<Real> values = file.read<Real>(path);
        return Tensor::from<Real>(cpu, Shape(extents), values);
    });
}

void read_group(const Hdf5File& file, const std::string& group, Contents& contents) {
    if (!file.is_group(group)) return;
    contents.attributes[group] = file.attributes(group);
    for (const std::string& name : file.links(group)) {
        const std::string path = fmt::format("{}/{}", group, name);
        if (file.is_dataset(path)) {
            contents.arrays[path] = read_array(file, path);
        } else {
            read_group(file, path, contents);
        }
    }
}

/// One attribute; throws Error{data} if it is not there or of another type.
template <class T>
T attribute(const Contents& contents, const std::string& path, const std::string& object,
            const std::string& name) {
    const auto values = contents.attributes.find(object);
    if (values != contents.attributes.end()) {
        const auto value = values->second.find(name);
        if (value != values->second.end()) {
            if (const T* found = std::get_if<T>(&value->second)) return *found;
        }
    }
    throw Error(ErrorKind::data, fmt::format("{}: {} has no attribute {} of the expected type. The "
                                             "file is not a whole checkpoint.",
                                             path, object, name));
}

Contents read_contents(const std::string& path) {
    const Hdf5File file = Hdf5File::open(path);
    Contents contents;
    contents.attributes["/"] = file.attributes("/");
    const Values& root = contents.attributes["/"];
    const auto format = root.find("format");
    if (format == root.end() || format->second != Value(std::string(format_name))) {
        throw Error(
            ErrorKind::data,
            fmt::format("{} is not a checkpoint: its format is {}, expected {}.", path,
                        format == root.end() ? "not given" : to_text(format->second), format_name));
    }
    const auto version = attribute<std::int64_t>(contents, path, "/", "format_version");
    if (version < 1 || version > format_version) {
        throw Error(ErrorKind::data,
                    fmt::format("{} is a checkpoint of version {}; this program reads versions 1 "
                                "to {}. Use the program that wrote it, or a newer one.",
                                path, version, format_version));
    }
    contents.config = file.read_string("/config");
    for (const char* group : {"/model", "/optimizer", "/random", "/progress", "/carried"}) {
        read_group(file, group, contents);
    }
    for (auto lift = upgrades.begin() + (version - 1); lift != upgrades.end(); ++lift) {
        (*lift)(contents);
    }
    return contents;
}

/// All that differs between the arrays of a file and those of a run, a line each.
std::string differences(const Contents& contents, const std::string& path, Module& module,
                        const FlatParameters& parameters, const Optimizer* optimizer) {
    std::string text;
    const auto add = [&text](const std::string& line) { text += "\n  " + line; };
    if (optimizer != nullptr) {
        const std::string_view kind = name_of(optimizer->settings().rule);
        const bool stored = contents.attributes.contains("/optimizer");
        const std::string found =
            stored ? attribute<std::string>(contents, path, "/optimizer", "kind") : "not there";
        if (found != kind) {
            add(fmt::format("the optimizer is {}, expected {}", found, kind));
            optimizer = nullptr;  // its rows say nothing then
        }
    }
    std::map<std::string, Tensor> expected;
    for_each_array(module, parameters, optimizer,
                   [&](const std::string& name, const Tensor& tensor) { expected[name] = tensor; });
    for (const auto& [name, tensor] : expected) {
        const auto found = contents.arrays.find(name);
        if (found == contents.arrays.end()) {
            add(fmt::format("{} is missing, expected shape {}", name, to_string(tensor.shape())));
        } else if (found->second.shape() != tensor.shape()) {
            add(fmt::format("{} has shape {}, expected {}", name, to_string(found->second.shape()),
                            to_string(tensor.shape())));
        } else if (found->second.dtype() != tensor.dtype()) {
            add(fmt::format("{} holds {}, expected {}", name, name_of(found->second.dtype()),
                            name_of(tensor.dtype())));
        }
    }
    for (const auto& [name, tensor] : contents.arrays) {
        const bool ours = name.starts_with("/model/") ||
                          (optimizer != nullptr && name.starts_with("/optimizer/"));
        if (ours && !expected.contains(name)) {
            add(fmt::format("{} with shape {} is not expected", name, to_string(tensor.shape())));
        }
    }
    return text;
}

TrainingState state_of(const Contents& contents, const std::string& path) {
    TrainingState state;
    state.seed =
        std::bit_cast<std::uint64_t>(attribute<std::int64_t>(contents, path, "/random", "seed"));
    state.epoch = attribute<std::int64_t>(contents, path, "/progress", "epoch");
    state.step = attribute<std::int64_t>(contents, path, "/progress", "step");
    state.best_metric = attribute<double>(contents, path, "/progress", "best_metric");
    const std::string history = "/progress/history/", carried = "/carried/";
    for (const auto& [name, values] : contents.arrays) {
        if (name.starts_with(carried)) state.carried[name.substr(carried.size())] = values;
        if (!name.starts_with(history)) continue;
        Stream cpu{Device{}};
        const Tensor metric = values.cast(cpu, DType::f64);
        const auto numbers = metric.host<double>();
        state.history[name.substr(history.size())] = {numbers.begin(), numbers.end()};
    }
    try {
        state.config = Config::parse(contents.config, path + ":/config");
    } catch (const Error& error) {
        throw Error(ErrorKind::data, error.message());
    }
    return state;
}

}  // namespace

void write_checkpoint(const std::string& path, Module& module, const FlatParameters& parameters,
                      const Optimizer* optimizer, const TrainingState& state) {
    OutputFile output(path, true);
    Hdf5File file = Hdf5File::create(output.temporary_path());
    write_contents(file, module, parameters, optimizer, state);
    file.close();
    output.commit();
}

TrainingState read_checkpoint(Stream& stream, const std::string& path, Module& module,
                              const FlatParameters& parameters, Optimizer* optimizer) {
    const Contents contents = read_contents(path);
    const std::string different = differences(contents, path, module, parameters, optimizer);
    if (!different.empty()) {
        throw Error(ErrorKind::data,
                    fmt::format("{} does not fit this run:{}\nUse the configuration that it was "
                                "written with; it stands in the file.",
                                path, different));
    }
    TrainingState state = state_of(contents, path);
    if (optimizer != nullptr) {
        optimizer->resume_at(attribute<std::int64_t>(contents, path, "/optimizer", "step"));
    }
    for_each_array(module, parameters, optimizer,
                   [&](const std::string& name, const Tensor& tensor) {
                       visit_real(tensor.dtype(), [&]<class Real>(Real) {
                           const auto values = contents.arrays.at(name).host<Real>();
                           tensor.assign<Real>(stream, values);
                       });
                   });
    return state;
}

}  // namespace elm
