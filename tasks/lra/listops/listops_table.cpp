#include "tasks/lra/listops/listops_table.h"

#include <algorithm>
#include <fstream>
#include <numeric>

#include "kernels/core/support/check.h"
#include "kernels/io/output_file.h"

namespace elm {
namespace {

std::string_view without_line_end(std::string_view line) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
}

void read_line(std::string_view line, ListOpsExample& example) {
    const std::size_t tab = line.rfind('\t');
    if (tab == std::string_view::npos) {
        throw Error(ErrorKind::data, "no tab; expected an expression, a tab and its value.");
    }
    const std::string_view target = line.substr(tab + 1);
    if (target.size() != 1 || target[0] < '0' || target[0] > '9') {
        throw Error(ErrorKind::data,
                    fmt::format("the value is \"{}\"; expected a digit.", target.substr(0, 40)));
    }
    example.label = target[0] - '0';
    example.tokens = parse_listops(line.substr(0, tab));
    const int value = evaluate_listops(example.tokens);
    if (value != example.label) {
        throw Error(
            ErrorKind::data,
            fmt::format("the expression is worth {}, and the file says {}.", value, example.label));
    }
}

/// The words as the pipelines see them, in the order of their letters.
std::array<std::uint8_t, listops_token_kinds> sorted_tokens() {
    std::array<std::uint8_t, listops_token_kinds> tokens;
    std::iota(tokens.begin(), tokens.end(), std::uint8_t{0});
    const auto seen = [](std::uint8_t token) {
        return token == listops_close ? std::string_view("X") : listops_word(token);
    };
    std::sort(tokens.begin(), tokens.end(),
              [&](std::uint8_t a, std::uint8_t b) { return seen(a) < seen(b); });
    return tokens;
}

}  // namespace

std::string listops_line(std::span<const std::uint8_t> tokens, int label) {
    return fmt::format("{}\t{}\r\n", print_listops(tokens), label);
}

void read_listops(std::istream& input, const std::string& path,
                  const std::function<void(const ListOpsExample&)>& take) {
    std::string line;
    ListOpsExample example;
    for (std::int64_t number = 1; std::getline(input, line); ++number) {
        with_context(fmt::format("reading {}, line {}", path, number), [&] {
            const std::string_view text = without_line_end(line);
            if (number > 1) {
                read_line(text, example);
            } else if (text != "Source\tTarget") {
                throw Error(ErrorKind::data, fmt::format("\"{}\"; expected the header "
                                                         "\"Source<tab>Target\" of a ListOps file.",
                                                         text.substr(0, 40)));
            }
        });
        if (number > 1) take(example);
    }
    if (line.empty() && input.bad()) {
        throw Error(ErrorKind::data, fmt::format("{} cannot be read.", path));
    }
}

std::vector<ListOpsExample> read_listops_file(const std::string& path) {
    std::ifstream input(path, std::ios::binary);
    if (!input) {
        throw Error(ErrorKind::data,
                    fmt::format("{} cannot be opened; expected a ListOps file (.tsv).", path));
    }
    std::vector<ListOpsExample> examples;
    read_listops(input, path, [&](const ListOpsExample& example) { examples.push_back(example); });
    if (examples.empty()) {
        throw Error(ErrorKind::data, fmt::format("{} has no expressions.", path));
    }
    return examples;
}

void write_listops_file(const std::string& path, bool force, const ListOpsGenerator& generator,
                        std::uint64_t seed, std::uint64_t first, std::int64_t count) {
    OutputFile file(path, force);
    file.write(listops_header);
    ListOpsSample sample;
    for (std::int64_t k = 0; k < count; ++k) {
        generator.draw(seed, first + static_cast<std::uint64_t>(k), sample);
        file.write(listops_line(sample.tokens, sample.label));
    }
    file.commit();
}

ListOpsVocabulary listops_release_vocabulary() {
    ListOpsVocabulary vocabulary{.padding = 0, .unknown = listops_token_kinds + 1};
    std::int32_t next = 1;
    for (const std::uint8_t token : sorted_tokens()) vocabulary.id[token] = next++;
    vocabulary.size = next + 1;
    return vocabulary;
}

ListOpsVocabulary listops_s4_vocabulary(
    const std::array<std::int64_t, listops_token_kinds>& token_counts) {
    ListOpsVocabulary vocabulary{.padding = 0, .unknown = 1, .end = 2};
    std::array<std::uint8_t, listops_token_kinds> tokens = sorted_tokens();
    std::stable_sort(tokens.begin(), tokens.end(), [&](std::uint8_t a, std::uint8_t b) {
        return token_counts[a] > token_counts[b];
    });
    std::int32_t next = vocabulary.end + 1;
    for (const std::uint8_t token : tokens) vocabulary.id[token] = next++;
    vocabulary.size = next;
    return vocabulary;
}

std::int64_t encode_listops(std::span<const std::uint8_t> tokens,
                            const ListOpsVocabulary& vocabulary, std::span<std::int32_t> ids) {
    // As published, the end is one of the ids that count, so long expressions lose a token to it.
    const std::size_t ends = vocabulary.end >= 0 && !ids.empty() ? 1 : 0;
    const std::size_t kept = std::min(tokens.size(), ids.size() - ends);
    for (std::size_t at = 0; at < kept; ++at) {
        ELM_CHECK(tokens[at] < listops_token_kinds, "ListOps token {}: expected 0 to {}.",
                  tokens[at], listops_token_kinds - 1);
        ids[at] = vocabulary.id[tokens[at]];
    }
    if (ends != 0) ids[kept] = vocabulary.end;
    std::fill(ids.begin() + static_cast<std::ptrdiff_t>(kept + ends), ids.end(),
              vocabulary.padding);
    return static_cast<std::int64_t>(kept + ends);
}

}  // namespace elm
