#include "tasks/encoding/sound_file.h"

#include <array>
#include <fstream>
#include <memory>
#include <string_view>

#include "kernels/core/support/check.h"
#include "tasks/encoding/sound_container.h"

#if defined(ELM_WITH_SNDFILE)
#    include <sndfile.h>
#endif

namespace elm {

bool is_sound_file(const std::string& path) {
    std::array<char, 4> begin{};
    std::ifstream(path, std::ios::binary).read(begin.data(), begin.size());
    const std::string_view magic(begin.data(), begin.size());
    return magic == "RIFF" || magic == "RF64" || magic == "fLaC" || magic == "OggS" ||
           magic == "FORM";
}

#if defined(ELM_WITH_SNDFILE)

namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
    throw Error(ErrorKind::data, path + ": " + what);
}

}  // namespace

Signal read_sound_file(const std::string& path) {
    SF_INFO info{};
    const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(sf_open(path.c_str(), SFM_READ, &info),
                                                           sf_close);
    if (!file) refuse(path, std::string("no sound that can be read: ") + sf_strerror(nullptr));
    // The library mends most of what is cut, and says nothing.
    if (ends_early(path)) {
        refuse(path, "the sound is cut: it ends before the end that its container tells");
    }
    if (info.frames == 0) refuse(path, "the sound has no samples");
    constexpr sf_count_t most_values = sf_count_t{1} << 31;
    if (info.frames > most_values / info.channels) {
        refuse(path, "the sound is too long: cut it into pieces");
    }
    Signal signal{
        .n_steps = info.frames, .n_channels = info.channels, .step_ms = 1000.0 / info.samplerate};
    signal.values.resize(static_cast<std::size_t>(info.frames * info.channels));
    const sf_count_t read = sf_readf_float(file.get(), signal.values.data(), info.frames);
    if (read < info.frames) {
        refuse(path, fmt::format("the sound is cut: it ends after {} samples, before the end that "
                                 "its header tells",
                                 read));
    }
    return signal;
}

#else

Signal read_sound_file(const std::string& path) {
    throw Error(ErrorKind::unsupported,
                path + ": this build cannot read sounds. Install libsndfile1-dev and build again.");
}

#endif

}  // namespace elm
