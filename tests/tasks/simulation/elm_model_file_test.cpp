#include "neuron/elm/elm_model_file.h"

#include <gtest/gtest.h>

#include "baselines/model_file.h"
#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "neuron/elm/elm_builtin.h"
#include "tests/support/saved_elm.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

ElmModel small_model() { return find_builtin("leaky-integrator")->make(0.5); }

std::string error_of(const std::string& path) {
    try {
        load_elm_model(path);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data);
        return error.message();
    }
    return "no error";
}

/// The published form: tensors and options at the root.
void write_state_dict(const ElmModel& model, const std::string& path, const Values& changed = {},
                      const std::string& left_out = "") {
    Hdf5File file = Hdf5File::create(path);
    for (const auto& [name, value] : to_values(model.options)) {
        const auto other = changed.find(name);
        file.set_attribute("/", name, other == changed.end() ? value : other->second);
    }
    for (const NamedArray& array : model.parameters) {
        if (array.name == left_out) continue;
        file.write<double>("/" + array.name, array.shape, array.values, FileType::f64);
    }
    file.close();
}

TEST(ElmModelFile, returns_the_model_that_was_saved) {
    const test::TemporaryDirectory folder;
    for (const HiddenUnit unit : {HiddenUnit::relu, HiddenUnit::relu2, HiddenUnit::silu}) {
        ElmModel model = small_model();
        model.options.activation = unit;
        test::save_elm(model, folder / (std::string(name_of(unit)) + ".h5"));
        const ElmModel loaded = load_elm_model(folder / (std::string(name_of(unit)) + ".h5"));
        EXPECT_EQ(to_values(loaded.options), to_values(model.options));
        for (const NamedArray& array : model.parameters) {
            EXPECT_EQ(loaded.at(array.name).values, array.values) << array.name;
            EXPECT_EQ(loaded.at(array.name).shape, array.shape) << array.name;
        }
    }
}

TEST(ElmModelFile, reads_a_state_dict) {
    const test::TemporaryDirectory folder;
    write_state_dict(small_model(), folder / "m.h5");
    const ElmModel loaded = load_elm_model(folder / "m.h5");
    EXPECT_EQ(loaded.options.time_step_ms, 0.5);
    EXPECT_EQ(loaded.options.routing, SynapseRouting::neuronio);
    EXPECT_EQ(loaded.at("w_y.weight").values, small_model().at("w_y.weight").values);
}

/// A state dict whose names stand in groups and behind words of wrappers.
TEST(ElmModelFile, wrappers_before_all_names_are_taken_off) {
    const ElmModel model = small_model();
    for (const std::string prefix : {"/module.", "/module._orig_mod.", "/model.net.", "/model/",
                                     "/state_dict/module.", "/my.own.wrapper/x."}) {
        const test::TemporaryDirectory folder;
        Hdf5File file = Hdf5File::create(folder / "m.h5");
        for (const auto& [name, value] : to_values(model.options)) {
            file.set_attribute("/", name, value);
        }
        for (const NamedArray& array : model.parameters) {
            file.write<double>(prefix + array.name, array.shape, array.values, FileType::f64);
        }
        file.close();
        const ElmModel loaded = load_elm_model(folder / "m.h5");
        EXPECT_EQ(loaded.at("w_y.weight").values, model.at("w_y.weight").values) << prefix;
    }
}

TEST(ElmModelFile, a_wrapper_before_some_names_alone_is_refused) {
    const test::TemporaryDirectory folder;
    write_state_dict(small_model(), folder / "m.h5", {}, "w_y.bias");
    EXPECT_EQ(error_of(folder / "m.h5").find("module"), std::string::npos);
    Hdf5File file = Hdf5File::create(folder / "n.h5");
    const ElmModel model = small_model();
    for (const auto& [name, value] : to_values(model.options)) {
        file.set_attribute("/", name, value);
    }
    for (const NamedArray& array : model.parameters) {
        const bool wrapped = array.name == "w_y.bias";
        file.write<double>((wrapped ? "/module." : "/") + array.name, array.shape, array.values,
                           FileType::f64);
    }
    file.close();
    EXPECT_NE(error_of(folder / "n.h5")
                  .find("w_y.bias (2) is missing; module.w_y.bias is not part "
                        "of such a model"),
              std::string::npos)
        << error_of(folder / "n.h5");
}

