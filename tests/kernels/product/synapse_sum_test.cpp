#include "kernels/ops/elm_network/synapse_sum.h"

#include <gtest/gtest.h>

#include "kernels/core/spike_train.h"
#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_elm.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

struct Extents {
    std::int64_t batch, time, sources, rows, synapses;
};

/// Rows rise; sources are drawn, so that some feed several synapses and some none.
Synapses synapses_of(Stream& stream, const Extents& is) {
    std::vector<std::int32_t> source, row;
    for (std::int64_t i = 0; i < is.synapses; ++i) {
        const std::uint32_t word = random_word({8, 0, 0}, i);
        source.push_back(static_cast<std::int32_t>(word % static_cast<std::uint32_t>(is.sources)));
        row.push_back(static_cast<std::int32_t>(i * is.rows / is.synapses));
    }
    return make_synapses(stream, is.sources, is.rows, source, row);
}

std::vector<double> gains_of(const Extents& is) {
    return random_values(is.batch * is.sources, 0, 2, {9});
}

/// Naive loops over the definition.
std::vector<double> naive(const Extents& is, const std::vector<double>& input,
                          const std::vector<double>& weight) {
    Stream stream{Device{}};
    const Synapses synapses = synapses_of(stream, is);
    const auto source = synapses.source.host<std::int32_t>();
    const auto row = synapses.row.host<std::int32_t>();
    const std::vector<double> gain = gains_of(is);
    std::vector<double> output(static_cast<std::size_t>(is.batch * is.time * is.rows), 0.0);
    const auto at = [](std::int64_t index) { return static_cast<std::size_t>(index); };
    for (std::int64_t step = 0; step < is.batch * is.time; ++step) {
        for (std::size_t i = 0; i < weight.size(); ++i) {
            output[at(step * is.rows + row[i])] +=
                weight[i] * gain[at(step / is.time * is.sources + source[i])] *
                input[at(step * is.sources + source[i])];
        }
    }
    return output;
}

Tensor gain_tensor(Stream& stream, const Extents& is, DType dtype) {
    return tensor_of(stream, {is.batch, is.sources}, dtype, gains_of(is));
}

OpCase sum_case(const std::string& name, const Extents& is) {
    return {.name = name,
            .inputs = {{.name = "input", .shape = {is.batch, is.time, is.sources}},
                       {.name = "weight", .shape = {is.synapses}}},
            .run =
                [is](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{
                        synapse_sum(context, synapses_of(context.stream, is), in[0], in[1],
                                    gain_tensor(context.stream, is, in[1].value.dtype()))};
                },
            .reference = [is](const Arrays& in) { return Arrays{naive(is, in[0], in[1])}; },
            .longest_sum = is.batch * is.time + is.synapses};
}

ELM_OP_CASES(synapse_sum,
             (std::vector<OpCase>{
                 sum_case("one", {1, 1, 1, 1, 1}), sum_case("seven", {7, 3, 7, 5, 11}),
                 sum_case("thirty_three", {3, 33, 9, 33, 70}),
                 sum_case("several_tasks", {3, 190, 5, 4, 12}),
                 sum_case("no_synapses", {2, 3, 4, 3, 0}), sum_case("one_source", {2, 5, 1, 4, 9}),
                 sum_case("no_samples", {0, 3, 4, 3, 5}), sum_case("no_steps", {2, 0, 4, 3, 5})}));

constexpr Extents spiking{5, 40, 12, 9, 30};

OpCase spike_case() {
    return {.name = "spikes",
            .inputs = {{.name = "weight", .shape = {spiking.synapses}}},
            .run =
                [](Context& context, std::span<const Var> in) {
                    const SpikeTrain spikes =
                        random_spikes(spiking.batch, spiking.time, spiking.sources, 0.3, 4);
                    return std::vector<Var>{
                        synapse_sum(context, synapses_of(context.stream, spiking), spikes, in[0],
                                    gain_tensor(context.stream, spiking, in[0].value.dtype()))};
                },
            .reference =
                [](const Arrays& in) {
                    Stream stream{Device{}};
                    const Tensor counts = to_dense(
                        stream, random_spikes(spiking.batch, spiking.time, spiking.sources, 0.3, 4),
                        DType::f64);
                    return Arrays{naive(spiking, values_of(counts), in[0])};
                },
            .longest_sum = spiking.batch * spiking.time};
}

ELM_OP_CASES(synapse_sum_of_spikes, (std::vector<OpCase>{spike_case()}));

TEST(SynapseSum, gives_the_same_bits_for_any_number_of_threads) {
    const int before = thread_count();
    for (const OpCase& op : {sum_case("", {13, 40, 9, 21, 60}), spike_case()}) {
        set_thread_count(1);
        const OpRun one = run_case(op, {}, DType::f32);
        for (const int threads : {2, 3, 13}) {
            set_thread_count(threads);
            const OpRun other = run_case(op, {}, DType::f32);
            EXPECT_EQ(other.outputs, one.outputs) << threads;
            EXPECT_EQ(other.gradients, one.gradients) << threads;
        }
    }
    set_thread_count(before);
}

TEST(SynapseSum, names_the_argument_that_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const Synapses synapses = synapses_of(stream, {1, 1, 4, 3, 5});
    const auto message = [&](const Shape& input, const Shape& weight, const Shape& gain) {
        const auto zeros = [&](const Shape& shape) {
            return Tensor::zeros(stream, shape, DType::f32);
        };
        try {
            synapse_sum(context, synapses, Var{zeros(input)}, Var{zeros(weight)}, zeros(gain));
        } catch (const Error& error) {
            return error.message();
        }
        return std::string("no error");
    };
    EXPECT_EQ(message({2, 3, 4}, {5}, {2, 4}), "no error");
    EXPECT_NE(message({2, 3, 6}, {5}, {2, 6}).find("6 channels, expected 4"), std::string::npos);
    EXPECT_NE(message({2, 3, 4}, {6}, {2, 4}).find("weight (synapses)"), std::string::npos);
    EXPECT_NE(message({2, 3, 4}, {5}, {1, 4}).find("gain (batch, sources)"), std::string::npos);
}

}  // namespace
}  // namespace elm::test
