#include "kernels/io/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>

#include "kernels/core/support/error.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

using test::values_of;

std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// A file with this header and these bytes behind it.
std::string file_with(const std::string& header, std::size_t data_bytes) {
    const std::uint64_t length = header.size();
    std::string bytes(sizeof length, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    return bytes + header + std::string(data_bytes, '\0');
}

/// The message with which reading `bytes` fails.
std::string failure(const std::string& bytes) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "damaged.safetensors";
    std::ofstream(path, std::ios::binary) << bytes;
    try {
        read_safetensors(path);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data);
        return error.message();
    }
    return "no error";
}

std::vector<NamedTensor> examples(Stream& stream) {
    const std::vector<float> singles{1,     -0.0F, std::numeric_limits<float>::denorm_min(),
                                     1e30F, -2.5F, 3};
    const std::vector<double> doubles{0.1, std::numeric_limits<double>::infinity()};
    const std::vector<std::int32_t> wholes{-7};
    return {{"layers.0.weight", Tensor::from<float>(stream, {2, 3}, singles)},
            {"a \"quoted\" name, ä", Tensor::from<double>(stream, {2, 1, 1, 1}, doubles)},
            {"nothing", Tensor::empty(stream, {0, 4}, DType::f32)},
            {"scalar", Tensor::from<std::int32_t>(stream, {}, wholes)}};
}

void expect_round_trip(Device device) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "model.safetensors";
    Stream stream{device};
    const auto written = examples(stream);
    write_safetensors(path, false, written, {{"format", "pt"}});
    const StateDict read = read_safetensors(path);
    EXPECT_EQ(read.attributes, (Values{{"format", std::string("pt")}}));
    ASSERT_EQ(read.arrays.size(), written.size());
    for (const NamedTensor& tensor : written) {
        const auto found =
            std::find_if(read.arrays.begin(), read.arrays.end(),
                         [&](const auto& other) { return other.name == tensor.name; });
        ASSERT_NE(found, read.arrays.end()) << tensor.name;
        EXPECT_EQ(shape_of(*found), tensor.value.shape());
        EXPECT_EQ(found->stored, tensor.value.dtype());
        EXPECT_EQ(found->values, values_of(tensor.value));
    }
    EXPECT_TRUE(std::signbit(read.arrays[0].values[1])) << "minus zero";
}

TEST(Safetensors, round_trip_keeps_every_bit) { expect_round_trip({}); }

TEST(Safetensors, cuda_round_trip_keeps_every_bit) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : test::cuda_devices()) expect_round_trip(device);
}

TEST(Safetensors, has_the_bytes_of_the_format) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "one.safetensors";
    Stream stream{Device{}};
    const std::vector<float> value{1};
    const NamedTensor tensor{"w", Tensor::from<float>(stream, {1}, value)};
    write_safetensors(path, false, {&tensor, 1});
    const std::string header = R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
    EXPECT_EQ(bytes_of(path), std::string("\x38\0\0\0\0\0\0\0", 8) + header + "  " +
                                  std::string("\0\0\x80\x3F", 4));
}

/// The elements of one array of this type that has these bytes.
std::vector<double> elements(const std::string& type, const std::string& bytes, std::size_t count) {
    std::string file =
        file_with(R"({"w":{"dtype":")" + type + R"(","shape":[)" + std::to_string(count) +
                      R"(],"data_offsets":[0,)" + std::to_string(bytes.size()) + "]}}",
                  0);
    return read_safetensors("memory", file + bytes).arrays.at(0).values;
}

TEST(Safetensors, reads_every_type_of_element) {
    // IEEE 754-2008, table 3.5: 1, -2, the largest, the smallest normal and subnormal, infinity.
    const std::string halves("\x00\x3C\x00\xC0\xFF\x7B\x00\x04\x01\x00\x00\xFC", 12);
    EXPECT_EQ(elements("F16", halves, 6),
              (std::vector<double>{1, -2, 65504, std::ldexp(1, -14), std::ldexp(1, -24),
                                   -std::numeric_limits<double>::infinity()}));
    EXPECT_TRUE(std::isnan(elements("F16", std::string("\x00\x7E", 2), 1)[0]));
    EXPECT_EQ(elements("BF16", std::string("\x80\x3F\x20\xC1", 4), 2),
              (std::vector<double>{1, -10}));
    EXPECT_EQ(elements("I64", std::string("\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8), 1),
              (std::vector<double>{-2}));
    EXPECT_EQ(elements("I16", "\xFD\xFF", 1), (std::vector<double>{-3}));
    EXPECT_EQ(elements("I8", "\xFC", 1), (std::vector<double>{-4}));
    EXPECT_EQ(elements("BOOL", std::string("\x01\x00", 2), 2), (std::vector<double>{1, 0}));
}

TEST(Safetensors, metadata_are_the_values_that_they_spell) {
    const std::string header =
        R"({"__metadata__":{"a":"1","b":"5.0","c":"True","d":"false","e":"None","f":"null",)"
        R"("g":"relu","h":"\"silu\"","i":"{\"j\": 2, \"k\": true}","l":"inf"}})";
    EXPECT_EQ(read_safetensors("memory", file_with(header, 0)).attributes,
              (Values{{"a", std::int64_t{1}},
                      {"b", 5.0},
                      {"c", true},
                      {"d", false},
                      {"g", std::string("relu")},
                      {"h", std::string("silu")},
                      {"j", std::int64_t{2}},
                      {"k", true},
                      {"l", std::numeric_limits<double>::infinity()}}));
}

