// Files of an arena that somebody damaged: each is refused as data, with its name and what is
// wrong.

#include <filesystem>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/output_file.h"
#include "tasks/arena/flywheel/stage_files.h"
#include "tasks/arena/sets/arena_set.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

using test::expect_part;

/// What a reader says of a damaged file, which must be an error of data.
template <class Read>
std::string refusal(const Read& read) {
    try {
        read();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data) << error.message();
        return error.message();
    }
    return "no error";
}

/// An arena of one part as it is on disk.
struct StoredArena {
    std::string seed = "7", config = "[task]\nname = \"recall\"\ndrawn = 3\nfiles = \"\"\n";
    std::int64_t difficulties = 3;
    bool has_fingerprint = true;

    void write(const std::string& path) const {
        Hdf5File file = Hdf5File::create(path);
        file.set_attribute("/", "format", std::string("arena"));
        file.set_attribute("/", "seed", seed);
        for (const char* const name : {"clusters", "duplicates", "near_copies"}) {
            file.set_attribute("/", name, std::int64_t{0});
        }
        file.set_attribute("/", "doubtful_share", 0.0);
        file.write_string("/config", config);
        file.write_strings("/committee", std::vector<std::string>{"one"});
        file.write<std::int64_t>("/parts/arena-test", {3}, std::vector<std::int64_t>{0, 1, 2},
                                 FileType::i64);
        if (has_fingerprint) {
            file.set_attribute("/parts/arena-test", "fingerprint", std::string("abc"));
        }
        const std::vector<double> values(static_cast<std::size_t>(difficulties), 1);
        file.write<double>("/difficulty/arena-test", {difficulties}, values, FileType::f64);
        file.close();
    }
};

class DamagedFiles : public testing::Test {
protected:
    std::string of_arena(const StoredArena& arena) {
        arena.write(folder_ / "arena.h5");
        return refusal([&] { read_arena(folder_.path().string()); });
    }
    std::string of_stage(const std::string& toml) {
        const StageFiles files(folder_.path().string(), "F", 1, 0);
        write_text_file(folder_ / "stages/F-seed1-stage1.toml", true, toml);
        return refusal([&] { files.read(); });
    }
    test::TemporaryDirectory folder_;
};

TEST_F(DamagedFiles, of_an_arena_say_what_is_wrong) {
    StoredArena whole;
    EXPECT_EQ(of_arena(whole), "no error");
    StoredArena damaged = whole;
    damaged.seed = "12x";
    expect_part(of_arena(damaged), "arena.h5: seed is '12x', expected a seed");
    damaged = whole;
    damaged.config = "[tusk]\n";
    expect_part(of_arena(damaged), "arena.h5:/config has no section task");
    damaged.config = "[task]\nname = \"recall\"\ndrawn = \"many\"\n";
    expect_part(of_arena(damaged), "drawn is 'many', expected a whole number");
    damaged.config = "[task\n";
    expect_part(of_arena(damaged), "arena.h5:/config");
    damaged = whole;
    damaged.has_fingerprint = false;
    expect_part(of_arena(damaged), "arena.h5:/parts/arena-test has no fingerprint");
    damaged = whole;
    damaged.difficulties = 2;
    expect_part(of_arena(damaged),
                "/difficulty/arena-test has 2 numbers, and /parts/arena-test has 3 samples");
}

TEST_F(DamagedFiles, of_predictions_and_stages_say_what_is_wrong) {
    const std::string path = folder_ / "predictions.h5";
    Hdf5File file = Hdf5File::create(path);
    file.set_attribute("/", "format", std::string("arena-predictions"));
    for (const char* const name : {"task", "model"}) {
        file.set_attribute("/", name, std::string("one"));
    }
    file.set_attribute("/", "seed", std::string(""));
    file.close();
    expect_part(refusal([&] { read_predictions(path); }), "predictions.h5: seed is ''");

    std::filesystem::create_directory(folder_ / "stages");
    expect_part(of_stage("[stage]\narm = \"F\"\nseed = \"-1\"\n"), "stage1.toml: seed is '-1'");
    expect_part(of_stage("[stage]\narm = \"F\"\nseed = \"1\"\nkind = \"x\"\nround = \"first\"\n"),
                "round is 'first', expected a whole number");
    expect_part(of_stage("[stage]\narm = \"F\"\n"), "stage1.toml has no seed");
    write_text_file(folder_ / "stages/F-seed1-stage1.selected.idx", true, "3\n4\nfive\n");
    expect_part(refusal([&] { StageFiles(folder_.path().string(), "F", 1, 0).read_selected(); }),
                "after 2 numbers of samples there is something else");
}

}  // namespace
}  // namespace elm
