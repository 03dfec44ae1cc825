// The systems of HiPPO, memories and the recurrent cell around them, against numbers that the
// published code (Gu et al. 2020, arXiv 2008.07669; state-spaces/s4) gave in float64.

#include "baselines/mixers/state_space/hippo_system.h"
#include "baselines/model_registry.h"
#include "tests/baselines/golden/golden_state_space.h"

namespace elm::test::state_space {
namespace {

/// A part of the columns of a matrix, (columns, rows): as the first layer holds it.
Origin turned_columns(const std::string& name, std::size_t columns, std::size_t begin,
                      std::size_t end) {
    return [=](const Read& read) {
        const Numbers turned = transposed(read(name), columns);  // (columns, rows)
        const std::size_t rows = turned.size() / columns;
        return Numbers(turned.begin() + static_cast<std::ptrdiff_t>(begin * rows),
                       turned.begin() + static_cast<std::ptrdiff_t>(end * rows));
    };
}
/// The same as it is, (rows, part).
Origin some_columns(const std::string& name, std::size_t columns, std::size_t begin,
                    std::size_t end) {
    return [=](const Read& read) {
        const Numbers part = turned_columns(name, columns, begin, end)(read);
        return transposed(part, part.size() / (end - begin));
    };
}

class GoldenHippo : public GoldenStateSpaces {
protected:
    static std::unique_ptr<SequenceModel> make(const Options& chosen, const SequenceShape& shape) {
        const ModelEntry& entry = find_model("hippo");
        OptionSet options = entry.options();
        for (const auto& [name, text] : chosen) options.set(name, text);
        return entry.make(options, shape, 0);
    }

    /// Output, gradients, and the output step by step, of a model whose parameters `fill` set.
    void expect_model(SequenceModel& model, const Precision& precision) {
        const Shape in = shape("input");
        const Tensor input = tensor_of(stream_, in, precision.dtype, read("input"));
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        const Parameter leaf{input, Tensor::zeros(stream_, in, precision.dtype)};
        const Var output = model.forward(context, {.dense = tape.leaf(leaf)});
        expect_close(output.value, read("output"), precision.output, "output");
        const Tensor gradient =
            tensor_of(stream_, output.value.shape(), precision.dtype, read("grad_output"));
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        expect_close(leaf.gradient, read("grad_input"), precision.gradient, "grad_input");
        Context plain{stream_};
        SequenceState state;
        std::vector<Var> steps;
        for (std::int64_t t = 0; t < in[1]; ++t) {
            steps.push_back(
                model.forward(plain, {.dense = slice(plain, {input}, 1, t, t + 1)}, &state));
        }
        expect_close(concatenate(plain, steps, 1).value, read("output"), precision.output,
                     "step by step");
    }

