#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "kernels/core/support/error.h"
#include "kernels/io/toml_config.h"
#include "tasks/program/command.h"

namespace elm {

/// Values of a command: defaults, then the configuration file, then --set, then
/// flags, later ones winning. Every getter throws Error{invalid} for a value of the wrong form.
class Arguments {
public:
    explicit Arguments(const Command& command);

    const Command& command() const noexcept { return *command_; }
    /// Wall time since the command was read.
    double seconds() const;
    /// The command line that was read, quoted for a shell.
    const std::string& command_line() const noexcept { return command_line_; }
    /// Words without a flag.
    const std::vector<std::string>& words() const noexcept { return words_; }

    bool has(const std::string& option) const;
    std::string text(const std::string& option) const;  // throws if it was not given
    std::vector<std::string> list(const std::string& option) const;
    double number(const std::string& option) const;
    std::optional<double> optional_number(const std::string& option) const;
    std::int64_t integer(const std::string& option) const;
    std::uint64_t seed() const;
    /// Items of a value such as "output,voltage".
    std::vector<std::string> items(const std::string& option) const;
    /// The same of every value of a repeatable option, one after the other.
    std::vector<std::string> all_items(const std::string& option) const;

    /// Options of a component that have no flag, by name: section "elm".
    Values component(const std::string& section) const;

    /// The effective configuration: this command's section.
    Config effective() const;

    /// Throws Error{invalid} for an output that stands where an input of this run does.
    void check_outputs() const;

    // --- for the parser
    void set(const std::string& option, std::vector<std::string> values);
    void set_command_line(const std::vector<std::string>& words);
    void add_words(std::vector<std::string> words) { words_ = std::move(words); }
    /// Takes over a whole configuration. Throws Error{invalid} for unknown sections and keys, with
    /// the nearest name.
    void merge(const Config& config, const std::string& origin);

private:
    const Flag& find(const std::string& option, const std::string& origin) const;

    const Command* command_;
    std::chrono::steady_clock::time_point start_;
    std::vector<Flag> options_;
    std::string command_line_;
    std::vector<std::string> words_;
    std::map<std::string, std::vector<std::string>> values_;
    std::map<std::string, Values> components_;
};

/// Calls `work`; an Error that leaves it gets the flag in front, as in "--plot: ".
template <class Work>
decltype(auto) with_flag(const std::string& flag, Work&& work) {
    try {
        return std::forward<Work>(work)();
    } catch (const Error& error) {
        throw Error(error.kind(), fmt::format("{}: {}", flag, error.message()), error.site());
    }
}

}  // namespace elm
