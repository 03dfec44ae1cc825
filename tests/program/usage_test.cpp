// Messages of the program to a user who asks for something impossible.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "kernels/core/device.h"
#include "tests/program/run_program.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

const std::vector<std::string> short_run{
    "simulate", "--model", "leaky-integrator", "--poisson", "10", "--seconds", "0.1"};

std::vector<std::string> short_run_with(const std::vector<std::string>& more) {
    auto arguments = short_run;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

/// Runs the program and expects one error line that holds `part`.
void expect_one_line_error(const std::vector<std::string>& arguments, int exit_code,
                           const std::string& part) {
    const ProgramResult result = run_program(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_NE(result.error().find(part), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_EQ(result.out, "");
}

TEST(Usage, unknown_names_are_answered_with_the_nearest) {
    expect_one_line_error({"simulat"}, 2, "Did you mean simulate?");
    expect_one_line_error({"simulate", "--poison", "5"}, 2, "Did you mean --poisson?");
    expect_one_line_error(
        {"simulate", "--model", "leaky-integratr", "--poisson", "5", "--seconds", "1"}, 2,
        "Did you mean leaky-integrator?");
    expect_one_line_error({"list", "model"}, 2, "Did you mean models?");
    expect_one_line_error(short_run_with({"--record", "outptu"}), 2, "Did you mean output?");
    expect_one_line_error(short_run_with({"--precision", "f65"}), 2, "Did you mean f64?");
    expect_one_line_error(short_run_with({"--set", "elm.lambda=3"}), 2, "Did you mean");
    expect_one_line_error(short_run_with({"--set", "elmm.lambda_value=3"}), 2, "Did you mean elm?");
    expect_one_line_error(short_run_with({"--set", "simulate.second=3"}), 2,
                          "Did you mean seconds?");
}

TEST(Usage, impossible_values_are_refused) {
    expect_one_line_error({"simulate", "--model", "leaky-integrator"}, 2,
                          "--input FILE or --poisson");
    expect_one_line_error({"simulate", "--model", "leaky-integrator", "--poisson", "5"}, 2,
                          "--seconds");
    expect_one_line_error(short_run_with({"--seconds", "2"}), 2, "given 2 times");
    expect_one_line_error(
        {"simulate", "--model", "leaky-integrator", "--poisson", "-5", "--seconds", "1"}, 2,
        "must not be negative");
    expect_one_line_error(
        {"simulate", "--model", "leaky-integrator", "--poisson", "5", "--seconds", "x"}, 2,
        "--seconds x: expected a number");
    expect_one_line_error(
        {"simulate", "--model", "leaky-integrator", "--poisson", "5", "--seconds", "-1"}, 2,
        "above 0");
    expect_one_line_error(
        {"simulate", "--model", "leaky-integrator", "--poisson", "5", "--seconds"}, 2, "seconds");
    expect_one_line_error(short_run_with({"--dt-ms", "0"}), 2, "--dt-ms 0");
    expect_one_line_error(short_run_with({"--start-ms", "500"}), 2, "--start-ms 500");
    expect_one_line_error(short_run_with({"--threads", "0"}), 2, "--threads 0");
    expect_one_line_error(short_run_with({"--seed", "-1"}), 2, "--seed -1");
    expect_one_line_error(short_run_with({"--plot", "x.bmp"}), 2, ".png, .svg or .pdf");
    expect_one_line_error(short_run_with({"something"}), 2, "flags only (got 'something')");
    expect_one_line_error(short_run_with({"--set", "nonsense"}), 2, "SECTION.KEY=VALUE");
    expect_one_line_error(short_run_with({"--config", "/nowhere.toml"}), 3,
                          "no such configuration file");
    expect_one_line_error({"evaluate", "--model", "leaky-integrator"}, 2, "--data is missing");
}

TEST(Usage, devices_and_precisions_that_are_not_there_are_refused) {
    expect_one_line_error(short_run_with({"--device", "gpu"}), 2,
                          "expected cpu, cuda, cuda:N or auto");
    for (const std::string precision : {"tf32", "bf16"}) {
        expect_one_line_error(short_run_with({"--precision", precision}), 4,
                              "--precision " + precision + " is not available");
    }
    if (!why_no_cuda().empty()) {
        expect_one_line_error(short_run_with({"--device", "cuda"}), 4, why_no_cuda());
    }
}

TEST(Usage, help_goes_to_stdout) {
    const ProgramResult alone = run_program({});
    EXPECT_EQ(alone.exit_code, 2);
    EXPECT_NE(alone.out.find("simulate"), std::string::npos);
    const ProgramResult brief = run_program({"simulate"});
    EXPECT_EQ(brief.exit_code, 2);
    EXPECT_NE(brief.out.find("--poisson HZ"), std::string::npos);
    const ProgramResult full = run_program({"simulate", "--help"});
    EXPECT_EQ(full.exit_code, 0);
    EXPECT_NE(full.out.find("--log-file FILE"), std::string::npos);
    EXPECT_EQ(run_program({"--help"}).exit_code, 0);
    EXPECT_NE(run_program({"evaluate", "--version"}).out.find("elmsim "), std::string::npos);
}

/// As the kernel numbers makers and kinds of devices.
bool has_nvidia_gpu() {
    return std::system(
               "cat /sys/bus/pci/devices/*/uevent 2>/dev/null | tr '\\n' ' ' |"
               " grep -qE 'PCI_CLASS=3[0-9A-F]{4} PCI_ID=10DE'") == 0;
}

TEST(Usage, info_is_calm_where_there_is_no_gpu) {
    const ProgramResult result = run_program({"info"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.err, "");
    const std::size_t at = result.out.find("\nCUDA ");
    ASSERT_NE(at, std::string::npos) << result.out;
    const std::string line = result.out.substr(at + 1, result.out.find('\n', at + 1) - at - 1);
    const std::string reason = why_no_cuda();
    const char* const expected = reason.empty()     ? "available"
                                 : has_nvidia_gpu() ? reason.c_str()
                                                    : "no GPU here: the CPU does it all";
    EXPECT_EQ(line, std::string("CUDA          ") + expected);
    const std::string json = run_program({"info", "--json"}).out;
    EXPECT_NE(json.find("\"cuda\": \"" + (reason.empty() ? "available" : reason)),
              std::string::npos)
        << json;
}

TEST(Usage, lists_what_there_is_by_name) {
    const auto listed = [](const std::string& topic) {
        const ProgramResult result = run_program({"list", topic});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return result.out;
    };
    const std::string neurons = listed("neurons");
    for (const char* const part :
         {"l5pc-elm-20 ", "fitted model", "simulate --model l5pc-elm-20", "alif ", "point neuron",
          "fit --model alif", "l5pc ", "detailed cell", "simulate --cell l5pc"}) {
        EXPECT_NE(neurons.find(part), std::string::npos) << part << " in\n" << neurons;
    }
    EXPECT_EQ(neurons.find("lstm"), std::string::npos) << "is no neuron";
    for (const char* const part :
         {"jump (mV)", "membrane_potential (mV), adaptation", "steps, events, gradient",
          "alif.tau_adaptation", "0.001 to 1000000 ms", "lif.reset", "by subtraction or to a value",
          "doi:10.1007/s004220050570"}) {
        EXPECT_NE(neurons.find(part), std::string::npos) << part << " in\n" << neurons;
    }
    const std::string tasks = listed("tasks");
    for (const char* const part : {"neuronio ", " fit  ", "selective-copying  train  "}) {
        EXPECT_NE(tasks.find(part), std::string::npos) << part << " in\n" << tasks;
    }
    const std::string encoders = listed("encoders");
    for (const char* const part : {"poisson ", "cochlea ", "latency.tau_ms "}) {
        EXPECT_NE(encoders.find(part), std::string::npos) << part << " in\n" << encoders;
    }
    EXPECT_NE(run_program({"list", "neurons", "--markdown"}).out.find("| l5pc | detailed cell |"),
              std::string::npos);
    expect_one_line_error({"list", "neuron"}, 2, "Did you mean neurons?");
}

TEST(Usage, examples_of_the_documents_and_of_help_have_flags_that_exist) {
    std::map<std::string, std::string> helps;
    const auto help_of = [&](const std::string& command) -> const std::string& {
        auto& help = helps[command];
        if (help.empty()) help = run_program({command, "--help"}).out;
        return help;
    };
    int examples = 0;
    const auto check = [&](std::istream& text) {
        for (std::string line; std::getline(text, line);) {
            std::istringstream words(line);
            std::string word, command;
            if (!(words >> word) || word != "elmsim" || !(words >> command)) continue;
            if (command.find_first_not_of("abcdefghijklmnopqrstuvwxyz") != std::string::npos) {
                continue;
            }
            ++examples;
            while (words >> word && word != "elmsim" && word != "#") {
                if (!word.starts_with("--")) continue;
                word = word.substr(0, word.find('='));
                EXPECT_NE(help_of(command).find("  " + word + " "), std::string::npos) << line;
            }
        }
    };
    for (const char* const name : {"README.md", "tasks/README.md", "neuron/README.md"}) {
        std::ifstream file(std::string(ELM_SOURCE_DIR) + "/" + name);
        ASSERT_TRUE(file) << name;
        check(file);
    }
    EXPECT_GT(examples, 20);
    for (const char* const command : {"simulate", "generate", "fit", "evaluate", "validate"}) {
        std::istringstream help(help_of(command));
        check(help);
    }
}

TEST(Usage, pictures_of_the_readme_are_there_and_small) {
    std::ifstream file(std::string(ELM_SOURCE_DIR) + "/README.md");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    int pictures = 0;
    for (std::size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at + 2)) {
        const std::string name = text.substr(at + 2, text.find(')', at) - at - 2);
        if (!name.ends_with(".png")) continue;
        ++pictures;
        const auto path = std::filesystem::path(ELM_SOURCE_DIR) / name;
        ASSERT_TRUE(std::filesystem::exists(path)) << name;
        EXPECT_LE(std::filesystem::file_size(path), 60000u) << name;
    }
    EXPECT_GE(pictures, 3);
}

TEST(Usage, info_list_and_completion_answer) {
    EXPECT_NE(run_program({"info"}).out.find("vector unit"), std::string::npos);
    EXPECT_NE(run_program({"info", "--json"}).out.find("\"libraries\""), std::string::npos);
    EXPECT_NE(run_program({"list", "models"}).out.find("leaky-integrator"), std::string::npos);
    EXPECT_NE(run_program({"list", "models", "--markdown"}).out.find("| --- |"), std::string::npos);
    const std::string patterns = run_program({"list", "models", "--patterns"}).out;
    EXPECT_NE(patterns.find("NC: another sequence in both directions"), std::string::npos);
    EXPECT_EQ(patterns.find("\n\n", patterns.find("\n\n") + 1), std::string::npos);
    EXPECT_NE(run_program({"list", "models", "--published"}).out.find("no better than chance"),
              std::string::npos);
    EXPECT_NE(run_program({"inspect", "l5pc-elm-20"}).out.find("parameters                8022"),
              std::string::npos);
    expect_error({"inspect", "l5pc-elm-2O"}, 3, "Did you mean l5pc-elm-20?");
    const ProgramResult script = run_program({"completion", "bash"});
    EXPECT_EQ(script.exit_code, 0);
    const test::TemporaryDirectory folder;
    std::ofstream(folder / "complete.sh")
        << script.out
        << "COMP_WORDS=(elmsim simulate --poi) COMP_CWORD=2; _elmsim; echo \"${COMPREPLY[*]}\" > "
        << folder / "reply"
        << "\n";
    ASSERT_EQ(std::system(("bash " + (folder / "complete.sh").string()).c_str()), 0);
    std::string reply;
    std::ifstream(folder / "reply") >> reply;
    EXPECT_EQ(reply, "--poisson");
}

}  // namespace
}  // namespace elm
