// Every case of the published code is read by a test of this folder, or stands here with the reason
// why not. A test names a case by its whole path in the file.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kernels/io/hdf5_file.h"
#include "tests/baselines/golden/golden_mixers.h"

namespace elm::test {
namespace {

/// Paths of cases, or of groups of them, and why no test reads them.
using Exceptions = std::map<std::string, std::string>;

const Exceptions& attention_exceptions() {
    static const std::string tiling =
        "its padding is that of another sample: (heads, batch) read as (batch, heads)";
    static const std::string slips = "keys stand in the place of values there";
    static const std::string hidden =
        "rows that see nothing are means of hidden keys there, and its gradients are of these too";
    static const Exceptions all{
        {"/cab/lara/noncausal_self_pad", tiling},
        {"/cab/lara/noncausal_self_train", "its proposals are noise that is drawn in training"},
        {"/cab/local/noncausal_self_pad", "padding and the ends of the window are seen there"},
        {"/cab/nystrom/noncausal_self_pad", tiling},
        {"/cab/performer/causal_self_forced", "it has no sum over the steps before"},
        {"/cab/performer/noncausal_self_pad", tiling},
        {"/cab/probsparse/noncausal_self_mix", "heads and steps change places there"},
        {"/extra/local_attention/block4_pad", hidden},
        {"/extra/nystromformer_repo/classifier_nystrom",
         "the classifier of another scaffold than that of Long Range Arena"},
        {"/extra/nystromformer_repo/linformer_pad", "projections of each head, and masked keys"},
        {"/extra/reformer_pytorch/causal_two_rounds_within_bucket",
         "the reformer has no causal form here"},
        {"/extra/reformer_pytorch/two_rounds_within_bucket_dedup",
         "pairs that meet in several rounds count in each of them here"},
        {"/extra/sinkhorn_transformer/causal_top2", "the mixer has no causal form here"},
        {"/extra/sinkhorn_transformer/gumbel_sinkhorn", slips},
        {"/extra/sinkhorn_transformer/sortcut2", "queries see some sorted blocks alone there"},
        {"/extra/sinkhorn_transformer/top1", slips},
        {"/lra/bigbird/classifier", "its random blocks are a table, which the mixer draws itself"},
        {"/lra/reformer/release_rotations", "numbers of another generator of random numbers"},
        {"/lra/sinkhorn/attention_sinkhorn",
         "rows of blocks and of heads are one there; no published setting has it"},
        {"/lra/sinkhorn/classifier_mean", "its head is one linear layer on a mean over all steps"},
        {"/lra/sparse/attention_cls", "the class token is an ordinary step here"},
        {"/lra/sparse/classifier", "the class token is an ordinary step here"},
        {"/lra/synthesizer/attention_dense", "heads and positions change places there"},
        {"/lra/synthesizer/attention_dense_dot", "heads and positions change places there"},
        {"/lra/transformer/classifier_mean", "its head reads a mean over padding as well"},
        {"/parameter_counts/mega_without_token_embedding", "its embeddings are not counted there"},
        {"/parameter_counts/nystromformer_repo", "another scaffold than that of Long Range Arena"}};
    return all;
}

const Exceptions& state_space_exceptions() {
    static const std::string other_operation =
        "the released operation is no convolution: one product for each step of the kernel";
    static const Exceptions all{
        {"/gss_dss", "what stands in the middle of /gss_layer"},
        {"/liquid_s4_kb", other_operation},
        {"/liquid_s4_kb_degree3_not_allcombs", other_operation},
        {"/retnet_retention_chunkwise",
         "5 % off the authors' parallel form of the same numbers, by the epsilon of a norm behind "
         "it"},
        {"/s4d_kernel_inv_disc_dss", "the softmax of dss, and one half of each pair of modes"},
        {"/s4nd_dplr_trank2", "kernels of images have rank 1 and diagonal modes here"}};
    return all;
}

/// All paths in double quotes of the tests of this folder, but for those of this file.
std::set<std::string> named_paths() {
    std::set<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(ELM_GOLDEN_TESTS)) {
        if (entry.path().filename() == "golden_cases_test.cpp") continue;
        std::ifstream file(entry.path());
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        for (std::size_t begin = text.find('"'); begin != std::string::npos;) {
            const std::size_t end = text.find('"', begin + 1);
            if (end == std::string::npos) break;
            std::string path = text.substr(begin + 1, end - begin - 1);
            if (!path.starts_with('/')) path.insert(path.begin(), '/');
            all.insert(std::move(path));
            begin = text.find('"', end + 1);
        }
    }
    return all;
}

/// Groups that hold numbers or nothing but attributes, of which those within are parts.
void add_cases(const Hdf5File& file, const std::string& group, std::vector<std::string>& cases) {
    std::vector<std::string> groups;
    bool holds_numbers = false;
    for (const std::string& name : file.links(group.empty() ? "/" : group)) {
        std::string path = group;
        path.append("/").append(name);
        holds_numbers = holds_numbers || !file.is_group(path);
        groups.push_back(std::move(path));
    }
    // Of a case with a table of outputs alone the parameters stand in a group.
    const bool is_case = holds_numbers || groups.empty() || file.has(group + "/constants");
    if (is_case) return cases.push_back(group);
    for (const std::string& path : groups) add_cases(file, path, cases);
}

/// Whether a set has the path, or that of a group around it, but for the outermost ones, whose
/// names are those of models as well.
template <class Set>
bool covers(const Set& set, std::string path) {
    bool found = set.contains(path);
    while (!found && path.rfind('/') > 0) {
        path.resize(path.rfind('/'));
        found = path.rfind('/') > 0 && set.contains(path);
    }
    return found;
}

void expect_all_named(const std::string& name, const Exceptions& exceptions) {
    const std::string path = golden_folder() + "/" + name;
    if (!std::filesystem::exists(path)) {
        GTEST_SKIP() << "there is no " << name << " in " << golden_folder() << "; set ELM_DATA_DIR";
    }
    const Hdf5File file = Hdf5File::open(path);
    std::vector<std::string> cases;
    add_cases(file, "", cases);
    EXPECT_GT(cases.size(), 100U);
    const std::set<std::string> named = named_paths();
    for (const std::string& one : cases) {
        const bool is_exception = covers(exceptions, one), is_read = covers(named, one);
        EXPECT_TRUE(is_exception || is_read)
            << one << " is read by no test, and is no exception that says why.";
        EXPECT_FALSE(is_exception && is_read) << one << " is read by a test: no exception.";
    }
    for (const auto& [group, reason] : exceptions) {
        EXPECT_TRUE(file.is_group(group)) << group << " is not there";
        EXPECT_FALSE(reason.empty());
    }
}

TEST(GoldenCases, of_attentions_are_read_or_exceptions) {
    expect_all_named("golden_attention.h5", attention_exceptions());
}

TEST(GoldenCases, of_state_spaces_are_read_or_exceptions) {
    expect_all_named("golden_ssm.h5", state_space_exceptions());
}

}  // namespace
}  // namespace elm::test