TEST(ElmModelFile, safetensors_hold_the_same_model) {
    const test::TemporaryDirectory folder;
    const ElmModel model = small_model();
    save_safetensors(test::fitted_elm(model), folder / "m.safetensors", false);
    const ElmModel loaded = load_elm_model(folder / "m.safetensors");
    EXPECT_EQ(to_values(loaded.options), to_values(model.options));
    for (const NamedArray& array : model.parameters) {
        EXPECT_EQ(loaded.at(array.name).values, array.values) << array.name;
        EXPECT_EQ(loaded.at(array.name).shape, array.shape) << array.name;
    }
}

TEST(ElmModelFile, what_is_missing_makes_one_short_line) {
    const test::TemporaryDirectory folder;
    Hdf5File file = Hdf5File::create(folder / "m.h5");
    for (const auto& [name, value] : to_values(small_model().options)) {
        file.set_attribute("/", name, value);
    }
    file.close();
    const std::string message = error_of(folder / "m.h5");
    EXPECT_NE(message.find("11 arrays expected, 0 found"), std::string::npos) << message;
    EXPECT_NE(message.find(" and 8 more"), std::string::npos) << message;
    EXPECT_LT(message.size(), 300U) << message;
}

TEST(ElmModelFile, lists_every_difference) {
    const test::TemporaryDirectory folder;
    write_state_dict(small_model(), folder / "m.h5", {{"num_memory", std::int64_t{3}}}, "tau_b");
    const std::string message = error_of(folder / "m.h5");
    EXPECT_NE(message.find("tau_b (1) is missing"), std::string::npos) << message;
    EXPECT_NE(message.find("_proto_tau_m has shape (1), expected (3)"), std::string::npos)
        << message;
    EXPECT_NE(message.find(" and 2 more"), std::string::npos) << message;
}

TEST(ElmModelFile, refuses_another_version_of_the_format) {
    const test::TemporaryDirectory folder;
    Hdf5File file = Hdf5File::create(folder / "m.h5");
    file.set_attribute("/", "format", std::string("elm-model"));
    file.set_attribute("/", "format_version", std::int64_t{99});
    file.close();
    EXPECT_NE(error_of(folder / "m.h5").find("format_version is 99"), std::string::npos);
}

TEST(ElmModelFile, knows_hidden_units_by_their_names) {
    for (const std::string name : {"relu", "relu2", "silu"}) {
        const ElmOptions options = with_values({}, {{"mlp_activation", name}});
        EXPECT_EQ(name_of(options.activation), name);
        EXPECT_EQ(to_values(options).at("mlp_activation"), Value(name));
    }
}

TEST(ElmModelFile, the_first_synaptic_weight_is_w_s_value) {
    const ElmOptions options = with_values({}, {{"w_s_value", 0.05}});
    EXPECT_EQ(options.first_synaptic_weight, 0.05);
    EXPECT_EQ(to_values(options).at("w_s_value"), Value(0.05));
    const test::TemporaryDirectory folder;
    ElmModel model = small_model();
    model.options.first_synaptic_weight = 0.05;
    test::save_elm(model, folder / "m.h5");
    EXPECT_EQ(load_elm_model(folder / "m.h5").options.first_synaptic_weight, 0.05);
    write_state_dict(small_model(), folder / "n.h5", {{"w_s_value", -1.0}});
    EXPECT_NE(error_of(folder / "n.h5").find("w_s_value must be positive"), std::string::npos)
        << error_of(folder / "n.h5");
}

/// As all that were written before there was the option: their weights began at 0.5.
TEST(ElmModelFile, a_file_need_not_say_where_synaptic_weights_began) {
    const test::TemporaryDirectory folder;
    const ElmModel model = small_model();
    Hdf5File file = Hdf5File::create(folder / "m.h5");
    Values values = to_values(model.options);
    ASSERT_EQ(values.erase("w_s_value"), 1u);
    for (const auto& [name, value] : values) file.set_attribute("/", name, value);
    for (const NamedArray& array : model.parameters) {
        file.write<double>("/" + array.name, array.shape, array.values, FileType::f64);
    }
    file.close();
    EXPECT_EQ(load_elm_model(folder / "m.h5").options.first_synaptic_weight, 0.5);
}

TEST(ElmModelFile, refuses_words_that_are_no_option) {
    EXPECT_THROW(with_values({}, {{"mlp_activation", std::string("tanh")}}), Error);
    EXPECT_THROW(with_values({}, {{"num_memory", 2.5}}), Error);
    try {
        with_values({}, {{"lambda", 2.0}});
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(error.message().find("Did you mean"), std::string::npos) << error.message();
    }
}

}  // namespace
}  // namespace elm
