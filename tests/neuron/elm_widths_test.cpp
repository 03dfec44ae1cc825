// The kernels for cores with one 512-bit multiply-add unit against those for cores with two: the
// same sums in the same order, so the same bits. That either is right is for the other tests, which
// run with both.

#include <gtest/gtest.h>

#include "kernels/core/simd/multiply_add_units.h"
#include "neuron/elm/elm_gradient.h"
#include "neuron/elm/elm_neuron.h"
#include "tests/support/compare.h"
#include "tests/support/random_elm.h"

namespace elm {
namespace {

std::vector<test::RandomElm> models() {
    std::vector<test::RandomElm> list;
    for (const HiddenUnit unit : {HiddenUnit::relu, HiddenUnit::relu2, HiddenUnit::silu}) {
        for (const std::int64_t n_memory : {1, 20, 33, 100}) {
            test::RandomElm elm;
            elm.options.version = unit == HiddenUnit::silu ? ElmVersion::v1 : ElmVersion::v2;
            elm.options.n_input = 128;
            elm.options.n_output = 3;
            elm.options.n_memory = n_memory;
            elm.options.n_branch = n_memory == 33 ? 50 : 5;
            elm.options.n_synapse_per_branch = 40;
            elm.options.routing = SynapseRouting::neuronio;
            elm.options.activation = unit;
            elm.options.learn_memory_tau = true;
            list.push_back(elm);
        }
    }
    return list;
}

/// Calls body() as with one unit and as with two.
template <class Body>
auto with_both(const Body& body) {
    const int own = multiply_add_units().count;
    set_multiply_add_units(1);
    const auto one = body();
    set_multiply_add_units(2);
    const auto two = body();
    set_multiply_add_units(own == 2 ? 2 : 1);
    return std::pair(one, two);
}

TEST(ElmWidths, outputs_have_the_same_bits) {
    Stream stream{Device{}};
    for (const test::RandomElm& spec : models()) {
        const ElmModel model = test::make_random_elm(spec);
        for (const DType type : {DType::f32, DType::f64}) {
            // Every form of tile: 63 = 32 + 16 + 8 + 4 + 2 + 1.
            for (const std::int64_t batch : {1, 7, 8, 15, 31, 32, 63}) {
                const SpikeTrain spikes = test::random_spikes(batch, 40, 128, 0.1, 5);
                const auto [one, two] = with_both([&] {
                    const ElmNeuron neuron(stream, model, type);
                    ElmState state = neuron.initial_state(stream, batch);
                    const Tensor output = neuron.run(stream, spikes, state).output;
                    return std::pair(test::values_of(output), test::values_of(state.memory));
                });
                ASSERT_EQ(one, two) << spec.options.n_memory << ", batch " << batch;
            }
        }
    }
}

TEST(ElmWidths, gradients_have_the_same_bits) {
    const ElmLoss squares{
        [](const Tensor& output, const Tensor& gradient, std::int64_t first, std::int64_t count) {
            visit_real(output.dtype(), [&]<class Real>(Real) {
                const auto from = output.host<Real>(), to = gradient.host<Real>();
                const std::int64_t row = output.shape()[1] * output.shape()[2];
                std::copy_n(from.begin() + first * row, count * row, to.begin() + first * row);
            });
        }};
    for (const test::RandomElm& spec : models()) {
        const ElmModel model = test::make_random_elm(spec);
        const SpikeTrain spikes = test::random_spikes(7, 40, 128, 0.1, 5);
        for (const DType type : {DType::f32, DType::f64}) {
            const auto [one, two] = with_both([&] {
                return elm_gradient(model, spikes, squares, {.precision = type}).parameters;
            });
            for (std::size_t i = 0; i < one.size(); ++i) {
                ASSERT_EQ(one[i].values, two[i].values)
                    << one[i].name << " of " << spec.options.n_memory;
            }
        }
    }
}

TEST(ElmWidths, the_number_of_units_is_one_or_two_and_can_be_set) {
    const MultiplyAddUnits own = multiply_add_units();
    if (own.count == 0) GTEST_SKIP() << own.source;
    EXPECT_TRUE(own.count == 1 || own.count == 2);
    for (const int count : {1, 2}) {
        set_multiply_add_units(count);
        EXPECT_EQ(multiply_add_units().count, count);
    }
    set_multiply_add_units(own.count);
}

}  // namespace
}  // namespace elm
