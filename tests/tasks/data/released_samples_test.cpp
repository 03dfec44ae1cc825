// Tasks that learn from files as they were released with the published tasks.

#include <png.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tasks/data/file_bytes.h"
#include "tasks/lra/images/cifar.h"
#include "tasks/lra/listops/listops_table.h"
#include "tests/support/error_message.h"
#include "tests/tasks/data/stored_samples.h"

namespace elm {
namespace {

namespace fs = std::filesystem;
using test::expect_part;

using ReleasedSamples = test::StoredSamples;

TEST_F(ReleasedSamples, of_pathfinder_images_are_learnt) {
    std::string metadata;
    std::vector<std::vector<std::uint8_t>> images;
    const std::string folder = "curv_contour_length_9/";
    fs::create_directories(path(folder + "imgs/0"));
    for (int k = 0; k < 20; ++k) {
        std::vector<std::uint8_t> image(1024);
        for (std::size_t at = 0; at < image.size(); ++at) {
            image[at] = static_cast<std::uint8_t>(at * 7 + static_cast<std::size_t>(k) * 11);
        }
        png_image header{};
        header.version = PNG_IMAGE_VERSION;
        header.width = header.height = 32;
        header.format = PNG_FORMAT_GRAY;
        const std::string name = fmt::format("sample_{}.png", k);
        const std::string file = path(fmt::format("{}imgs/0/{}", folder, name));
        ASSERT_TRUE(png_image_write_to_file(&header, file.c_str(), 0, image.data(), 0, nullptr));
        metadata += fmt::format("imgs/0 {} {} {} x\n", name, k, k % 3 == 0 ? 1 : 0);
        images.push_back(std::move(image));
    }
    write(folder + "metadata/0.npy", metadata);
    const Opened stored = open("pathfinder", {folder}, {{"bins", "256"}});
    EXPECT_EQ(stored.options.get<std::string>("difficulty"), "intermediate");
    EXPECT_EQ(stored.options.get<std::int64_t>("size"), 32);
    EXPECT_EQ(stored.task->count(Split::train), 16);
    for (const auto& [split, first] : {std::pair{Split::validation, 16}, {Split::test, 18}}) {
        const Batch batch = batch_of(*stored.task, {.split = split, .size = 2, .count = 2});
        for (int k = 0; k < 2; ++k) {
            const auto& image = images[static_cast<std::size_t>(first + k)];
            EXPECT_EQ(units_of(batch, k), std::vector<std::int32_t>(image.begin(), image.end()));
            EXPECT_EQ(labels_of(batch)[static_cast<std::size_t>(k)], (first + k) % 3 == 0);
        }
    }
    write(folder + "imgs/0/sample_17.png",
          read_file_bytes(path(folder + "imgs/0/sample_17.png"), "an image").substr(0, 90));
    const Opened damaged = open("pathfinder", {folder});
    expect_part(test::message_of([&] {
                    batch_of(*damaged.task, {.split = Split::validation, .size = 2, .count = 2});
                }),
                "sample_17.png");
    expect_part(refusal("listops", {folder}), "holds no samples of the task listops");
}

TEST_F(ReleasedSamples, of_listops_tables_are_learnt_in_each_vocabulary) {
    const std::string header(listops_header);
    write("l/basic_train.tsv",
          header + "( ( ( [MIN 3 ) 4 ) ] )\t3\r\n" + "( ( ( ( [SM 3 ) 4 ) 4 ) ] )\t1\r\n");
    write("l/basic_val.tsv", header + "( ( ( [MAX 3 ) 4 ) ] )\t4\r\n");
    write("l/basic_test.tsv", header + "( ( ( ( ( [MED 3 ) 4 ) 4 ) 9 ) ] )\t4\r\n");
    const Opened stored = open("listops", {"l"});
    EXPECT_EQ(stored.options.get<std::int64_t>("least_length"), 4);
    EXPECT_EQ(stored.options.get<std::int64_t>("most_length"), 6);
    EXPECT_EQ(stored.task->spec().shape.n_input, 15);
    const auto units = [&](const Task& task, Split split) {
        return units_of(batch_of(task, {.split = split, .size = 1}), 0);
    };
    using Units = std::vector<std::int32_t>;
    EXPECT_EQ(units(*stored.task, Split::validation), (Units{11, 3, 4, 14}));
    EXPECT_EQ(labels_of(batch_of(*stored.task, {.split = Split::test, .size = 1})), Units{4});
    // Words sorted by their letters: 0 .. 9 are 1 .. 10, X 11, [MAX 12, [MED 13, [MIN 14, [SM 15.
    const Opened release = open("listops", {"l"}, {{"vocabulary", "release"}});
    EXPECT_EQ(release.task->spec().shape.n_input, 17);
    EXPECT_EQ(units(*release.task, Split::validation), (Units{12, 4, 5, 11}));
    // In the training set 4 occurs three times, 3 and X twice, [MIN and [SM once, in this order;
    // then the others by their letters: 0, 1, 2, 5, 6, 7, 8, 9, [MAX, [MED. Ids begin at 3.
    const Opened s4 = open("listops", {"l"}, {{"vocabulary", "s4"}});
    EXPECT_EQ(s4.task->spec().shape.n_input, 18);
    EXPECT_EQ(s4.task->spec().n_steps, 7);
    EXPECT_EQ(units(*s4.task, Split::validation), (Units{16, 4, 3, 5, 2}));
    write("l/basic_val.tsv", header + "( ( ( [MAX 3 ) 4 ) ] )\t4\r\n( [MAX\t4\r\n");
    expect_part(refusal("listops", {"l"}), "basic_val.tsv, line 3");
    fs::remove(path("l/basic_val.tsv"));
    expect_part(refusal("listops", {"l"}), "basic_val.tsv");
}

TEST_F(ReleasedSamples, of_cifar_batches_are_learnt) {
    int number = 0;
    const auto batch = [&](const std::string& name, int count) {
        std::string bytes;
        for (int k = 0; k < count; ++k, ++number) {
            bytes += static_cast<char>(number % 10);
            for (int at = 0; at < 3 * cifar_pixels; ++at) {
                bytes += static_cast<char>((at * 5 + number * 3) % 256);
            }
        }
        write("c/" + name, bytes);
    };
    for (int k = 1; k <= 5; ++k) batch(fmt::format("data_batch_{}.bin", k), 4);
    batch("test_batch.bin", 3);
    for (const char* const rule : {"lra", "s4"}) {
        const Opened stored = open("image", {"c"}, {{"grey", rule}, {"bins", "256"}});
        EXPECT_EQ(stored.task->count(Split::train), 18);
        EXPECT_EQ(stored.task->count(Split::validation), 2);
        EXPECT_EQ(stored.task->count(Split::test), 3);
        const Batch filled =
            batch_of(*stored.task, {.split = Split::validation, .size = 2, .count = 2});
        EXPECT_EQ(labels_of(filled), (std::vector<std::int32_t>{8, 9}));
        std::vector<std::int32_t> grey;
        for (int at = 0; at < cifar_pixels; ++at) {
            const auto colour = [&](int plane) {
                return static_cast<std::uint8_t>(((at + plane * cifar_pixels) * 5 + 18 * 3) % 256);
            };
            grey.push_back(
                grey_of(colour(0), colour(1), colour(2),
                        rule == std::string("s4") ? CifarGrey::pillow : CifarGrey::tensorflow));
        }
        EXPECT_EQ(units_of(filled, 0), grey);
    }
    fs::remove(path("c/data_batch_3.bin"));
    expect_part(refusal("image", {"c"}), "data_batch_3.bin");
}

}  // namespace
}  // namespace elm
