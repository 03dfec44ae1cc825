// The corpus of the fuzzers, whole and damaged, with any compiler.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "neuron/cable/shape/neurolucida_reader.h"
#include "neuron/cable/shape/swc_reader.h"
#include "tests/fuzz/event_targets.h"
#include "tests/fuzz/morphology_target.h"
#include "tests/fuzz/network_targets.h"
#include "tests/fuzz/reader_targets.h"

namespace elm::test {
namespace {

/// Texts of a folder of the corpus, in order of their names.
std::vector<std::string> corpus(const std::string& name) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(ELM_CORPUS_DIR "/" + name)) {
        paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<std::string> texts;
    for (const auto& path : paths) {
        std::ifstream file(path, std::ios::binary);
        texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return texts;
}

/// `text` with one to four random changes.
std::string damaged(std::string text, const std::vector<std::string>& all, const RandomKey& key) {
    static const std::vector<std::string> words{
        "(",          ")",          "|",    "<",     ">",
        "\"",         ";",          "#",    "\n",    " ",
        "-1",         "nan",        "1e99", "1e999", "inf",
        "0.0",        "99999999",   "\xff", ".",     std::string(1, '\0'),
        "(CellBody)", "((Dendrite)"};
    std::int64_t next = 0;
    const auto draw = [&](std::size_t count) {
        return static_cast<std::size_t>(random_word(key, next++)) % std::max<std::size_t>(1, count);
    };
    for (std::size_t changes = 1 + draw(4); changes > 0; --changes) {
        const std::size_t at = draw(text.size() + 1);
        const std::size_t length = draw(std::min<std::size_t>(40, text.size() - at) + 1);
        switch (draw(6)) {
            case 0:
                text.erase(at, length);
                break;
            case 1:
                text.insert(at, text.substr(at, length));
                break;
            case 2:
                text.insert(at, words[draw(words.size())]);
                break;
            case 3:
                text.replace(at, length, words[draw(words.size())]);
                break;
            case 4:
                if (at < text.size()) text[at] = static_cast<char>(draw(256));
                break;
            default: {
                const std::string& other = all[draw(all.size())];
                text.insert(at, other.substr(draw(other.size()), draw(200)));
            }
        }
    }
    return text;
}

/// Reads every text of a folder of the corpus, as it is and with `changes` random changes each, of
/// which more than the share `least_read` can be read.
template <class Reader>
void replay(const std::string& name, Reader&& reader, std::uint64_t changes = 5000,
            double least_read = 0.02) {
    const std::vector<std::string> texts = corpus(name);
    ASSERT_FALSE(texts.empty());
    std::uint64_t read = 0, refused = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        EXPECT_TRUE(reader(texts[i])) << "text " << i << " of the corpus is refused";
        const RandomKey key =
            RandomKey{1}.for_purpose(name).for_part(static_cast<std::uint32_t>(i));
        for (std::uint64_t k = 0; k < changes; ++k) {
            ++(reader(damaged(texts[i], texts, key.at_step(k))) ? read : refused);
        }
    }
    // Both ways through the readers are taken often.
    EXPECT_GE(static_cast<double>(read), least_read * static_cast<double>(changes));
    EXPECT_GT(refused, changes / 10);
}

TEST(ReaderReplay, damaged_swc_is_read_or_refused) {
    replay("swc", [](const std::string& text) { return read_any(cable::read_swc, text); });
}

TEST(ReaderReplay, damaged_neurolucida_text_is_read_or_refused) {
    replay("asc", [](const std::string& text) { return read_any(cable::read_neurolucida, text); });
}

TEST(ReaderReplay, damaged_tables_of_spikes_are_read_or_refused) {
    replay("spike_text", read_spike_text);
}

TEST(ReaderReplay, damaged_tables_of_paper_pairs_are_read_or_refused) {
    replay("paper_pairs", read_paper_pairs_text);
}

TEST(ReaderReplay, damaged_tables_of_listops_are_read_or_refused) {
    replay("listops", read_listops_text);
}

TEST(ReaderReplay, damaged_lists_of_pathfinder_are_read_or_refused) {
    replay("pathfinder_list", read_pathfinder_list);
}

TEST(ReaderReplay, damaged_batches_of_cifar_are_read_or_refused) {
    replay("cifar", read_cifar_batch);
}

TEST(ReaderReplay, damaged_images_are_read_or_refused) {
    // Checksums refuse nearly all of them.
    replay("png", read_png_bytes, 5000, 0);
}

TEST(ReaderReplay, damaged_safetensors_are_read_or_refused) {
    replay("safetensors", read_safetensors_model);
}

TEST(ReaderReplay, damaged_network_files_are_read_or_refused) {
    replay("network", read_network_text);
}
TEST(ReaderReplay, odd_contents_of_nir_files_are_read_or_refused) {
    replay("nir", read_nir_contents, 600);
}
TEST(ReaderReplay, damaged_cell_files_are_read_or_refused) { replay("cell", read_cell_text); }

TEST(ReaderReplay, damaged_configurations_are_read_or_refused) {
    replay("config", read_config_text);
}

TEST(ReaderReplay, damaged_recordings_of_cameras_are_read_or_refused) {
    replay("aedat", read_aedat_bytes);
    replay("nmnist", read_nmnist_bytes);
    replay("gesture_labels", read_gesture_labels);
}

TEST(ReaderReplay, damaged_tables_of_values_are_read_or_refused) {
    replay("signal_table", read_signal_table, 1000);
}

TEST(ReaderReplay, odd_contents_of_spoken_files_are_read_or_refused) {
    replay("shd", read_shd_contents, 300);
}

TEST(ReaderReplay, odd_contents_of_hdf5_files_are_read_or_refused) {
    replay("hdf5", read_hdf5_contents, 200);
}

}  // namespace
}  // namespace elm::test
