#include "kernels/modules/module.h"

#include <algorithm>
#include <utility>

#include "kernels/core/support/check.h"

namespace elm {

std::vector<NamedParameter> Module::parameters() {
    std::vector<NamedParameter> all;
    collect("", all);
    return all;
}

ModuleParameter& Module::parameter(std::string name, const Shape& shape, Initialiser initialiser) {
    auto declared = std::make_unique<ModuleParameter>();
    declared->name = name;
    declared->shape = shape;
    declared->initialiser = std::move(initialiser);
    ModuleParameter& result = *declared;
    add_entry({std::move(name), std::move(declared), nullptr});
    return result;
}

ModuleParameter& Module::offset(std::string name, const Shape& shape, Initialiser initialiser) {
    ModuleParameter& result = parameter(std::move(name), shape, std::move(initialiser));
    result.is_weight = result.every_step = false;
    return result;
}

ModuleParameter& Module::table(std::string name, const Shape& shape, Initialiser initialiser) {
    ModuleParameter& result = parameter(std::move(name), shape, std::move(initialiser));
    result.every_step = false;
    return result;
}

void Module::add_child(std::string name, std::unique_ptr<Module> module) {
    add_entry({std::move(name), nullptr, std::move(module)});
}

void Module::add_entry(Entry entry) {
    const bool known = std::any_of(entries_.begin(), entries_.end(),
                                   [&](const Entry& other) { return other.name == entry.name; });
    ELM_ASSERT(!known);
    entries_.push_back(std::move(entry));
}

void Module::collect(const std::string& prefix, std::vector<NamedParameter>& out) {
    for (const Entry& entry : entries_) {
        if (entry.parameter != nullptr) {
            out.push_back({prefix + entry.name, entry.parameter.get()});
        } else {
            entry.child->collect(prefix + entry.name + ".", out);
        }
    }
}

FlatParameters allocate_parameters(Stream& stream, Module& module, DType dtype,
                                   const RandomKey& key) {
    const std::vector<NamedParameter> parameters = module.parameters();
    const auto unit = static_cast<std::int64_t>(64 / size_of(dtype));
    const auto padded = [unit](std::int64_t count) { return (count + unit - 1) / unit * unit; };
    std::int64_t total = 0;
    for (const auto& [name, parameter] : parameters) total += padded(parameter->shape.size());

    const FlatParameters flat{Tensor::zeros(stream, {total}, dtype),
                              Tensor::zeros(stream, {total}, dtype)};
    std::int64_t begin = 0;
    for (const auto& [name, parameter] : parameters) {
        const std::int64_t count = parameter->shape.size();
        parameter->value = flat.values.rows(begin, begin + count).reshape(parameter->shape);
        parameter->gradient = flat.gradients.rows(begin, begin + count).reshape(parameter->shape);
        if (count > 0) parameter->initialiser(stream, parameter->value, key.for_purpose(name));
        begin += padded(count);
    }
    return flat;
}

Tensor window(const FlatParameters& parameters, const ModuleParameter& parameter,
              const Tensor& row) {
    const std::ptrdiff_t bytes = parameter.value.data() - parameters.values.data();
    const auto begin = bytes / static_cast<std::ptrdiff_t>(size_of(parameters.values.dtype()));
    ELM_ASSERT(bytes >= 0 && row.shape() == parameters.values.shape());
    return row.rows(begin, begin + parameter.shape.size()).reshape(parameter.shape);
}

void clear_gradients(Stream& stream, const FlatParameters& parameters) {
    parameters.gradients.clear(stream);
}

std::int64_t trainable_count(Module& module) {
    std::int64_t count = 0;
    for (const auto& [name, parameter] : module.parameters()) {
        if (parameter->trainable) count += parameter->shape.size();
    }
    return count;
}

std::int64_t products_per_step(Module& module) {
    std::int64_t count = 0;
    for (const auto& [name, parameter] : module.parameters()) {
        if (parameter->every_step) count += parameter->shape.size();
    }
    return count;
}

void count_apart(Module& module) {
    for (const auto& [name, parameter] : module.parameters()) parameter->every_step = false;
}

}  // namespace elm
