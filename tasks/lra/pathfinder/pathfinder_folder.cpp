#include "tasks/lra/pathfinder/pathfinder_folder.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

#include "kernels/core/support/check.h"
#include "kernels/io/fingerprint.h"
#include "tasks/data/file_bytes.h"
#include "tasks/data/png_image.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

std::vector<std::string_view> fields_of(std::string_view line) {
    constexpr std::string_view blanks = " \t\r";
    std::vector<std::string_view> fields;
    std::size_t at = line.find_first_not_of(blanks);
    while (at != std::string_view::npos) {
        const std::size_t end = std::min(line.find_first_of(blanks, at), line.size());
        fields.push_back(line.substr(at, end - at));
        at = line.find_first_not_of(blanks, end);
    }
    return fields;
}

PathfinderEntry read_line(std::string_view line) {
    const std::vector<std::string_view> fields = fields_of(line);
    if (fields.size() < 4) {
        throw Error(ErrorKind::data,
                    fmt::format("{} fields; expected at least 4: folder, file, number, label.",
                                fields.size()));
    }
    if (fields[3] != "0" && fields[3] != "1") {
        throw Error(ErrorKind::data,
                    fmt::format("the label is \"{}\"; expected 0 or 1.", fields[3].substr(0, 40)));
    }
    const fs::path file = fs::path(fields[0]) / fs::path(fields[1]);
    const bool leaves =
        file.is_absolute() ||
        std::any_of(file.begin(), file.end(), [](const fs::path& part) { return part == ".."; });
    if (leaves || file.string().find('\0') != std::string::npos) {
        throw Error(ErrorKind::data, fmt::format("\"{}\" is no file below the folder.",
                                                 file.string().substr(0, 80)));
    }
    return {file.string(), fields[3] == "1" ? 1 : 0};
}

/// Numbers of the batches; a file of another name is no batch.
std::vector<std::pair<std::int64_t, fs::path>> batches_in(const fs::path& folder) {
    std::vector<std::pair<std::int64_t, fs::path>> batches;
    std::error_code status;
    for (const auto& file : fs::directory_iterator(folder, status)) {
        const std::string stem = file.path().stem().string();
        std::int64_t number = 0;
        const char* const end = stem.data() + stem.size();
        const auto read = std::from_chars(stem.data(), end, number);
        if (file.path().extension() == ".npy" && read.ec == std::errc{} && read.ptr == end) {
            batches.emplace_back(number, file.path());
        }
    }
    std::sort(batches.begin(), batches.end());
    return batches;
}

}  // namespace

std::vector<PathfinderEntry> read_pathfinder_metadata(std::string_view text,
                                                      const std::string& path) {
    if (text.starts_with("\x93NUMPY")) {
        throw Error(ErrorKind::data,
                    fmt::format("{} is an array of NumPy; expected text, as in the folders of Long "
                                "Range Arena.",
                                path));
    }
    std::vector<PathfinderEntry> entries;
    for (std::int64_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        with_context(fmt::format("reading {}, line {}", path, number),
                     [&] { entries.push_back(read_line(line)); });
    }
    return entries;
}

PathfinderFolder PathfinderFolder::open(const std::string& folder) {
    PathfinderFolder opened;
    opened.folder_ = folder;
    Fingerprint fingerprint;
    for (const auto& batch : batches_in(fs::path(folder) / "metadata")) {
        const std::string path = batch.second.string();
        for (PathfinderEntry& entry :
             read_pathfinder_metadata(read_file_bytes(path, "a list of images"), path)) {
            std::error_code status;
            const auto size = fs::file_size(fs::path(folder) / entry.file, status);
            if (status) {
                throw Error(ErrorKind::data,
                            fmt::format("{} names the image {}, which is not there: unpack the "
                                        "whole set.",
                                        path, entry.file));
            }
            if (size == 0) {
                ++opened.empty_files_;
                continue;
            }
            fingerprint.add(entry.file);
            fingerprint.add(entry.label);
            fingerprint.add(static_cast<std::int64_t>(size));
            opened.entries_.push_back(std::move(entry));
        }
    }
    if (opened.entries_.empty()) {
        throw Error(ErrorKind::data,
                    fmt::format("{} has no images; expected a folder of the released Pathfinder "
                                "sets, such as curv_contour_length_14, with imgs/ and metadata/.",
                                folder));
    }
    opened.fingerprint_ = fingerprint.text();
    const GreyPicture first = opened.picture(0);
    opened.fields_ = {{.name = "image", .row = {first.rows, first.columns}}, {.name = "label"}};
    return opened;
}

std::string PathfinderFolder::image_path(std::int64_t index) const {
    return (fs::path(folder_) / entry(index).file).string();
}

SetColumns PathfinderFolder::read(std::int64_t first, std::int64_t count,
                                  const std::vector<SetField>& fields) const {
    require_range(*this, first, count);
    SetColumns columns = empty_columns(fields);
    const std::vector<std::int64_t>& row = fields_.front().row;
    for (std::int64_t k = first; k < first + count; ++k) {
        for (SetColumn& column : columns) {
            if (column.field.name == "label") {
                column.add(static_cast<std::uint8_t>(label(k)));
                continue;
            }
            const GreyPicture image = picture(k);
            if (image.rows != row[0] || image.columns != row[1]) {
                throw Error(ErrorKind::data,
                            fmt::format("{} is of {} x {} px, and others of {} x {}.",
                                        image_path(k), image.columns, image.rows, row[1], row[0]));
            }
            column.add<std::uint8_t>(image.values);
        }
    }
    return columns;
}

GreyPicture PathfinderFolder::picture(std::int64_t index) const {
    return read_grey_png_file(image_path(index));
}

std::string PathfinderFolder::difficulty() const {
    fs::path name = fs::path(folder_).lexically_normal();
    if (name.filename().empty()) name = name.parent_path();
    const std::string folder = name.filename().string();
    return folder == "curv_baseline"            ? "easy"
           : folder == "curv_contour_length_9"  ? "intermediate"
           : folder == "curv_contour_length_14" ? "hard"
                                                : "";
}

}  // namespace elm
