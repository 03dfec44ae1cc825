#include "tasks/samples/sample_kind.h"

#include "kernels/io/toml_config.h"

namespace elm {

OptionSet open_options(const SampleKind& kind) {
    OptionSet open;
    const OptionSet all = kind.options();
    for (const Option& option : all.options()) {
        if (!kind.fixed.contains(option.name)) open.declare(option);
    }
    return open;
}

OptionSet all_options(const SampleKind& kind, const OptionSet& chosen) {
    OptionSet all = chosen;
    const Values known = to_values(chosen);
    const OptionSet own = kind.options();
    for (const Option& option : own.options()) {
        if (!known.contains(option.name)) all.declare(option);
    }
    for (const auto& [name, value] : kind.fixed) all.set(name, to_text(value));
    return all;
}

SetGenerator make_generator(const SampleKind& kind, const OptionSet& options) {
    SetGenerator generator = kind.generator(options);
    generator.task = kind.family;
    const Values values = to_values(options);
    const OptionSet own = kind.options();
    for (const Option& option : own.options()) {
        generator.options[option.name] = values.at(option.name);
    }
    return generator;
}

}  // namespace elm
