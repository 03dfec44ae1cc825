#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace elm::cable {

/// A place in a text, both counted from 1.
struct TextPlace {
    std::size_t line = 1, column = 1;
};

/// Throws Error{data}: "ORIGIN:LINE:COLUMN: MESSAGE".
[[noreturn]] void fail_at(std::string_view origin, TextPlace place, std::string_view message);

/// Throws Error{data} with the place of the first byte 0, which no text holds, or if there is
/// nothing at all.
void require_text(std::string_view text, std::string_view origin);

/// A finite number that takes all of `word`. Throws Error{data}; `what` names it ("a diameter").
double parse_number(std::string_view word, std::string_view what, std::string_view origin,
                    TextPlace place);

/// True if both are the same but for small and capital letters.
bool same_letters(std::string_view a, std::string_view b);

/// True if `word` begins as numbers do.
bool looks_like_number(std::string_view word);

/// At most 40 bytes of `word` for a message, in quotes, others than printable ASCII as "?".
std::string quoted(std::string_view word);

}  // namespace elm::cable
