#include "tasks/speech/synthesis/espeak.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "tasks/speech/synthesis/wave_file.h"

extern char** environ;  // NOLINT

namespace elm {
namespace {

[[noreturn]] void fail(const std::string& program, const std::string& what) {
    throw Error(ErrorKind::unsupported, fmt::format("{}: {}.", program, what));
}

/// Both ends of a pipe that no other program inherits.
class Pipe {
public:
    explicit Pipe(const std::string& program) {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0) fail(program, std::strerror(errno));
    }
    ~Pipe() {
        close_entry();
        ::close(ends_[0]);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    int entry() const { return ends_[1]; }
    void close_entry() {
        if (const int end = std::exchange(ends_[1], -1); end >= 0) ::close(end);
    }
    std::string read_all() const {
        std::string all;
        std::array<char, 65536> part{};
        for (;;) {
            const ssize_t count = ::read(ends_[0], part.data(), part.size());
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return all;
            all.append(part.data(), static_cast<std::size_t>(count));
        }
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

/// Runs a program and gives what it wrote; its errors go to stderr as they are.
std::pair<int, std::string> output_of(std::vector<std::string> words) {
    const std::string& program = words.front();
    Pipe pipe(program);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe.entry(), STDOUT_FILENO);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t process = 0;
    const int failure =
        ::posix_spawnp(&process, program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failure == ENOENT) {
        fail(program,
             "it is not there, and speaks the words. Install it (Debian, Ubuntu: apt-get install "
             "espeak-ng; Fedora: dnf install espeak-ng; macOS: brew install espeak-ng)");
    }
    if (failure != 0) fail(program, std::strerror(failure));
    pipe.close_entry();
    std::string output = pipe.read_all();
    int status = -1;
    while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, std::move(output)};
}

}  // namespace

void require_espeak(const std::string& program) { output_of({program, "--version"}); }

Sound speak(const Utterance& utterance, const std::string& program) {
    const auto [status, output] = output_of(
        {program, "--stdout", "-z", "-v", utterance.voice, "-s",
         fmt::to_string(utterance.words_per_minute), "-p", fmt::to_string(utterance.pitch), "-a",
         fmt::to_string(utterance.amplitude), "--", utterance.word});
    const std::string where = fmt::format("{} with the voice {}", program, utterance.voice);
    if (status != 0) {
        throw Error(ErrorKind::data,
                    fmt::format("{} ended with {}; its own words stand above.", where, status));
    }
    return parse_wave(output, where);
}

}  // namespace elm
