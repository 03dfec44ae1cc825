#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "kernels/autograd/context.h"

namespace elm::test {

/// Elements of several tensors, as float64.
using Arrays = std::vector<std::vector<double>>;

/// One input of a case, drawn from [low, high) unless `values` are given.
struct InputSpec {
    std::string name;
    Shape shape;
    double low = -1;
    double high = 1;
    bool differentiable = true;
    std::vector<double> kinks = {};   // where the op has no derivative: inputs keep away
    std::vector<double> values = {};  // exact in float32
    DType dtype = DType::f64;         // a real input has the precision of the check; i32, u8 stay
};

/// One use of an op. Five checks are made of it; see kernels/README.md.
struct OpCase {
    std::string name;  // letters, digits and _
    std::vector<InputSpec> inputs;
    std::function<std::vector<Var>(Context&, std::span<const Var>)> run;
    std::function<Arrays(const Arrays& inputs)> reference;  // naive loops in float64
    std::int64_t longest_sum = 1;  // additions that one output or gradient is made of
    double condition = 8;          // a case that needs more says why
    std::vector<DType> cuda_types = {DType::f32, DType::f64};
};

/// Results of a run of a case.
struct OpRun {
    Arrays outputs;
    Arrays gradients;    // of the differentiable inputs, for the output gradients of the case
    std::string damage;  // empty, or which buffer was overrun or which input was changed
};

Arrays inputs_of(const OpCase& op);
/// The gradient that each output is given, of as many elements as `outputs`.
Arrays output_gradients_of(const Arrays& outputs);

OpRun run_case(const OpCase& op, Device device, DType precision);
/// Outputs alone, on the CPU in float64, without a tape.
Arrays evaluate(const OpCase& op, const Arrays& inputs);

// The checks: empty if passed, else what is wrong. (a) to (e):
std::string check_reference(const OpCase& op);              // float64 against naive loops
std::string check_gradient(const OpCase& op);               // against central differences
std::string check_precision(const OpCase& op);              // float32 against float64
std::string check_device(const OpCase& op, Device device);  // a device against float64 on the CPU
std::string check_memory(const OpCase& op, Device device);  // guards intact, inputs unchanged

/// The tests that ELM_OP_CASES makes of each case.
class OpCaseTest : public ::testing::TestWithParam<OpCase> {};

inline std::string case_name(const ::testing::TestParamInfo<OpCase>& info) {
    return info.param.name;
}
inline void PrintTo(const OpCase& op, std::ostream* out) { *out << op.name; }

}  // namespace elm::test

/// Tests every case of `cases`, a std::vector<OpCase>. Once per op, outside of functions in
/// namespace elm::test.
#define ELM_OP_CASES(op, cases) \
    INSTANTIATE_TEST_SUITE_P(op, OpCaseTest, ::testing::ValuesIn(cases), case_name)
