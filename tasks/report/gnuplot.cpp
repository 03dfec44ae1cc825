#include "tasks/report/gnuplot.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include <fmt/core.h>

#include "kernels/core/support/check.h"
#include "kernels/io/output_file.h"
#include "tasks/report/palette.h"
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
        return fmt::format("set terminal svg size {},{} font 'sans,13' rounded background '{}'\n",
                           width_px, height_px, colour::background);
    }
    return fmt::format("set terminal pdfcairo size {:.2f}in,{:.2f}in font 'sans,11' rounded\n",
                       width_px / 120.0, height_px / 120.0);
}

/// A file in memory that gnuplot can open by name.
class ScriptFile {
public:
    explicit ScriptFile(const std::string& script) : descriptor_(memfd_create("plot", 0)) {
        std::string_view left = script;
        while (!left.empty()) {
            const ssize_t count = ::write(descriptor_, left.data(), left.size());
            if (count <= 0) {
                throw Error(ErrorKind::memory, "there is no memory left for a plot.");
            }
            left.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    ~ScriptFile() { ::close(descriptor_); }
    ScriptFile(const ScriptFile&) = delete;
    ScriptFile& operator=(const ScriptFile&) = delete;

    std::string name() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

private:
    int descriptor_;
};

/// Picture that gnuplot draws. It comes through a pipe, for gnuplot does not tell when a disk is
/// full.
std::string run_gnuplot(const std::string& script, const std::string& path) {
    if (std::system("command -v gnuplot >/dev/null 2>&1") != 0) {
        throw Error(ErrorKind::unsupported,
                    fmt::format("{}: gnuplot is not installed, so nothing was drawn. "
                                "Install the package gnuplot-nox.",
                                path));
    }
    const ScriptFile file(script);
    std::FILE* const pipe = popen(("exec gnuplot " + file.name()).c_str(), "r");
    std::string picture;
    int status = -1;
    if (pipe != nullptr) {
        std::array<char, 65536> part{};
        while (const std::size_t count = std::fread(part.data(), 1, part.size(), pipe)) {
            picture.append(part.data(), count);
        }
        status = pclose(pipe);
    }
    if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) != 0 || picture.empty()) {
        throw Error(ErrorKind::write,
                    fmt::format("{}: gnuplot could not draw it; its own words stand above.", path));
    }
    return picture;
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

std::string gnuplot_terminal(const std::string& path, int width_px, int height_px) {
    return terminal_of(path, width_px, height_px) + "set encoding utf8\n";
}

void draw_with_gnuplot(const std::string& script, const std::string& path, bool force) {
    require_plot_name(path);
    if (path != "-") {
        write_text_file(path, force, run_gnuplot(script, path));
        return;
    }
    const std::string picture = run_gnuplot(script, path);
    const bool whole = std::fwrite(picture.data(), 1, picture.size(), stdout) == picture.size();
    if (!whole || std::fflush(stdout) != 0) {
        throw Error(ErrorKind::write, "stdout cannot be written.");
    }
}

}  // namespace elm
