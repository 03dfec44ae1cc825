#include "tasks/attention_benchmark/rouge.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

using Words = std::vector<std::string_view>;

std::vector<Words> sentences_of(std::string_view text) {
    constexpr std::string_view white = " \t\r\n";
    std::vector<Words> sentences(1);
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t begin = text.find_first_not_of(white, at);
        if (begin == std::string_view::npos) break;
        if (text[begin] == '.') {
            if (!sentences.back().empty()) sentences.emplace_back();
            at = begin + 1;
            continue;
        }
        const std::size_t end = std::min(text.find_first_of(" \t\r\n.", begin), text.size());
        sentences.back().push_back(text.substr(begin, end - begin));
        at = end;
    }
    if (sentences.back().empty()) sentences.pop_back();
    return sentences;
}

Words joined(const std::vector<Words>& sentences) {
    Words all;
    for (const Words& words : sentences) all.insert(all.end(), words.begin(), words.end());
    return all;
}

RougeScore score_of(double common, double of_summary, double of_reference) {
    if (of_summary == 0 || of_reference == 0) return {};
    RougeScore score{common / of_summary, common / of_reference, 0};
    score.f = 2 * score.precision * score.recall / (score.precision + score.recall + 1e-8);
    return score;
}

using Counts = std::map<Words, std::int64_t>;

Counts n_grams(const Words& words, int n, RougeVersion version) {
    Counts counts;
    for (std::size_t k = 0; k + static_cast<std::size_t>(n) <= words.size(); ++k) {
        const auto begin = words.begin() + static_cast<std::ptrdiff_t>(k);
        std::int64_t& count = counts[Words(begin, begin + n)];
        count = version == RougeVersion::sets ? 1 : count + 1;
    }
    return counts;
}

std::int64_t total(const Counts& counts) {
    std::int64_t sum = 0;
    for (const auto& [words, count] : counts) sum += count;
    return sum;
}

/// Places in `a` of a longest common subsequence with `b`.
std::set<std::size_t> common_places(const Words& a, const Words& b) {
    const std::size_t n = a.size(), m = b.size();
    std::vector<std::vector<int>> longest(n + 1, std::vector<int>(m + 1, 0));
    for (std::size_t i = 1; i <= n; ++i) {
        for (std::size_t j = 1; j <= m; ++j) {
            longest[i][j] = a[i - 1] == b[j - 1] ? longest[i - 1][j - 1] + 1
                                                 : std::max(longest[i - 1][j], longest[i][j - 1]);
        }
    }
    std::set<std::size_t> places;
    for (std::size_t i = n, j = m; i > 0 && j > 0;) {
        if (a[i - 1] == b[j - 1]) {
            places.insert(i - 1);
            --i, --j;
        } else if (longest[i - 1][j] > longest[i][j - 1]) {
            --i;
        } else {
            --j;
        }
    }
    return places;
}

double distinct(const Words& words) {
    return static_cast<double>(std::set<std::string_view>(words.begin(), words.end()).size());
}

/// Words of a reference sentence that some sentence of the summary has in order.
Words union_of_common(const Words& sentence, const std::vector<Words>& summary) {
    std::set<std::size_t> places;
    for (const Words& other : summary) places.merge(common_places(sentence, other));
    Words words;
    for (const std::size_t place : places) words.push_back(sentence[place]);
    return words;
}

/// Each word at most as often as the summary has it and as the reference has it.
double clipped(const Words& common, const Words& summary) {
    std::map<std::string_view, std::int64_t> left;
    for (const std::string_view word : summary) ++left[word];
    double count = 0;
    for (const std::string_view word : common) count += left[word]-- > 0 ? 1 : 0;
    return count;
}

}  // namespace

RougeScore rouge_n(std::string_view summary, std::string_view reference, int n,
                   RougeVersion version) {
    ELM_CHECK(n >= 1, "ROUGE of {} words: expected 1 or more.", n);
    const Counts of_summary = n_grams(joined(sentences_of(summary)), n, version);
    const Counts of_reference = n_grams(joined(sentences_of(reference)), n, version);
    std::int64_t common = 0;
    for (const auto& [words, count] : of_reference) {
        const auto found = of_summary.find(words);
        if (found != of_summary.end()) common += std::min(count, found->second);
    }
    return score_of(static_cast<double>(common), static_cast<double>(total(of_summary)),
                    static_cast<double>(total(of_reference)));
}

RougeScore rouge_l(std::string_view summary, std::string_view reference, RougeVersion version) {
    const std::vector<Words> of_summary = sentences_of(summary),
                             of_reference = sentences_of(reference);
    const Words all_summary = joined(of_summary), all_reference = joined(of_reference);
    Words common;
    for (const Words& sentence : of_reference) {
        const Words words = union_of_common(sentence, of_summary);
        common.insert(common.end(), words.begin(), words.end());
    }
    if (version == RougeVersion::sets) {
        return score_of(distinct(common), distinct(all_summary), distinct(all_reference));
    }
    return score_of(clipped(common, all_summary), static_cast<double>(all_summary.size()),
                    static_cast<double>(all_reference.size()));
}

}  // namespace elm
