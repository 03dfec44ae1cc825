#include "tasks/encoding/encode_file.h"

#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/encoding/sound_file.h"

namespace elm {

EncodedFile encode_file(const EncodingPlan& plan, const std::string& path, std::int64_t index) {
    EncodedFile file{.name = std::filesystem::path(path).stem().string(),
                     .signal = read_signal(path, *plan.encoder, plan.files),
                     .encoding = {},
                     .is_sound = is_sound_file(path),
                     .error = {}};
    const RandomKey key = RandomKey{.seed = plan.seed}.for_purpose("encode").for_part(
        static_cast<std::uint32_t>(index));
    with_context("encoding " + path, [&] {
        file.encoding = encode(*plan.encoder, plan.options, file.signal, key);
        if (plan.encoder->decode == nullptr) return;
        file.error = reconstruction_error(*plan.encoder, plan.options, file.signal, file.encoding);
    });
    return file;
}

std::string coarseness(const EncodingPlan& plan, const EncodedFile& file) {
    constexpr std::int64_t enough = 10;
    if (!plan.encoder->by_time || file.signal.n_steps == 0) return {};
    const std::int64_t each = file.encoding.n_steps / file.signal.n_steps;
    if (each >= enough) return {};
    return fmt::format(
        "a value of {} lasts {} step{} of {:g} ms, and {} tells no more values apart than that",
        file.name, each, each == 1 ? "" : "s", file.encoding.step_ms, plan.encoder->name);
}

}  // namespace elm
