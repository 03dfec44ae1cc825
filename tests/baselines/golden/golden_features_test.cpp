// Attention by features in forms that the mixers do not have, put together of our operations,
// against numbers that published code gave in float64: maxima without gradients
// (performer-pytorch), a largest key of all steps in causal attention (Long Range Arena, Tay et al.
// 2021), and the linear attention and the Performer of Nyströmformer's repository (Xiong et al.
// 2021).

#include "kernels/ops/attention/linear_attention.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/product/matmul.h"
#include "tests/baselines/golden/golden_attentions.h"

namespace elm::test {
namespace {

constexpr std::int64_t heads = 2, head_width = 4;

struct FeatureCase {
    const char* group = "";
    bool relu = false;
    double factor = 1;       // of the rows before all else
    double smallest = 1e-4;  // is added to exponentials
    bool detached = true;    // largest exponents are constants
    bool causal = false;
    double extra = 0;     // of each feature, in the divisor of causal attention
    bool masked = false;  // keys and values of padding are rows of zeros
};

class GoldenFeatures : public GoldenAttentions {
protected:
    Var constant(const Var& x) const { return Var{x.value}; }

    /// The largest product of each sample and head, at each step: (batch, time, heads).
    static Var largest_of_sequence(Context& context, const Var& products) {
        const Shape& of = products.value.shape();
        const Var by_head =
            reshape(context, transpose(context, products, 1, 2), {of[0] * of[2], of[1] * of[3]});
        const Var largest = repeat(context, maximum(context, by_head, 1), -1, of[1]);
        return transpose(context, reshape(context, largest, {of[0], of[2], of[1]}), 1, 2);
    }

    /// (batch, time, heads width) → (batch, time, heads features)
    Var features(Context& context, const FeatureCase& one, const Var& rows, bool of_keys) {
        const Tensor matrix = tensor("constants/projection");
        const std::int64_t count = matrix.shape()[0];
        const Shape& shape = rows.value.shape();
        const Var each = scale(
            context, reshape(context, rows, {shape[0], shape[1], heads, head_width}), one.factor);
        const Var products = linear(context, each, {matrix});
        const Shape all{shape[0], shape[1], heads * count};
        if (one.relu) {
            return reshape(context,
                           scale(context, activate(context, products, Activation::relu), 1, 1e-3),
                           all);
        }
        const Var half = scale(context, sum(context, multiply(context, each, each), 3), 0.5);
        const Var largest =
            of_keys ? largest_of_sequence(context, products) : maximum(context, products, 3);
        const Var offset = add(context, half, one.detached ? constant(largest) : largest);
        const Var shift = reshape(context, repeat(context, offset, -1, count),
                                  {shape[0], shape[1], heads, count});
        const Var exponentials =
            activate(context, subtract(context, products, shift), Activation::exp);
        const double share = 1 / std::sqrt(static_cast<double>(count));
        return reshape(context, scale(context, exponentials, share, one.smallest * share), all);
    }

    /// A key of so much in each feature, and of no value, before the first one.
    static Var behind(Context& context, const Var& rows, double filled) {
        const Shape& shape = rows.value.shape();
        const Tensor first = Tensor::zeros(context.stream, {shape[0], 1, shape[2]}, DType::f64);
        const Var parts[] = {scale(context, Var{first}, 1, filled), rows};
        return concatenate(context, parts, 1);
    }

    static Var read_features(Context& context, const FeatureCase& one, Var query, Var key,
                             Var value) {
        const std::int64_t steps = query.value.shape()[1];
        if (one.extra > 0) {
            query = behind(context, query, 1);  // whose answer nobody reads
            key = behind(context, key, one.extra);
            value = behind(context, value, 0);
        }
        const Var all = linear_attention(
            context, query, key, value,
            {.heads = heads, .causal = one.causal, .epsilon = one.extra > 0 ? 0.0 : -1e-15});
        return one.extra > 0 ? slice(context, all, 1, 1, steps + 1) : all;
    }

