#include "kernels/ops/attention/outer_scan.h"

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tests/reference/outer_scan_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

struct Sizes {
    std::int64_t batch, heads, sources, reads, rows, columns;
};

Tensor lengths_of(const std::vector<std::int32_t>& lengths) {
    if (lengths.empty()) return {};
    Stream host{Device{}};
    return Tensor::from<std::int32_t>(host, {static_cast<std::int64_t>(lengths.size())}, lengths);
}

OpCase scan_case(const std::string& name, const Sizes& n, bool causal,
                 const std::vector<std::int32_t>& lengths = {}) {
    const auto size = [](std::int64_t count) { return static_cast<std::size_t>(count); };
    const OuterScanSettings settings{
        .heads = n.heads, .causal = causal, .lengths = lengths_of(lengths)};
    return {.name = name,
            .inputs = {{.name = "left", .shape = {n.batch, n.sources, n.heads * n.rows}},
                       {.name = "right", .shape = {n.batch, n.sources, n.heads * n.columns}},
                       {.name = "read", .shape = {n.batch, n.reads, n.heads * n.columns}}},
            .run =
                [settings](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{outer_scan(context, in[0], in[1], in[2], settings)};
                },
            .reference =
                [=](const Arrays& in) {
                    return Arrays{reference::outer_scan(
                        in[0], in[1], in[2],
                        {size(n.batch), size(n.heads), size(n.sources), size(n.reads), size(n.rows),
                         size(n.columns), causal,
                         std::vector<std::size_t>(lengths.begin(), lengths.end())})};
                },
            .longest_sum = (n.sources + n.reads) * (n.rows + n.columns)};
}

std::vector<OpCase> cases() {
    return {scan_case("one", {1, 1, 1, 1, 1, 1}, true),
            scan_case("all", {2, 3, 7, 7, 5, 3}, false),
            scan_case("causal", {2, 3, 33, 33, 5, 3}, true),
            scan_case("several_chunks", {1, 2, 257, 257, 3, 2}, true),
            scan_case("wide", {1, 1, 70, 70, 33, 65}, true),
            scan_case("other_reads", {2, 2, 90, 7, 3, 4}, false),
            scan_case("padded", {3, 2, 9, 9, 3, 4}, false, {9, 4, 0}),
            scan_case("padded_causal", {3, 1, 70, 70, 3, 4}, true, {70, 4, 65}),
            scan_case("no_samples", {0, 2, 7, 7, 3, 4}, true),
            scan_case("no_steps", {2, 2, 0, 0, 3, 4}, true),
            scan_case("no_sources", {2, 2, 0, 7, 3, 4}, false)};
}

ELM_OP_CASES(outer_scan, cases());

TEST(OuterScan, goes_on_from_the_matrices_it_left) {
    Stream stream{Device{}};
    Context context{stream};
    const auto draw = [&](const Shape& shape, std::uint32_t purpose) {
        return tensor_of(stream, shape, DType::f64,
                         random_values(shape.size(), -1, 1, {1, 0, purpose}));
    };
    const Tensor left = draw({1, 100, 6}, 1), right = draw({1, 100, 4}, 2),
                 read = draw({1, 100, 4}, 3);
    const auto whole =
        values_of(outer_scan(context, {left}, {right}, {read}, {.heads = 2, .causal = true}).value);
    const auto piece = [](const Tensor& tensor, std::int64_t begin, std::int64_t end) {
        const std::int64_t width = tensor.shape()[2];
        return Var{tensor.reshape({100, width}).rows(begin, end).reshape({1, end - begin, width})};
    };
    Tensor state;
    std::vector<double> joined;
    for (const auto& [begin, end] : {std::pair{0, 1}, {1, 66}, {66, 100}}) {
        const Tensor before = state;
        const Var output = outer_scan(context, piece(left, begin, end), piece(right, begin, end),
                                      piece(read, begin, end),
                                      {.heads = 2, .causal = true, .start = before, .end = &state});
        for (const double value : values_of(output.value)) joined.push_back(value);
        EXPECT_EQ(state.shape(), Shape({1, 2, 3, 2}));
    }
    EXPECT_CLOSE(joined, whole, {.terms = 100});
}

TEST(OuterScan, says_what_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto expect_error = [&](const Shape& left, const Shape& right, const Shape& read,
                                  const OuterScanSettings& settings, const std::string& part) {
        const auto zeros = [&](const Shape& shape) {
            return Var{Tensor::zeros(stream, shape, DType::f32)};
        };
        try {
            outer_scan(context, zeros(left), zeros(right), zeros(read), settings);
            FAIL() << "expected: " << part;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
        }
    };
    const Shape usual{2, 3, 4};
    expect_error({2, 3}, usual, usual, {}, "left (batch, source steps, heads rows)");
    expect_error(usual, {2, 4, 4}, usual, {}, "right (batch, source steps, heads columns)");
    expect_error(usual, usual, {3, 3, 4}, {}, "read (batch, read steps, heads columns)");
    expect_error(usual, usual, usual, {.heads = 3}, "4 features for 3 heads");
    expect_error(usual, usual, usual, {.heads = 0}, "at least one head");
    expect_error(usual, usual, {2, 4, 4}, {.causal = true}, "3 steps is read in 4");
    expect_error(usual, usual, usual, {.lengths = lengths_of({3, 4})}, "a length of 4 among 3");
    expect_error(usual, usual, usual, {.start = Tensor::zeros(stream, {2, 1, 4, 3}, DType::f32)},
                 "start (batch, heads, rows, columns)");
}

}  // namespace
}  // namespace elm::test
