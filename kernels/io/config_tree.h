#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace elm {

/// One table of a TOML file, read key by key; tables may stand in tables. Every error is
/// Error{invalid} and begins with file, line and column, then the key with the tables around it.
class ConfigTree {
public:
    static ConfigTree parse(const std::string& text, const std::string& origin);
    /// Throws Error{data} if there is no such file.
    static ConfigTree load(const std::string& path);

    /// File or name, for messages.
    const std::string& origin() const noexcept;

    bool has(const std::string& key) const;
    bool is_table(const std::string& key) const;
    bool is_text(const std::string& key) const;
    bool is_list(const std::string& key) const;
    /// In the order in which they stand in the file.
    std::vector<std::string> keys() const;

    // --- what stands under a key; a key that is not there is an error
    double number(const std::string& key) const;  // finite; whole numbers are taken too
    std::string text(const std::string& key) const;
    bool boolean(const std::string& key) const;
    std::vector<std::string> texts(const std::string& key) const;
    /// Finite numbers; whole ones are taken too.
    std::vector<double> numbers(const std::string& key) const;
    ConfigTree table(const std::string& key) const;
    /// The tables of a list, [[key]]; none where the key is not there.
    std::vector<ConfigTree> tables(const std::string& key) const;

    // --- the same for keys that may be left out
    std::optional<double> optional_number(const std::string& key) const;
    std::optional<std::string> optional_text(const std::string& key) const;

    /// Throws for a key that is not one of `names`, with the nearest of them.
    void require_known(const std::vector<std::string>& names) const;
    /// "FILE:LINE:COLUMN: table" of this table, for messages of later checks.
    std::string place() const;
    /// Throws `message` about a key, or about this table if it is empty or not there.
    [[noreturn]] void fail(const std::string& key, const std::string& message) const;

private:
    struct Table;
    explicit ConfigTree(std::shared_ptr<const Table> table);
    std::shared_ptr<const Table> table_;
};

}  // namespace elm