TEST(Safetensors, refuses_names_that_stand_twice) {
    const test::TemporaryDirectory folder;
    Stream stream{Device{}};
    const Tensor one = Tensor::zeros(stream, {1}, DType::f32);
    const std::vector<NamedTensor> twins{{"w", one}, {"w", one}}, taken{{"__metadata__", one}};
    EXPECT_THROW(write_safetensors(folder / "x", false, twins), Error);
    EXPECT_THROW(write_safetensors(folder / "x", false, taken), Error);
    EXPECT_FALSE(std::filesystem::exists(folder / "x"));
}

TEST(Safetensors, says_what_is_wrong_with_a_file) {
    const auto entry = [](const std::string& shape, const std::string& offsets,
                          const std::string& type = "\"F32\"") {
        return R"({"w":{"dtype":)" + type + R"(,"shape":)" + shape + R"(,"data_offsets":)" +
               offsets + "}}";
    };
    EXPECT_EQ(failure(file_with(entry("[2]", "[0,8]"), 8)), "no error") << "the helper itself";
    const std::pair<std::string, const char*> cases[] = {
        {"", "too short"},
        {"\x01\x02\x03", "too short"},
        {std::string(8, '\xFF') + "{}", "the header is said to have 18446744073709551615 bytes"},
        {file_with("{}", 0).substr(0, 9), "the header is said to have 2 bytes in a file of 9"},
        {file_with("", 0), "not an object in JSON"},
        {file_with("[]", 0), "not an object in JSON"},
        {file_with("{\"w\":", 0), "not an object in JSON"},
        {file_with(R"({"w":3})", 0), "w is not described by an object"},
        {file_with(entry("[2]", "[0,8]", "\"F8\""), 8), "w has type \"F8\", expected one of F64"},
        {file_with(entry("[2]", "[0,8]", "4"), 8), "w has type 4, expected one of F64, F32"},
        {file_with(R"({"w":{"shape":[2],"data_offsets":[0,8]}})", 8), "w has type none"},
        {file_with(entry("2", "[0,8]"), 8), "w: shape must be a list"},
        {file_with(entry("[-2]", "[0,8]"), 8), "w: shape must be a list"},
        {file_with(entry("[2.5]", "[0,8]"), 8), "w: shape must be a list"},
        {file_with(entry("[2]", "[0,999999]"), 8), "w: data_offsets must be a list"},
        {file_with(entry("[2]", "[8,0]"), 8), "expected two in rising order"},
        {file_with(entry("[2]", "[0]"), 8), "w has 1 offsets"},
        {file_with(entry("[3]", "[0,8]"), 8), "w of shape (3) has 8 bytes, expected 12"},
        {file_with(entry("[2]", "[4,12]"), 12), "w begins at byte 4, expected 0"},
        {file_with(entry("[2]", "[0,8]"), 9), "the tensors have 8 bytes, but the file holds 9"},
        {file_with(R"({"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":{}})", 0),
         "names w twice"},
        {file_with(R"({"__metadata__":{"a":1}})", 0), "not a string"},
        {file_with(R"({"__metadata__":[]})", 0), "__metadata__ is not an object"},
    };
    for (const auto& [bytes, expected] : cases) {
        const std::string message = failure(bytes);
        EXPECT_NE(message.find(expected), std::string::npos)
            << message << "\nexpected " << expected;
    }
}

TEST(Safetensors, refuses_every_truncation) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "whole.safetensors";
    Stream stream{Device{}};
    write_safetensors(path, false, examples(stream));
    const std::string whole = bytes_of(path);
    for (std::size_t size = 0; size < whole.size(); size += 5) {
        EXPECT_NE(failure(whole.substr(0, size)), "no error") << size;
    }
}

TEST(Safetensors, names_a_file_that_is_not_there) {
    try {
        read_safetensors("/nowhere/x.safetensors");
        FAIL() << "a missing file was read";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data);
        EXPECT_NE(error.message().find("/nowhere/x.safetensors"), std::string::npos);
    }
}

}  // namespace
}  // namespace elm
