#include "tasks/data/selection.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <string>

#include <fmt/format.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

/// One comma-separated part of a selection.
class Part {
public:
    Part(std::string_view selection, std::string_view text, std::int64_t size)
        : selection_(selection), text_(text), size_(size) {}

    struct Range {
        std::int64_t begin, end;
    };

    Range range() const {
        if (text_.find('-') != std::string_view::npos) {
            fail("is negative, expected indices from 0");
        }
        const std::size_t colon = text_.find(':');
        if (colon == std::string_view::npos) {
            const std::int64_t index = number(text_);
            if (index >= size_) out_of_range();
            return {index, index + 1};
        }
        const auto first = text_.substr(0, colon), last = text_.substr(colon + 1);
        const Range range{first.empty() ? 0 : number(first), last.empty() ? size_ : number(last)};
        if (range.end > size_ || range.begin > size_) out_of_range();
        if (range.begin >= range.end) fail("selects nothing, expected BEGIN below END");
        return range;
    }

    [[noreturn]] void fail(const std::string& what) const {
        throw Error(ErrorKind::data,
                    fmt::format("the selection \"{}\": \"{}\" {}. Give indices and ranges that "
                                "leave out their end, such as 0,3,7:20.",
                                selection_, text_, what));
    }

private:
    [[noreturn]] void out_of_range() const {
        fail(fmt::format("is out of range, there are {} simulations", size_));
    }
    std::int64_t number(std::string_view digits) const {
        std::int64_t value = 0;
        const char* const end = digits.data() + digits.size();
        const auto parsed = std::from_chars(digits.data(), end, value);
        if (parsed.ec == std::errc::result_out_of_range) out_of_range();
        if (parsed.ec != std::errc() || parsed.ptr != end) fail("is not a number or a range");
        return value;
    }

    std::string_view selection_, text_;
    std::int64_t size_;
};

}  // namespace

std::vector<std::int64_t> parse_selection(std::string_view text, std::int64_t size) {
    std::vector<std::int64_t> selected;
    if (text.empty()) {
        selected.resize(static_cast<std::size_t>(size));
        std::iota(selected.begin(), selected.end(), std::int64_t{0});
        return selected;
    }
    std::vector<bool> taken(static_cast<std::size_t>(size), false);
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        const Part part(text, text.substr(at, comma - at), size);
        const auto [begin, end] = part.range();
        for (std::int64_t index = begin; index < end; ++index) {
            if (taken[static_cast<std::size_t>(index)]) {
                part.fail(fmt::format("selects {} a second time", index));
            }
            taken[static_cast<std::size_t>(index)] = true;
            selected.push_back(index);
        }
        at = comma + 1;
    }
    return selected;
}

}  // namespace elm
