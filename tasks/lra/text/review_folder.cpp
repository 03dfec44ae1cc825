#include "tasks/lra/text/review_folder.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/fingerprint.h"
#include "tasks/data/file_bytes.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

/// The reviews of one class by their numbers, which their names begin with.
std::vector<std::string> review_names(const std::string& folder) {
    std::error_code failure;
    std::vector<std::tuple<long, std::string>> numbered;
    for (const auto& entry : fs::directory_iterator(folder, failure)) {
        if (entry.path().extension() != ".txt") continue;
        const std::string name = entry.path().filename().string();
        numbered.emplace_back(std::strtol(name.c_str(), nullptr, 10), name);
    }
    if (numbered.empty()) {
        throw Error(ErrorKind::data,
                    fmt::format("{} has no reviews (.txt); expected the folder aclImdb with "
                                "train/neg, train/pos, test/neg and test/pos.",
                                folder));
    }
    std::sort(numbered.begin(), numbered.end());
    std::vector<std::string> names;
    for (const auto& [number, name] : numbered) names.push_back(fmt::format("{}/{}", folder, name));
    return names;
}

struct Reviews {
    std::shared_ptr<const SampleTable> table;
    std::array<std::int64_t, 2> counts{};  // neg, pos
};

Reviews read_reviews(const std::string& folder, std::int64_t most_length) {
    Reviews reviews;
    SetColumns samples = empty_columns({{.name = "text", .ragged = true}, {.name = "label"}});
    Fingerprint fingerprint;
    for (const std::size_t label : {0U, 1U}) {
        for (const std::string& path : review_names(folder + (label == 0 ? "/neg" : "/pos"))) {
            const std::string text = read_file_bytes(path, "a review");
            if (text.empty()) throw Error(ErrorKind::data, fmt::format("{} is empty.", path));
            const std::string_view kept =
                std::string_view(text).substr(0, static_cast<std::size_t>(most_length));
            samples[0].add(
                std::span(reinterpret_cast<const std::uint8_t*>(kept.data()), kept.size()));
            samples[1].add(static_cast<std::uint8_t>(label));
            fingerprint.add(kept);
            ++reviews.counts[label];
        }
    }
    reviews.table = std::make_shared<MemoryTable>(std::move(samples), folder, fingerprint.text());
    return reviews;
}

}  // namespace

std::optional<SampleFiles> open_review_folder(const std::string& path, std::int64_t most_length,
                                              std::int64_t bytes_of_unit) {
    const std::int64_t most_bytes = most_length * bytes_of_unit;
    std::error_code status;
    if (!fs::is_directory(path + "/train", status) && !fs::is_directory(path + "/test", status)) {
        return {};
    }
    SampleFiles files{.name = path, .options = {{"most_length", most_length}}};
    const Reviews train = read_reviews(path + "/train", most_bytes);
    const Reviews test = read_reviews(path + "/test", most_bytes);
    files.tables = {train.table, test.table};
    std::int64_t sample = 0;
    for (const std::int64_t count : train.counts) {
        for (std::int64_t k = 0; k < count; ++k) {
            const bool is_held_out = k >= count - count / 5;
            files.splits[is_held_out ? 1 : 0].push_back(sample++);
        }
    }
    for (std::int64_t k = 0; k < test.counts[0] + test.counts[1]; ++k) {
        files.splits[2].push_back(sample++);
    }
    return files;
}

}  // namespace elm
