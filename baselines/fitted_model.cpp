#include "baselines/fitted_model.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "baselines/front_end.h"
#include "baselines/pairs/two_towers.h"
#include "baselines/wrapped_model.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "kernels/io/state_dict.h"
#include "kernels/io/toml_config.h"

namespace elm {
namespace {

Values written_options(const ModelEntry& entry, const OptionSet& options,
                       const SequenceShape& shape) {
    return entry.written_options == nullptr ? to_values(options)
                                            : entry.written_options(options, shape);
}

OptionSet with_values(OptionSet options, const Values& values, const std::string& name) {
    with_context(fmt::format("reading the options of {}", name), [&] {
        for (const auto& [option, value] : values) options.set(option, to_text(value));
    });
    return options;
}

/// Ingredients of a model around the registered one, in options.
struct Surroundings {
    OptionSet front_end, towers;
    SequenceShape shape;      // of the registered model
    std::string prefix = {};  // of its arrays

    explicit Surroundings(const ModelSpec& spec)
        : front_end(with_values(front_end_options(), spec.front_end, front_end_section)),
          towers(with_values(towers_options(), spec.towers, towers_section)),
          shape{width_behind(front_end, spec.shape.n_input), spec.shape.n_output} {
        if (has_front_end(front_end)) prefix += WrappedModel::prefix;
        if (spec.towers.empty()) return;
        shape.n_output = towers.get<std::int64_t>("latent");
        prefix += WrappedModel::prefix;
    }
};

/// Puts the registered model into its surroundings, and all options into the spec.
void complete(FittedModel& fitted, const Surroundings& around, const OptionSet& options,
              std::unique_ptr<SequenceModel> model) {
    ModelSpec& spec = fitted.spec;
    spec.options = written_options(find_model(spec.model), options, around.shape);
    spec.front_end = written_front_end(around.front_end);
    fitted.model = with_front_end(around.front_end, spec.shape.n_input, std::move(model));
    if (spec.towers.empty()) return;
    spec.towers = to_values(around.towers);
    fitted.model = with_towers(around.towers, spec.shape.n_output, std::move(fitted.model));
}

/// Takes the arrays with this prefix out of `arrays`, and the prefix from their names.
std::vector<NamedArray> take_inner(std::vector<NamedArray>& arrays, const std::string& prefix) {
    const auto inner = std::stable_partition(
        arrays.begin(), arrays.end(),
        [&](const NamedArray& array) { return !array.name.starts_with(prefix); });
    std::vector<NamedArray> taken(std::make_move_iterator(inner),
                                  std::make_move_iterator(arrays.end()));
    arrays.erase(inner, arrays.end());
    for (NamedArray& array : taken) array.name.erase(0, prefix.size());
    return taken;
}

/// Throws Error{data} unless the arrays are those of the model, but for parameters that begin with
/// `restored`.
void require_arrays(SequenceModel& model, std::vector<NamedArray>& arrays,
                    const std::string& restored) {
    std::vector<NamedArray> expected;
    for (const auto& [name, parameter] : model.parameters()) {
        if (!restored.empty() && name.starts_with(restored)) continue;
        NamedArray array{.name = name, .shape = {}, .values = {}};
        for (int axis = 0; axis < parameter->shape.rank(); ++axis) {
            array.shape.push_back(parameter->shape[axis]);
        }
        expected.push_back(std::move(array));
    }
    unwrap_names(arrays, expected);
    if (const std::string differences = array_differences(expected, arrays); !differences.empty()) {
        throw Error(ErrorKind::data, differences + ".");
    }
    for (const NamedArray& array : arrays) {
        if (array.stored != DType::f32 && array.stored != DType::f64) {
            throw Error(ErrorKind::data,
                        fmt::format("{} holds whole numbers, expected real ones.", array.name));
        }
    }
}

}  // namespace

OptionSet model_options(const std::string& name, const Values& values) {
    return with_values(find_model(name).options(), values, name);
}

FittedModel make_model(ModelSpec spec, std::uint64_t seed) {
    const ModelEntry& entry = find_model(spec.model);
    const OptionSet options = model_options(spec.model, spec.options);
    const Surroundings around(spec);
    FittedModel fitted{.spec = std::move(spec), .model = nullptr};
    complete(fitted, around, options, entry.make(options, around.shape, seed));
    if (!entry.time_step_option.empty()) {
        ELM_CHECK(options.get<double>(entry.time_step_option) == fitted.spec.time_step_ms,
                  "{} of a model {} is {} ms, and its data comes in steps of {} ms. Leave it out.",
                  entry.time_step_option, entry.name, options.text(entry.time_step_option),
                  fitted.spec.time_step_ms);
    }
    return fitted;
}

void require_device(const FittedModel& fitted, const DeviceLimits& device, DType precision) {
    with_context("the model " + fitted.spec.model,
                 [&] { fitted.model->require_device(device, precision); });
}

void allocate(Stream& stream, FittedModel& fitted, DType precision, const RandomKey& key) {
    require_device(fitted, limits_of(stream.device()), precision);
    fitted.parameters = allocate_parameters(stream, *fitted.model, precision, key);
}

FittedModel restored(Stream& stream, const ModelSpec& spec, std::vector<NamedArray> arrays,
                     DType precision) {
    const ModelEntry& entry = find_model(spec.model);
    const Surroundings around(spec);
    FittedModel fitted{.spec = spec, .model = nullptr};
    if (entry.restore != nullptr) {
        const OptionSet options = model_options(spec.model, spec.options);
        complete(fitted, around, options,
                 entry.restore(options, around.shape, take_inner(arrays, around.prefix)));
        if (!around.prefix.empty()) require_arrays(*fitted.model, arrays, around.prefix);
    } else {
        fitted = make_model(spec);
        require_arrays(*fitted.model, arrays, "");
    }
    allocate(stream, fitted, precision, {});
    std::map<std::string, ModuleParameter*> by_name;
    for (const auto& [name, parameter] : fitted.model->parameters()) by_name[name] = parameter;
    for (const NamedArray& array : arrays) {
        visit_real(precision, [&, &to = by_name.at(array.name)->value]<class Real>(Real) {
            to.assign<Real>(stream, std::vector<Real>(array.values.begin(), array.values.end()));
        });
    }
    return fitted;
}

FittedModel with_options(Stream& stream, FittedModel fitted, const Values& changed) {
    const ModelSpec& spec = fitted.spec;
    OptionSet options = model_options(spec.model, spec.options);
    with_context(fmt::format("reading the options of {}", spec.model), [&] {
        for (const auto& [name, value] : changed) options.set(name, to_text(value));
    });
    const ModelEntry& entry = find_model(spec.model);
    const Values written = written_options(entry, options, Surroundings(spec).shape);
    if (written == spec.options) return fitted;
    for (const auto& [name, value] : written) {
        const auto before = spec.options.find(name);
        ELM_CHECK(entry.options_change || (before != spec.options.end() && before->second == value),
                  "{}={}: this {} was fitted with {}, and a fitted model keeps its options.", name,
                  to_text(value), spec.model,
                  before == spec.options.end() ? "no such option" : to_text(before->second));
    }
    ModelSpec other = spec;
    other.options = written;
    if (const auto step = written.find(entry.time_step_option);
        step != written.end() && step->second != spec.options.at(entry.time_step_option)) {
        ELM_CHECK(entry.time_step_changes(options),
                  "{}={}: this {} was fitted to steps of {} ms and keeps its meaning under no "
                  "others.",
                  entry.time_step_option, to_text(step->second), spec.model, spec.time_step_ms);
        other.time_step_ms = options.get<double>(entry.time_step_option);
    }
    const DType precision = fitted.precision();
    return with_context(fmt::format("checking the options of {}", spec.model),
                        [&] { return restored(stream, other, fitted.model->arrays(), precision); });
}

FittedModel with_time_step(Stream& stream, FittedModel fitted, double time_step_ms) {
    if (time_step_ms == fitted.spec.time_step_ms) return fitted;
    const ModelEntry& entry = find_model(fitted.spec.model);
    const bool changes =
        entry.time_step_changes != nullptr &&
        entry.time_step_changes(model_options(fitted.spec.model, fitted.spec.options));
    ELM_CHECK(changes,
              "steps of {} ms: this {} was fitted to steps of {} ms and keeps its meaning under no "
              "others.",
              time_step_ms, fitted.spec.model, fitted.spec.time_step_ms);
    return with_options(stream, std::move(fitted), {{entry.time_step_option, time_step_ms}});
}

void keep_parameters(Module& module) {
    Stream host{Device{}};
    for (const auto& [name, parameter] : module.parameters()) {
        const Tensor values = parameter->value.to(host);
        parameter->initialiser = [values](Stream& stream, const Tensor& to, const RandomKey&) {
            visit_real(values.dtype(), [&]<class From>(From) {
                const auto from = values.host<From>();
                visit_real(to.dtype(), [&]<class To>(To) {
                    to.assign<To>(stream, std::vector<To>(from.begin(), from.end()));
                });
            });
        };
    }
}

}  // namespace elm
