#include "tests/support/op_case.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/random_tensor.h"
#include "tests/support/temporary_directory.h"

namespace elm::test {
namespace {

/// Fault of a copy of the op x².
enum class Fault { none, value, gradient, one_gradient, precision, overrun, input, nan, cuda };

Tensor squared(Stream& stream, const Tensor& input, Fault fault) {
    std::vector<double> values = values_of(input);
    for (double& value : values) {
        value *= value;
        if (fault == Fault::precision && input.dtype() == DType::f32) {
            value = std::round(value * 1024) / 1024;
        }
    }
    const bool on_cuda = stream.device().kind == DeviceKind::cuda;
    if (fault == Fault::value || (fault == Fault::cuda && on_cuda)) values.back() += 1e-3;
    if (fault == Fault::nan) values.back() = std::numeric_limits<double>::quiet_NaN();
    const Tensor output = tensor_of(stream, input.shape(), input.dtype(), values);
    if (!on_cuda && fault == Fault::overrun) output.data()[output.bytes()] = std::byte{1};
    if (!on_cuda && fault == Fault::input) input.data()[0] ^= std::byte{1};
    return output;
}

Var square(Context& context, const Var& input, Fault fault) {
    return record(context, squared(context.stream, input.value, fault), {input},
                  [input = input.value, fault](Stream& stream, const Tensor& gradient,
                                               std::span<GradSink> sinks) {
                      std::vector<double> values = values_of(gradient);
                      const std::vector<double> x = values_of(input);
                      const double factor = fault == Fault::gradient ? 2.001 : 2;
                      for (std::size_t i = 0; i < x.size(); ++i) values[i] *= factor * x[i];
                      // An odd place in a long input, which single differences step over.
                      if (fault == Fault::one_gradient) values[1001] += 0.01;
                      sinks[0].deliver(
                          stream, tensor_of(stream, gradient.shape(), gradient.dtype(), values));
                  });
}

OpCase square_case(Fault fault, std::int64_t count = 33) {
    return {.name = "square",
            .inputs = {{.name = "x", .shape = {count}}},
            .run =
                [fault](Context& context, std::span<const Var> inputs) {
                    return std::vector<Var>{square(context, inputs[0], fault)};
                },
            .reference =
                [](const Arrays& inputs) {
                    Arrays outputs = inputs;
                    for (double& value : outputs[0]) value *= value;
                    return outputs;
                }};
}

TEST(OpCaseHarness, passes_an_op_without_fault) {
    const OpCase op = square_case(Fault::none);
    EXPECT_EQ(check_reference(op), "");
    EXPECT_EQ(check_gradient(op), "");
    EXPECT_EQ(check_precision(op), "");
    EXPECT_EQ(check_memory(op, {}), "");
}

TEST(OpCaseHarness, passes_an_empty_batch) {
    const OpCase op = square_case(Fault::none, 0);
    EXPECT_EQ(check_reference(op), "");
    EXPECT_EQ(check_gradient(op), "");
    EXPECT_EQ(check_precision(op), "");
    EXPECT_EQ(check_memory(op, {}), "");
}

TEST(OpCaseHarness, reports_a_wrong_value) {
    EXPECT_NE(check_reference(square_case(Fault::value)).find("output 0: element 32"),
              std::string::npos);
}

TEST(OpCaseHarness, reports_nan_everywhere) {
    EXPECT_NE(check_reference(square_case(Fault::nan)), "");
    EXPECT_NE(check_precision(square_case(Fault::nan)), "") << "NaN in both runs is not agreement";
}

TEST(OpCaseHarness, reports_a_wrong_gradient) {
    EXPECT_NE(check_gradient(square_case(Fault::gradient)).find("gradient of x"),
              std::string::npos);
}

TEST(OpCaseHarness, reports_one_wrong_gradient_among_many) {
    EXPECT_EQ(check_gradient(square_case(Fault::none, 2000)), "");
    EXPECT_NE(check_gradient(square_case(Fault::one_gradient, 2000)).find("random direction"),
              std::string::npos);
}

TEST(OpCaseHarness, reports_a_loss_of_precision) {
    EXPECT_NE(check_precision(square_case(Fault::precision)), "");
}

TEST(OpCaseHarness, reports_a_write_past_the_end) {
    EXPECT_NE(check_memory(square_case(Fault::overrun), {}).find("output 0 was overrun"),
              std::string::npos);
}

TEST(OpCaseHarness, reports_a_changed_input) {
    EXPECT_NE(check_memory(square_case(Fault::input), {}).find("x was changed"), std::string::npos);
}

TEST(OpCaseHarness, reports_a_wrong_value_on_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) {
        EXPECT_EQ(check_device(square_case(Fault::none), device), "");
        EXPECT_NE(check_device(square_case(Fault::cuda), device), "");
    }
}

TEST(Compare, allows_rounding_that_grows_with_the_sum) {
    const std::vector<float> result{1.0f, 1.00001f};
    EXPECT_NE(difference(result, std::vector<double>{1, 1}, {}), "");
    EXPECT_EQ(difference(result, std::vector<double>{1, 1}, {.terms = 1000}), "");
    EXPECT_CLOSE(result, (std::vector<double>{1, 1}), {.condition = 100});
}

TEST(Compare, looks_at_numbers_that_are_not_finite_first) {
    const double infinity = std::numeric_limits<double>::infinity(), nan = std::nan("");
    const std::vector<double> one{1}, none{nan}, high{infinity}, low{-infinity};
    EXPECT_EQ(difference(high, high, {}), "");
    EXPECT_NE(difference(high, low, {}), "");
    EXPECT_NE(difference(high, one, {}), "");
    EXPECT_NE(difference(one, high, {}), "");
    EXPECT_NE(difference(none, none, {}), "") << "NaN never fits";
    EXPECT_NE(difference(one, std::vector<double>{1, 1}, {}), "");
}

TEST(RandomValues, keep_away_from_kinks) {
    for (const double value : random_values(10'000, -0.1, 0.1, {1}, {0.0})) {
        EXPECT_GE(std::abs(value), 1e-2);
    }
}

TEST(TemporaryDirectory, is_there_and_then_gone) {
    std::filesystem::path path;
    {
        const TemporaryDirectory directory;
        path = directory.path();
        std::ofstream(directory / "file") << "text";
        EXPECT_TRUE(std::filesystem::is_directory(path));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace elm::test
