#include "kernels/io/hdf5_file.h"

#include <chrono>
#include <fstream>
#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/io/toml_config.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

TEST(Hdf5File, returns_what_was_written) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    const std::vector<double> values{0, 1, 1.5, -2, 0.25, 65504};
    {
        Hdf5File file = Hdf5File::create(path);
        file.write<double>("/a/half", {2, 3}, values, FileType::f16);
        file.write<double>("/a/single", {6}, values, FileType::f32);
        file.write<double>("/flags", {3}, std::vector<double>{0, 1, 1}, FileType::boolean);
        file.write_string("/text", "déjà vu\n");
        file.set_attribute("/", "name", std::string("elm"));
        file.set_attribute("/", "yes", true);
        file.set_attribute("/a", "count", std::int64_t{7});
        file.set_attribute("/a", "rate", 0.5);
        file.close();
    }
    const Hdf5File file = Hdf5File::open(path);
    EXPECT_EQ(file.read<double>("/a/half"), values);
    EXPECT_EQ(file.read<float>("/a/half")[2], 1.5f);
    EXPECT_EQ(file.type_name("/a/half"), "float16");
    EXPECT_EQ(file.shape("/a/half"), (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(file.read<std::uint8_t>("/flags"), (std::vector<std::uint8_t>{0, 1, 1}));
    EXPECT_EQ(file.type_name("/flags"), "boolean");
    EXPECT_EQ(file.read_string("/text"), "déjà vu\n");
    EXPECT_EQ(file.links("/"), (std::vector<std::string>{"a", "flags", "text"}));
    EXPECT_EQ(file.attributes("/").at("name"), Value(std::string("elm")));
    EXPECT_EQ(file.attributes("/").at("yes"), Value(true));
    EXPECT_EQ(file.number_attribute("/a", "count"), 7);
    EXPECT_EQ(file.number_attribute("/a", "rate"), 0.5);
    std::vector<float> part(2);
    file.read_range<float>("/a/single", 3, part);
    EXPECT_EQ(part, (std::vector<float>{-2, 0.25f}));
}

TEST(Hdf5File, equal_contents_are_equal_bytes_whenever_they_are_written) {
    const test::TemporaryDirectory folder;
    const auto bytes_of = [](const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    };
    const auto write = [&](const std::string& name) {
        Hdf5File file = Hdf5File::create(folder / name);
        file.write<double>("/a/x", {3}, std::vector<double>{1, 2, 3}, FileType::f32);
        file.write_string("/text", "one");
        file.make_growing("/rows", {}, FileType::u16, 4);
        file.append<std::int32_t>("/rows", std::vector<std::int32_t>{1, 65535});
        file.close();
        return bytes_of(folder / name);
    };
    const std::string first = write("first.h5");
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // times of files have seconds
    EXPECT_EQ(first, write("second.h5"));
}

TEST(Hdf5File, copies_a_group_of_another_file) {
    const test::TemporaryDirectory folder;
    {
        Hdf5File from = Hdf5File::create(folder / "from.h5");
        from.write<double>("/a/b/half", {2}, std::vector<double>{1.5, 65504}, FileType::f16);
        from.set_attribute("/a", "name", std::string("elm"));
        from.close();
    }
    const Hdf5File from = Hdf5File::open(folder / "from.h5");
    Hdf5File to = Hdf5File::create(folder / "to.h5");
    to.copy_from(from, "/a");
    EXPECT_EQ(to.read<double>("/a/b/half"), (std::vector<double>{1.5, 65504}));
    EXPECT_EQ(to.type_name("/a/b/half"), "float16");
    EXPECT_EQ(to.attributes("/a").at("name"), Value(std::string("elm")));
    EXPECT_NE(test::message_of([&] { to.copy_from(from, "/c"); }).find("/c is not there"),
              std::string::npos);
}

TEST(Hdf5File, grows_by_rows) {
    const test::TemporaryDirectory folder;
    Hdf5File file = Hdf5File::create(folder / "x.h5");
    file.make_growing("/rows", {2}, FileType::f32, 16);
    file.append<float>("/rows", std::vector<float>{1, 2, 3, 4});
    file.append<float>("/rows", std::vector<float>{5, 6});
    EXPECT_EQ(file.shape("/rows"), (std::vector<std::int64_t>{3, 2}));
    EXPECT_EQ(file.read<double>("/rows"), (std::vector<double>{1, 2, 3, 4, 5, 6}));
}

TEST(Hdf5File, says_what_is_wrong_with_a_file) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    EXPECT_NE(test::message_of([&] { Hdf5File::open(path); }).find("no such file"),
              std::string::npos);
    std::ofstream(path) << "not HDF5";
    EXPECT_NE(test::message_of([&] { Hdf5File::open(path); }).find("not an HDF5 file"),
              std::string::npos);
    {
        Hdf5File file = Hdf5File::create(path);
        file.write<double>("/a", {2}, std::vector<double>{1, 2}, FileType::f64);
        file.close();
    }
    const Hdf5File file = Hdf5File::open(path);
    EXPECT_NE(
        test::message_of([&] { file.require_shape("/a", {3}); }).find("shape (2), expected (3)"),
        std::string::npos);
    EXPECT_NE(test::message_of([&] { file.read<double>("/b"); }).find("/b is not there"),
              std::string::npos);
    EXPECT_NE(test::message_of([&] { file.read<std::int64_t>("/a"); }).find("expected integers"),
              std::string::npos);
}

