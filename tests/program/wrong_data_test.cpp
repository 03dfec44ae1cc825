// What a training says to data, tasks and models that do not go together: one line, the file or
// option that is wrong, what was expected.

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

class WrongData : public testing::Test {
protected:
    std::string path(const std::string& name) const { return folder_ / name; }

    void write(const std::string& name, const std::string& text) const {
        fs::create_directories(fs::path(path(name)).parent_path());
        std::ofstream(path(name), std::ios::binary) << text;
    }

    /// A training on `data` ends with this exit code and one line that has all parts.
    void refuse(const std::string& task, const std::string& data, int exit_code,
                const std::vector<std::string>& parts) const {
        const ProgramResult result =
            run_program({"train", "--task", task, "--model", "lstm", "--threads", "1", "--budget",
                         "1u", "--data", path(data), "--out", path("run")});
        EXPECT_EQ(result.exit_code, exit_code) << task << ": " << result.err;
        for (const std::string& part : parts) {
            EXPECT_NE(result.error().find(part), std::string::npos) << task << ": " << result.err;
        }
        EXPECT_FALSE(fs::exists(path("run/model.h5"))) << task;
    }

    test::TemporaryDirectory folder_;
};

TEST_F(WrongData, an_empty_folder_is_answered_with_what_belongs_there) {
    fs::create_directories(path("empty"));
    for (const auto& [task, expected] : {std::pair("image", "data_batch_1.bin"),
                                         {"pathfinder", "imgs/ and metadata/"},
                                         {"listops", "basic_train.tsv"},
                                         {"text", "train/neg"},
                                         {"retrieval", "new_aan_pairs.train.tsv"},
                                         {"shd", "shd_train.h5"},
                                         {"spoken-adding", "spoken_train.h5"},
                                         {"nmnist", "Train/0"},
                                         {"dvs-gesture", "trials_to_train.txt"}}) {
        refuse(task, "empty", 3, {"--data", "empty holds no samples of the task", expected});
    }
    refuse("listops", "nowhere", 3, {"nowhere is not there"});
}

TEST_F(WrongData, a_split_that_is_missing_is_named) {
    write("listops/basic_train.tsv", "Source\tTarget\r\n5\t5\r\n");
    refuse("listops", "listops", 3, {"basic_val.tsv"});
    write("aan/new_aan_pairs.train.tsv", "1.0\tA\tB\tfirst\tsecond\n");
    refuse("retrieval", "aan", 3, {"new_aan_pairs.eval.tsv"});
}

TEST_F(WrongData, a_line_of_a_table_is_named) {
    write("wrong.tsv", "Source\tTarget\r\n5\t5\r\n7\t6\r\n");
    refuse("listops", "wrong.tsv", 3, {"wrong.tsv", "line 3"});
    write("pairs.tsv", "1.0\tA\tB\tfirst\tsecond\n1.0\tA\tB\tfirst\n");
    refuse("retrieval", "pairs.tsv", 3, {"pairs.tsv, line 2", "4 columns"});
}

TEST_F(WrongData, a_damaged_file_is_named) {
    write("shd/shd_train.h5", "\x89HDF\r\n\x1a\n and nothing else");
    write("shd/shd_test.h5", "");
    refuse("shd", "shd", 3, {"shd_train.h5"});
    write("batch.bin", "short");
    refuse("image", "batch.bin", 3, {"batch.bin"});
}

TEST_F(WrongData, a_damaged_image_of_a_folder_is_named) {
    const fs::path released = fs::path(ELM_CASES_DIR) / "../golden/sets/curv_contour_length_14";
    fs::copy(released, path("released"), fs::copy_options::recursive);
    const std::string image = path("released/imgs/0/sample_0.png");
    // A byte of the packed pixels, which the checksum of their chunk then does not fit.
    {
        std::fstream file(image, std::ios::in | std::ios::out | std::ios::binary);
        const auto middle = static_cast<std::streamoff>(fs::file_size(image) / 2);
        file.seekg(middle);
        const auto byte = static_cast<char>(file.get() ^ 0x40);
        file.seekp(middle);
        file.put(byte);
    }
    refuse("pathfinder", "released", 3, {"sample_0.png", "damaged PNG image"});
    fs::resize_file(image, fs::file_size(image) / 2);
    refuse("pathfinder", "released", 3, {"sample_0.png"});
}

TEST_F(WrongData, a_model_that_sees_the_answer_is_refused) {
    write("text", std::string(2000, 'a') + std::string(2000, 'b'));
    const ProgramResult result = run_program(
        {"train", "--task", "byte-language", "--model", "linformer", "--threads", "1", "--budget",
         "1u", "--data", path("text"), "--out", path("run"), "--set", "byte-language.steps=16"});
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_NE(result.error().find("the model linformer sees, as it is not causal"),
              std::string::npos)
        << result.err;
}

TEST_F(WrongData, a_sequence_longer_than_the_learned_positions_is_refused) {
    const ProgramResult result =
        run_program({"train", "--task", "adding", "--model", "transformer", "--threads", "1",
                     "--budget", "1u", "--out", path("run"), "--set", "adding.steps=20",
                     "transformer.positions=learned", "transformer.max_positions=8"});
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_NE(result.error().find("20 steps was given to a model that learned 8 positions"),
              std::string::npos)
        << result.err;
}

}  // namespace
}  // namespace elm