    /// Ones where a square matrix has its diagonal.
    static void make_identity(Stream& stream, const Tensor& matrix, std::size_t size) {
        visit_real(matrix.dtype(), [&]<class Real>(Real) {
            std::vector<Real> values(size * size, Real(0));
            for (std::size_t i = 0; i < size; ++i) values[i * size + i] = 1;
            matrix.assign<Real>(stream, values);
        });
    }
};

TEST_F(GoldenHippo, systems_are_those_of_the_published_code) {
    for (const std::string group :
         {"/hippo_matrices_N4/legs", "/hippo_matrices_N4/legt", "/hippo_matrices_N4/lmu",
          "/hippo_matrices_N4/lagt", "/hippo_matrices_N4/fout", "/hippo_matrices_N8/legs",
          "/hippo_matrices_N8/legt", "/hippo_matrices_N8/lmu", "/hippo_matrices_N8/lagt",
          "/hippo_matrices_N8/fout", "/hippo_matrices_N64/legs", "/hippo_matrices_N64/legt",
          "/hippo_matrices_N64/fout"}) {
        group_ = group;
        const Shape of = shape("A");
        const LinearSystem system = hippo_system(group.substr(group.rfind('/') + 1), of[0]);
        double largest = 0;
        for (const double value : read("A")) largest = std::max(largest, std::abs(value));
        // Products of two roots, each rounded.
        const double error = 4 * epsilon_of(DType::f64) * largest;
        EXPECT_EQ(difference_above(system.matrix, read("A"), error), "") << group_;
        EXPECT_EQ(difference_above(system.vector, read("B"), error), "") << group_;
    }
}

TEST_F(GoldenHippo, a_step_of_a_window_is_that_of_the_published_code) {
    group_ = "/hippo_memory_legt_zoh";
    const LinearSystem step = discretised(hippo_system("legt", 8), "zoh", 0.01);
    Numbers beyond = step.matrix;
    for (std::size_t n = 0; n < 8; ++n) beyond[9 * n] -= 1;
    EXPECT_EQ(difference_above(beyond, read("buffers/A_minus_I"), 1e-14), "");
    EXPECT_EQ(difference_above(step.vector, read("buffers/B"), 1e-14), "");
}

/// A model of memories alone whose first layer and readout change nothing.
TEST_F(GoldenHippo, memories_are_those_of_the_published_code) {
    const std::pair<const char*, Options> cases[] = {
        {"hippo_memory_legs_bilinear", {{"rule", "bilinear"}, {"longest", "64"}}},
        {"hippo_memory_legs_bilinear_table_end", {{"rule", "bilinear"}, {"longest", "12"}}},
        {"hippo_memory_legs_backward", {{"rule", "backward"}, {"longest", "64"}}},
        {"hippo_memory_legs_zoh", {{"rule", "zoh"}, {"longest", "64"}}},
        {"hippo_memory_legt_zoh", {{"rule", "zoh"}, {"measure", "legt"}, {"step", "0.01"}}}};
    for (const auto& [group, chosen] : cases) {
        SCOPED_TRACE(group);
        group_ = std::string("/") + group;
        Options options{{"cell", "memory"}, {"memories", "3"}, {"states", "8"}};
        options.insert(options.end(), chosen.begin(), chosen.end());
        for (const Precision& precision : precisions) {
            const auto model = make(options, {3, 24});
            const FlatParameters flat = allocate_parameters(stream_, *model, precision.dtype, {1});
            for (const auto& [name, parameter] : model->parameters()) {
                if (name == "input.weight") make_identity(stream_, parameter->value, 3);
                if (name == "readout.weight") make_identity(stream_, parameter->value, 24);
                if (name.ends_with("bias")) initialise::constant(0)(stream_, parameter->value, {});
            }
            expect_model(*model, precision);
        }
    }
}

/// A gated cell of 4 units and 3 memories of 8 states on 2 inputs, whose readout changes nothing.
TEST_F(GoldenHippo, recurrent_cells_are_those_of_the_published_code) {
    constexpr std::size_t inputs = 2, units = 4, kept = 24;
    const std::string drive = "W_uxh.0.", candidate = "W_hxm.", gate = "W_gxm.W_g.";
    Origins origins{
        {"hidden_weight", some_columns(drive + "weight", inputs + units, inputs, inputs + units)},
        {"memory_weight",
         stacked(some_columns(candidate + "weight", inputs + kept, inputs, inputs + kept),
                 some_columns(gate + "weight", inputs + kept, inputs, inputs + kept))},
        {"input.bias",
         stacked(same(drive + "bias"), stacked(same(candidate + "bias"), same(gate + "bias")))}};
    // (inputs, memories + 2 units): a row of each input.
    origins["input.weight"] = [=](const Read& read) {
        Numbers all;
        for (std::size_t row = 0; row < inputs; ++row) {
            for (const auto& [name, columns] : {std::pair{drive, inputs + units},
                                                {candidate, inputs + kept},
                                                {gate, inputs + kept}}) {
                const Numbers part = turned_columns(name + "weight", columns, row, row + 1)(read);
                all.insert(all.end(), part.begin(), part.end());
            }
        }
        return all;
    };
    const std::pair<const char*, Options> cases[] = {
        {"hippo_rnn_legs_bilinear", {{"rule", "bilinear"}}},
        {"hippo_rnn_legt_zoh", {{"rule", "zoh"}, {"measure", "legt"}, {"step", "0.01"}}}};
    for (const auto& [group, chosen] : cases) {
        SCOPED_TRACE(group);
        group_ = std::string("/") + group;
        Options options{{"units", "4"}, {"memories", "3"}, {"states", "8"}};
        options.insert(options.end(), chosen.begin(), chosen.end());
        for (const Precision& precision : precisions) {
            const auto model = make(options, {2, 4});
            const FlatParameters flat = allocate_parameters(stream_, *model, precision.dtype, {1});
            for (const auto& [name, parameter] : model->parameters()) {
                if (name == "readout.weight") make_identity(stream_, parameter->value, units);
                if (name == "readout.bias") {
                    initialise::constant(0)(stream_, parameter->value, {});
                }
                if (!origins.contains(name)) continue;
                const Tensor filled = tensor_of(stream_, parameter->shape, precision.dtype,
                                                origins.at(name)(reader("parameters")));
                const Tensor& to = parameter->value;
                visit_real(precision.dtype, [&]<class Real>(Real) {
                    const auto numbers = filled.host<Real>();
                    to.assign<Real>(stream_, {numbers.data(), numbers.size()});
                });
            }
            expect_model(*model, precision);
            expect_gradients(*model, origins, false, precision.gradient);
        }
    }
}

}  // namespace
}  // namespace elm::test::state_space
