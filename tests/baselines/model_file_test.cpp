#include "baselines/model_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "tests/baselines/cases/model_case.h"
#include "tests/support/devices.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

using test::case_shape;
using test::case_spikes;
using test::LivingModel;
using test::ModelCase;

ModelSpec spec_of(const ModelCase& model) {
    const ModelSpec plain{
        .model = model.model, .options = to_values(test::options_of(model)), .shape = case_shape};
    return {.model = model.model,
            .options = make_model(plain).spec.options,
            .shape = case_shape,
            .time_step_ms = 0.5,
            .source = "a test"};
}

/// The living model as one that can be written.
FittedModel fitted_of(LivingModel& living, const ModelCase& model) {
    return {spec_of(model), std::move(living.model), living.flat};
}

std::string error_of(const std::string& path) {
    Stream stream{Device{}};
    try {
        load_model(stream, path, DType::f32);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data) << error.message();
        EXPECT_NE(error.message().find(path), std::string::npos) << error.message();
        return error.message();
    }
    return "no error";
}

class ModelFile : public testing::TestWithParam<ModelCase> {
protected:
    void expect_same_output(LivingModel& saved, Device device) {
        const SpikeTrain spikes = case_spikes();
        saved.run({.spikes = &spikes}, nullptr, true);  // running statistics move
        const auto expected = saved.run({.spikes = &spikes});
        save_model(fitted_of(saved, GetParam()), folder_ / "m.h5", true);
        Stream stream(device);
        const FittedModel loaded = load_model(stream, folder_ / "m.h5", saved.flat.values.dtype());
        EXPECT_EQ(loaded.spec.options, spec_of(GetParam()).options);
        EXPECT_EQ(loaded.spec.model, GetParam().model);
        EXPECT_EQ(loaded.spec.time_step_ms, 0.5);
        EXPECT_EQ(loaded.spec.source, "a test");
        Context context{stream};
        EXPECT_EQ(test::values_of(loaded.model->forward(context, {.spikes = &spikes}).value),
                  expected);
    }

    test::TemporaryDirectory folder_;
};

TEST_P(ModelFile, returns_the_model_that_was_saved) {
    for (const DType dtype : {DType::f32, DType::f64}) {
        LivingModel saved(GetParam(), dtype);
        expect_same_output(saved, {});
    }
}

TEST_P(ModelFile, safetensors_hold_the_same_model) {
    LivingModel living(GetParam(), DType::f32);
    const FittedModel saved = fitted_of(living, GetParam());
    save_model(saved, folder_ / "m.h5", true);
    save_safetensors(saved, folder_ / "m.safetensors", true);
    Stream stream{Device{}};
    const auto one = load_model(stream, folder_ / "m.h5", DType::f32);
    const auto other = load_model(stream, folder_ / "m.safetensors", DType::f32);
    EXPECT_EQ(one.spec.options, other.spec.options);
    EXPECT_EQ(one.spec.source, other.spec.source);
    EXPECT_EQ(one.spec.time_step_ms, other.spec.time_step_ms);
    EXPECT_EQ(test::values_of(one.parameters.values), test::values_of(other.parameters.values));
}

TEST_P(ModelFile, returns_the_model_that_was_saved_from_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : test::cuda_devices()) {
        LivingModel saved(GetParam(), DType::f32, device);
        expect_same_output(saved, device);
    }
}

INSTANTIATE_TEST_SUITE_P(baselines, ModelFile, testing::ValuesIn(test::model_cases()),
                         [](const auto& model) { return model.param.name; });

