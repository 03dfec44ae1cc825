#include "kernels/modules/module.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/autograd/tape.h"
#include "kernels/core/support/error.h"
#include "kernels/modules/layers.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"

namespace elm {
namespace {

using test::values_of;

struct Layer : Module {
    ModuleParameter& weight;
    ModuleParameter& bias;

    Layer(std::int64_t inputs, std::int64_t outputs)
        : weight(parameter("weight", {outputs, inputs}, initialise::uniform_fan_in(inputs))),
          bias(parameter("bias", {outputs}, initialise::constant(0.5))) {}
};

struct Net : Module {
    Layer& first;
    ModuleParameter& scale;
    Layer& second;

    Net()
        : first(child("layers.0", std::make_unique<Layer>(3, 5))),
          scale(parameter("scale", {1}, initialise::normal(0, 1))),
          second(child("layers.1", std::make_unique<Layer>(5, 2))) {}
};

TEST(Module, names_parameters_by_their_path) {
    Net net;
    std::vector<std::string> names;
    for (const auto& [name, parameter] : net.parameters()) names.push_back(name);
    EXPECT_EQ(names, (std::vector<std::string>{"layers.0.weight", "layers.0.bias", "scale",
                                               "layers.1.weight", "layers.1.bias"}));
}

TEST(Module, counts_what_is_trained) {
    Net net;
    EXPECT_EQ(trainable_count(net), 3 * 5 + 5 + 1 + 5 * 2 + 2);
    net.second.weight.trainable = false;
    EXPECT_EQ(trainable_count(net), 3 * 5 + 5 + 1 + 2);
}

/// Offsets are added, a table is looked up, and what is counted apart is its owner's business.
TEST(Module, counts_what_multiplies_once_in_every_step) {
    struct Words : Module {
        Linear& map;
        Linear& filter;
        explicit Words(std::int64_t words)
            : map(child("map", std::make_unique<Linear>(3, 5))),
              filter(child("filter", std::make_unique<Linear>(7, 7))) {
            table("embedding", {words, 3}, initialise::normal(0, 1));
            parameter("frozen", {2, 2}, initialise::normal(0, 1)).trainable = false;
            count_apart(filter);
        }
    } words(1000);
    EXPECT_EQ(products_per_step(words), 3 * 5 + 2 * 2);
    EXPECT_EQ(trainable_count(words), 3 * 5 + 5 + 7 * 7 + 7 + 1000 * 3);
    for (const auto& [name, parameter] : words.parameters()) {
        EXPECT_EQ(parameter->is_weight, !name.ends_with("bias")) << name;
    }
}

TEST(Module, parameters_are_windows_of_the_flat_buffers) {
    Stream stream{Device{}};
    Net net;
    const FlatParameters flat = allocate_parameters(stream, net, DType::f32, {1});
    EXPECT_EQ(flat.values.shape(), Shape({16 * 5})) << "each begins at a multiple of 64 bytes";
    net.second.bias.value.host<float>()[1] = 7;
    EXPECT_EQ(flat.values.host<float>()[4 * 16 + 1], 7);
    for (const auto& [name, parameter] : net.parameters()) {
        EXPECT_EQ(parameter->value.shape(), parameter->shape);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(parameter->value.data()) % 64, 0u) << name;
        for (const double value : values_of(parameter->gradient)) EXPECT_EQ(value, 0);
    }
    EXPECT_EQ(flat.values.host<float>()[15], 0) << "the gap behind 5 times 3 weights";
}

TEST(Module, tape_adds_gradients_into_the_flat_buffer) {
    Stream stream{Device{}};
    Net net;
    const FlatParameters flat = allocate_parameters(stream, net, DType::f64, {1});
    Tape tape;
    tape.backward(stream, tape.leaf(net.scale));
    const std::int64_t at = 16 + 8;  // after (5, 3) and (5) in steps of 8 doubles
    EXPECT_EQ(flat.gradients.host<double>()[static_cast<std::size_t>(at)], 1);
    clear_gradients(stream, flat);
    for (const double value : values_of(flat.gradients)) EXPECT_EQ(value, 0);
}

TEST(Module, first_values_depend_on_name_and_seed_only) {
    Stream stream{Device{}};
    Net net, again, other;
    allocate_parameters(stream, net, DType::f64, {1});
    allocate_parameters(stream, again, DType::f64, {1});
    allocate_parameters(stream, other, DType::f64, {2});
    EXPECT_EQ(values_of(net.first.weight.value), values_of(again.first.weight.value));
    EXPECT_NE(values_of(net.first.weight.value), values_of(other.first.weight.value));

    struct Alone : Module {
        Alone() { child("layers.1", std::make_unique<Layer>(5, 2)); }
    } alone;
    allocate_parameters(stream, alone, DType::f64, {1});
    EXPECT_EQ(values_of(alone.parameters()[0].parameter->value),
              values_of(net.second.weight.value));
}

TEST(Module, cuda_has_the_first_values_of_the_cpu) {
    ELM_SKIP_WITHOUT_CUDA();
    Stream cpu{Device{}};
    for (const Device device : test::cuda_devices()) {
        Stream stream{device};
        Net here, there;
        allocate_parameters(cpu, here, DType::f32, {1});
        allocate_parameters(stream, there, DType::f32, {1});
        EXPECT_EQ(values_of(there.first.weight.value), values_of(here.first.weight.value));
        EXPECT_EQ(values_of(there.first.bias.value), values_of(here.first.bias.value));
    }
}

/// Values of one parameter after `initialiser`.
std::vector<double> initialised(const Initialiser& initialiser, std::int64_t count) {
    Stream stream{Device{}};
    const Tensor values = Tensor::empty(stream, {count}, DType::f64);
    initialiser(stream, values, {1});
    return values_of(values);
}

TEST(Initialise, fan_in_fills_its_interval) {
    double largest = 0;
    for (const double value : initialised(initialise::uniform_fan_in(16), 10'000)) {
        largest = std::max(largest, std::abs(value));
    }
    EXPECT_LE(largest, 0.25);
    EXPECT_GT(largest, 0.249);
    EXPECT_THROW(initialise::uniform_fan_in(0), Error);
}

TEST(Initialise, log_spacing_has_equal_ratios_and_exact_ends) {
    const auto tau = initialised(initialise::log_spaced(1, 1000), 4);
    EXPECT_CLOSE(tau, (std::vector<double>{1, 10, 100, 1000}), {});
    EXPECT_EQ(initialised(initialise::log_spaced(3, 7), 1), std::vector<double>{3});
    EXPECT_THROW(initialise::log_spaced(0, 1), Error);
    EXPECT_THROW(initialise::log_spaced(2, 1), Error);
}

}  // namespace
}  // namespace elm
