// Readers of the published forms: PNG, folders of Pathfinder, batches of CIFAR-10.

#include <cmath>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "kernels/io/hdf5_file.h"
#include "kernels/io/toml_config.h"
#include "tasks/data/file_bytes.h"
#include "tasks/data/png_image.h"
#include "tasks/lra/images/cifar.h"
#include "tasks/lra/pathfinder/pathfinder_folder.h"
#include "tasks/samples/open_samples.h"
#include "tasks/sets/set_source.h"
#include "tasks/task_registry.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/data/golden_tasks.h"

namespace elm {
namespace {

namespace fs = std::filesystem;
using test::expect_part;

const std::string sets = ELM_GOLDEN_DIR "/sets/";
const std::string pathfinder = sets + "curv_contour_length_14";

std::string golden_png() {
    return read_file_bytes(pathfinder + "/imgs/0/sample_0.png", "an image");
}
std::string refusal(std::string_view bytes) {
    return test::message_of([&] { read_grey_png(bytes, "x.png"); });
}
TEST(PublishedSets, pathfinder_images_come_in_the_order_of_batches) {
    const PathfinderFolder folder = PathfinderFolder::open(pathfinder + "/");
    EXPECT_EQ(folder.count(), 8);
    EXPECT_EQ(folder.empty_files(), 1);
    EXPECT_EQ(folder.difficulty(), "hard");
    std::int64_t at = 0;
    for (const int batch : {0, 2, 10}) {
        for (int k = 0; k < 3; ++k) {
            if (batch == 2 && k == 1) continue;  // the empty file
            EXPECT_EQ(folder.label(at), (k + batch) % 2);
            const GreyPicture image = folder.picture(at++);
            ASSERT_EQ(image.rows, 4);
            ASSERT_EQ(image.columns, 5);
            for (int row = 0; row < 4; ++row) {
                for (int column = 0; column < 5; ++column) {
                    EXPECT_EQ(image.values[static_cast<std::size_t>(row * 5 + column)],
                              (37 * row + 11 * column + 5 * k + 50 * batch) % 256);
                }
            }
        }
    }
}

TEST(PublishedSets, damaged_images_are_refused) {
    const std::string good = golden_png();
    expect_part(refusal(""), "x.png: the file is empty");
    expect_part(refusal("GIF89a"), "no PNG image");
    for (std::size_t size = 30; size < good.size() - 12; ++size) {
        EXPECT_NE(refusal(std::string_view(good).substr(0, size)), "no error") << size;
    }
    std::string colour = good, deep = good, wide = good, checksum = good;
    colour[25] = 2;
    expect_part(refusal(colour), "colour type 2");
    deep[24] = 16;
    expect_part(refusal(deep), "16 bits");
    wide[16] = 1;
    expect_part(refusal(wide), "expected sides of 1 to 4096");
    checksum[30] ^= 1;
    expect_part(refusal(checksum), "damaged PNG image");
}

TEST(PublishedSets, odd_metadata_are_refused_with_their_line) {
    const auto message = [](const std::string& text) {
        return test::message_of([&] { read_pathfinder_metadata(text, "0.npy"); });
    };
    EXPECT_EQ(read_pathfinder_metadata("imgs/0  a.png 3 1 x\r\n\n", "0.npy").size(), 1u);
    expect_part(message("imgs/0 a.png 0 1\nimgs/0 b.png 1\n"), "0.npy, line 2: 3 fields");
    expect_part(message("imgs/0 a.png 0 2\n"), "the label is \"2\"");
    expect_part(message("../.. a.png 0 1\n"), "no file below the folder");
    expect_part(message("/etc a.png 0 1\n"), "no file below the folder");
    expect_part(message("\x93NUMPY\x01"), "array of NumPy");
    const test::TemporaryDirectory folder;
    expect_part(test::message_of([&] { PathfinderFolder::open(folder.path()); }), "has no images");
    fs::create_directory(folder / "metadata");
    std::ofstream(folder / "metadata/1.npy") << "imgs/1 lost.png 0 1\n";
    expect_part(test::message_of([&] { PathfinderFolder::open(folder.path()); }),
                "imgs/1/lost.png, which is not there");
}

TEST(PublishedSets, cifar_batches_are_read) {
    const std::vector<CifarImage> images = read_cifar_file(sets + "cifar_batch.bin");
    ASSERT_EQ(images.size(), 3u);
    const int labels[] = {3, 0, 9};
    for (std::size_t r = 0; r < images.size(); ++r) {
        EXPECT_EQ(images[r].label, labels[r]);
        for (std::size_t i = 0; i < images[r].planes.size(); ++i) {
            ASSERT_EQ(images[r].planes[i], (7 * i + 13 * r) % 256);
        }
        // Three planes, each 7168 = 0 mod 256 bytes on: all colours are grey.
        const auto grey = grey_cifar(images[r], CifarGrey::pillow);
        for (std::size_t i = 0; i < grey.size(); ++i) ASSERT_EQ(grey[i], images[r].planes[i]);
    }
    const std::string bytes = read_file_bytes(sets + "cifar_batch.bin", "a batch");
    const auto message = [](std::string_view part) {
        return test::message_of([&] { read_cifar(part, "b.bin"); });
    };
    expect_part(message(""), "b.bin holds 0 bytes");
    expect_part(message(std::string_view(bytes).substr(0, 3072)), "another file");
    expect_part(message(std::string_view(bytes).substr(0, 5000)), "Its end is missing");
    std::string wrong = bytes;
    wrong[2 * cifar_record_bytes] = 10;
    expect_part(message(wrong), "record 2: label 10");
}

TEST(PublishedSets, grey_levels_are_those_of_both_pipelines) {
    const std::string path = ELM_DATA_DIR "/tasks_golden.h5";
    if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
    const Hdf5File file = Hdf5File::open(path);
    const std::string group = "/text_image/image/";
    const auto rgb = file.read<std::uint8_t>(group + "rgb");
    const auto lra = file.read<std::uint8_t>(group + "lra_grey");
    const auto pillow = file.read<std::uint8_t>(group + "s4_pil_grey");
    ASSERT_EQ(rgb.size(), 3u * cifar_pixels);
    CifarImage image;
    for (std::size_t at = 0; at < cifar_pixels; ++at) {
        for (std::size_t plane = 0; plane < 3; ++plane) {
            image.planes[plane * cifar_pixels + at] = rgb[3 * at + plane];
        }
    }
    const auto ours = grey_cifar(image, CifarGrey::tensorflow);
    const auto ours_pillow = grey_cifar(image, CifarGrey::pillow);
    for (std::size_t at = 0; at < cifar_pixels; ++at) {
        ASSERT_EQ(ours[at], lra[at]) << at;
        ASSERT_EQ(ours_pillow[at], pillow[at]) << at;
    }
}

TEST(PublishedSets, colours_have_the_grey_levels_of_both_pipelines) {
    ELM_OPEN_GOLDEN_TASKS(file);
    const std::string group = "/text_image/image/colours";
    const auto colours = file.read<std::uint8_t>(group);
    const auto lra = file.read<std::uint8_t>(group + "_lra_grey");
    const auto pillow = file.read<std::uint8_t>(group + "_pil_grey");
    ASSERT_EQ(lra.size() % cifar_pixels, 0u);
    for (std::size_t first = 0; first < lra.size(); first += cifar_pixels) {
        CifarImage image;
        for (std::size_t at = 0; at < cifar_pixels; ++at) {
            for (std::size_t plane = 0; plane < 3; ++plane) {
                image.planes[plane * cifar_pixels + at] = colours[3 * (first + at) + plane];
            }
        }
        const auto ours = grey_cifar(image, CifarGrey::tensorflow);
        const auto ours_pillow = grey_cifar(image, CifarGrey::pillow);
        for (std::size_t at = 0; at < cifar_pixels; ++at) {
            ASSERT_EQ(ours[at], lra[first + at]) << first + at;
            ASSERT_EQ(ours_pillow[at], pillow[first + at]) << first + at;
        }
    }
}

/// Dense input of the first sample of a task.
std::vector<float> first_input(const Task& task) {
    Batch batch;
    task.fill({.split = Split::train}, batch);
    const auto values = batch.dense.host<float>();
    return {values.begin(), values.end()};
}

TEST(PublishedSets, an_image_enters_as_in_the_s4_pipeline) {
    ELM_OPEN_GOLDEN_TASKS(file);
    const auto rgb = file.read<std::uint8_t>("/text_image/image/rgb");
    std::string record(cifar_record_bytes, '\0');
    for (std::size_t at = 0; at < cifar_pixels; ++at) {
        for (std::size_t plane = 0; plane < 3; ++plane) {
            record[1 + plane * cifar_pixels + at] = static_cast<char>(rgb[3 * at + plane]);
        }
    }
    const test::TemporaryDirectory folder;
    std::string batch;  // some to validate on, too
    for (int copy = 0; copy < 20; ++copy) batch += record;
    std::ofstream(folder / "batch.bin", std::ios::binary) << batch;
    const TaskEntry& entry = find_task("image");
    OptionSet options = entry.options();
    Values chosen{{"grey", std::string("s4")}, {"encoding", std::string("value")}};
    for (const auto& [name, value] : chosen) options.set(name, to_text(value));
    TaskInput input{.files = {folder / "batch.bin"}};
    input.samples = open_samples(entry, options, chosen, input);
    const auto ours = first_input(*entry.make(options, input));
    const auto theirs = file.read<float>("/text_image/image/s4_normalised");
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t at = 0; at < ours.size(); ++at) EXPECT_NEAR(ours[at], theirs[at], 1e-6) << at;
}

TEST(PublishedSets, pixels_of_pathfinder_enter_centred_or_not_as_in_the_s4_pipeline) {
    ELM_OPEN_GOLDEN_TASKS(file);
    const TaskEntry& entry = find_task("pathfinder");
    std::vector<float> bytes;
    for (const bool centred : {false, true}) {
        OptionSet options = entry.options();
        options.set("encoding", "value");
        options.set("difficulty", "easy");
        options.set("centred", centred ? "true" : "false");
        const auto ours = first_input(*entry.make(options, {}));
        const auto theirs = file.read<float>(
            std::string("/text_image/image/s4_pathfinder_center_") + (centred ? "true" : "false"));
        if (!centred) {
            for (const float value : ours) bytes.push_back(std::round(255 * value));
        }
        ASSERT_EQ(ours.size(), bytes.size());
        for (std::size_t at = 0; at < ours.size(); ++at) {
            ASSERT_NEAR(ours[at], theirs[static_cast<std::size_t>(bytes[at])], 1e-6) << at;
        }
    }
}

TEST(PublishedSets, are_loaded_by_what_they_are) {
    const ShownSet folder = load_set(pathfinder, 1, 0);
    EXPECT_EQ(folder.task->name, "pathfinder");
    EXPECT_EQ(folder.total, 8);
    EXPECT_EQ(folder.samples[0].samples(), 7);
    EXPECT_EQ(load_set(sets + "cifar_batch.bin", 0, 2).samples[1].samples(), 2);
    expect_part(test::message_of([&] { load_set(sets + "cifar_batch.bin", 3, 1); }),
                "there is no number 3");
    expect_part(test::message_of([&] { load_set(pathfinder + "/metadata/0.npy", 0, 1); }), "0.npy");
}

}  // namespace
}  // namespace elm
