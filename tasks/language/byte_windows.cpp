#include "tasks/language/byte_windows.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/fingerprint.h"
#include "tasks/data/file_bytes.h"

namespace elm {
namespace {

/// Windows that begin at these bytes.
class ByteWindows final : public SampleTable {
public:
    ByteWindows(std::string path, std::string text, std::int64_t steps,
                std::vector<std::int64_t> begins)
        : path_(std::move(path)),
          text_(std::move(text)),
          steps_(steps),
          begins_(std::move(begins)),
          fields_{{.name = "text", .row = {steps}}, {.name = "next", .row = {steps}}} {}

    const std::vector<SetField>& fields() const override { return fields_; }
    std::int64_t count() const override { return std::ssize(begins_); }
    std::int64_t block_size() const override { return 64; }
    SetColumns read(std::int64_t first, std::int64_t count,
                    const std::vector<SetField>& fields) const override {
        require_range(*this, first, count);
        SetColumns columns = empty_columns(fields);
        const std::span text(reinterpret_cast<const std::uint8_t*>(text_.data()), text_.size());
        for (std::int64_t k = first; k < first + count; ++k) {
            for (SetColumn& column : columns) {
                const std::int64_t shift = column.field.name == "next" ? 1 : 0;
                column.add(text.subspan(
                    static_cast<std::size_t>(begins_[static_cast<std::size_t>(k)] + shift),
                    static_cast<std::size_t>(steps_)));
            }
        }
        return columns;
    }
    std::vector<std::int32_t> lengths(const std::string&) const override {
        return std::vector<std::int32_t>(begins_.size(), static_cast<std::int32_t>(steps_));
    }
    std::string fingerprint() const override {
        Fingerprint fingerprint;
        fingerprint.add(text_);
        return fingerprint.text();
    }
    const std::string& path() const override { return path_; }

private:
    std::string path_, text_;
    std::int64_t steps_;
    std::vector<std::int64_t> begins_;
    std::vector<SetField> fields_;
};

}  // namespace

TextSymbols published_symbols(const std::array<std::string_view, 3>& parts) {
    TextSymbols symbols;
    std::array<std::int64_t, 256> count{};
    for (const std::string_view part : parts) {
        for (const char letter : part) {
            if (letter == '\n') continue;
            if (count[static_cast<unsigned char>(letter)]++ == 0) symbols.vocabulary += letter;
        }
    }
    std::stable_sort(symbols.vocabulary.begin(), symbols.vocabulary.end(), [&](char a, char b) {
        return count[static_cast<unsigned char>(a)] > count[static_cast<unsigned char>(b)];
    });
    std::array<char, 256> number{};
    for (std::size_t k = 0; k < symbols.vocabulary.size(); ++k) {
        number[static_cast<unsigned char>(symbols.vocabulary[k])] = static_cast<char>(k);
    }
    for (std::size_t part = 0; part < parts.size(); ++part) {
        for (const char letter : parts[part]) {
            if (letter == '\n') continue;
            symbols.parts[part] += number[static_cast<unsigned char>(letter)];
        }
    }
    return symbols;
}

SampleFiles open_byte_windows(const std::string& path, std::int64_t steps, ByteReader reader) {
    const std::string bytes = read_file_bytes(path, "a text");
    const std::size_t size = bytes.size();
    const std::array<std::size_t, 4> edges{0, size * 90 / 100, size * 95 / 100, size};
    std::array<std::string_view, 3> parts;
    for (std::size_t part = 0; part < parts.size(); ++part) {
        parts[part] = std::string_view(bytes).substr(edges[part], edges[part + 1] - edges[part]);
    }
    TextSymbols symbols;
    if (reader == ByteReader::published) {
        symbols = published_symbols(parts);
    } else {
        std::copy(parts.begin(), parts.end(), symbols.parts.begin());
    }
    std::string text;
    std::array<std::int64_t, 3> counts{};
    std::vector<std::int64_t> begins;
    for (std::size_t part = 0; part < counts.size(); ++part) {
        counts[part] = (std::ssize(symbols.parts[part]) - 1) / steps;
        if (counts[part] < 1) {
            throw Error(ErrorKind::data,
                        fmt::format("{} has {} bytes, too few for windows of {}: expected at least "
                                    "{}. Give a longer text or shorter windows.",
                                    path, size, steps, 20 * (steps + 2)));
        }
        for (std::int64_t k = 0; k < counts[part]; ++k) {
            begins.push_back(std::ssize(text) + k * steps);
        }
        text += symbols.parts[part];
    }
    SampleFiles files{.name = path, .options = {{"steps", steps}, {"kinds", symbols.kinds()}}};
    files.tables.push_back(
        std::make_shared<ByteWindows>(path, std::move(text), steps, std::move(begins)));
    files.divide(counts);
    return files;
}

}  // namespace elm
