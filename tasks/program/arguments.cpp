#include "tasks/program/arguments.h"
#include "tasks/arena/arena_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "baselines/expected_names.h"
#include "baselines/front_end.h"
#include "baselines/model_registry.h"
#include "encoders/encoder_registry.h"
#include "kernels/core/support/check.h"
#include "kernels/io/list_text.h"
#include "tasks/program/command.h"
#include "tasks/program/made_of.h"
#include "tasks/task_registry.h"
#include "tasks/training/plan/checkpoint_match.h"
#include "tasks/training/plan/curriculum.h"
#include "tasks/training/recipe.h"

namespace elm {
namespace {

/// Sections of a configuration that belong to components, not to commands.
std::vector<std::string> component_sections() {
    std::vector<std::string> sections{"training",      front_end_section, curriculum_section,
                                      made_of_section, data_section,      arena_parts_section,
                                      flywheel_section};
    for (const ModelEntry& entry : all_models()) sections.push_back(entry.name);
    for (const EncoderEntry& entry : all_encoders()) sections.push_back(entry.name);
    for (const TaskEntry& entry : all_tasks()) sections.push_back(entry.name);
    return sections;
}

/// Options that belong to one call of the program, not to what is computed.
constexpr std::array call_options{"config", "set",   "help",    "version",  "force",
                                  "json",   "quiet", "verbose", "log-file", "resume"};

template <class Container>
bool contains(const Container& container, const std::string& name) {
    return std::find(container.begin(), container.end(), name) != container.end();
}

template <class Number>
Number parse_number(const std::string& option, const std::string& text, const char* expected) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    ELM_CHECK(read.ec == std::errc{} && read.ptr == end, "--{} {}: expected {}.", option,
              text.empty() ? "''" : text, expected);
    return number;
}

}  // namespace

Arguments::Arguments(const Command& command)
    : command_(&command),
      start_(std::chrono::steady_clock::now()),
      options_(command.all_options()) {
    for (const Flag& option : options_) {
        if (!option.default_value.empty()) values_[option.name] = {option.default_value};
    }
}

void Arguments::set_command_line(const std::vector<std::string>& words) {
    constexpr const char* plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+,./:@%";
    command_line_ = "elmsim " + command_->name;
    for (const std::string& word : words) {
        command_line_ += ' ';
        if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
            command_line_ += word;
            continue;
        }
        command_line_ += '\'';
        for (const char letter : word) {
            command_line_ += letter == '\'' ? "'\\''" : std::string(1, letter);
        }
        command_line_ += '\'';
    }
}

double Arguments::seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

bool Arguments::has(const std::string& option) const { return values_.contains(option); }

std::string Arguments::text(const std::string& option) const {
    const auto found = values_.find(option);
    ELM_CHECK(found != values_.end(), "--{} is missing. See elmsim {} --help.", option,
              command_->name);
    return found->second.back();
}

std::vector<std::string> Arguments::list(const std::string& option) const {
    const auto found = values_.find(option);
    return found == values_.end() ? std::vector<std::string>{} : found->second;
}

double Arguments::number(const std::string& option) const {
    const double number = parse_number<double>(option, text(option), "a number");
    ELM_CHECK(std::isfinite(number), "--{} {}: expected a finite number.", option, number);
    return number;
}

std::optional<double> Arguments::optional_number(const std::string& option) const {
    return has(option) ? std::optional(number(option)) : std::nullopt;
}

std::int64_t Arguments::integer(const std::string& option) const {
    return parse_number<std::int64_t>(option, text(option), "a whole number");
}

std::uint64_t Arguments::seed() const {
    return parse_number<std::uint64_t>("seed", text("seed"), "a whole number from 0 to 2^64 - 1");
}

std::vector<std::string> Arguments::items(const std::string& option) const {
    return has(option) ? split_list(text(option)) : std::vector<std::string>{};
}

std::vector<std::string> Arguments::all_items(const std::string& option) const {
    std::vector<std::string> all;
    for (const std::string& value : list(option)) {
        const std::vector<std::string> some = split_list(value);
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

Values Arguments::component(const std::string& section) const {
    const auto found = components_.find(section);
    return found == components_.end() ? Values{} : found->second;
}

Config Arguments::effective() const {
    Config config;
    Values& section = config.sections[command_->name];
    for (const Flag& option : options_) {
        const auto found = values_.find(option.name);
        if (found == values_.end() || contains(call_options, option.name)) continue;
        if (option.value.empty()) {
            section[option.name] = true;
        } else if (option.repeatable) {
            section[option.name] = fmt::format("{}", fmt::join(found->second, ","));
        } else {
            section[option.name] = parse_value(found->second.back());
        }
    }
    return config;
}

void Arguments::check_outputs() const {
    for (const char* output : {"out", "plot", "roc", "report", "plot-morphology", "log-file"}) {
        for (const char* input : {"input", "data", "model", "cell", "morphology"}) {
            for (const std::string& path : list(input)) {
                std::error_code missing;
                ELM_CHECK(!has(output) || !std::filesystem::equivalent(text(output), path, missing),
                          "--{} {} is what --{} reads. Choose another name.", output, text(output),
                          input);
            }
        }
    }
}

void Arguments::set(const std::string& name, std::vector<std::string> values) {
    const Flag& option = find(name, "--" + name);
    for (const std::string& value : values) {
        ELM_CHECK(option.choices.empty() || contains(option.choices, value),
                  "--{} {}: expected {}.{}", name, value, fmt::join(option.choices, ", "),
                  nearest_hint(value, option.choices));
    }
    values_[name] = std::move(values);
}

void Arguments::merge(const Config& given_config, const std::string& origin) {
    Config config = given_config;
    bring_up_to_date(config);
    const std::vector<std::string> components = component_sections();
    std::vector<std::string> sections = components;
    for (const Command& command : all_commands()) sections.push_back(command.name);
    for (const auto& [section, values] : config.sections) {
        ELM_CHECK(contains(sections, section), "{}: there is no section {}.{}", origin, section,
                  expected_names(section, sections, "elmsim list models and elmsim list tasks"));
        if (contains(components, section)) {
            for (const auto& [key, value] : values) components_[section][key] = value;
        }
        if (section != command_->name) continue;
        for (const auto& [key, value] : values) {
            const Flag& option = find(key, fmt::format("{}: {}.{}", origin, section, key));
            const std::string given = to_text(value);
            if (option.value.empty()) {
                ELM_CHECK(std::holds_alternative<bool>(value),
                          "{}: {}.{} is '{}', expected true or false", origin, section, key, given);
                if (std::get<bool>(value)) set(key, {"true"});
            } else {
                set(key, option.repeatable ? split_list(given) : std::vector<std::string>{given});
            }
        }
    }
}

const Flag& Arguments::find(const std::string& name, const std::string& origin) const {
    std::vector<std::string> names;
    for (const Flag& option : options_) {
        if (option.name == name) return option;
        names.push_back(option.name);
    }
    throw Error(
        ErrorKind::invalid,
        fmt::format("{} is not an option of elmsim {}.{}", origin, command_->name,
                    expected_names(name, names, fmt::format("elmsim {} --help", command_->name))));
}

}  // namespace elm
