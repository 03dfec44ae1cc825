#include "kernels/io/output_file.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/io/file_lock.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class OutputFileTest : public testing::Test {
protected:
    std::string path() const { return folder_ / "x.txt"; }
    std::size_t n_files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator{}));
    }

    test::TemporaryDirectory folder_;
};

TEST_F(OutputFileTest, leaves_nothing_behind_unless_committed) {
    { const OutputFile output(path(), false); }
    EXPECT_EQ(n_files(), 0u);
    write_text_file(path(), false, "one");
    EXPECT_THROW(write_text_file(path(), false, "two"), Error);
    EXPECT_EQ(text_of(path()), "one");
    write_text_file(path(), true, "three");
    EXPECT_EQ(text_of(path()), "three");
    EXPECT_EQ(n_files(), 1u);
}

TEST_F(OutputFileTest, stands_beside_what_appeared_meanwhile) {
    for (const char* const expected : {"x.2.txt", "x.3.txt"}) {
        fs::remove(path());
        OutputFile output(path(), false);
        output.write("result");
        std::ofstream(path()) << "mine";
        const std::string message = test::message_of([&] { output.commit(); });
        EXPECT_NE(message.find(expected), std::string::npos) << message;
        EXPECT_EQ(text_of(path()), "mine");
        EXPECT_EQ(text_of(folder_ / expected), "result");
    }
    EXPECT_EQ(n_files(), 3u);
}

TEST_F(OutputFileTest, force_replaces_files_alone) {
    OutputFile output(path(), true);
    output.write("result");
    fs::create_directory(path());
    EXPECT_NE(test::message_of([&] { output.commit(); }).find("x.2.txt"), std::string::npos);
    EXPECT_TRUE(fs::is_directory(path()));
    EXPECT_EQ(text_of(folder_ / "x.2.txt"), "result");
}

TEST_F(OutputFileTest, has_one_writer) {
    const OutputFile first(path(), false);
    const std::string message = test::message_of([&] { OutputFile second(path(), true); });
    EXPECT_NE(message.find("being written by another run"), std::string::npos) << message;
    const OutputFile other(folder_ / "y.txt", false);
}

TEST_F(OutputFileTest, clears_away_what_the_dead_left_and_nothing_else) {
    // No process has this number: it is above what the system gives.
    const fs::path dead = path() + ".tmp-99999999", other = path() + ".tmp-mine";
    std::ofstream(dead) << "half";
    std::ofstream(other) << "a file of the user";
    write_text_file(path(), false, "one");
    EXPECT_FALSE(fs::exists(dead));
    EXPECT_TRUE(fs::exists(other));
}

TEST_F(OutputFileTest, is_removed_on_the_way_out_of_the_program) {
    const OutputFile output(path(), false);
    EXPECT_EQ(n_files(), 1u);
    remove_temporary_files();
    EXPECT_EQ(n_files(), 0u);
}

TEST_F(OutputFileTest, locks_are_held_by_one) {
    const std::string lock = folder_ / "x.lock";
    {
        const FileLock first(lock, "x");
        const std::string message = test::message_of([&] { FileLock second(lock, "x"); });
        EXPECT_NE(message.find("x is being made by another run (process"), std::string::npos)
            << message;
    }
    EXPECT_EQ(n_files(), 0u);
    std::ofstream(lock) << "12345";  // of a killed process
    const FileLock again(lock, "x");
}

}  // namespace
}  // namespace elm
