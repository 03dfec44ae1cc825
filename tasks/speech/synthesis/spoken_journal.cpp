#include "tasks/speech/synthesis/spoken_journal.h"

#include <cstring>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

template <class T>
void put(std::string& block, const std::vector<T>& values) {
    const std::uint64_t count = values.size();
    block.append(reinterpret_cast<const char*>(&count), sizeof count);
    block.append(reinterpret_cast<const char*>(values.data()), count * sizeof(T));
}

/// Takes a block apart, from its beginning.
class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}
    bool is_at_end() const { return bytes_.empty(); }

    template <class T>
    std::vector<T> take() {
        std::uint64_t count = 0;
        copy(&count, sizeof count);
        if (count > bytes_.size() / sizeof(T)) fail();
        std::vector<T> values(count);
        copy(values.data(), count * sizeof(T));
        return values;
    }

private:
    [[noreturn]] static void fail() {
        throw Error(ErrorKind::data, "a block of clips ends before its last one.");
    }
    void copy(void* to, std::size_t size) {
        if (size > bytes_.size()) fail();
        if (size > 0) std::memcpy(to, bytes_.data(), size);
        bytes_.remove_prefix(size);
    }
    std::string_view bytes_;
};

}  // namespace

std::string pack_clips(const std::vector<SpokenClip>& clips) {
    std::string block;
    for (const SpokenClip& clip : clips) {
        put(block, std::vector<std::int32_t>{clip.label, clip.speaker, clip.is_test ? 1 : 0});
        put(block, std::vector<char>(clip.text.begin(), clip.text.end()));
        put(block, clip.times_s);
        put(block, clip.units);
    }
    return block;
}

std::vector<SpokenClip> unpack_clips(std::string_view block) {
    std::vector<SpokenClip> clips;
    for (Reader reader(block); !reader.is_at_end();) {
        const auto numbers = reader.take<std::int32_t>();
        if (numbers.size() != 3) throw Error(ErrorKind::data, "a block that holds no clips.");
        const auto text = reader.take<char>();
        clips.push_back({.label = numbers[0],
                         .speaker = numbers[1],
                         .is_test = numbers[2] != 0,
                         .text = {text.begin(), text.end()},
                         .times_s = reader.take<float>(),
                         .units = reader.take<std::int32_t>()});
    }
    return clips;
}

}  // namespace elm
