// The table of models on Long Range Arena: what it has typed in against counts of the public code,
// and that each row has a size of ours or says that no configuration is known.

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/io/hdf5_file.h"
#include "tasks/lra/published_table.h"

namespace elm {
namespace {

/// A row by the names of the columns.
using Row = std::map<std::string, std::string>;

std::vector<Row> rows_of_table() {
    const std::vector<std::vector<std::string>> cells = published_model_table().shown_rows();
    std::vector<Row> rows;
    for (std::size_t i = 1; i < cells.size(); ++i) {
        Row row;
        for (std::size_t k = 0; k < cells[i].size(); ++k) row[cells[0][k]] = cells[i][k];
        rows.push_back(std::move(row));
    }
    return rows;
}

/// Where the counts of a model stand: group, and attribute.
struct CountPlace {
    const char *group, *name;
    const char* of_path_x = nullptr;  // another attribute
};

TEST(PublishedTable, has_the_counts_of_the_public_code) {
    const std::string path = std::string(ELM_DATA_DIR) + "/golden_attention.h5";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
    const Hdf5File file = Hdf5File::open(path);
    const char* const mega = "mega_without_token_embedding";
    const std::map<std::string, CountPlace> places{
        {"transformer", {"lra", "transformer"}},
        {"local_transformer", {"lra", "local"}},
        {"sparse_transformer", {"lra", "sparse_transformer"}},
        {"longformer", {"lra", "longformer"}},
        {"linformer", {"lra", "linformer"}},
        {"reformer", {"lra", "reformer"}},
        {"sinkhorn_transformer", {"lra", "sinkhorn"}},
        {"synthesizer", {"lra", "synthesizer"}},
        {"bigbird", {"lra", "bigbird"}},
        {"linear_transformer", {"lra", "linear_transformer"}},
        {"performer", {"lra", "performer"}},
        {"nystromformer", {"nystromformer_repo", "nystrom-64"}},
        {"mega", {mega, "chunk_default"}},
        {"mega_chunk", {mega, "chunk_128", "chunk_4096"}}};
    const std::map<std::string, std::string> tasks{{"listops", "listops"},
                                                   {"text", "text"},
                                                   {"image", "image"},
                                                   {"retrieval", "matching"},
                                                   {"pathfinder", "pathfinder32"},
                                                   {"pathfinder-x", "pathfinder128"}};
    int compared = 0;
    for (Row& row : rows_of_table()) {
        const auto found = places.find(row["model"]);
        if (found == places.end()) continue;
        const CountPlace& place = found->second;
        const bool is_path_x = row["task"] == "pathfinder-x";
        const bool has_configuration =
            !is_path_x || row["model"] == "transformer" || std::string(place.group) == mega;
        if (!has_configuration) {
            EXPECT_EQ(row["of the public code"], "-") << row["model"];
            continue;
        }
        const bool of_nystrom = std::string(place.group) == "nystromformer_repo";
        const std::string task =
            of_nystrom && row["task"] == "retrieval" ? "retrieval" : tasks.at(row["task"]);
        const double count = file.number_attribute(
            fmt::format("/parameter_counts/{}/{}", place.group, task),
            is_path_x && place.of_path_x != nullptr ? place.of_path_x : place.name);
        EXPECT_EQ(row["of the public code"], fmt::format("{:.0f}", count))
            << row["model"] << " " << row["task"];
        ++compared;
    }
    EXPECT_EQ(compared, 11 * 5 + 1 + 5 + 2 * 6);
}

TEST(PublishedTable, says_where_there_is_no_configuration) {
    const std::set<std::string> without{"prob_sparse", "cosformer",   "mamba",
                                        "rwkv4",       "chrono_lstm", "tcnca"};
    const std::set<std::string> not_on_path_x{"local_transformer",  "sparse_transformer",
                                              "longformer",         "linformer",
                                              "reformer",           "sinkhorn_transformer",
                                              "synthesizer",        "bigbird",
                                              "linear_transformer", "performer",
                                              "nystromformer"};
    const std::set<std::string> none{"none found", "none released", "found in part"};
    for (Row& row : rows_of_table()) {
        const std::string name = fmt::format("{} {}", row["model"], row["task"]);
        const bool is_known =
            !without.contains(row["model"]) &&
            (row["task"] != "pathfinder-x" || !not_on_path_x.contains(row["model"]));
        EXPECT_EQ(none.contains(row["configuration"]), !is_known) << name;
        EXPECT_EQ(row["parameters"] == "-", !is_known) << name;
        EXPECT_EQ(row["GFLOP forward"] == "-", !is_known) << name;
    }
}

/// Where the model here has every parameter of the public code and none more.
TEST(PublishedTable, has_models_of_the_published_sizes) {
    const std::set<std::string> equal{"transformer",
                                      "local_transformer",
                                      "linformer",
                                      "sparse_transformer",
                                      "reformer",
                                      "synthesizer",
                                      "linear_transformer",
                                      "performer",
                                      "bigbird",
                                      "s4",
                                      "s4d",
                                      "dss",
                                      "s5",
                                      "liquid_s4_released"};
    int compared = 0;
    for (Row& row : rows_of_table()) {
        // The head of two documents is another one here.
        if (!equal.contains(row["model"]) || row["task"] == "retrieval") continue;
        if (row["parameters"] == "-") continue;
        EXPECT_EQ(row["parameters"], row["of the public code"])
            << row["model"] << " " << row["task"];
        ++compared;
    }
    EXPECT_EQ(compared, 9 * 4 + 1 + 5 * 5);
}

/// From the published counts of image and Path-X, 99,910 and 93,902, what lra/paper_preset.h says.
TEST(PublishedTable, knows_the_elm_neuron) {
    int seen = 0;
    for (Row& row : rows_of_table()) {
        if (row["model"] != "elm") continue;
        EXPECT_EQ(row["configuration"], "Spieler et al. 2024, tables S1 and S2") << row["task"];
        EXPECT_NE(row["parameters"], "-") << row["task"];
        if (row["task"] == "image") {
            EXPECT_EQ(row["parameters"], "96926");
        }
        if (row["task"] == "pathfinder-x") {
            EXPECT_EQ(row["parameters"], "93310");
        }
        ++seen;
    }
    EXPECT_EQ(seen, 6);
}

TEST(PublishedTable, says_what_length_scores_on_text_may_be_of) {
    for (Row& row : rows_of_table()) {
        const bool of_arena = row["accuracy from"].starts_with("Tay et al. 2021");
        const bool is_said = row["accuracy from"].find("4000 bytes") != std::string::npos;
        EXPECT_EQ(is_said, of_arena && row["task"] == "text") << row["model"] << " " << row["task"];
    }
}

}  // namespace
}  // namespace elm