    /// 1 where a step counts, else 0: (batch, time, heads width).
    Var counted(const Shape& shape) {
        const std::vector<double> valid = read("masks/valid_mask");
        std::vector<double> all(static_cast<std::size_t>(shape.size()));
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i] = valid[i / static_cast<std::size_t>(shape[2])];
        }
        return {tensor_of(stream_, shape, DType::f64, all)};
    }

    /// `attend` of queries, keys and values of the file.
    template <class Attend>
    void expect_three(const Attend& attend) {
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        std::map<std::string, Parameter> leaves;
        const auto input = [&](const std::string& name) {
            const Tensor value = joined("inputs/" + name);
            leaves[name] = {value, Tensor::zeros(stream_, value.shape(), DType::f64)};
            return tape.leaf(leaves.at(name));
        };
        const Var query = input("query"), key = input("key"), value = input("value");
        const Var output = attend(context, query, key, value);
        expect_close(output.value, values_of(joined("output")), forward_error, "output");
        const Tensor gradient = joined("grad_output");
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        for (const auto& [name, leaf] : leaves) {
            expect_close(leaf.gradient, values_of(joined("grad_inputs/" + name)), gradient_error,
                         name);
        }
    }

    void expect_performer(const FeatureCase& one) {
        SCOPED_TRACE(one.group);
        open(one.group);
        expect_three([&](Context& context, const Var& query, Var key, Var value) {
            if (one.masked) {
                key = multiply(context, key, counted(key.value.shape()));
                value = multiply(context, value, counted(value.value.shape()));
            }
            return read_features(context, one, features(context, one, query, false),
                                 features(context, one, key, true), value);
        });
    }
};

TEST_F(GoldenFeatures, performer_with_constant_maxima_is_that_of_a_public_package) {
    const double root = std::pow(head_width, -0.25);
    expect_performer({.group = "/extra/performer_pytorch/softmax", .factor = root});
    expect_performer({.group = "/extra/performer_pytorch/relu", .relu = true, .factor = root});
    expect_performer({.group = "/extra/performer_pytorch/softmax_causal",
                      .factor = root,
                      .causal = true,
                      .extra = 1e-6});
}

/// It is told a relu and takes exponentials, of rows that were scaled twice.
TEST_F(GoldenFeatures, performer_is_that_of_the_repository_of_nystromformer) {
    expect_performer({.group = "/extra/nystromformer_repo/performer_relu_pad",
                      .factor = std::pow(head_width, -0.5),
                      .masked = true});
}

/// Without a divisor; features are divided by the fourth root of the length.
TEST_F(GoldenFeatures, linear_attention_is_that_of_the_repository_of_nystromformer) {
    open("/extra/nystromformer_repo/linear_pad");
    expect_three([&](Context& context, const Var& query, const Var& key, const Var& value) {
        const Shape shape = query.value.shape();
        const Var mask = counted(shape);
        const double root = std::pow(static_cast<double>(shape[1]), -0.25);
        const auto rows = [&](const Var& x, bool masked) {
            const Var positive =
                scale(context, activate(context, x, Activation::elu_plus_one), root);
            return split_heads(context, masked ? multiply(context, positive, mask) : positive,
                               heads);
        };
        const Var sums = matmul(context, transpose(context, rows(key, true), 1, 2),
                                split_heads(context, multiply(context, value, mask), heads));
        return join_heads(context, matmul(context, rows(query, false), sums), heads);
    });
}

/// From each step's exponents the largest of all steps is taken, of later ones too.
TEST_F(GoldenFeatures, causal_performer_is_that_of_long_range_arena) {
    const FeatureCase one{.group = "/lra/performer/attention_softmax_m6_causal",
                          .factor = std::pow(head_width, -0.25),
                          .smallest = 1e-6,
                          .detached = false,
                          .causal = true};
    open(one.group);
    expect_read(false, "x", lra_projections(), {},
                [&](Context& context, const HeadProjections::Rows& rows) {
                    return read_features(context, one, features(context, one, rows.query, false),
                                         features(context, one, rows.key, true), rows.value);
                });
}

}  // namespace
}  // namespace elm::test
