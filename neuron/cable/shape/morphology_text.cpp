#include "neuron/cable/shape/morphology_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "kernels/core/support/check.h"

namespace elm::cable {

void fail_at(std::string_view origin, TextPlace place, std::string_view message) {
    throw Error(ErrorKind::data,
                fmt::format("{}:{}:{}: {}", origin, place.line, place.column, message));
}

void require_text(std::string_view text, std::string_view origin) {
    if (text.empty()) {
        fail_at(origin, {}, "the file is empty; expected a traced neuron");
    }
    const std::size_t at = text.find('\0');
    if (at == std::string_view::npos) return;
    TextPlace place;
    for (std::size_t i = 0; i < at; ++i) {
        ++place.column;
        if (text[i] == '\n') place = {place.line + 1, 1};
    }
    fail_at(origin, place,
            "a byte 0 stands here: this is no text. Expected SWC or Neurolucida ASC");
}

double parse_number(std::string_view word, std::string_view what, std::string_view origin,
                    TextPlace place) {
    std::string_view digits = word;
    if (digits.size() > 1 && digits.front() == '+' && digits[1] != '-') digits.remove_prefix(1);
    double number = 0;
    const auto [stop, status] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (status != std::errc() || stop != digits.data() + digits.size()) {
        fail_at(origin, place, fmt::format("expected {} as a number, got {}", what, quoted(word)));
    }
    if (!std::isfinite(number)) {
        fail_at(origin, place,
                fmt::format("expected {} as a finite number, got {}", what, quoted(word)));
    }
    return number;
}

bool same_letters(std::string_view a, std::string_view b) {
    const auto small = [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return small(x) == small(y); });
}

bool looks_like_number(std::string_view word) {
    const std::size_t first = !word.empty() && (word[0] == '-' || word[0] == '+') ? 1 : 0;
    if (first >= word.size()) return false;
    const auto is_digit = [](char letter) { return letter >= '0' && letter <= '9'; };
    return is_digit(word[first]) ||
           (word[first] == '.' && word.size() > first + 1 && is_digit(word[first + 1]));
}

std::string quoted(std::string_view word) {
    std::string text = "\"";
    for (const char letter : word.substr(0, 40)) {
        text += letter >= ' ' && letter <= '~' ? letter : '?';
    }
    return text + (word.size() > 40 ? "...\"" : "\"");
}

}  // namespace elm::cable
