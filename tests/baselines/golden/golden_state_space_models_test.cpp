// State-space models against published code, their numbers of parameters, and a worked example.

#include <set>

#include "baselines/model_registry.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/elementwise.h"
#include "tests/baselines/golden/golden_state_space.h"

namespace elm::test::state_space {
namespace {

// --- whole models: blocks with norms between an input layer and a readout that change nothing.

Numbers identity(std::size_t n) {
    Numbers values(n * n, 0.0);
    for (std::size_t i = 0; i < n; ++i) values[i * n + i] = 1;
    return values;
}

class GoldenModels : public GoldenStateSpaces {
protected:
    void expect_model(const std::string& group, const std::string& name, const Options& chosen,
                      Origins origins, bool softplus_step = false, bool training = true) {
        SCOPED_TRACE(group);
        group_ = "/" + group;
        const Shape of = shape("input");
        const auto n = static_cast<std::size_t>(of[2]);
        const std::set<std::string> plain{"input.weight", "input.bias", "readout.weight",
                                          "readout.bias"};
        for (const std::string& part : plain) {
            origins[part] = [=](const Read&) {
                return part.ends_with("weight") ? identity(n) : Numbers(n, 0.0);
            };
        }
        const ModelEntry& entry = find_model(name);
        OptionSet options = entry.options();
        options.set("width", std::to_string(of[2]));
        for (const auto& [option, text] : chosen) options.set(option, text);
        const auto model = entry.make(options, {of[2], of[2]}, 0);
        const FlatParameters flat = allocate_parameters(stream_, *model, DType::f64, {1});
        fill(*model, origins, softplus_step);
        Tape tape;
        Context context{.stream = stream_, .tape = &tape, .training = training};
        const Parameter leaf{tensor_of(stream_, of, DType::f64, read("input")),
                             Tensor::zeros(stream_, of, DType::f64)};
        const Var output = model->forward(context, {.dense = tape.leaf(leaf)});
        expect_close(output.value, read("output"), 1e-10, "output");
        const Tensor gradient = tensor_of(stream_, of, DType::f64, read("grad_output"));
        tape.backward(stream_, {&output, 1}, {&gradient, 1});
        expect_close(leaf.gradient, read("grad_input"), 1e-10, "grad_input");
        for (const auto& [ours, parameter] : model->parameters()) {
            if (plain.contains(ours) || !parameter->trainable) continue;
            Numbers expected = origins.at(ours)(reader("gradients"));
            if (softplus_step && ours.ends_with("log_step")) {
                const Numbers raw = origins.at(ours)(reader("parameters"));
                for (std::size_t i = 0; i < raw.size(); ++i) {
                    expected[i] *= std::log1p(std::exp(raw[i])) * (1 + std::exp(-raw[i]));
                }
            }
            expect_close(parameter->gradient, expected, 1e-10, ours);
        }
    }
};

TEST_F(GoldenModels, s4d_backbone_is_that_of_its_authors) {
    Origins origins;
    for (const std::string layer : {"0", "1"}) {
        const std::string ours = "blocks." + layer + ".", theirs = "layers." + layer + ".";
        origins.merge(s4d_origins(theirs + "layer.", ours + "mixer."));
        origins[ours + "norm.layer.weight"] = same(theirs + "norm.norm.weight");
        origins[ours + "norm.layer.bias"] = same(theirs + "norm.norm.bias");
    }
    expect_model("s4d_backbone_layernorm_postnorm", "s4d",
                 {{"states", "8"},
                  {"rows", "1"},
                  {"norm", "post"},
                  {"norm_kind", "layer"},
                  {"final_norm", "false"},
                  {"causal", "false"}},
                 origins, true);
}

/// On the statistics of a batch in training, on running ones else.
TEST_F(GoldenModels, s4d_backbones_with_batch_norms_are_those_of_its_authors) {
    const auto add_norm = [this](Origins& all, const std::string& ours, const std::string& theirs) {
        all[ours + "gain"] = same(theirs + "weight");
        all[ours + "bias"] = same(theirs + "bias");
        for (const auto& [mine, name] :
             {std::pair{"running_mean", "running_mean"}, {"running_variance", "running_var"}}) {
            all[ours + mine] = [this, dataset = "buffers_before/" + theirs + name](const Read&) {
                return read(dataset);
            };
        }
    };
    for (const auto& [group, norm, training] :
         {std::tuple{"s4d_backbone_batchnorm_prenorm", "pre", true},
          {"s4d_backbone_batchnorm_postnorm_eval", "post", false}}) {
        Origins origins;
        for (const std::string layer : {"0", "1"}) {
            const std::string ours = "blocks." + layer + ".", theirs = "layers." + layer + ".";
            origins.merge(s4d_origins(theirs + "layer.", ours + "mixer."));
            add_norm(origins, ours + "norm.batch.", theirs + "norm.norm.");
        }
        if (training) add_norm(origins, "norm.batch.", "norm.norm.");
        expect_model(group, "s4d",
                     {{"states", "8"},
                      {"rows", "1"},
                      {"norm", norm},
                      {"norm_kind", "batch"},
                      {"final_norm", training ? "true" : "false"},
                      {"causal", "false"}},
                     origins, true, training);
    }
}

TEST_F(GoldenModels, s5_layers_are_those_of_its_authors) {
    struct LayerCase {
        const char *group, *form, *norm;
        bool causal;
    };
    for (const LayerCase& one : {LayerCase{"s5_layer_half_glu1", "half_glu1", "pre", true},
                                 {"s5_layer_half_glu2", "half_glu2", "pre", false},
                                 {"s5_layer_full_glu", "full_glu", "pre", true},
                                 {"s5_layer_gelu", "gelu", "post", true}}) {
        group_ = std::string("/") + one.group;
        const bool causal = file_->has(group_ + "/parameters/seq.C");
        const Origin output =
            causal ? planes("seq.C") : side_by_side(planes("seq.C1"), planes("seq.C2"), 4);
        Origins origins;
        for (const auto& [name, origin] : s5_origins("seq.", output)) {
            origins["blocks.0.mixer." + name] = origin;
        }
        origins["blocks.0.norm.layer.weight"] = same("norm.scale");
        origins["blocks.0.norm.layer.bias"] = same("norm.bias");
        const std::string gate = "blocks.0.mixer.output.gate.";
        const bool full = std::string(one.form) == "full_glu";
        origins[gate + "weight"] =
            full ? stacked(transposed("out1.kernel", 4), transposed("out2.kernel", 4))
                 : transposed("out2.kernel", 4);
        origins[gate + "bias"] =
            full ? stacked(same("out1.bias"), same("out2.bias")) : same("out2.bias");
        const bool pre = file_->number_attribute(group_, "prenorm") != 0;
        expect_model(one.group, "s5",
                     {{"states", "8"},
                      {"blocks", "2"},
                      {"output", one.form},
                      {"layers", "1"},
                      {"norm", pre ? "pre" : "post"},
                      {"norm_kind", "layer"},
                      {"norm_epsilon", "1e-6"},
                      {"final_norm", "false"},
                      {"causal", causal ? "true" : "false"}},
                     origins);
    }
}

TEST_F(GoldenModels, lru_layers_are_those_of_minimal_lru) {
    for (const auto& [group, norm] : {std::pair{"lru_layer_layernorm_prenorm", "pre"},
                                      {"lru_layer_layernorm_postnorm", "post"}}) {
        Origins origins;
        for (const auto& [name, origin] : lru_origins("seq.")) {
            origins["blocks.0.mixer." + name] = origin;
        }
        origins["blocks.0.norm.layer.weight"] = same("normalization.scale");
        origins["blocks.0.norm.layer.bias"] = same("normalization.bias");
        origins["blocks.0.mixer.output.gate.weight"] =
            stacked(transposed("out1.kernel", 4), transposed("out2.kernel", 4));
        origins["blocks.0.mixer.output.gate.bias"] = stacked(same("out1.bias"), same("out2.bias"));
        expect_model(group, "lru",
                     {{"states", "8"},
                      {"layers", "1"},
                      {"norm", norm},
                      {"norm_kind", "layer"},
                      {"norm_epsilon", "1e-6"},
                      {"final_norm", "false"}},
                     origins);
    }
}

TEST_F(GoldenModels, mamba_stack_is_that_of_its_authors) {
    Origins origins{{"norm.rms.weight", same("norm_f.weight")}};
    for (const std::string layer : {"0", "1"}) {
        const std::string ours = "blocks." + layer + ".", theirs = "layers." + layer + ".";
        for (const auto& [mine, name] : {std::pair{"in_proj.weight", "in_proj.weight"},
                                         {"conv_weight", "conv1d.weight"},
                                         {"conv_bias", "conv1d.bias"},
                                         {"x_proj.weight", "x_proj.weight"},
                                         {"dt_weight", "dt_proj.weight"},
                                         {"dt_bias", "dt_proj.bias"},
                                         {"A_log", "A_log"},
                                         {"D", "D"},
                                         {"out_proj.weight", "out_proj.weight"}}) {
            origins[ours + "mixer." + mine] = same(theirs + "mixer." + name);
        }
        origins[ours + "norm.rms.weight"] = same(theirs + "norm.weight");
    }
    expect_model("mamba_residual_stack", "mamba", {{"states", "8"}}, origins);
}

/// Gates s(0, 1, -2) and candidates g(1, -1, 0.25) from h = 0.5, worked out by hand.
TEST(MinGru, agrees_with_a_worked_example) {
    Stream stream{Device{}};
    Context context{stream};
    const MixerEntry& entry = find_mixer("min_gru");
    const auto mixer = entry.make(entry.options(), {.width = 2});
    const FlatParameters flat = allocate_parameters(stream, *mixer, DType::f64, {1});
    // Feature 0 of the input is what the gate sees, feature 1 the candidate; both units do the
    // same.
    for (const auto& [name, parameter] : mixer->parameters()) {
        std::vector<double> values(static_cast<std::size_t>(parameter->shape.size()), 0.0);
        if (name == "gate.weight") values = {1, 0, 1, 0};
        if (name == "candidate.weight") values = {0, 1, 0, 1};
        if (name == "output.weight") values = {1, 0, 0, 1};
        parameter->value.assign<double>(stream, values);
    }
    const Var input{tensor_of(stream, {1, 3, 2}, DType::f64, {0, 1, 1, -1, -2, 0.25})};
    SequenceState state;
    state.tensors.push_back(tensor_of(stream, {1, 2}, DType::f64, {0.5, 0.5}));
    StateCursor cursor(state);
    const std::vector<double> hidden =
        values_of(mixer->mix(context, {.sequence = input}, &cursor).value);
    const double expected[] = {1, 0.465553355, 0.499460226};
    for (std::size_t t = 0; t < 3; ++t) {
        EXPECT_NEAR(hidden[2 * t], expected[t], 5e-10);
        EXPECT_EQ(hidden[2 * t], hidden[2 * t + 1]);
    }
}

/// Numbers of parameters of the published configurations for the Long Range Arena, without those of
/// an embedding where the input is tokens: the file's notes give them.
TEST(PublishedStateSpaces, have_the_published_number_of_parameters) {
    struct Published {
        std::string model;
        SequenceShape shape;
        Options options;
        std::int64_t parameters;
    };
    const auto s4d = [](const char* width, const char* states, const char* rows,
                        const char* final_norm) {
        return Options{{"layers", "6"},    {"width", width},       {"states", states},
                       {"rows", rows},     {"norm_kind", "batch"}, {"final_norm", final_norm},
                       {"causal", "false"}};
    };
    const auto s5 = [](const char* layers, const char* width, const char* states) {
        return Options{{"layers", layers},      {"width", width},       {"states", states},
                       {"output", "half_glu1"}, {"norm_kind", "batch"}, {"final_norm", "false"},
                       {"causal", "false"}};
    };
    const auto lru = [](const char* layers, const char* width, const char* states) {
        return Options{{"layers", layers},
                       {"width", width},
                       {"states", states},
                       {"norm_kind", "batch"},
                       {"final_norm", "false"}};
    };
    const auto dss = [](const char* width, const char* final_norm) {
        return Options{{"layers", "6"},
                       {"width", width},
                       {"states", "64"},
                       {"norm_kind", "batch"},
                       {"final_norm", final_norm}};
    };
    Options liquid = s4d("320", "64", "0", "true");
    liquid.emplace_back("backward", "false");
    const Published all[] = {
        {"s4d", {1, 2}, s4d("256", "64", "0", "true"), 1'190'402},    // Path-X
        {"s4d", {1, 10}, s4d("512", "64", "1", "false"), 3'564'298},  // grey CIFAR
        // ListOps: an input layer of 18 one-hot tokens has a bias that an embedding does not.
        {"s4d", {18, 10}, s4d("256", "4", "1", "false"), 815'162 + 256},
        {"s5", {20, 10}, s5("8", "128", "16"), 188'490},     // ListOps
        {"s5", {135, 2}, s5("6", "256", "192"), 1'321'154},  // text
        {"s5", {1, 10}, s5("6", "512", "384"), 5'133'706},   // grey CIFAR
        {"lru", {1, 10}, lru("4", "256", "128"), 1'058'314},
        {"lru", {20, 10}, lru("6", "128", "256"), 995'466},              // ListOps
        {"s4", {1, 2}, s4d("256", "64", "0", "true"), 1'288'706},        // Path-X
        {"s4", {1, 10}, s4d("512", "64", "1", "false"), 3'564'682},      // grey CIFAR
        {"s4", {18, 10}, s4d("256", "4", "1", "false"), 815'186 + 256},  // ListOps
        {"dss", {1, 2}, dss("256", "true"), 601'346},                    // Path-X
        {"dss", {18, 10}, dss("128", "false"), 205'578 + 128},           // ListOps
        {"liquid_s4_released", {1, 2}, liquid, 1'733'762},               // Path-X
    };
    for (const Published& one : all) {
        const ModelEntry& entry = find_model(one.model);
        OptionSet options = entry.options();
        for (const auto& [name, text] : one.options) options.set(name, text);
        const auto model = entry.make(options, one.shape, 0);
        EXPECT_EQ(trainable_count(*model), one.parameters) << one.model;
    }
}

}  // namespace
}  // namespace elm::test::state_space
