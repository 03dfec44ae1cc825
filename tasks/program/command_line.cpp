// The only file that knows Boost.Program_options.

#include "tasks/program/command_line.h"

#include <fmt/format.h>
#include <boost/program_options.hpp>

#include "kernels/core/support/check.h"
#include "tasks/program/command.h"

namespace elm {
namespace {

namespace po = boost::program_options;

constexpr const char* words_key = "words without a flag";

po::options_description describe_to_boost(const std::vector<Flag>& options) {
    po::options_description description;
    for (const Flag& option : options) {
        if (option.value.empty()) {
            description.add_options()(option.name.c_str(), "");
        } else if (option.repeatable) {
            description.add_options()(
                option.name.c_str(),
                po::value<std::vector<std::string>>()->multitoken()->composing(), "");
        } else {
            description.add_options()(option.name.c_str(), po::value<std::string>(), "");
        }
    }
    description.add_options()(words_key, po::value<std::vector<std::string>>(), "");
    return description;
}

[[noreturn]] void unknown_flag(const Command& command, const std::string& token) {
    const std::string name =
        token.substr(token.find_first_not_of('-'), token.find('=') - token.find_first_not_of('-'));
    std::vector<std::string> flags;
    for (const Flag& option : command.all_options()) flags.push_back("--" + option.name);
    throw Error(ErrorKind::invalid,
                fmt::format("--{} is not a flag of elmsim {}.{} See elmsim {} --help.", name,
                            command.name, nearest_hint("--" + name, flags), command.name));
}

/// Splits "section.key=value".
void merge_setting(Arguments& arguments, const std::string& setting) {
    const std::size_t dot = setting.find('.'), equals = setting.find('=');
    ELM_CHECK(dot != std::string::npos && equals != std::string::npos && dot < equals && dot > 0,
              "--set {}: expected SECTION.KEY=VALUE, for example elm.lambda_value=5", setting);
    Config config;
    config.sections[setting.substr(0, dot)][setting.substr(dot + 1, equals - dot - 1)] =
        parse_value(setting.substr(equals + 1));
    arguments.merge(config, "--set");
}

}  // namespace

Arguments parse_command_line(const Command& command, const std::vector<std::string>& words) {
    using style = po::command_line_style::style_t;
    const po::options_description description = describe_to_boost(command.all_options());
    po::positional_options_description positional;
    positional.add(words_key, -1);
    std::map<std::string, std::vector<std::string>> flags;
    std::vector<std::string> plain_words;
    try {
        const po::parsed_options parsed =
            po::command_line_parser(words)
                .options(description)
                .positional(positional)
                .style(style::allow_long | style::long_allow_adjacent | style::long_allow_next)
                .run();
        for (const po::option& option : parsed.options) {
            if (option.string_key == words_key) {
                plain_words.insert(plain_words.end(), option.value.begin(), option.value.end());
                continue;
            }
            auto& values = flags[option.string_key];
            values.insert(values.end(), option.value.begin(), option.value.end());
        }
    } catch (const po::unknown_option& failure) {
        unknown_flag(command, failure.get_option_name());
    } catch (const po::error_with_option_name& failure) {
        std::string what = failure.what();
        throw Error(ErrorKind::invalid,
                    fmt::format("{}. See elmsim {} --help.", what, command.name));
    }

    Arguments arguments(command);
    arguments.set_command_line(words);
    if (const auto config = flags.find("config"); config != flags.end()) {
        const std::string& path = config->second.back();
        arguments.merge(with_flag("--config", [&] { return Config::load(path); }), path);
    }
    if (const auto settings = flags.find("set"); settings != flags.end()) {
        for (const std::string& setting : settings->second) merge_setting(arguments, setting);
    }
    const auto options = command.all_options();
    for (auto& [name, values] : flags) {
        for (const Flag& option : options) {
            if (option.name != name) continue;
            ELM_CHECK(option.repeatable || values.size() <= 1,
                      "--{} was given {} times, expected once", name, values.size());
        }
        if (values.empty()) values = {"true"};
        arguments.set(name, std::move(values));
    }
    ELM_CHECK(!command.words.empty() || plain_words.empty(),
              "elmsim {} takes flags only (got '{}'). See elmsim {} --help.", command.name,
              plain_words.front(), command.name);
    arguments.add_words(std::move(plain_words));
    return arguments;
}

}  // namespace elm