TEST(Hdf5File, a_text_that_is_damaged_is_no_empty_text) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    {
        Hdf5File file = Hdf5File::create(path);
        file.write_string("/text", "a text");
        file.close();
    }
    std::fstream bytes(path, std::ios::in | std::ios::out | std::ios::binary);
    const std::string all((std::istreambuf_iterator<char>(bytes)), {});
    const std::size_t heap = all.find("GCOL");  // where texts of any length stand
    ASSERT_NE(heap, std::string::npos);
    bytes.seekp(static_cast<std::streamoff>(heap));
    bytes << "XCOL" << std::flush;
    EXPECT_NE(test::message_of([&] {
                  Hdf5File::open(path).read_string("/text");
              }).find("/text cannot be read"),
              std::string::npos);
}

TEST(Hdf5File, what_no_memory_holds_is_refused_with_its_shape) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    {
        Hdf5File file = Hdf5File::create(path);
        file.make_filled("/large", {std::int64_t{1} << 39}, FileType::f32);  // 2 TiB
        const std::vector<std::string> texts(12347, "a text of");
        file.write_strings("/texts", texts);
        file.write<double>("/numbers", {12347}, std::vector<double>(12347, 1), FileType::f64);
        file.close();
    }
    EXPECT_NE(test::message_of([&] {
                  Hdf5File::open(path).read<float>("/large");
              }).find("/large of the shape (549755813888) takes 2.2e+03 GB of memory"),
              std::string::npos);
    // 2^63 + 1 texts of 9 bytes and numbers of 8, which would wrap.
    std::string bytes;
    {
        std::ifstream file(path, std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(file), {});
    }
    const std::string count{0x3B, 0x30, 0, 0, 0, 0, 0, 0}, many{1, 0, 0, 0, 0, 0, 0, 0x20};
    int found = 0;
    for (std::size_t at = 0; (at = bytes.find(count, at)) != std::string::npos; ++found) {
        bytes.replace(at, many.size(), many);
    }
    ASSERT_GE(found, 2);
    std::ofstream(path, std::ios::binary) << bytes;
    const Hdf5File file = Hdf5File::open(path);
    for (const std::string name : {"/texts", "/numbers"}) {
        const std::string message = test::message_of([&] {
            if (name == "/texts") {
                file.read_strings(name);
            } else {
                file.read<double>(name);
            }
        });
        EXPECT_NE(message.find(name + " of the shape (2305843009213693953) takes"),
                  std::string::npos)
            << message;
    }
}

TEST(Hdf5File, fills_a_dataset_in_pieces_along_its_last_axis) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "x.h5";
    {
        Hdf5File file = Hdf5File::create(path);
        file.make_filled("/a", {2, 3}, FileType::f32);
        file.make_filled("/b", {3}, FileType::f64);
        file.fill<float>("/a", 0, std::vector<float>{1, 4});
        file.fill<float>("/a", 1, std::vector<float>{2, 3, 5, 6});
        file.fill<double>("/b", 2, std::vector<double>{9});
        file.fill<double>("/b", 0, std::vector<double>{7, 8});
        file.close();
    }
    const Hdf5File file = Hdf5File::open(path);
    EXPECT_EQ(file.read<float>("/a"), (std::vector<float>{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(file.read<double>("/b"), (std::vector<double>{7, 8, 9}));
}

TEST(Hdf5File, is_silent_in_every_thread) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "file.h5";
    Hdf5File::create(path).close();
    const Hdf5File file = Hdf5File::open(path);
    std::string message;
    testing::internal::CaptureStderr();
    std::thread([&] { message = test::message_of([&] { file.read<double>("/none"); }); }).join();
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_NE(message.find("/none is not there"), std::string::npos);
}

TEST(Config, survives_being_written_and_read) {
    Config config;
    config.sections["simulate"] = {
        {"seconds", 2.5}, {"seed", std::int64_t{3}}, {"model", std::string("a 'b' \"c\"")}};
    config.sections["elm"] = {{"learn_memory_tau", false}};
    EXPECT_EQ(Config::parse(config.to_toml(), "text").sections, config.sections);
}

TEST(Config, names_line_and_column_of_a_mistake) {
    EXPECT_NE(
        test::message_of([] { Config::parse("[a]\nx = = 1\n", "run.toml"); }).find("run.toml:2:"),
        std::string::npos);
}

}  // namespace
}  // namespace elm
