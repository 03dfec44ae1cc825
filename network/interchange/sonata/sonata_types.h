#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace elm::network {

/// A table of node or edge types: separated by blanks, texts with blanks in quotes, NULL for what
/// is missing. What stands in the HDF5 file wins over it.
class SonataTypes {
public:
    /// A table without rows, for files without types.
    SonataTypes() = default;
    /// `id_column`: node_type_id or edge_type_id. Throws Error{data} naming file and line of rows
    /// with another number of fields, ids that are no number or stand twice, a missing column, and
    /// one that stands twice.
    SonataTypes(const std::string& path, const std::string& id_column);

    bool has(std::int64_t id) const { return rows_.contains(id); }
    /// What stands in a column; empty for NULL, for no such column and no such id.
    std::string text(std::int64_t id, const std::string& column) const;
    /// Throws Error{data} for a text that is no finite number.
    std::optional<double> number(std::int64_t id, const std::string& column) const;
    /// "types.csv:3" of a row, for messages; of the whole file where there is no such id.
    std::string place(std::int64_t id) const;

private:
    struct Row {
        std::int64_t line;
        std::vector<std::string> fields;
    };
    std::string path_;
    std::map<std::string, std::size_t> columns_;
    std::map<std::int64_t, Row> rows_;
};

}  // namespace elm::network
