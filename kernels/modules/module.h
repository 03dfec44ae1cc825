#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/autograd/variable.h"
#include "kernels/modules/initialise.h"

namespace elm {

/// A parameter as a module declares it. It has no values before allocate_parameters().
struct ModuleParameter : Parameter {
    std::string name;  // within its module
    Shape shape;
    Initialiser initialiser;
    bool trainable = true;
    bool is_weight = true;   // false of biases, gains of norms and time constants
    bool every_step = true;  // each number multiplies once in every step of a sequence
};

struct NamedParameter {
    std::string name;  // from the root: "blocks.0.query.weight"
    ModuleParameter* parameter;
};

/// Owns named parameters and children. Names are stable: files hold them.
class Module {
public:
    virtual ~Module() = default;
    Module() = default;
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;

    /// Parameters of this module and its children, in the order of their declaration.
    std::vector<NamedParameter> parameters();

protected:
    /// A matrix or taps, whose numbers each multiply once in every step of a sequence. The
    /// reference stays valid as long as the module. Names are unique within a module.
    ModuleParameter& parameter(std::string name, const Shape& shape, Initialiser initialiser);
    /// The same for a bias, a gain of a norm or a time constant.
    ModuleParameter& offset(std::string name, const Shape& shape, Initialiser initialiser);
    /// The same for a weight of which a step takes a part, or that multiplies more or less often:
    /// embeddings, positions, what the filter of a convolution is made of. Its owner counts it.
    ModuleParameter& table(std::string name, const Shape& shape, Initialiser initialiser);

    template <class Child>
    Child& child(std::string name,  // NOLINT(performance-unnecessary-value-param): it is moved
                 std::unique_ptr<Child> module) {
        Child& result = *module;
        add_child(std::move(name), std::move(module));
        return result;
    }

private:
    struct Entry {
        std::string name;
        std::unique_ptr<ModuleParameter> parameter;  // one of the two
        std::unique_ptr<Module> child;
    };
    void add_child(std::string name, std::unique_ptr<Module> module);
    void add_entry(Entry entry);
    void collect(const std::string& prefix, std::vector<NamedParameter>& out);

    std::vector<Entry> entries_;
};

/// All parameters of a module in one row, and their gradients in another, so that an optimiser
/// step, a norm or an exchange between machines is one operation. Each parameter begins at a
/// multiple of 64 bytes; the gaps are zero.
struct FlatParameters {
    Tensor values;
    Tensor gradients;
};

/// Gives every parameter its place, its initial values (drawn for `key` and its full name, whatever
/// other parameters there are) and a gradient of zero.
FlatParameters allocate_parameters(Stream& stream, Module& module, DType dtype,
                                   const RandomKey& key);

/// The part of `row`, which is laid out as the flat values, that belongs to one parameter, in its
/// shape.
Tensor window(const FlatParameters& parameters, const ModuleParameter& parameter,
              const Tensor& row);

/// Sets all gradients to zero, for the next step.
void clear_gradients(Stream& stream, const FlatParameters& parameters);

/// Number of elements of the trainable parameters.
std::int64_t trainable_count(Module& module);

/// Number of elements, trainable or not, that multiply once in every step of a sequence.
std::int64_t products_per_step(Module& module);

/// Leaves what a module has out of products_per_step(): it multiplies more or less often, as what
/// makes a filter once a pass for all samples does. Who owns it counts it.
void count_apart(Module& module);

}  // namespace elm
