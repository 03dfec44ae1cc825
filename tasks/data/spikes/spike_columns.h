#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elm {

/// A text that can be read from its beginning as often as wanted.
struct TextFile {
    std::string path;  // for messages
    std::function<std::unique_ptr<std::istream>()> open;
};

TextFile text_file(const std::string& path);

/// One field of a line, without blanks and quotes around it.
struct TextField {
    std::string_view text;
    std::int64_t column;  // of its first letter, from 1
};

/// Lines of a table of text that hold something: without comments (# or %, to the end of the line),
/// without the mark of byte order and the carriage returns that some editors write.
class TableLines {
public:
    explicit TableLines(const TextFile& file);

    /// Goes to the next line; false at the end.
    bool next();
    std::string_view text() const noexcept { return text_; }
    std::int64_t number() const noexcept { return number_; }
    /// The comment read last, without its mark.
    const std::string& comment() const noexcept { return comment_; }

private:
    std::string path_;
    std::unique_ptr<std::istream> input_;
    std::string line_, comment_;
    std::string_view text_;
    std::int64_t number_ = 0;
};

/// Cuts a line at a separator; ' ' stands for any blanks, a tab at the end is no field.
void split_fields(std::string_view line, char separator, std::vector<TextField>& fields);

/// The number that a whole text spells.
std::optional<double> read_number(std::string_view text);

/// How a text lists spikes: one a line, with a time and a unit.
struct SpikeColumns {
    char separator = ' ';
    std::size_t n_columns = 2, time = 0, unit = 1;
    std::optional<std::size_t> population = {};
    std::string time_unit = {};  // as the name of the column says it; empty: not said, which is ms
    double ms_per_unit = 1;
    bool has_names = false;       // a line or a comment names the columns
    std::int64_t first_line = 1;  // that holds a spike
};

/// Finds out the form of a table. Columns are known by their names, in a first line or in the last
/// comment before the numbers: "time_ms,unit", "timestamps population node_ids" (SONATA),
/// "sender\ttime_ms" (NEST), "time (s);neuron". Two columns without names are time in ms and unit;
/// in a file NAME.gdf unit and time, as NEST writes it. Throws Error{data} naming file, line and
/// column for what is neither, or could be both.
SpikeColumns find_spike_columns(const TextFile& file);

}  // namespace elm
