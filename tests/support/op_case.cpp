#include "tests/support/op_case.h"

#include "kernels/core/support/check.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

constexpr std::uint64_t seed = 20'240'601;

DType type_in(const InputSpec& input, DType precision) {
    const bool real = input.dtype == DType::f32 || input.dtype == DType::f64;
    return real ? precision : input.dtype;
}

std::vector<Tensor> tensors_of(const OpCase& op, Stream& stream, DType precision,
                               const Arrays& values) {
    std::vector<Tensor> tensors;
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
        const InputSpec& input = op.inputs[i];
        tensors.push_back(tensor_of(stream, input.shape, type_in(input, precision), values[i]));
    }
    return tensors;
}

Arrays arrays_of(std::span<const Var> variables) {
    Arrays arrays;
    for (const Var& variable : variables) arrays.push_back(values_of(variable.value));
    return arrays;
}

/// Notes in `damage` if something was written outside of `tensor`.
void inspect(const Tensor& tensor, const std::string& name, std::string& damage) {
    if (!tensor.storage().guards_intact()) damage += name + " was overrun; ";
}

std::string differences(const Arrays& result, const Arrays& expected, DType precision,
                        const OpCase& op, const std::string& what) {
    if (result.size() != expected.size()) {
        return fmt::format("{} {}s, expected {}", result.size(), what, expected.size());
    }
    std::string text;
    for (std::size_t i = 0; i < result.size(); ++i) {
        const std::string found =
            difference(result[i], expected[i], precision, {op.condition, op.longest_sum});
        if (!found.empty()) text += fmt::format("{} {}: {}; ", what, i, found);
    }
    return text;
}

std::string compare_runs(const OpCase& op, Device device, DType precision) {
    const OpRun run = run_case(op, device, precision);
    const OpRun reference = run_case(op, {}, DType::f64);
    const std::string text =
        differences(run.outputs, reference.outputs, precision, op, "output") +
        differences(run.gradients, reference.gradients, precision, op, "gradient");
    return text.empty() ? ""
                        : fmt::format("{} in {}: {}", to_string(device), name_of(precision), text);
}

}  // namespace

Arrays inputs_of(const OpCase& op) {
    Arrays arrays;
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
        const InputSpec& input = op.inputs[i];
        const RandomKey key{seed, i, 0};
        arrays.push_back(!input.values.empty() ? input.values
                                               : random_values(input.shape.size(), input.low,
                                                               input.high, key, input.kinks));
    }
    return arrays;
}

Arrays output_gradients_of(const Arrays& outputs) {
    Arrays gradients;
    for (const auto& output : outputs) {
        const RandomKey key{seed, gradients.size(), 1};
        gradients.push_back(random_values(static_cast<std::int64_t>(output.size()), -1, 1, key));
    }
    return gradients;
}

OpRun run_case(const OpCase& op, Device device, DType precision) {
    Stream stream{device};
    Tape tape;
    Context context{stream, &tape, {seed}, true};
    const Arrays values = inputs_of(op);
    const std::vector<Tensor> inputs = tensors_of(op, stream, precision, values);
    std::vector<Var> variables;
    std::vector<Tensor> gradients;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (!op.inputs[i].differentiable) {
            variables.push_back({inputs[i]});
            continue;
        }
        gradients.push_back(Tensor::zeros(stream, inputs[i].shape(), inputs[i].dtype()));
        variables.push_back(tape.leaf({inputs[i], gradients.back()}));
    }

    OpRun run;
    const std::vector<Var> outputs = op.run(context, variables);
    run.outputs = arrays_of(outputs);
    std::vector<Tensor> output_gradients;
    for (const auto& gradient : output_gradients_of(run.outputs)) {
        const Tensor& output = outputs[output_gradients.size()].value;
        output_gradients.push_back(tensor_of(stream, output.shape(), output.dtype(), gradient));
    }
    if (!gradients.empty()) tape.backward(stream, outputs, output_gradients);

    for (const Tensor& gradient : gradients) {
        run.gradients.push_back(values_of(gradient));
        inspect(gradient, fmt::format("gradient {}", run.gradients.size() - 1), run.damage);
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        inspect(outputs[i].value, fmt::format("output {}", i), run.damage);
        inspect(output_gradients[i], fmt::format("gradient of output {}", i), run.damage);
        if (values_of(outputs[i].value) != run.outputs[i]) {
            run.damage += fmt::format("output {} was changed by backward; ", i);
        }
        if (values_of(output_gradients[i]) != output_gradients_of(run.outputs)[i]) {
            run.damage += fmt::format("gradient of output {} was changed; ", i);
        }
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        inspect(inputs[i], op.inputs[i].name, run.damage);
        if (values_of(inputs[i]) != values[i]) run.damage += op.inputs[i].name + " was changed; ";
    }
    return run;
}

Arrays evaluate(const OpCase& op, const Arrays& inputs) {
    Stream stream{Device{}};
    Context context{stream, nullptr, {seed}, true};
    std::vector<Var> variables;
    for (const Tensor& input : tensors_of(op, stream, DType::f64, inputs)) {
        variables.push_back({input});
    }
    return arrays_of(op.run(context, variables));
}

std::string check_reference(const OpCase& op) {
    return differences(run_case(op, {}, DType::f64).outputs, op.reference(inputs_of(op)),
                       DType::f64, op, "output");
}

std::string check_precision(const OpCase& op) { return compare_runs(op, {}, DType::f32); }

std::string check_device(const OpCase& op, Device device) {
    std::string text;
    for (const DType precision : op.cuda_types) text += compare_runs(op, device, precision);
    return text;
}

std::string check_memory(const OpCase& op, Device device) {
    const bool cpu = device.kind == DeviceKind::cpu;
    std::string damage;
    for (const DType precision : cpu ? std::vector{DType::f32, DType::f64} : op.cuda_types) {
        damage += run_case(op, device, precision).damage;
    }
    return damage;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OpCaseTest);

TEST_P(OpCaseTest, agrees_with_the_reference) { EXPECT_EQ(check_reference(GetParam()), ""); }

TEST_P(OpCaseTest, gradient_agrees_with_differences) { EXPECT_EQ(check_gradient(GetParam()), ""); }

TEST_P(OpCaseTest, float32_agrees_with_float64) { EXPECT_EQ(check_precision(GetParam()), ""); }

TEST_P(OpCaseTest, leaves_other_memory_alone) { EXPECT_EQ(check_memory(GetParam(), {}), ""); }

TEST_P(OpCaseTest, cuda_agrees_with_the_cpu) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) EXPECT_EQ(check_device(GetParam(), device), "");
}

TEST_P(OpCaseTest, cuda_leaves_other_memory_alone) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) EXPECT_EQ(check_memory(GetParam(), device), "");
}

}  // namespace elm::test
