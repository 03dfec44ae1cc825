#pragma once

#include <cstdint>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "baselines/mixers/mixer_registry.h"
#include "kernels/io/option_set.h"
#include "tests/support/compare.h"
#include "tests/support/random_tensor.h"

namespace elm::test::mixing {

/// Of the sequences that mixers read here.
inline constexpr std::int64_t width = 8, steps = 9, source_steps = 6, longest_sum = 1024;

using Numbers = std::vector<double>;
using ChosenOptions = std::vector<std::pair<std::string, std::string>>;

inline constexpr MixerPattern both_directions{.is_cross = false, .causal = false};
inline constexpr MixerPattern causally{.is_cross = false, .causal = true};

/// A mixer in one of the four patterns.
struct PatternCase {
    std::string mixer;
    MixerPattern pattern;
};
inline void PrintTo(const PatternCase& one, std::ostream* out) {
    *out << one.mixer << " " << one.pattern.name();
}

/// Tables and windows as small as the sequences are.
inline ChosenOptions small_options(const std::string& mixer) {
    if (mixer == "long_short") {
        return {{"window", "3"}, {"summaries", "2"}, {"causal_window", "3"}, {"chunk_steps", "2"}};
    }
    // 64 modes turn thousands of times a step: too curved for differences.
    if (mixer == "dss") return {{"states", "4"}, {"longest", "16"}};
    if (mixer == "tcnca") return {{"conv_taps", "3"}, {"conv_dilation", "2"}, {"conv_depth", "2"}};
    const OptionSet options = find_mixer(mixer).options();
    for (const Option& option : options.options()) {
        if (option.name == "longest") return {{"longest", "16"}};
    }
    return {};
}

inline std::unique_ptr<SequenceMixer> mixer_for(const std::string& name,
                                                const MixerPattern& pattern,
                                                const ChosenOptions& chosen = {}) {
    const MixerEntry& entry = find_mixer(name);
    OptionSet options = entry.options();
    for (const auto& all : {small_options(name), chosen}) {
        for (const auto& [option, text] : all) options.set(option, text);
    }
    return entry.make(options, {.width = width, .causal = pattern.causal});
}

/// One mixer with values, and what it makes of rows of numbers.
class LivingMixer {
public:
    explicit LivingMixer(const PatternCase& one, const ChosenOptions& chosen = {})
        : pattern(one.pattern),
          mixer(mixer_for(one.mixer, one.pattern, chosen)),
          flat(allocate_parameters(stream, *mixer, DType::f64, {7})) {}

    Var rows(const Numbers& values) {
        return {tensor_of(stream, {1, std::ssize(values) / width, width}, DType::f64, values)};
    }
    MixerInput input(const Numbers& sequence, const Numbers& source) {
        MixerInput made{.sequence = rows(sequence), .causal = pattern.causal};
        if (pattern.is_cross) made.context = rows(source);
        return made;
    }
    Numbers run(const MixerInput& input, StateCursor* state = nullptr) {
        Context context{stream};
        return values_of(mixer->mix(context, input, state).value);
    }

    MixerPattern pattern;
    Stream stream{Device{}};
    std::unique_ptr<SequenceMixer> mixer;
    FlatParameters flat;
};

inline ModuleParameter& parameter_of(Module& module, const std::string& wanted) {
    for (const auto& [name, parameter] : module.parameters()) {
        if (name == wanted) return *parameter;
    }
    throw std::out_of_range(wanted);
}
inline Numbers values_in(Module& module, const std::string& name) {
    return values_of(parameter_of(module, name).value);
}
inline void set(Stream& stream, Module& module, const std::string& name, const Numbers& values) {
    parameter_of(module, name).value.assign<double>(stream, values);
}
inline void set_all(Stream& stream, Module& module, const std::string& name, double value) {
    initialise::constant(value)(stream, parameter_of(module, name).value, {});
}
/// A square matrix of ones on the diagonal.
inline Numbers identity(std::int64_t size) {
    Numbers values(static_cast<std::size_t>(size * size), 0.0);
    for (std::int64_t i = 0; i < size; ++i) values[static_cast<std::size_t>(i * (size + 1))] = 1;
    return values;
}

/// Parameters that two mixers have in common, from the second to those of the first of which the
/// names begin with `module`.
inline void copy_parameters(LivingMixer& to, LivingMixer& from, const std::string& module = "") {
    for (const auto& [name, parameter] : to.mixer->parameters()) {
        for (const auto& [other_name, other] : from.mixer->parameters()) {
            if (name == module + other_name) {
                parameter->value.assign<double>(to.stream, values_of(other->value));
            }
        }
    }
}

inline Numbers sequence_values(std::int64_t count = steps) {
    return random_values(count * width, -1, 1, {3, 0, 1});
}
inline Numbers source_values(std::int64_t count = source_steps) {
    return random_values(count * width, -1, 1, {3, 0, 2});
}
inline Numbers first_rows(const Numbers& all, std::int64_t count) {
    return {all.begin(), all.begin() + count * width};
}

}  // namespace elm::test::mixing
