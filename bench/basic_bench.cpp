// Single operations that models are made of (kernel_cases.h): element by element, along rows, of
// all rows, products, and attention of lists. A multiply-add counts as two operations, a function
// of an element as none: all but products are bound by their bytes.
//
//     basic_bench [--benchmark_filter=...]

#include <numeric>

#include "bench/kernel_cases.h"
#include "kernels/ops/attention/key_lists.h"
#include "kernels/ops/attention/listed_attention.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/embedding.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/normalise.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/basic/reverse_time.h"
#include "kernels/ops/basic/softmax.h"
#include "kernels/ops/product/convolution.h"
#include "kernels/ops/product/matmul.h"
#include "kernels/ops/training/batch_norm.h"
#include "kernels/ops/training/dropout.h"
#include "kernels/ops/training/loss.h"

namespace {

using namespace elm;
using Case = bench::KernelCase;
using Vars = std::vector<Var>;

constexpr std::int64_t batch = bench::kernel_batch, width = bench::kernel_width;
constexpr double row = 4.0 * batch * width;  // bytes of a step

/// A function of one sequence, with how often a step of it is moved, forward and for training.
Case of_sequence(const char* name, std::int64_t steps, double forward, double training,
                 std::function<Var(Context&, const Vars&)> run) {
    return {name,           {{batch, steps, width}}, {{-1, 1}},
            std::move(run), forward * row,           training * row};
}

/// The same with vectors (width) beside it.
Case with_vectors(Case one, std::size_t count) {
    one.shapes.insert(one.shapes.end(), count, Shape{width});
    one.ranges.insert(one.ranges.end(), count, {0.5, 1});
    return one;
}

Case multiplied(std::int64_t steps) {
    const Shape sequence{batch, steps, width};
    return {"elementwise",
            {sequence, sequence},
            {{-1, 1}, {-1, 1}},
            [](Context& context, const Vars& in) { return multiply(context, in[0], in[1]); },
            3 * row,
            8 * row};
}

/// A table of 1,024 rows, which stay in the cache: the output is what moves.
Case looked_up(std::int64_t steps) {
    std::vector<std::int32_t> indices(static_cast<std::size_t>(batch * steps));
    std::iota(indices.begin(), indices.end(), 0);
    for (std::int32_t& index : indices) index = index * 37 % 1024;
    return {"embedding",
            {{1024, width}},
            {{-1, 1}},
            [indices, steps](Context& context, const Vars& in) {
                return embedding(
                    context, in[0],
                    Tensor::from<std::int32_t>(context.stream, {batch, steps}, indices));
            },
            row,
            2 * row};
}

Case batch_normed(std::int64_t steps) {
    return with_vectors(
        of_sequence("batch_norm", steps, 3, 6,  // the input once for its statistics
                    [](Context& context, const Vars& in) {
                        context.training = true;
                        const Tensor zeros = Tensor::zeros(context.stream, {width}, DType::f32);
                        return batch_norm(context, in[0], in[1], in[2], {zeros, in[1].value});
                    }),
        2);
}

/// Squared errors.
Case lost(std::int64_t steps) {
    Case one = of_sequence("loss", steps, 2, 5, {});
    one.shapes.push_back(one.shapes.front());
    one.ranges.push_back(one.ranges.front());
    one.run = [](Context& context, const Vars& in) {
        return mean_squared_error(context, in[0], in[1].value);
    };
    return one;
}

Case product(std::int64_t steps) {
    return {"matmul",
            {{batch, steps, width}, {width, width}},
            {{-1, 1}, {-0.1, 0.1}},
            [](Context& context, const Vars& in) { return linear(context, in[0], in[1]); },
            2 * row,
            5 * row,
            2.0 * batch * width * width};
}

Case convolved(std::int64_t steps) {
    constexpr std::int64_t taps = 3;
    return {
        "convolution",
        {{batch, steps, width}, {width, width, taps}, {width}},
        {{-1, 1}, {-0.1, 0.1}, {-1, 1}},
        [](Context& context, const Vars& in) { return convolution(context, in[0], in[1], in[2]); },
        2 * row,
        5 * row,
        2.0 * taps * batch * width * width};
}

/// Blocks of 64 steps that see themselves and the one before, four heads.
Case listed(std::int64_t steps) {
    constexpr std::int64_t block = 64;
    KeyLists lists(steps, steps, block);
    for (std::int64_t begin = 0; begin < steps; begin += block) {
        lists.see(begin - block, begin + block);
        lists.close();
    }
    const Shape sequence{batch, steps, width};
    return {"listed_attention",
            {sequence, sequence, sequence},
            {{-1, 1}, {-1, 1}, {-1, 1}},
            [lists](Context& context, const Vars& in) {
                return listed_attention(context, in[0], in[1], in[2], lists, {.heads = 4}).output;
            },
            4 * row,
            12 * row,
            2.0 * 2 * batch * width * 2 * block};
}

std::vector<Case> cases(std::int64_t steps) {
    return {
        of_sequence("activation", steps, 2, 5,
                    [](Context& context, const Vars& in) {
                        return activate(context, in[0], Activation::silu);
                    }),
        multiplied(steps),
        of_sequence(
            "layout", steps, 2, 4,
            [](Context& context, const Vars& in) { return transpose(context, in[0], 1, 2); }),
        of_sequence("reverse_time", steps, 2, 4,
                    [](Context& context, const Vars& in) { return reverse_time(context, in[0]); }),
        with_vectors(of_sequence("normalise", steps, 2, 5,
                                 [](Context& context, const Vars& in) {
                                     return layer_norm(context, in[0], in[1], in[2]);
                                 }),
                     2),
        of_sequence("reduction", steps, 1, 2,
                    [](Context& context, const Vars& in) { return sum(context, in[0], 2); }),
        of_sequence("softmax", steps, 2, 5,
                    [](Context& context, const Vars& in) { return softmax(context, in[0]); }),
        of_sequence("dropout", steps, 2, 4,
                    [](Context& context, const Vars& in) {
                        context.training = true;
                        return dropout(context, in[0], 0.1);
                    }),
        looked_up(steps),
        batch_normed(steps),
        lost(steps),
        product(steps),
        convolved(steps),
        listed(steps)};
}

}  // namespace

int main(int argc, char** argv) { return bench::measure_cases(argc, argv, cases); }
