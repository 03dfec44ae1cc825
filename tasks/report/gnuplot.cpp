#include "tasks/report/gnuplot.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <fmt/core.h>

#include "kernels/core/check.h"
#include "kernels/core/output_file.h"
#include "tasks/report/plot.h"

namespace elm {
namespace {

std::string terminal_of(const std::string& path, int width_px, int height_px) {
    if (path == "-") {
        const char* const columns = std::getenv("COLUMNS");
        const int width = columns == nullptr ? 0 : std::atoi(columns);
        return fmt::format("set terminal dumb size {},{} {}\n", width > 20 ? width : 100, 50,
                           isatty(STDOUT_FILENO) != 0 ? "ansi256" : "mono");
    }
    const std::string extension = std::filesystem::path(path).extension();
    if (extension == ".png") {
        return fmt::format("set terminal pngcairo size {},{} font 'sans,13' rounded\n", width_px,
                           height_px);
    }
    if (extension == ".svg") {
        return fmt::format(
            "set terminal svg size {},{} font 'sans,13' rounded background '#ffffff'\n", width_px,
            height_px);
    }
    return fmt::format("set terminal pdfcairo size {:.2f}in,{:.2f}in font 'sans,11' rounded\n",
                       width_px / 120.0, height_px / 120.0);
}

void run_gnuplot(const std::string& script, const std::string& path) {
    if (std::system("command -v gnuplot >/dev/null 2>&1") != 0) {
        throw Error(ErrorKind::unsupported,
                    fmt::format("--plot {}: gnuplot is not installed, so nothing was drawn. "
                                "Install the package gnuplot-nox.",
                                path));
    }
    // A gnuplot that dies early must not take this program with it.
    const auto previous = std::signal(SIGPIPE, SIG_IGN);
    std::fflush(stdout);
    std::FILE* pipe = popen("gnuplot", "w");
    bool good = pipe != nullptr;
    if (good) {
        good = std::fwrite(script.data(), 1, script.size(), pipe) == script.size();
        const int status = pclose(pipe);
        good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    std::signal(SIGPIPE, previous);
    if (!good) {
        throw Error(
            ErrorKind::write,
            fmt::format("--plot {}: gnuplot could not draw it; its own words stand above.", path));
    }
}

}  // namespace

std::string gnuplot_quoted(const std::string& text) {
    std::string result = "'";
    for (const char letter : text) {
        if (letter == '\'') result += '\'';
        result += letter == '\n' ? ' ' : letter;
    }
    return result + "'";
}

std::string gnuplot_output(const std::string& path, const std::string& target, int width_px,
                           int height_px) {
    std::string commands = terminal_of(path, width_px, height_px);
    if (path != "-") commands += "set output " + gnuplot_quoted(target) + "\n";
    return commands + "set encoding utf8\n";
}

void draw_with_gnuplot(const std::string& path, bool force,
                       const std::function<std::string(const std::string& target)>& script_for) {
    require_plot_name(path);
    if (path == "-") {
        run_gnuplot(script_for(""), path);
        return;
    }
    OutputFile output(path, force);
    run_gnuplot(script_for(output.temporary_path()), path);
    output.commit();
}

}  // namespace elm