class ModelFileErrors : public testing::Test {
protected:
    /// A small LSTM in a file.
    std::string lstm(const std::string& units = "2") {
        ModelCase small;
        small.model = "lstm";
        small.options = {{"units", units}};
        LivingModel living(small, DType::f32);
        save_model(fitted_of(living, small), folder_ / "m.h5", true);
        return folder_ / "m.h5";
    }
    /// The root of such a file with one attribute changed.
    std::string with_attribute(const std::string& name, const Value& value) {
        const std::string path = folder_ / "changed.h5";
        Hdf5File file = Hdf5File::create(path);
        for (const auto& [key, old] : Hdf5File::open(lstm()).attributes("/")) {
            file.set_attribute("/", key, key == name ? value : old);
        }
        file.write_string("/config", "[lstm]\nunits = 2\n");
        file.close();
        return path;
    }
    void expect_error(const std::string& path, const std::string& part) {
        const std::string message = error_of(path);
        EXPECT_NE(message.find(part), std::string::npos) << message;
    }

    test::TemporaryDirectory folder_;
};

TEST_F(ModelFileErrors, lists_every_difference) {
    const std::string path = folder_ / "wrong.h5";
    Hdf5File file = Hdf5File::create(path);
    for (const auto& [key, value] : Hdf5File::open(lstm()).attributes("/")) {
        file.set_attribute("/", key, value);
    }
    file.write_string("/config", "[lstm]\nunits = 2\n");
    file.write<double>("/model/readout.bias", {3}, std::vector<double>{1, 2, 3}, FileType::f32);
    file.write<double>("/model/readout.weight", {2, 2}, std::vector<double>{1, 2, 3, 4},
                       FileType::f32);
    file.write<double>("/model/other", {1}, std::vector<double>{1}, FileType::f32);
    file.close();
    for (const char* part :
         {"6 arrays expected, 2 found", "lstm.weight_ih_l0 (8, 6) is missing", " and 1 more",
          "readout.bias has shape (3), expected (2)", "other is not part of such a model"}) {
        expect_error(path, part);
    }
}

TEST_F(ModelFileErrors, what_no_model_can_be_is_refused) {
    expect_error(with_attribute("format", std::string("elm-recording")), "format elm-recording");
    expect_error(with_attribute("format_version", std::int64_t{2}),
                 "format_version is 2, this program reads 1");
    expect_error(with_attribute("model", std::string("lstn")), "there is no sequence model lstn");
    expect_error(with_attribute("n_input", std::int64_t{0}), "0 inputs");
    expect_error(with_attribute("n_output", std::string("two")), "n_output is two");
    expect_error(with_attribute("time_step_ms", -1.0), "time_step_ms is -1");
}

TEST_F(ModelFileErrors, files_that_cannot_be_read_are_refused) {
    expect_error(folder_ / "none.h5", "there is no such file");
    std::ofstream(folder_ / "text.h5") << "hello";
    expect_error(folder_ / "text.h5", "not an HDF5 file");
    const std::string path = lstm("200");
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    expect_error(path, "truncated");
}

TEST_F(ModelFileErrors, options_that_the_model_does_not_have_are_refused) {
    const std::string path = folder_ / "options.h5";
    Hdf5File file = Hdf5File::create(path);
    for (const auto& [key, value] : Hdf5File::open(lstm()).attributes("/")) {
        file.set_attribute("/", key, value);
    }
    file.write_string("/config", "[lstm]\nunit = 2\n");
    file.close();
    expect_error(path, "Did you mean units?");
    EXPECT_THROW(model_options("lstm", {{"units", 0.5}}), Error);
    EXPECT_THROW(model_options("lstm", {{"units", std::int64_t{0}}}), Error);
    EXPECT_THROW(model_options("lstn", {}), Error);
}

TEST_F(ModelFileErrors, an_existing_file_is_kept_without_force) {
    ModelCase small;
    small.model = "lstm";
    LivingModel living(small, DType::f32);
    std::ofstream(folder_ / "m.h5") << "precious";
    EXPECT_THROW(save_model(fitted_of(living, small), folder_ / "m.h5", false), Error);
    std::string text;
    std::ifstream(folder_ / "m.h5") >> text;
    EXPECT_EQ(text, "precious");
}

}  // namespace
}  // namespace elm
