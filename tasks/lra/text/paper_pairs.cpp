#include "tasks/lra/text/paper_pairs.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/fingerprint.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t n_columns = 5;

DocumentPair read_line(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::array<std::string_view, n_columns> columns;
    std::size_t count = 0;
    for (std::size_t begin = 0; begin <= line.size(); ++count) {
        const std::size_t end = std::min(line.find('\t', begin), line.size());
        if (count < n_columns) columns[count] = line.substr(begin, end - begin);
        begin = end + 1;
    }
    if (count != n_columns) {
        throw Error(ErrorKind::data,
                    fmt::format("{} columns between tabs; expected {}: label, two ids, two texts.",
                                count, n_columns));
    }
    const std::string_view label = columns[0];
    DocumentPair pair{columns[3], columns[4], label == "1.0" || label == "1" ? 1 : 0};
    if (pair.label == 0 && label != "0.0" && label != "0") {
        throw Error(ErrorKind::data,
                    fmt::format("the label is \"{}\"; expected 0.0 or 1.0.", label.substr(0, 40)));
    }
    for (const std::string_view text : {pair.first, pair.second}) {
        if (text.empty() || text.find('\0') != text.npos) {
            throw Error(ErrorKind::data, text.empty() ? "a text is empty."
                                                      : "a text holds a byte 0, expected letters.");
        }
    }
    return pair;
}

std::shared_ptr<const SampleTable> read_table(const std::string& path, std::int64_t most_bytes) {
    std::ifstream input(path, std::ios::binary);
    if (!input) {
        throw Error(ErrorKind::data,
                    fmt::format("{} cannot be opened; expected a table of pairs (.tsv).", path));
    }
    SetColumns samples = empty_columns({{.name = "documents", .ragged = true}, {.name = "label"}});
    std::string both;
    read_paper_pairs(input, path, [&](const DocumentPair& pair) {
        const auto most = static_cast<std::size_t>(most_bytes);
        both.assign(pair.first.substr(0, most));
        both += '\0';
        both += pair.second.substr(0, most);
        samples[0].add(std::span(reinterpret_cast<const std::uint8_t*>(both.data()), both.size()));
        samples[1].add(static_cast<std::uint8_t>(pair.label));
    });
    if (samples[1].samples() == 0) {
        throw Error(ErrorKind::data, fmt::format("{} has no pairs.", path));
    }
    return std::make_shared<MemoryTable>(std::move(samples), path, fingerprint_of_file(path));
}

}  // namespace

void read_paper_pairs(std::istream& input, const std::string& path,
                      const std::function<void(const DocumentPair&)>& take) {
    std::string line;
    for (std::int64_t number = 1; std::getline(input, line); ++number) {
        take(with_context(fmt::format("reading {}, line {}", path, number),
                          [&] { return read_line(line); }));
    }
    if (input.bad()) throw Error(ErrorKind::data, fmt::format("{} cannot be read.", path));
}

std::optional<SampleFiles> open_paper_pairs(const std::string& path, std::int64_t most_length,
                                            std::int64_t bytes_of_unit) {
    const std::int64_t most_bytes = most_length * bytes_of_unit;
    SampleFiles files{.name = path, .options = {{"most_length", most_length}}};
    if (path.ends_with(".tsv")) {
        files.tables.push_back(read_table(path, most_bytes));
        return files;
    }
    constexpr std::array names = {"new_aan_pairs.train.tsv", "new_aan_pairs.eval.tsv",
                                  "new_aan_pairs.test.tsv"};
    const auto is_there = [&](const char* name) {
        std::error_code status;
        return fs::exists(fs::path(path) / name, status);
    };
    if (std::none_of(names.begin(), names.end(), is_there)) return {};
    for (const char* const name : names) {
        files.tables.push_back(read_table((fs::path(path) / name).string(), most_bytes));
    }
    files.divide_by_tables();
    return files;
}

}  // namespace elm
