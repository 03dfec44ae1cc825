#include "neuron/elm/elm_model_file.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/safetensors.h"
#include "kernels/io/toml_config.h"

namespace elm {
namespace {

constexpr const char* format_name = "sequence-model";  // of every registered model
constexpr const char* older_format = "elm-model";
constexpr std::int64_t format_version = 1;

/// Calls `visit(name, member)` for every option, in the words of the published code.
template <class Options, class Visit>
void for_each_option(Options& options, Visit&& visit) {
    visit("elm_version", options.version);
    visit("num_input", options.n_input);
    visit("num_output", options.n_output);
    visit("num_memory", options.n_memory);
    visit("num_branch", options.n_branch);
    visit("num_synapse_per_branch", options.n_synapse_per_branch);
    visit("input_to_synapse_routing", options.routing);
    visit("mlp_num_layers", options.mlp_layers);
    visit("mlp_hidden_size", options.mlp_hidden);
    visit("mlp_activation", options.activation);
    visit("lambda_value", options.lambda);
    visit("w_s_value", options.first_synaptic_weight);
    visit(options.version == ElmVersion::v1 ? "tau_s_value" : "tau_b_value",
          options.synapse_tau_ms);
    visit("memory_tau_min", options.memory_tau_min_ms);
    visit("memory_tau_max", options.memory_tau_max_ms);
    visit("learn_memory_tau", options.learn_memory_tau);
    visit("delta_t", options.time_step_ms);
}

[[noreturn]] void wrong_type(const std::string& name, const Value& value, const char* expected) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} is '{}', expected {}", name, to_text(value), expected));
}

double as_real(const std::string& name, const Value& value) {
    if (const auto* real = std::get_if<double>(&value)) return *real;
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
    wrong_type(name, value, "a number");
}

struct Assign {
    const std::string& name;
    const Value& value;

    void operator()(double& member) const { member = as_real(name, value); }
    void operator()(std::int64_t& member) const {
        const double number = as_real(name, value);
        if (number != std::floor(number)) wrong_type(name, value, "a whole number");
        member = static_cast<std::int64_t>(number);
    }
    void operator()(bool& member) const {
        if (std::holds_alternative<std::string>(value)) wrong_type(name, value, "true or false");
        const auto* flag = std::get_if<bool>(&value);
        member = flag != nullptr ? *flag : as_real(name, value) != 0;
    }
    void operator()(ElmVersion& member) const {
        const double number = as_real(name, value);
        if (number != 1 && number != 2) wrong_type(name, value, "1 or 2");
        member = number == 1 ? ElmVersion::v1 : ElmVersion::v2;
    }
    void operator()(HiddenUnit& member) const { member = parse_activation(text()); }
    void operator()(SynapseRouting& member) const { member = parse_routing(text()); }

private:
    const std::string& text() const {
        const auto* found = std::get_if<std::string>(&value);
        if (found == nullptr) wrong_type(name, value, "a word");
        return *found;
    }
};

Value as_value(double member) { return member; }
Value as_value(std::int64_t member) { return member; }
Value as_value(bool member) { return member; }
Value as_value(ElmVersion member) { return static_cast<std::int64_t>(member); }
Value as_value(HiddenUnit member) { return std::string(name_of(member)); }
Value as_value(SynapseRouting member) { return std::string(name_of(member)); }

/// The names of the options of either version.
std::vector<std::string> option_names() {
    std::set<std::string> names;
    for (const ElmVersion version : {ElmVersion::v1, ElmVersion::v2}) {
        for (const auto& entry : to_values(ElmOptions{.version = version})) {
            names.insert(entry.first);
        }
    }
    return {names.begin(), names.end()};
}

/// Values of `all` that are options.
Values known_values(const Values& all) {
    Values known;
    for (const std::string& name : option_names()) {
        if (const auto found = all.find(name); found != all.end()) known.insert(*found);
    }
    return known;
}

/// Whatever is wrong inside a file is wrong with the data, not with the command.
ElmModel reading(const std::string& path, auto&& read) {
    try {
        return read();
    } catch (const Error& error) {
        throw Error(ErrorKind::data, error.message(), error.site()).with_context("loading " + path);
    }
}

ElmModel read_own_format(const Hdf5File& file, const Values& attributes) {
    const auto version = attributes.find("format_version");
    if (version == attributes.end() || version->second != Value(format_version)) {
        throw Error(ErrorKind::data,
                    fmt::format("format_version is {}, this program reads {}. Use the program that "
                                "wrote it, or a newer elmsim.",
                                version == attributes.end() ? "missing" : to_text(version->second),
                                format_version));
    }
    const Config config = Config::parse(file.read_string("/config"), "/config");
    const auto section = config.sections.find("elm");
    if (section == config.sections.end()) {
        throw Error(ErrorKind::data, "/config has no section [elm].");
    }
    const auto source = attributes.find("source");
    return elm_model_of(read_arrays(file, "/model"), with_values({}, section->second),
                        source == attributes.end() ? file.path() : to_text(source->second));
}

}  // namespace

