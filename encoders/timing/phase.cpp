// Binary digits of the angle of a value over K phases: the angle arcsin(x) of x in [0, 1] is
// brought to the next of 2^K levels, the first i with
//   i pi / 2^(K + 1) >= arcsin(x),   at most 2^K - 1
// and phase k = 0 .. K - 1 of a period has a spike where digit k of i, largest first, is 1. Periods
// follow each other as long as a value lasts. The digits of `weighted-phase` are those of x itself.
// Source: phase encoding of spikify.

#include "encoders/timing/binary_phases.h"

namespace elm {

EncoderEntry phase_encoder() {
    return {.name = "phase",
            .summary = "binary digits of the angle arcsin(x), largest first, one phase each",
            .source = "phase encoding of spikify",
            .options = binary_phases_options(),
            .range = {0, 1},
            .encode = encode_by<&binary_phases_law<LevelOfAngle>>,
            .encode_batch = encode_batch_by<&binary_phases_law<LevelOfAngle>>};
}

}  // namespace elm
