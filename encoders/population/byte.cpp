// Bytes of a text, one a step: unit = byte + 1 of 257; unit 0 is padding, which has no spike.
// With `length` a text is cut, or followed by silence, to so many steps.
// Source: Tay et al. 2021, arXiv 2011.04006: the byte ids of Long Range Arena.

#include "encoders/law/encode_by_law.h"
#include "encoders/population/byte_body.h"

namespace elm {
namespace {

Encoding encode_bytes(const OptionSet& options, const Signal& signal, const RandomKey&) {
    Encoding encoding = encode_with(ByteLaw{}, options, signal);
    if (const auto length = options.get<std::int64_t>("length"); length > 0) {
        encoding.n_steps = length;
        std::erase_if(encoding.spikes,
                      [length](const SpikeEvent& spike) { return spike.step >= length; });
    }
    return encoding;
}

/// Of texts as long as they are.
std::optional<Tensor> encode_batch_of_bytes(Stream& stream, const OptionSet& options,
                                            const SignalBatch& batch) {
    if (options.get<std::int64_t>("length") > 0) return std::nullopt;
    return encode_batch_with(stream, ByteLaw{}, batch);
}

OptionSet byte_options() {
    OptionSet options;
    options.declare({.name = "length",
                     .value = std::int64_t{0},
                     .help = "steps of the output; 0: as many as there are bytes",
                     .lowest = 0});
    return options;
}

}  // namespace

EncoderEntry byte_encoder() {
    return {.name = "byte",
            .summary = "the unit of each byte of a text",
            .source = "Long Range Arena, arXiv 2011.04006",
            .options = byte_options(),
            .reads = SignalKind::bytes,
            .range = {0, 255, true},
            .along_time = true,
            .encode = encode_bytes,
            .encode_batch = encode_batch_of_bytes};
}

}  // namespace elm