Values to_values(const ElmOptions& options) {
    Values values;
    for_each_option(options,
                    [&](const char* name, auto member) { values[name] = as_value(member); });
    return values;
}

ElmOptions with_values(ElmOptions options, const Values& values) {
    // The version goes first: the name of the synaptic time constant depends on it.
    const auto version = values.find("elm_version");
    if (version != values.end()) Assign{version->first, version->second}(options.version);
    for (const auto& [name, value] : values) {
        bool found = false;
        for_each_option(options,
                        [&, &wanted = name, &given = value](const char* option, auto& member) {
                            if (wanted != option) return;
                            Assign{wanted, given}(member);
                            found = true;
                        });
        if (found) continue;
        std::vector<std::string> names;
        for_each_option(options, [&](const char* option, auto&) { names.emplace_back(option); });
        throw Error(ErrorKind::invalid,
                    fmt::format("elm.{} is not an option of this ELM neuron.{} Expected {}.", name,
                                nearest_hint(name, names), fmt::join(names, ", ")));
    }
    return options;
}

ElmModel elm_model_of(StateDict dict) {
    const Values& attributes = dict.attributes;
    std::string missing;
    for (const char* const name : {"elm_version", "num_input", "num_output", "num_memory"}) {
        if (!attributes.contains(name))
            missing += fmt::format("{}{}", missing.empty() ? "" : ", ", name);
    }
    if (!missing.empty()) {
        throw Error(ErrorKind::data,
                    fmt::format("this is no ELM model: the attributes {} are missing. A state dict "
                                "needs the options of its neuron: as attributes at the root of an "
                                "HDF5 file, or in the metadata of a .safetensors file. See elmsim "
                                "inspect {}.",
                                missing, dict.path));
    }
    Values known = known_values(attributes);
    // Version 2 files of the published code may name their branch time constant as version 1 does.
    if (known.contains("tau_s_value") && known.at("elm_version") == Value(std::int64_t{2})) {
        auto entry = known.extract("tau_s_value");
        entry.key() = "tau_b_value";
        known.insert(std::move(entry));
    }
    const auto source = attributes.find("source");
    if (source != attributes.end()) dict.path = to_text(source->second);
    return elm_model_of(std::move(dict.arrays), with_values({}, known), dict.path);
}

ElmModel elm_model_of(std::vector<NamedArray> arrays, const ElmOptions& options,
                      const std::string& source) {
    const std::vector<NamedArray> expected = expected_arrays(options);
    unwrap_names(arrays, expected);
    ElmModel model{options, std::move(arrays), source};
    // What has no elements need not be stored.
    for (const NamedArray& array : expected) {
        const bool is_stored =
            std::any_of(model.parameters.begin(), model.parameters.end(),
                        [&](const NamedArray& stored) { return stored.name == array.name; });
        if (!is_stored && shape_of(array).size() == 0) model.parameters.push_back(array);
    }
    model.check();
    // Files hold their arrays in any order.
    const auto place = [&](const NamedArray& array) {
        return std::find_if(expected.begin(), expected.end(),
                            [&](const NamedArray& one) { return one.name == array.name; });
    };
    std::sort(model.parameters.begin(), model.parameters.end(),
              [&](const NamedArray& a, const NamedArray& b) { return place(a) < place(b); });
    return model;
}

ElmModel read_state_dict(const Hdf5File& file, const std::string& attributes_at,
                         const std::string& tensors_at) {
    return elm_model_of({file.path(), file.attributes(attributes_at, option_names()),
                         read_arrays(file, tensors_at)});
}

ElmModel read_elm_model(const Hdf5File& file) {
    return reading(file.path(), [&] {
        const Values attributes =
            file.attributes("/", {"format", "format_version", "model", "source"});
        const auto format = attributes.find("format"), model = attributes.find("model");
        if (format == attributes.end()) return read_state_dict(file, "/", "/");
        const bool is_elm = model != attributes.end() && model->second == Value(std::string("elm"));
        if (format->second == Value(std::string(older_format)) ||
            (format->second == Value(std::string(format_name)) && is_elm)) {
            return read_own_format(file, attributes);
        }
        throw Error(
            ErrorKind::data,
            fmt::format("this is a file of format {}{}, expected an ELM neuron.",
                        to_text(format->second),
                        model == attributes.end() ? "" : ", model " + to_text(model->second)));
    });
}

ElmModel load_elm_model(const std::string& path) {
    if (!is_safetensors(path)) return read_elm_model(Hdf5File::open(path));
    return reading(path, [&] { return elm_model_of(read_safetensors(path)); });
}

std::optional<double> published_test_auc(const std::string& path) {
    const Values attributes = read_model_attributes(path, {"published_test_auc"});
    const auto found = attributes.find("published_test_auc");
    if (found == attributes.end()) return std::nullopt;
    const auto* value = std::get_if<double>(&found->second);
    return value == nullptr ? std::nullopt : std::optional(*value);
}

}  // namespace elm
